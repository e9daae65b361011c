"""The directories of a TIFF, classic and BigTIFF: the one reader for EXIF, orientation, pages and the end of a file.

Sources: TIFF 6.0 (Adobe, 1992), section 2; its supplement 1 (type 13); the BigTIFF design of libtiff (types 16 to 18).
Reading never raises and never trusts the file: what lies outside the data is counted, and entries of an unknown type
are skipped, as TIFF 6.0 asks of readers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

MAX_ENTRIES = 1000
"""Entries of a directory that are read; cameras write some 60."""

MAX_DIRECTORIES = 1000
"""Directories that are followed: a scanned book may have hundreds of pages."""

MAX_BELOW = 8
"""Directories below another one that are read; raw files have up to 5."""

MAX_VALUES = 2**20
"""Integers of one entry that are read: strips or tiles of a picture of 250 megapixels are some 250,000 at most."""

TYPE_BYTES: Mapping[int, int] = {
    **dict.fromkeys((1, 2, 6, 7, 129), 1),  # bytes, ASCII, and UTF-8 of EXIF 3.0
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Type of a value -> its length in bytes."""

INTEGERS: Mapping[int, str] = {
    1: "B",
    3: "H",
    4: "I",
    6: "b",
    8: "h",
    9: "i",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
"""Types of integers -> their `struct` codes."""

SUB_DIRECTORIES = 330
"""Tag of the offsets of further directories (TIFF 6.0, supplement 1)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value: type, number of values, and bytes (a view, for a thousand entries may each claim the whole file)."""

    kind: int
    count: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory.

    Attributes
    ----------
    entries : mapping
        Tag -> entry; the first of several with one tag.
    following : int
        Offset of the next directory of the chain; 0 where there is none.
    stated, held : int
        Entries that the directory states, and those that lie inside the data.
    lost : int
        Entries whose value lies outside the data.
    exists : bool
        Whether there is a directory at its offset; it may be empty.
    """

    entries: Mapping[int, Entry]
    following: int = 0
    stated: int = 0
    held: int = 0
    lost: int = 0
    exists: bool = False


@dataclass(frozen=True, slots=True)
class _Layout:
    """Byte order and widths: classic TIFF has offsets of 4 bytes, BigTIFF of 8."""

    order: str
    is_big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.is_big else "I")

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.is_big else "H")

    @property
    def entry(self) -> str:
        return self.order + ("HHQ8s" if self.is_big else "HHI4s")


_LAYOUTS = {
    b"II*\0": _Layout("<", is_big=False),
    b"MM\0*": _Layout(">", is_big=False),
    b"II+\0": _Layout("<", is_big=True),
    b"MM\0+": _Layout(">", is_big=True),
}
SIGNATURES = tuple(_LAYOUTS)


class Tiff:
    """A TIFF, or an EXIF block, which is one.

    Attributes
    ----------
    data : memoryview
        All offsets count from its start.
    is_valid : bool
        Whether it starts as a TIFF must.
    """

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        layout = _LAYOUTS.get(data[:4])
        self.is_valid = layout is not None and len(data) >= struct.calcsize(layout.offset) * 2
        self._layout = layout or _LAYOUTS[b"II*\0"]

    @property
    def order(self) -> str:
        """Byte order as `struct` writes it."""
        return self._layout.order

    @property
    def is_big(self) -> bool:
        """Whether it is a BigTIFF."""
        return self._layout.is_big

    def first(self) -> int:
        """Return the offset of the first directory; 0 where the data do not start as a TIFF must."""
        return self._number(self._layout.offset, 8 if self.is_big else 4) if self.is_valid else 0

    def chain(self) -> Iterator[Directory]:
        """Yield the first directory and those that follow it; a loop ends the chain."""
        seen: set[int] = set()
        start = self.first()
        while start and start not in seen and len(seen) < MAX_DIRECTORIES:
            seen.add(start)
            directory = self.directory(start)
            yield directory
            start = directory.following

    def below(self, directory: Directory) -> list[Directory]:
        """Return the directories that tag 330 of another one lists, the first `MAX_BELOW`."""
        return [self.directory(start) for start in self.integers(directory, SUB_DIRECTORIES)[:MAX_BELOW]]

    def directory(self, start: int) -> Directory:
        """Read the directory at an offset; an empty one where there is none."""
        head, size = struct.calcsize(self._layout.count), struct.calcsize(self._layout.entry)
        exists = 8 <= start <= len(self.data) - head
        stated = self._number(self._layout.count, start) if exists else 0
        held = min(stated, max(len(self.data) - start - head, 0) // size, MAX_ENTRIES)
        entries: dict[int, Entry] = {}
        lost = 0
        for place in range(start + head, start + head + size * held, size):
            tag, kind, count, value = struct.unpack_from(self._layout.entry, self.data, place)
            if kind not in TYPE_BYTES:
                continue
            found = self._entry(kind, count, value, place + size - len(value))
            lost += found is None
            if found is not None:
                entries.setdefault(tag, found)
        following = self._number(self._layout.offset, start + head + size * held) if held == stated else 0
        return Directory(entries, following, stated, held, lost, exists)

    def _entry(self, kind: int, count: int, value: bytes, place: int) -> Entry | None:
        """Return the entry whose value, or its offset, lies at a place; None when the value lies outside the data."""
        length = TYPE_BYTES[kind] * count
        start = place if length <= len(value) else int(struct.unpack(self._layout.offset, value)[0])
        return None if start + length > len(self.data) else Entry(kind, count, self.data[start : start + length])

    def _number(self, code: str, place: int) -> int:
        """Read one unsigned integer; 0 outside the data."""
        try:
            return int(struct.unpack_from(code, self.data, place)[0])
        except (struct.error, OverflowError):
            return 0

    def integers(self, directory: Directory, tag: int) -> tuple[int, ...]:
        """Return the integers of an entry, the first `MAX_VALUES`; none where there are none."""
        entry = directory.entries.get(tag)
        code = INTEGERS.get(entry.kind) if entry is not None else None
        if entry is None or code is None:
            return ()
        return struct.unpack_from(f"{self.order}{min(entry.count, MAX_VALUES)}{code}", entry.data)

    def integer(self, directory: Directory, tag: int) -> int | None:
        """Return the first integer of an entry; None where there is none."""
        entry = directory.entries.get(tag)
        if entry is None or not entry.count:
            return None
        first = replace(entry, count=1, data=entry.data[: TYPE_BYTES[entry.kind]])
        return next(iter(self.integers(Directory({tag: first}), tag)), None)

    def as_first(self, directory: Directory) -> bytes:
        """Return a classic TIFF of one directory: the data as they are, with that directory behind them.

        Decoders read one directory, the first, and Pillow reads no BigTIFF of big-endian order. Offsets of 8 bytes
        become offsets of 4.

        Raises
        ------
        OverflowError
            A value does not fit into 4 bytes.
        """
        data = bytes(self.data) + b"\0" * (len(self.data) % 2)
        start = len(data)
        size = struct.calcsize(self.order + "HHI4s")
        behind = start + 2 + size * len(directory.entries) + 4
        entries, values = [], b""
        for tag, entry in sorted(directory.entries.items()):
            kind, value = _narrowed(self.order, entry)
            if len(value) > 4:
                offset, values = behind + len(values), values + value + b"\0" * (len(value) % 2)
                value = _packed(self.order, offset)
            entries.append(struct.pack(self.order + "HHI4s", tag, kind, entry.count, value))
        head = (b"II*\0" if self.order == "<" else b"MM\0*") + _packed(self.order, start)
        count = struct.pack(self.order + "H", len(entries))
        return head + data[8:] + count + b"".join(entries) + bytes(4) + values


def _narrowed(order: str, entry: Entry) -> tuple[int, bytes]:
    """Return type and bytes of a value in a classic TIFF, which has no integers of 8 bytes."""
    if entry.kind not in (16, 17, 18):
        return entry.kind, bytes(entry.data)
    numbers = struct.unpack(f"{order}{entry.count}{INTEGERS[entry.kind]}", entry.data)
    return 4, b"".join(_packed(order, number) for number in numbers)


def _packed(order: str, number: int) -> bytes:
    if not 0 <= number < 2**32:
        raise OverflowError(f"{number} does not fit into 4 bytes")
    return struct.pack(order + "I", number)
