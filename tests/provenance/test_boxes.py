import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from support.exif_blocks import block, scene, text
from unseam.provenance.boxes import MAX_ITEM_BYTES, exif_of, metadata_items

EXIF = block({0x010F: text("Maker")})
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, body: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24) + body)


def entry(number: int, kind: bytes, content_type: bytes = b"") -> bytes:
    return full(b"infe", struct.pack(">HH", number, 0) + kind + b"\0" + content_type + b"\0" * bool(content_type), 2)


def heif(
    places: list[tuple[int, list[tuple[int, int]]]], own_data: bytes = b"", way: int = 0, rest: bytes = b""
) -> bytes:
    """Write a file whose items 1 (Exif) and 2 (XMP) lie at these offsets and lengths."""
    items = entry(1, b"Exif") + entry(2, b"mime", b"application/rdf+xml")
    table = struct.pack(">BBH", 0x44, 0, len(places))
    for number, extents in places:
        table += struct.pack(">HHHH", number, way, 0, len(extents))
        table += b"".join(struct.pack(">II", *extent) for extent in extents)
    meta = full(b"meta", full(b"iinf", struct.pack(">H", 2) + items) + full(b"iloc", table, 1) + box(b"idat", own_data))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + rest


def test_items_are_found_by_the_table_and_not_by_their_looks() -> None:
    exif = struct.pack(">I", 6) + b"Exif\0\0" + EXIF
    head = len(heif([(1, [(0, 0)]), (2, [(0, 0), (0, 0)])]))
    data = heif([(1, [(head + 20, len(exif))]), (2, [(head, len(XMP[:20])), (head + 20 + len(exif), len(XMP) - 20)])])
    data += XMP[:20] + exif + XMP[20:]
    first, second = metadata_items(data)
    assert exif_of(first) == EXIF
    assert (second.content_type, second.body) == (b"application/rdf+xml", XMP)


def test_items_inside_the_table_of_contents_are_read() -> None:
    data = heif([(2, [(3, len(XMP))])], own_data=b"abc" + XMP, way=1)
    assert [item.body for item in metadata_items(data)] == [XMP]


@pytest.mark.parametrize("prefix", [b"\0\0\0\0", b"\0\0\0\6Exif\0\0", b""])
def test_exif_is_read_with_and_without_its_prefix(prefix: bytes) -> None:
    data = heif([(1, [(0, len(prefix + EXIF))])], own_data=prefix + EXIF, way=1)
    assert exif_of(metadata_items(data)[0]) == EXIF


@pytest.mark.parametrize("extent", [(2**32 - 1, 10), (0, 2**32 - 1), (10**6, 10**6)])
def test_what_points_outside_is_empty_or_cut(extent: tuple[int, int]) -> None:
    data = heif([(1, [extent] * 500)])
    (item,) = metadata_items(data)
    assert len(item.body) <= min(500 * len(data), MAX_ITEM_BYTES)


def test_pictures_written_by_libraries_are_read() -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene(64, 64)).save(buffer, "AVIF", exif=EXIF, xmp=XMP)
    items = metadata_items(buffer.getvalue())
    assert exif_of(items[0]).endswith(EXIF[8:])
    assert items[1].body == XMP


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\1ftyp", box(b"ftyp", b"") + struct.pack(">I", 4) + b"meta", box(b"meta", b"")]
)
def test_a_file_without_a_table_has_no_items(data: bytes) -> None:
    assert metadata_items(data) == []


SOUND = heif([(1, [(0, 30)]), (2, [(0, 10)])], own_data=bytes(40), way=1)


@given(st.binary(max_size=60), st.integers(0, len(SOUND)), st.integers(0, 30))
def test_nothing_raises(junk: bytes, place: int, cut: int) -> None:
    for item in metadata_items(SOUND[:place] + junk + SOUND[place + cut :]):
        exif_of(item)
