"""Rows to Parquet and back (pyarrow, loaded when it is needed)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unseam.errors import DataError
from unseam.scanning import demand_extra
from unseam.scanning.rows import ScanRow, columns, in_lots
from unseam.system.atomic_files import replacing
from unseam.system.text import printable

KEY = b"unseam"
"""Of the file's metadata: the settings of the scan, as JSON."""

ROWS_AT_A_TIME = 10_000
"""Rows of a row group, about a kilobyte each before they are compressed."""


def demand_parquet() -> None:
    """Raise `MissingExtra` unless Parquet can be written."""
    demand_extra("scan", "pyarrow")


def schema_of(settings: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a pyarrow.Schema, which has no types
    """Return the pyarrow schema of a scan, with its settings as metadata."""
    import pyarrow as pa

    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    fields = [(name, types[of_type]) for name, of_type in columns(settings["methods"]).items()]
    return pa.schema(fields, metadata={KEY: json.dumps(settings).encode("utf-8")})


def write_table(rows: Iterable[ScanRow], path: Path, settings: Mapping[str, Any]) -> None:
    """Write rows as one Parquet file, which replaces ``path`` at the end and as a whole."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        write_rows(rows, file, settings)


def write_rows(rows: Iterable[ScanRow], file: Any, settings: Mapping[str, Any]) -> None:  # noqa: ANN401 - any binary file
    """Write rows as Parquet to an open file; `ROWS_AT_A_TIME` are held at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = schema_of(settings)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for some in in_lots(rows, ROWS_AT_A_TIME):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def read_settings(file: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - a path or an open binary file
    """Read the settings that a table was scanned with; `DataError` when it was not written by a scan."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.read_schema(file).metadata or {}
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a column's name is no text
        raise _unreadable(where, error) from error
    if KEY not in metadata:
        raise DataError(f"{where} was not written by unseam scan; use another --out")
    try:
        settings = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise _unreadable(where, error) from error
    return dict(settings) if isinstance(settings, dict) else {}


def _unreadable(where: str, error: Exception) -> DataError:
    return DataError(f"{where} cannot be read as a Parquet file ({printable(str(error))}); use another --out")


def read_rows(file: Any, only: list[str] | None = None) -> Iterator[ScanRow]:  # noqa: ANN401 - a path or an open file
    """Yield the rows of a Parquet file; `ROWS_AT_A_TIME` are held at a time; `DataError` when it is damaged."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(ROWS_AT_A_TIME, columns=only):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable("the table of an earlier scan", error) from error
