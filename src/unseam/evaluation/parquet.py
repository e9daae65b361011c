"""All rows as one Parquet file, for those who want other metrics than ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from unseam.evaluation import demand_extra
from unseam.evaluation.counts import Confusion
from unseam.evaluation.rows import Row
from unseam.system.atomic_files import replacing

CONFUSIONS = ("at_threshold", "at_half", "at_oracle")
LEFT_OUT = frozenset({*CONFUSIONS, "condition", "offset", "length"})

INTEGERS = ("height", "width", "manipulated", "regions")
FLOATS = ("auc", "ring_auc", "average_precision", "score", "seconds", "strength")


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write rows as Parquet.

    Parameters
    ----------
    rows : sequence of Row
        In the order they shall have.
    path : Path
        Replaced as a whole. Columns are the fields of `Row`: ``condition`` as ``degradation`` (empty: none) and
        ``strength``; each confusion as four counts of pixels (``at_threshold_true_positives``, ...); null = undefined.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    """
    demand_extra()
    import pyarrow as pa
    from pyarrow import parquet

    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, types[_type_of(name)]) for name in column_names()])
    table = pa.Table.from_pylist([_flat(row) for row in rows], schema=schema)
    with replacing(path) as temporary:
        parquet.write_table(table, temporary)


def column_names() -> list[str]:
    """Name the columns in their order."""
    plain = [field.name for field in fields(Row) if field.name not in LEFT_OUT]
    counts = [f"{name}_{field.name}" for name in CONFUSIONS for field in fields(Confusion)]
    return [*plain, "degradation", "strength", *counts]


def _type_of(name: str) -> type:
    if name in INTEGERS or name.startswith(tuple(f"{confusion}_" for confusion in CONFUSIONS)):
        return int
    return float if name in FLOATS else str


def _flat(row: Row) -> dict[str, object]:
    flat: dict[str, object] = {f.name: getattr(row, f.name) for f in fields(Row) if f.name not in LEFT_OUT}
    flat |= {"degradation": row.condition.degradation, "strength": row.condition.strength}
    for name in CONFUSIONS:
        confusion = getattr(row, name)
        flat |= {f"{name}_{f.name}": confusion and getattr(confusion, f.name) for f in fields(Confusion)}
    return flat
