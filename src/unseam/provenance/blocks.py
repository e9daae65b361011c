"""Where each format keeps its metadata: from a file to its EXIF, XMP, IPTC, texts, and whether it is signed.

The file's own structure is followed (segments, chunks, boxes, tags); bytes are never searched for something that looks
right, because a picture inside the picture would be found, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unseam.jpeg.segments import JpegFile
from unseam.photo.containers import boxes, png_chunks, png_exif, riff_chunks
from unseam.photo.photo import Photo
from unseam.photo.tiff import Tiff
from unseam.provenance.boxes import C2PA_UUID, XMP_TYPE, exif_of, metadata_items
from unseam.provenance.iptc import IIM_RESOURCE, image_resources
from unseam.provenance.png_text import XMP_KEYWORD, raw_profile, read_texts

_APP1, _APP11, _APP13, _COM = 0xE1, 0xEB, 0xED, 0xFE
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP_PREFIX = b"Photoshop 3.0\0"

MAX_EXTENDED = 16 * 2**20
"""Bytes of an extended packet, as it states itself."""
MAX_PARTS = 2000
"""Of an extended packet, of 64 KiB each."""
JUMBF_C2PA = b"c2pa"
"""Label or type of the outermost box of a manifest store (C2PA specification 2.2, section 11.1)."""

# Tags of TIFF: Adobe, XMP specification part 3, table 12; Photoshop TIFF notes (2002); C2PA 2.2, appendix A.3.5.
_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG, _C2PA_TAG = _TIFF_BLOCKS = (700, 33723, 34377, 52545)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The raw metadata of one file; empty where there is none.

    Attributes
    ----------
    exif, xmp, extended_xmp, iptc : bytes
    resources : tuple of (int, bytes)
        Photoshop's image resources.
    texts : tuple of (str, bytes)
        Keyword and text, UTF-8, of a PNG; of a JPEG, its comments with an empty keyword.
    signed : bool
        Whether the file holds a C2PA manifest store.
    """

    exif: bytes = field(default=b"", repr=False)
    xmp: bytes = field(default=b"", repr=False)
    extended_xmp: bytes = field(default=b"", repr=False)
    iptc: bytes = field(default=b"", repr=False)
    resources: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)
    texts: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    signed: bool = False


def find_blocks(photo: Photo, file: JpegFile | None) -> Blocks:
    """Find the metadata of a photo's file.

    Parameters
    ----------
    photo : Photo
        With its bytes.
    file : JpegFile, optional
        Of a JPEG, cut into its segments.
    """
    data = photo.data or b""
    if file is not None:
        return _of_jpeg(file)
    if photo.format in ("HEIF", "AVIF"):
        return _of_boxes(data)
    readers = {"PNG": _of_png, "WEBP": _of_webp, "TIFF": _of_tiff}
    return readers[photo.format](data) if photo.format in readers else Blocks()


def _of_jpeg(file: JpegFile) -> Blocks:
    resources = tuple(item for body in file.bodies(_APP13, _PHOTOSHOP_PREFIX) for item in image_resources(body))
    return Blocks(
        exif=file.exif,
        xmp=next(iter(file.bodies(_APP1, _XMP_PREFIX)), b""),
        extended_xmp=_extended(file),
        iptc=_first(resources, IIM_RESOURCE),
        resources=resources,
        texts=tuple(("", body.strip(b"\0")) for body in file.bodies(_COM, b"")),
        signed=any(JUMBF_C2PA in body[:_BOX_HEAD] for body in file.bodies(_APP11, b"JP")),
    )


_BOX_HEAD = 64
"""Bytes in which a JUMBF segment names its box: counters, two box headers, type, label."""


def _first(items: tuple[tuple[int, bytes], ...], wanted: int) -> bytes:
    return next((body for number, body in items if number == wanted), b"")


def _extended(file: JpegFile) -> bytes:
    """Put the parts of an extended packet together (XMP specification part 3, section 1.1.3.1).

    Each part says which packet it is of, how long that is, and where the part belongs. Of several packets the first is
    read; parts that contradict it are dropped, gaps stay blank, which is no well-formed XML as a rule.
    """
    parts = [body for body in file.bodies(_APP1, _EXTENSION_PREFIX) if len(body) >= 40][:MAX_PARTS]
    if not parts:
        return b""
    identifier, total = parts[0][:32], int.from_bytes(parts[0][32:36], "big")
    if total > MAX_EXTENDED:
        return b""
    whole = bytearray(b" " * total)
    for part in parts:
        start = int.from_bytes(part[36:40], "big")
        if part[:32] == identifier and start + len(part) - 40 <= total:
            whole[start : start + len(part) - 40] = part[40:]
    return bytes(whole)


_OF_PICTURE = frozenset({b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"IEND"})


def _of_png(data: bytes) -> Blocks:
    chunks = [(kind, data[start:end]) for kind, start, end in png_chunks(data) if kind not in _OF_PICTURE]
    texts = tuple(read_texts(iter(chunks)))
    named = dict(reversed(texts))  # of several, the first
    profiles = {name: raw_profile(named.get(f"Raw profile type {name}", b"")) for name in ("iptc", "xmp")}
    resources = tuple(image_resources(profiles["iptc"].removeprefix(_PHOTOSHOP_PREFIX)))
    return Blocks(
        exif=png_exif(data),
        xmp=named.get(XMP_KEYWORD, b"") or profiles["xmp"],
        iptc=_first(resources, IIM_RESOURCE) or (profiles["iptc"] if profiles["iptc"][:1] == b"\x1c" else b""),
        resources=resources,
        texts=tuple((keyword, text) for keyword, text in texts if keyword != XMP_KEYWORD),
        signed=any(kind == b"caBX" for kind, _ in chunks),
    )


def _of_webp(data: bytes) -> Blocks:
    chunks: dict[bytes, bytes] = {}
    for kind, start, end in riff_chunks(data):
        if kind in (b"EXIF", b"XMP ", b"C2PA"):
            chunks.setdefault(kind, data[start:end])
    return Blocks(
        exif=chunks.get(b"EXIF", b"").removeprefix(b"Exif\0\0"),
        xmp=chunks.get(b"XMP ", b""),
        signed=b"C2PA" in chunks,
    )


def _of_boxes(data: bytes) -> Blocks:
    items = metadata_items(data)
    credentials = any(kind == b"uuid" and data[start : start + 16] == C2PA_UUID for kind, start, _ in boxes(data))
    return Blocks(
        exif=next((exif_of(item) for item in items if item.kind == b"Exif"), b""),
        xmp=next((item.body for item in items if item.kind == b"mime" and item.content_type == XMP_TYPE), b""),
        signed=credentials,
    )


def _of_tiff(data: bytes) -> Blocks:
    tiff = Tiff(data)
    first = tiff.directory(tiff.first()).entries
    tags = {tag: bytes(first[tag].data) for tag in _TIFF_BLOCKS if tag in first}
    return Blocks(
        exif=data,
        xmp=tags.get(_XMP_TAG, b""),
        iptc=tags.get(_IPTC_TAG, b""),
        resources=tuple(image_resources(tags.get(_PHOTOSHOP_TAG, b""))),
        signed=_C2PA_TAG in tags,
    )
