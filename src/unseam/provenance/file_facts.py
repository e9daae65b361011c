"""What the file itself tells beside its pixels: EXIF, encoder, embedded preview, data behind the picture's end.

All of it can be forged in a minute, and most of it is lost on the way through the internet. It is a lead to follow, not
evidence. Nothing here raises: a file with broken metadata has facts that say so.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from unseam.jpeg.segments import END_OF_IMAGE, JpegFile, cut_into_segments
from unseam.photo.containers import PNG_SIGNATURE, split_png
from unseam.photo.photo import Photo
from unseam.provenance.encoder import Encoding, read_encoding
from unseam.provenance.exif import Exif, read_exif
from unseam.provenance.thumbnail import Thumbnail, compare_thumbnail

WITH_KNOWN_END = ("JPEG", "PNG", "WEBP", "BMP")
"""Formats of which it is known where the picture ends."""

_APP2 = 0xE2
_TIFF_IN_BOXES = re.compile(rb"Exif\0\0(?=II\*\0|MM\0\*)")
"""Start of an EXIF block inside HEIF and AVIF, whose boxes are not followed."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "another JPEG"),
    (b"\x89PNG\r\n\x1a\n", "a PNG"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"%PDF-", "a PDF"),
)

READ_AS_TEXT = 4096
"""Bytes that must all be printable ASCII for data to be called a text."""

_VIDEO = re.compile(rb"ftyp(mp4|isom|iso2|avc1|qt  )")


@dataclass(frozen=True, slots=True)
class Trailing:
    """Data behind the end of the picture: how many bytes, and what they look like."""

    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file tells beside its pixels.

    Attributes
    ----------
    size : int
        Bytes.
    exif : Exif, optional
        None where there is no block, or none was found.
    encoding : Encoding, optional
        Of a JPEG.
    thumbnail : Thumbnail, optional
        The preview inside the EXIF block, compared with the photo.
    trailing : Trailing, optional
        None where nothing follows the picture, or its end is not known (`WITH_KNOWN_END`).
    oddities : tuple of str
        What is wrong with the metadata, in plain words.
    """

    size: int
    exif: Exif | None = None
    encoding: Encoding | None = None
    thumbnail: Thumbnail | None = None
    trailing: Trailing | None = None
    oddities: tuple[str, ...] = ()


def file_facts(photo: Photo) -> FileFacts | None:
    """Gather what a photo's file tells beside its pixels.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    FileFacts or None
        None for a photo that was given as an array.
    """
    if photo.data is None:
        return None
    file = cut_into_segments(photo.data) if photo.format == "JPEG" else None
    block = _exif_block(photo.format, photo.data, file)
    exif = read_exif(block) if block else None
    thumbnail = compare_thumbnail(exif.thumbnail, photo.pixels) if exif is not None and exif.thumbnail else None
    encoding = None if file is None else read_encoding(file)
    oddities = [encoding] if isinstance(encoding, str) else []
    oddities += [] if exif is None else exif.oddities
    oddities += [thumbnail.oddity] if thumbnail is not None and thumbnail.oddity else []
    return FileFacts(
        size=len(photo.data),
        exif=exif,
        encoding=encoding if isinstance(encoding, Encoding) else None,
        thumbnail=thumbnail,
        trailing=_trailing(photo.format, photo.data, file),
        oddities=tuple(oddities),
    )


def facts_document(facts: FileFacts | None) -> dict[str, Any] | None:
    """Give file facts as plain types, ready for JSON; the preview's pixels and bytes are left out."""
    if facts is None:
        return None
    document = asdict(facts)
    for name, left_out in (("exif", ("thumbnail", "oddities")), ("thumbnail", ("pixels", "oddity"))):
        for key in left_out if document[name] is not None else ():
            del document[name][key]
    if facts.encoding is not None:
        document["encoding"]["encoder"] = str(facts.encoding.encoder)
    return _listed(document)


def _listed(document: dict[str, Any]) -> dict[str, Any]:
    """Make tuples lists, as JSON reads them back."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(entry) for key, entry in value.items()}
        return [plain(entry) for entry in value] if isinstance(value, tuple | list) else value

    return {key: plain(value) for key, value in document.items()}


def _exif_block(kind: str, data: bytes, file: JpegFile | None) -> bytes:
    """Find the EXIF block; empty where there is none. A TIFF is one itself."""
    if file is not None:
        return file.exif
    if kind == "PNG":
        return split_png(data)[1]
    if kind == "WEBP":
        return _riff_chunk(data, b"EXIF")
    if kind == "TIFF":
        return data
    found = _TIFF_IN_BOXES.search(data) if kind in ("HEIF", "AVIF") else None
    return data[found.end() :] if found else b""


def _riff_chunk(data: bytes, name: bytes) -> bytes:
    """Give the content of the first chunk of a WEBP with this name."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] == name:
            return data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    return b""


def _trailing(kind: str, data: bytes, file: JpegFile | None) -> Trailing | None:
    end = _end(kind, data, file)
    rest = data[end:] if end else b""
    if not rest:
        return None
    declared = file is not None and any(True for _ in file.bodies(_APP2, b"MPF\0"))
    return Trailing(len(rest), "further pictures that the file announces" if declared else _kind(rest))


def _end(kind: str, data: bytes, file: JpegFile | None) -> int:
    """Say behind which byte the picture ends; 0 where that is not known."""
    if file is not None:
        last = file.segments[-1].end if file.segments else 0
        return data.find(END_OF_IMAGE, last) + len(END_OF_IMAGE) if file.ended else 0
    if kind == "PNG":
        return _png_end(data)
    if kind == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    return int.from_bytes(data[2:6], "little") if kind == "BMP" else 0


def _png_end(data: bytes) -> int:
    position = len(PNG_SIGNATURE)
    while position + 8 <= len(data):
        kind = data[position + 4 : position + 8]
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        if kind == b"IEND":
            return position
    return 0


def _kind(rest: bytes) -> str:
    """Say what data look like by their first bytes."""
    start = rest.lstrip(b"\0")
    if not start.strip(b"\xff"):
        return "padding"
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return name
    if _VIDEO.search(rest):
        return "a video, as phones add to a photo"
    return "text" if all(9 <= byte <= 126 for byte in start[:READ_AS_TEXT]) else "of an unknown kind"
