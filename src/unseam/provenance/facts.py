"""All that a photo's file says apart from its pixels, read once; `unseam.provenance.history` concludes from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from unseam.jpeg.segments import END_OF_IMAGE, JpegFile, cut_into_segments
from unseam.photo.containers import AVIF_BRANDS, HEIF_BRANDS, png_chunks
from unseam.photo.photo import Photo
from unseam.provenance.blocks import Blocks, find_blocks
from unseam.provenance.content_credentials import Credentials, State, read_credentials
from unseam.provenance.drawn import is_drawn
from unseam.provenance.encoder import Encoding, read_encoding
from unseam.provenance.exif import Exif, read_exif
from unseam.provenance.generators import GeneratorMark, find_generators
from unseam.provenance.iptc import Iptc, read_iptc
from unseam.provenance.thumbnail import Thumbnail, compare_thumbnail
from unseam.provenance.xmp import Xmp, read_xmp

WITH_KNOWN_END = ("JPEG", "PNG", "WEBP", "BMP")
"""Formats of which it is known where the picture ends."""

_APP2 = 0xE2
_SIGNATURES = (
    (b"\xff\xd8\xff", "another JPEG"),
    (b"\x89PNG\r\n\x1a\n", "a PNG"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"%PDF-", "a PDF"),
    (b"SEFH", "Samsung's own data"),
)

READ_AS_TEXT = 4096
"""Bytes that must all be printable ASCII for data to be called a text."""

_BRAND = re.compile(rb"\0\0[\0-\x04][\x08-\xff]ftyp([ -~]{4})")
"""Start of a file of boxes (ISO/IEC 14496-12, section 4.3) of at most 1 KiB of brands: behind a photo it is a video
(motion photo), whatever its brand, unless the brand is that of a picture."""


@dataclass(frozen=True, slots=True)
class Trailing:
    """Data behind the end of the picture: how many bytes, and what they look like."""

    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says in addition to its pixels.

    Attributes
    ----------
    format : str
    height, width : int
        Of the photo, as stored.
    size : int
        Bytes.
    exif, xmp, iptc : optional
        None where there is no such block.
    encoding : Encoding, optional
        Of a JPEG.
    generators : tuple of GeneratorMark
    credentials : Credentials, optional
        None where the file holds none.
    signed_thumbnail : Thumbnail, optional
        The thumbnail in the credentials, compared with the photo.
    ingredient_thumbnails : tuple of Thumbnail or None
        Those of the ingredients, in their order.
    thumbnail : Thumbnail, optional
        The preview inside the EXIF block, compared with the photo.
    trailing : Trailing, optional
        None where nothing follows the picture, or its end is not known (`WITH_KNOWN_END`).
    programs : tuple of (str, str)
        Where a program's name stands, and the name, other than in EXIF, XMP and IPTC: texts of a PNG, JPEG comments.
    drawn : bool
        Whether the pixels are those of a screenshot or graphic.
    damage : str, optional
        What is missing of a damaged JPEG, in words.
    number, count : int
        Which of the file's pictures was judged, and how many it holds.
    oddities : tuple of str
        What is wrong with the metadata, in plain words.
    """

    format: str
    height: int
    width: int
    size: int
    exif: Exif | None = None
    xmp: Xmp | None = None
    iptc: Iptc | None = None
    encoding: Encoding | None = None
    generators: tuple[GeneratorMark, ...] = ()
    credentials: Credentials | None = None
    signed_thumbnail: Thumbnail | None = None
    ingredient_thumbnails: tuple[Thumbnail | None, ...] = ()
    thumbnail: Thumbnail | None = None
    trailing: Trailing | None = None
    programs: tuple[tuple[str, str], ...] = ()
    drawn: bool = False
    damage: str | None = None
    number: int = 1
    count: int = 1
    oddities: tuple[str, ...] = ()


def gather(photo: Photo, anchors: str | None = None) -> Facts:
    """Read everything that a photo's file says in addition to its pixels.

    Parameters
    ----------
    photo : Photo
        With its bytes.
    anchors : str, optional
        Certificates to trust, in PEM, in place of the shipped list.

    Returns
    -------
    Facts
        Never an exception for what the bytes hold.
    """
    data = photo.data or b""
    file = cut_into_segments(data) if photo.format == "JPEG" else None
    blocks = find_blocks(photo, file)
    exif = read_exif(blocks.exif) if blocks.exif else None
    xmp = read_xmp(blocks.xmp, blocks.extended_xmp) if blocks.xmp or blocks.extended_xmp else None
    iptc = read_iptc(blocks.iptc) if blocks.iptc else None
    encoding = None if file is None else read_encoding(file)
    thumbnail = compare_thumbnail(exif.thumbnail, photo.pixels) if exif is not None and exif.thumbnail else None
    facts = Facts(
        format=photo.format,
        height=photo.height,
        width=photo.width,
        size=len(data),
        exif=exif,
        xmp=xmp,
        iptc=iptc,
        encoding=encoding if isinstance(encoding, Encoding) else None,
        generators=find_generators(blocks.texts, exif, xmp, iptc.credit if iptc else None),
        thumbnail=thumbnail,
        trailing=_trailing(photo.format, data, file),
        programs=_programs(blocks),
        drawn=is_drawn(photo.pixels, photo.format),
        damage=None if photo.damage is None else photo.damage.sentence,
        number=photo.number,
        count=photo.count,
        oddities=_oddities(encoding, exif, xmp, iptc, thumbnail),
    )
    return _with_credentials(facts, photo, blocks, anchors)


def _with_credentials(facts: Facts, photo: Photo, blocks: Blocks, anchors: str | None) -> Facts:
    if not blocks.signed:
        remote = facts.xmp is not None and facts.xmp.remote_credentials
        elsewhere = Credentials(
            State.ELSEWHERE, "the file only says where on the internet they are; nothing is fetched"
        )
        return replace(facts, credentials=elsewhere) if remote else facts
    found = read_credentials(photo.data or b"", photo.format, anchors)
    return replace(
        facts,
        credentials=found,
        signed_thumbnail=compare_thumbnail(found.thumbnail, photo.pixels) if found.thumbnail else None,
        ingredient_thumbnails=tuple(
            compare_thumbnail(part.thumbnail, photo.pixels) if part.thumbnail else None for part in found.ingredients
        ),
    )


def _oddities(
    encoding: Encoding | str | None, exif: Exif | None, xmp: Xmp | None, iptc: Iptc | None, thumbnail: Thumbnail | None
) -> tuple[str, ...]:
    found = [encoding] if isinstance(encoding, str) else []
    for block in (exif, xmp, iptc):
        found += [] if block is None else block.oddities
    found += [thumbnail.oddity] if thumbnail is not None and thumbnail.oddity else []
    return tuple(found)


_PROGRAM_TEXTS = ("Software", "Source", "Creator", "Comment", "")
"""Keywords of texts in which programs name themselves; a comment of a JPEG has none."""


def _programs(blocks: Blocks) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f'PNG text "{keyword}"' if keyword else "JPEG comment", text[:200].decode("utf-8", "replace"))
        for keyword, text in blocks.texts
        if keyword in _PROGRAM_TEXTS
    )


def _trailing(kind: str, data: bytes, file: JpegFile | None) -> Trailing | None:
    end = _end(kind, data, file)
    rest = data[end:] if end else b""
    if not rest:
        return None
    declared = file is not None and any(True for _ in file.bodies(_APP2, b"MPF\0"))
    return Trailing(len(rest), "further pictures that the file announces" if declared else _kind(rest))


def _end(kind: str, data: bytes, file: JpegFile | None) -> int:
    """Return the place behind the last byte of the picture; 0 where that is not known."""
    if file is not None:
        last = file.segments[-1].end if file.segments else 0
        return data.find(END_OF_IMAGE, last) + len(END_OF_IMAGE) if file.ended else 0
    if kind == "PNG":
        return next((end + 4 for kind, _, end in png_chunks(data) if kind == b"IEND"), 0)
    if kind == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    return int.from_bytes(data[2:6], "little") if kind == "BMP" else 0


def _kind(rest: bytes) -> str:
    """Say what data look like by their first bytes."""
    start = rest.lstrip(b"\0")
    if not start.strip(b"\xff"):
        return "padding"
    parts = [name for signature, name in _SIGNATURES if start.startswith(signature)]
    brand = _BRAND.search(rest)
    if brand is not None:
        picture = brand[1] in HEIF_BRANDS | AVIF_BRANDS
        parts.append("a HEIF or AVIF picture" if picture else "a video, as phones add to a photo")
    if parts:
        return " and ".join(parts)
    return "text" if all(9 <= byte <= 126 for byte in start[:READ_AS_TEXT]) else "of an unknown kind"
