"""TIFF files made by hand: any tags, types and byte order, classic and BigTIFF, several directories."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Type -> `struct` code of numbers."""

Entries = Mapping[int, tuple[int, Sequence[float] | bytes]]
"""Tag -> type, and numbers or bytes."""


def tiff(*directories: Entries, order: str = "<", big: bool = False, data: bytes = b"") -> bytes:
    """Write directories that follow one another, behind the data, which start at byte 16."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    place = 16 + len(data) + len(data) % 2
    written = []
    for number, entries in enumerate(directories):
        size = len(_directory(entries, place, 0, order, big))
        following = place + size if number < len(directories) - 1 else 0
        written.append(_directory(entries, place, following, order, big))
        place += size
    start = struct.pack(order + "HHQ", 8, 0, place0(data)) if big else struct.pack(order + "I", place0(data))
    return (head + start).ljust(16, b"\0") + data + bytes(len(data) % 2) + b"".join(written)


def place0(data: bytes) -> int:
    """Return where the first directory lies."""
    return 16 + len(data) + len(data) % 2


def _directory(entries: Entries, start: int, following: int, order: str, big: bool) -> bytes:
    offset, room = ("Q", 8) if big else ("I", 4)
    head = struct.pack(order + ("Q" if big else "H"), len(entries))
    behind = start + len(head) + (20 if big else 12) * len(entries) + room
    rows, values = b"", b""
    for tag, (kind, content) in sorted(entries.items()):
        packed = content if isinstance(content, bytes) else struct.pack(f"{order}{len(content)}{CODES[kind]}", *content)
        rows += struct.pack(order + "HH" + offset, tag, kind, len(content))
        if len(packed) > room:
            rows += struct.pack(order + offset, behind + len(values))
            values += packed + bytes(len(packed) % 2)
        else:
            rows += packed.ljust(room, b"\0")
    return head + rows + struct.pack(order + offset, following) + values


def picture(pixels: NDArray[np.generic], start: int = 16, sample_format: int = 1, **changes: object) -> dict:
    """Return the entries of an uncompressed picture whose samples lie at ``start``."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    return {
        256: (3, [pixels.shape[1]]),
        257: (3, [pixels.shape[0]]),
        258: (3, [8 * pixels.itemsize] * channels),
        259: (3, [1]),
        262: (3, [2 if channels > 1 else 1]),
        273: (4, [start]),
        277: (3, [channels]),
        278: (3, [pixels.shape[0]]),
        279: (4, [pixels.nbytes]),
        339: (3, [sample_format] * channels),
    } | changes


def stored(pixels: NDArray[np.generic], order: str = "<") -> bytes:
    return pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
