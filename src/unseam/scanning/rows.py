r"""What a scan records of a file: one flat row, whose columns depend on the methods only.

Of the file: ``path`` (relative to what was scanned, with ``/``; a byte of a name that is not UTF-8 is ``\xHH``),
``sha256``, ``size`` (bytes), ``format``, ``height``, ``width`` (stored pixels). What was found: ``status``,
``verdict``, ``reason``, and of the first method that applies its name as ``method``, ``score``, ``marked_share`` (of
the photo's area) and ``regions``. What the file says about itself: ``history``, ``digital_source_type`` (IPTC's term),
``c2pa_state`` (of its Content Credentials) and ``editor``. Then ``error`` (of a failed row), ``seconds`` (wall-clock,
reading and decoding included) and ``versions`` (of the packages that can change a result). For each method NAME, with
``_`` for every character that is neither letter nor digit: ``score_NAME``, ``marked_share_NAME``, ``regions_NAME``,
``seconds_NAME``, ``digest_NAME`` (of a model file) and ``reason_NAME`` (why it did not apply, why it failed, or why its
map must not lead to a verdict). Unknown values are null.

``status`` is ``done`` (every method applied or gave its reason, and at least one applied), ``not applicable`` (none
applied), or ``failed`` (the file cannot be read as a photo, or a method failed on it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal, TypeVar, get_args

from unseam.errors import DataError
from unseam.system.text import encodable

T = TypeVar("T")

ScanRow = dict[str, Any]
"""Column -> str, int, float or None."""

Status = Literal["done", "not applicable", "failed"]

INTEGER_BITS = 64
"""Of the table's columns, the sign included."""

FACTS: Mapping[str, type] = {
    "path": str,
    "sha256": str,
    "size": int,
    "format": str,
    "height": int,
    "width": int,
    "status": str,
    "verdict": str,
    "reason": str,
    "method": str,
    "score": float,
    "marked_share": float,
    "regions": int,
    "history": str,
    "digital_source_type": str,
    "c2pa_state": str,
    "editor": str,
    "error": str,
    "seconds": float,
    "versions": str,
}
"""Columns of every scan, in their order."""

PER_METHOD: Mapping[str, type] = {
    "score": float,
    "marked_share": float,
    "regions": int,
    "seconds": float,
    "digest": str,
    "reason": str,
}
"""Columns of each method, to which its name is added."""


def columns(methods: Iterable[str]) -> dict[str, type]:
    """Name all columns of a scan with these methods, in their order, with their types."""
    found = dict(FACTS)
    for method in methods:
        added = {column(kind, method): of_type for kind, of_type in PER_METHOD.items()}
        if added.keys() & found.keys():
            raise DataError(f"two methods have the columns of {method!r}; expected names that differ in letters")
        found |= added
    return found


def column(kind: str, method: str) -> str:
    """Name one column of a method."""
    return f"{kind}_{stem(method)}"


def stem(method: str) -> str:
    """Write a method's name so that it needs no quotes in SQL and no care in a file name."""
    return re.sub(r"\W", "_", method)


def blank_row(path: str, methods: Iterable[str]) -> ScanRow:
    """Make the row of a file about which nothing is known but its path."""
    return dict.fromkeys(columns(methods)) | {"path": encodable(path)}


def failed_row(path: str, methods: Iterable[str], error: object) -> ScanRow:
    """Make the row of a file that failed."""
    return blank_row(path, methods) | {"status": "failed", "error": one_line(error)}


def fits(row: object, methods: Iterable[str]) -> bool:
    """Whether something read back is a row of such a scan: of a path, a status, and values of their columns' types."""
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or row.get("status") not in get_args(Status):
        return False
    return all(_is_of(of_type, row.get(name)) for name, of_type in columns(methods).items())


def _is_of(of_type: type, value: object) -> bool:
    if isinstance(value, str):
        return of_type is str and encodable(value) == value
    if type(value) is int:
        return of_type in (int, float) and value.bit_length() < INTEGER_BITS
    return value is None or (of_type is float and isinstance(value, float))


def one_line(message: object) -> str:
    """Write a message on one line that UTF-8 can hold."""
    return encodable(" ".join(str(message).split()))


def in_lots(items: Iterable[T], count: int) -> Iterator[list[T]]:
    """Yield ``count`` items at a time, the last ones fewer; they are read as they are needed."""
    rest = iter(items)
    while lot := list(islice(rest, count)):
        yield lot
