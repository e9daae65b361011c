"""Containers of images: which format some bytes are, where their metadata lies, whether they end too early."""

from __future__ import annotations

import struct

from unseam.jpeg.segments import START_OF_IMAGE, cut_into_segments
from unseam.photo.orientation import TIFF_INTEGERS

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def format_of(data: bytes) -> str | None:
    """Name the format by the first bytes, None when it is none of ours; the file's extension plays no part."""
    if data.startswith(START_OF_IMAGE + b"\xff"):
        return "JPEG"
    signatures = {PNG_SIGNATURE: "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
    signatures |= dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF")
    for signature, name in signatures.items():
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[i : i + 4] for i in range(8, min(int.from_bytes(data[:4], "big"), 256), 4)}
        if brands & AVIF_BRANDS:
            return "AVIF"
        if brands & HEIF_BRANDS:
            return "HEIF"
    return None


def split_png(data: bytes) -> tuple[bytes, bytes]:
    """Return a PNG of the critical chunks alone (those that determine the pixels), and the EXIF block."""
    kept, exif, position = [PNG_SIGNATURE], b"", len(PNG_SIGNATURE)
    while position < len(data):
        kind = data[position + 4 : position + 8]
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if kind == b"eXIf":
            exif = data[position + 8 : end - 4]
        if kind[:1].isupper() or not kind.isalpha():
            kept.append(data[position:end])
        if kind == b"IEND":
            break
        position = end
    return b"".join(kept), exif


def ends_early(name: str, data: bytes) -> bool:
    """Whether a file is shorter than its own container says; asked of files that a decoder refused."""
    if name == "JPEG":
        return not cut_into_segments(data).ended
    if name == "PNG":
        return not split_png(data)[0][-8:].startswith(b"IEND")
    if name == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if name == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little") or len(data) < 26
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little") or len(data) < 20
    return _tiff_ends_early(data) if name == "TIFF" else _boxes_end_early(data)


def _boxes_end_early(data: bytes) -> bool:
    """Walk the boxes of an AVIF or HEIC file (ISO/IEC 14496-12, section 4.2)."""
    position, kinds = 0, set()
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        kinds.add(data[position + 4 : position + 8])
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        position += max(size, 8) if size else len(data) - position
    return position != len(data) or not kinds >= {b"ftyp", b"meta"}


_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325


def _tiff_ends_early(data: bytes) -> bool:
    """Whether the first directory of a TIFF, or the picture that it points to, lies past the end (TIFF 6.0)."""
    order = "<" if data[:2] == b"II" else ">"
    places: dict[int, tuple[int, ...]] = {}
    try:
        (start,) = struct.unpack_from(order + "4xI", data)
        (count,) = struct.unpack_from(order + "H", data, start)
        for i in range(count):
            at = start + 2 + 12 * i
            tag, kind, values = struct.unpack_from(order + "HHI", data, at)
            if tag in (_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES) and kind in TIFF_INTEGERS:
                code = f"{order}{values}{TIFF_INTEGERS[kind]}"
                inline = struct.calcsize(code) <= 4
                offset = at + 8 if inline else struct.unpack_from(order + "I", data, at + 8)[0]
                places[tag] = struct.unpack_from(code, data, offset)
    except struct.error:
        return True
    starts = places.get(_STRIPS, ()) + places.get(_TILES, ())
    sizes = places.get(_STRIP_SIZES, ()) + places.get(_TILE_SIZES, ())
    return any(first + size > len(data) for first, size in zip(starts, sizes, strict=False))
