"""Names for files that are not decoded here, by their first bytes: what they are, and what their owner can do."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD = 1024
"""Bytes that are looked at: editors write comments ahead of ``<svg``, and PDF allows junk ahead of ``%PDF``."""

CONVERT = "Convert it, best to PNG, without resizing."
DEVELOP = "Develop it to TIFF or PNG, or use the JPEG that the camera wrote with it."


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file.

    Attributes
    ----------
    name : str
        With its article.
    advice : str
        What to do, as a sentence.
    is_image : bool
        Whether it holds an image, of a format that is not decoded here.
    """

    name: str
    advice: str = CONVERT
    is_image: bool = True


RAW = Foreign("a camera's raw file", DEVELOP)
VIDEO = Foreign("a video", "Export the frame in question as PNG.", is_image=False)
SOUND = Foreign("a sound recording", "Name the photo itself.", is_image=False)
WEB_PAGE = Foreign("a web page", "Open it in a browser and save the photo itself.", is_image=False)
ARCHIVE = Foreign("an archive", "Unpack it and name the photos in it.", is_image=False)
DRAWING = Foreign("a drawing (SVG)", "Drawings hold no pixels to judge; name the photo itself.", is_image=False)
PDF = Foreign("a PDF document", "Extract the images from it (for example with pdfimages -all).", is_image=False)
JPEG_2000 = Foreign("a JPEG 2000 image")
JPEG_XL = Foreign("a JPEG XL image", "Convert it to PNG, or back to the JPEG it was made from (djxl).")
MATERIAL = Foreign("a document", "Extract the images from it.", is_image=False)

_SIGNATURES: tuple[tuple[int, bytes, Foreign], ...] = (
    (0, b"\xff\x0a", JPEG_XL),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", JPEG_2000),
    (0, b"\xff\x4f\xff\x51", JPEG_2000),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"IIRO", RAW),
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\0", RAW),
    (0, b"FOVb", RAW),
    (0, b"\0MRM", RAW),
    (6, b"HEAPCCDR", RAW),
    (0, b"\x1aE\xdf\xa3", VIDEO),
    (0, b"\0\0\x01\xba", VIDEO),
    (0, b"FLV\x01", VIDEO),
    (0, b"OggS", VIDEO),
    (8, b"AVI ", VIDEO),
    (8, b"WAVE", SOUND),
    (0, b"ID3", SOUND),
    (0, b"fLaC", SOUND),
    (0, b"%!PS", Foreign("a PostScript document", "Extract the images from it.", is_image=False)),
    (0, b"PK\x03\x04", Foreign("a ZIP archive or an office document", ARCHIVE.advice, is_image=False)),
    (0, b"Rar!\x1a\x07", ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (0, b"\x1f\x8b", ARCHIVE),
    (257, b"ustar", ARCHIVE),
    (0, b"\xd0\xcf\x11\xe0", MATERIAL),
    (0, b"{\\rtf", MATERIAL),
    (0, b"8BPS", Foreign("a Photoshop document", "Export its picture to PNG, without resizing.")),
    (0, b"gimp xcf", Foreign("a GIMP document", "Export its picture to PNG, without resizing.")),
    (0, b"\0\0\x01\0", Foreign("an icon (ICO)")),
    (0, b"\0\0\x02\0", Foreign("a cursor (CUR)")),
    (0, b"icns", Foreign("an icon (ICNS)")),
    (0, b"II\xbc\x01", Foreign("a JPEG XR image")),
    (0, b"qoif", Foreign("a QOI image")),
    (0, b"BPG\xfb", Foreign("a BPG image")),
    (0, b"FLIF", Foreign("a FLIF image")),
    (0, b"\x8aMNG", Foreign("an MNG animation")),
    (0, b"\x8bJNG", Foreign("a JNG image")),
    (0, b"AT&TFORM", Foreign("a DjVu document")),
    (0, b"\x76\x2f\x31\x01", Foreign("an OpenEXR image")),
    (0, b"#?RADIANCE", Foreign("a Radiance image")),
    (0, b"#?RGBE", Foreign("a Radiance image")),
    (0, b"SIMPLE  =", Foreign("a FITS image")),
    (128, b"DICM", Foreign("a DICOM image")),
    (0, b"DDS ", Foreign("a DDS texture")),
    (
        0,
        b"\0\x05\x16\x07",
        Foreign("macOS's companion of a file", "Name the photo of the same name without '._'.", False),
    ),
    (0, b"\x7fELF", Foreign("a program", "Name the photo itself.", is_image=False)),
    (0, b"MZ", Foreign("a program", "Name the photo itself.", is_image=False)),
)
"""Offset, bytes there, and what they announce."""

_VIDEO_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""How QuickTime files without a brand begin."""

_BASE64_PHOTO = re.compile(rb"(data:image/[a-z+]+;base64,)?(/9j/|iVBORw0KGgo|UklGR|R0lGOD)")
_HTML = re.compile(rb"<(!doctype html|html|head|body|script|title|meta)\b")
_NUMBERS_OF_PNM = re.compile(rb"P[1-7Ff]\s")
TEXT = Foreign("a text", "Name the photo itself.", is_image=False)


def foreign_kind(data: bytes) -> Foreign | None:
    """Name what a file is; None where its first bytes say nothing.

    Parameters
    ----------
    data : bytes
        The file, or its first `HEAD` bytes; not a format that is decoded here.
    """
    head = data[:HEAD]
    for place, signature, kind in _SIGNATURES:
        if head[place : place + len(signature)] == signature:
            return kind
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    if head[4:8] in _VIDEO_BOXES:
        return VIDEO
    if b"%PDF-" in head:
        return PDF
    if _NUMBERS_OF_PNM.match(head):
        return Foreign("a PNM image (PPM, PGM, PBM, PAM or PFM)")
    if not head.strip(b"\0"):
        return Foreign("nothing but zero bytes", "Its content is lost; get the original.", is_image=False)
    return _of_text(head)


def _of_brand(brand: bytes) -> Foreign:
    """Name a file of boxes by its brand (ISO/IEC 14496-12, section 4.3)."""
    if brand == b"crx ":
        return RAW
    if brand in (b"jxl ", b"jp2 ", b"jpx "):
        return JPEG_XL if brand == b"jxl " else JPEG_2000
    return SOUND if brand.startswith(b"M4A") else VIDEO


def _of_text(head: bytes) -> Foreign | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = start.lower()
    if _BASE64_PHOTO.match(start):
        return Foreign("an image as base64 text", "Decode the text first (base64 -d).", is_image=False)
    if lower.startswith(b"<svg") or (lower.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in lower):
        return DRAWING
    if _HTML.match(lower) or (lower.startswith((b"<?xml", b"<!--")) and _HTML.search(lower)):
        return WEB_PAGE
    return TEXT if start and all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head[:64]) else None
