"""EXIF blocks made by hand, and JPEG files around them."""

import io
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Entries = Mapping[int, tuple[int, int, bytes]]
"""Tag -> type, count, and value: 4 bytes, or longer, then stored behind its directory."""


def text(value: bytes | str) -> tuple[int, int, bytes]:
    data = (value.encode() if isinstance(value, str) else value) + b"\0"
    return 2, len(data), data.ljust(4, b"\0")


def number(value: int, order: str = "<") -> tuple[int, int, bytes]:
    return 4, 1, struct.pack(order + "I", value)


def directory(entries: Entries, start: int, following: int = 0, order: str = "<") -> bytes:
    """Write a directory that lies at ``start``, with its long values behind it."""
    head, values = struct.pack(order + "H", len(entries)), b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, (kind, count, value) in entries.items():
        stored = value if len(value) == 4 else struct.pack(order + "I", behind + len(values))
        values += b"" if len(value) == 4 else value
        head += struct.pack(order + "HHI", tag, kind, count) + stored
    return head + struct.pack(order + "I", following) + values


def block(
    main: Entries,
    details: Entries | None = None,
    position: Entries | None = None,
    preview: bytes = b"",
    order: str = "<",
) -> bytes:
    """Write an EXIF block."""
    parts, place = [], 8 + len(directory({**main, 0x8769: number(0), 0x8825: number(0)}, 8, order=order))
    pointers: dict[int, tuple[int, int, bytes]] = {}
    for tag, entries in ((0x8769, details), (0x8825, position)):
        if entries is not None:
            pointers[tag] = number(place, order)
            parts.append(directory(entries, place, order=order))
            place += len(parts[-1])
    second = place if preview else 0
    if preview:
        length = len(directory({0x0201: number(0), 0x0202: number(0)}, place))
        where = {0x0201: number(place + length, order), 0x0202: number(len(preview), order)}
        parts.append(directory(where, place, order=order) + preview)
    first = directory({**main, **pointers}, 8, second, order)
    first += bytes(8 + len(directory({**main, 0x8769: number(0), 0x8825: number(0)}, 8, order=order)) - 8 - len(first))
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8) + first + b"".join(parts)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(pixels: NDArray[np.uint8], *segments: bytes, quality: int = 90, **options: object) -> bytes:
    """Write a JPEG with these segments at its start."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, **options)
    data = buffer.getvalue()
    return data[:2] + b"".join(segments) + data[2:]


def with_exif(pixels: NDArray[np.uint8], exif: bytes, **options: object) -> bytes:
    return jpeg(pixels, segment(0xE1, b"Exif\0\0" + exif), **options)


def scene(height: int = 240, width: int = 320, seed: int = 0) -> NDArray[np.uint8]:
    """A photo-like picture: smooth noise of large contrast."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 20 + 2, width // 20 + 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
