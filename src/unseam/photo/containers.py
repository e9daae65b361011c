"""Containers of images: which format some bytes are, their chunks and boxes, whether they end too early."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from unseam.jpeg.segments import START_OF_IMAGE, cut_into_segments
from unseam.photo.tiff import SIGNATURES
from unseam.photo.tiff_pages import tiff_ends_early

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def format_of(data: bytes) -> str | None:
    """Name the format by the first bytes; None for one that is not decoded here. The file's suffix plays no part."""
    if data.startswith(START_OF_IMAGE + b"\xff"):
        return "JPEG"
    signatures = {PNG_SIGNATURE: "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
    signatures |= dict.fromkeys(SIGNATURES, "TIFF")
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


Chunk = tuple[bytes, int, int]
"""Kind of a chunk or box, and where its content starts and ends; the end may lie behind that of the data."""

MAX_CHUNKS = 1_000_000
"""Chunks or boxes of one level that are walked; some writers make a PNG chunk of every 8 KiB."""


def png_chunks(data: bytes) -> Iterator[Chunk]:
    """Walk the chunks of a PNG, up to the one that ends the picture (PNG specification, third edition, section 5.3)."""
    position = len(PNG_SIGNATURE)
    for _ in range(MAX_CHUNKS):
        kind = data[position + 4 : position + 8]
        if len(kind) < 4:
            return
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        yield kind, position + 8, end
        if kind == b"IEND":
            return
        position = end + 4


def riff_chunks(data: bytes) -> Iterator[Chunk]:
    """Walk the chunks of a WebP (RFC 9649, section 2.3)."""
    position = 12
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 4], position + 8, end
        position = end + end % 2


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Chunk]:
    """Walk the boxes of an AVIF or HEIC file between two places (ISO/IEC 14496-12, section 4.2)."""
    stop = len(data) if end is None else min(end, len(data))
    for _ in range(MAX_CHUNKS):
        if start + 8 > stop:
            return
        size, head = int.from_bytes(data[start : start + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        after = start + size if size else stop
        if after < start + head:
            return
        yield data[start + 4 : start + 8], start + head, after
        start = after


def split_png(data: bytes) -> tuple[bytes, bytes]:
    """Return a PNG of the critical chunks alone (those that determine the pixels), and the EXIF block."""
    kept = [PNG_SIGNATURE]
    for kind, start, end in png_chunks(data):
        if kind[:1].isupper() or not kind.isalpha():
            kept.append(data[start - 8 : end + 4])
    return b"".join(kept), png_exif(data)


_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_EXIF_PROFILES = (b"Raw profile type exif", b"Raw profile type APP1")

MAX_PROFILE = 2**20
"""Bytes of an unpacked profile: EXIF in a JPEG has 64 KiB at most, and each becomes two letters."""


def png_exif(data: bytes) -> bytes:
    """Return the EXIF block of a PNG: its ``eXIf`` chunk, or the text in which ImageMagick and ExifTool keep one.

    Such a text is named "Raw profile type exif" (or APP1) and holds a name, a length and hexadecimal digits.
    """
    profile = b""
    for kind, start, end in png_chunks(data):
        if kind == b"eXIf":
            return data[start:end]
        name, _, text = data[start:end].partition(b"\0") if kind in _TEXTS and not profile else (b"", b"", b"")
        if name in _EXIF_PROFILES:
            profile = _raw_profile(_unpacked(kind, text))
    return profile.removeprefix(b"Exif\0\0")


def _unpacked(kind: bytes, text: bytes) -> bytes:
    """Return what a text chunk says behind its keyword; empty where it cannot be unpacked."""
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = text[:1] == b"\1"
        text = text[:1] + b"\0".join(text[2:].split(b"\0", 2)[2:])
    if not packed:
        return text[kind == b"iTXt" :][:MAX_PROFILE]
    try:
        return zlib.decompressobj().decompress(text[1:], MAX_PROFILE)
    except zlib.error:
        return b""


def _raw_profile(text: bytes) -> bytes:
    """Decode a profile: blank line, name, length, then hexadecimal digits."""
    _, _, digits = text.lstrip().partition(b"\n")
    try:
        return bytes.fromhex(b"".join(digits.split()[1:]).decode("ascii"))
    except ValueError:
        return b""


def ends_early(name: str, data: bytes) -> bool:
    """Whether a file is shorter than its own container says; asked about files that a decoder refused."""
    if name == "JPEG":
        return not cut_into_segments(data).ended
    if name == "PNG":
        return not any(kind == b"IEND" and end + 4 <= len(data) for kind, _, end in png_chunks(data))
    if name == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if name == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little") or len(data) < 26
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little") or len(data) < 20
    return tiff_ends_early(data) if name == "TIFF" else _boxes_end_early(data)


def _boxes_end_early(data: bytes) -> bool:
    found = list(boxes(data))
    return not found or found[-1][2] != len(data) or not {kind for kind, _, _ in found} >= {b"ftyp", b"meta"}
