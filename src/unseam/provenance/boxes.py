"""Metadata of HEIF and AVIF files by their own table of items (ISO/IEC 23008-12, section 9; 14496-12, section 8.11).

Every number comes from a stranger: sizes and counts are bounded by the file, items by `MAX_ITEMS`, and what points
outside is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseam.photo.containers import boxes

MAX_EXTENTS = 1000
"""Parts of one item; metadata is in one part as a rule."""
MAX_ITEMS = 5000
"""A 200-megapixel photo in tiles of 512 x 512 pixels has 800."""
MAX_ITEM_BYTES = 2**26
"""Of a metadata item; the largest, an extended XMP with a depth map, has some MiB."""

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Box type of Content Credentials (C2PA specification 2.2, appendix A.5)."""
XMP_TYPE = b"application/rdf+xml"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of metadata: its kind (``Exif``, ``mime``), content type of a ``mime`` item, and bytes."""

    kind: bytes
    content_type: bytes
    body: bytes


def metadata_items(data: bytes) -> list[Item]:
    """List the items that can hold metadata (``Exif`` and ``mime``), in the order of the table."""
    meta = next(((start, end) for kind, start, end in boxes(data) if kind == b"meta"), None)
    if meta is None:
        return []
    inside = {kind: (start, end) for kind, start, end in boxes(data, meta[0] + 4, meta[1])}  # 4: version and flags
    places = _places(data, *inside.get(b"iloc", (0, 0)))
    own_data = inside.get(b"idat", (0, 0))
    found = []
    for number, kind, content_type in _described(data, *inside.get(b"iinf", (0, 0))):
        if kind in (b"Exif", b"mime") and number in places:
            found.append(Item(kind, content_type, _gathered(data, places[number], own_data)))
    return found


def exif_of(item: Item) -> bytes:
    """Return the EXIF block of an ``Exif`` item, which starts with the length of a prefix (23008-12, A.2.1)."""
    if item.body.startswith((b"II*\0", b"MM\0*")):  # some writers forget the length
        return item.body
    prefix = int.from_bytes(item.body[:4], "big")
    return item.body[4 + prefix :] if prefix < len(item.body) else b""


def _described(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, kind and content type of each item (``iinf``, 14496-12, 8.11.6)."""
    if end - start < 6:
        return
    first = start + (6 if data[start] == 0 else 8)
    for kind, body, after in boxes(data, first, end):
        version = data[body] if body < after else 0
        if kind != b"infe" or version < 2:
            continue
        wide = 4 if version >= 3 else 2
        number = int.from_bytes(data[body + 4 : body + 4 + wide], "big")
        at = body + 4 + wide + 2  # after the protection index
        rest = data[at + 4 : after].partition(b"\0")[2]  # after the name
        yield number, data[at : at + 4], rest.partition(b"\0")[0][:100]


Extents = list[tuple[int, int, int]]
"""Way of construction (0 in the file, 1 in ``idat``), offset, length."""


def _places(data: bytes, start: int, end: int) -> dict[int, Extents]:
    """Read where the bytes of each item lie (``iloc``, 14496-12, 8.11.3)."""
    reader = _Numbers(data, start, end)
    version = reader.take(1)
    reader.take(3)
    sizes = reader.take(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    places: dict[int, Extents] = {}
    for _ in range(min(reader.take(wide), MAX_ITEMS)):
        number = reader.take(wide)
        way = reader.take(2) & 15 if version in (1, 2) else 0
        reader.take(2)
        base = reader.take(base_size)
        extents: Extents = []
        for _ in range(min(reader.take(2), MAX_EXTENTS)):
            reader.take(index_size if version in (1, 2) else 0)
            extents.append((way, base + reader.take(offset_size), reader.take(length_size)))
        if reader.cut:
            break
        places[number] = extents
    return places


class _Numbers:
    """Takes big-endian numbers from a part of the file; zeros once it is used up."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.place, self.end, self.cut = data, start, end, False

    def take(self, size: int) -> int:
        after = self.place + size
        if after > self.end:
            self.cut = True
            return 0
        value = int.from_bytes(self.data[self.place : after], "big")
        self.place = after
        return value


def _gathered(data: bytes, extents: Extents, own_data: tuple[int, int]) -> bytes:
    """Join the parts of an item."""
    parts, room = [], MAX_ITEM_BYTES
    for way, offset, length in extents:
        start, end = (0, len(data)) if way == 0 else own_data
        part = data[min(start + offset, end) : min(start + offset + length, end)] if way in (0, 1) else b""
        parts.append(part[:room])
        room -= len(parts[-1])
    return b"".join(parts)
