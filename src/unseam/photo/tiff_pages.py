"""Which picture of a TIFF is judged, and which TIFFs are not photos but a camera's raw file."""

from __future__ import annotations

from dataclasses import dataclass

from unseam.errors import TruncatedPhoto, UnsupportedPhoto
from unseam.photo.foreign import DEVELOP
from unseam.photo.orientation import ORIENTATION_TAG, valid_orientation
from unseam.photo.tiff import MAX_BELOW, Directory, Tiff

# Tags of TIFF 6.0, section 8; 50706 DNGVersion of Adobe's DNG 1.7.
KIND, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIPS, STRIP_SIZES, TILES, TILE_SIZES, SAMPLE_FORMAT = 273, 279, 324, 325, 339
_DNG_VERSION = 50706

_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a reduced version of another picture, a transparency mask."""

_RAW_PHOTOMETRICS = frozenset({32803, 34892})
"""A mosaic of colour filters (TIFF/EP, ISO 12234-2), and linear raw data (DNG)."""

_RAW_COMPRESSIONS = frozenset({32767, 32770, 34713, 65000, 65535})
"""Of Sony, Samsung, Nikon, Kodak and Pentax, as libtiff lists them."""

_CANON_RAW = b"CR"
"""Of a CR2, at byte 8; its first directory is a preview."""

COMPRESSIONS = {
    6: "JPEG of the old style",
    33003: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy DNG",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
"""Names of compressions that decoders at hand may lack (libtiff's ``tiff.h``)."""

FLOAT_FORMAT = 3
"""SampleFormat of TIFF 6.0, section 19: IEEE floating point."""


@dataclass(frozen=True, slots=True)
class Page:
    """The picture of a TIFF to decode.

    Attributes
    ----------
    data : bytes
        A TIFF that has it as its first picture.
    number, count : int
        Which of the file's pictures it is, from 1, and how many there are.
    orientation : int
        1 to 8, as in EXIF.
    height, width : int
        Pixels.
    bits, sample_format, compression : int
        Of its samples.
    """

    data: bytes
    number: int
    count: int
    orientation: int
    height: int
    width: int
    bits: int
    sample_format: int
    compression: int


def page_to_judge(data: bytes, where: str) -> Page:
    """Choose the largest full picture; of several of one size the first.

    Raises
    ------
    UnsupportedPhoto
        A camera's raw file, or a picture behind the first 4 GB of a BigTIFF.
    TruncatedPhoto
        There is no directory where the file says.
    """
    tiff = Tiff(data)
    pages = list(tiff.chain())
    if not pages or not pages[0].entries:
        raise TruncatedPhoto(
            f"{where} is a TIFF that ends too early, ahead of its directory; expected a whole file. Copy it again."
        )
    if is_raw(tiff, pages):
        raise UnsupportedPhoto(f"{where} is a camera's raw file; expected a developed photo. {DEVELOP}")
    kinds = [tiff.integer(page, KIND) or 0 for page in pages]
    pictures = [number for number, kind in enumerate(kinds) if not kind & _MASK] or [0]
    # Scanners mark the scan itself as reduced, too: the mark counts only where another picture lacks it.
    full = [number for number in pictures if not kinds[number] & _REDUCED] or pictures
    number = max(full, key=lambda i: (_area(tiff, pages[i]), -i))
    page = pages[number]
    return Page(
        data=data if number == 0 and not (tiff.is_big and tiff.order == ">") else _moved_ahead(tiff, page, where),
        number=number + 1,
        count=len(pages),
        orientation=valid_orientation(tiff.integer(page, ORIENTATION_TAG)),
        height=tiff.integer(page, HEIGHT) or 0,
        width=tiff.integer(page, WIDTH) or 0,
        bits=max(tiff.integers(page, BITS), default=1),
        sample_format=max(tiff.integers(page, SAMPLE_FORMAT), default=1),
        compression=tiff.integer(page, COMPRESSION) or 1,
    )


def _moved_ahead(tiff: Tiff, page: Directory, where: str) -> bytes:
    try:
        return tiff.as_first(page)
    except OverflowError as error:
        raise UnsupportedPhoto(
            f"{where} is a BigTIFF with data behind its first 4 GB; expected a smaller one. Save it again as PNG."
        ) from error


def _area(tiff: Tiff, page: Directory) -> int:
    return (tiff.integer(page, WIDTH) or 0) * (tiff.integer(page, HEIGHT) or 0)


def is_raw(tiff: Tiff, pages: list[Directory]) -> bool:
    """Whether any picture of a TIFF, listed or subordinate, is what a sensor recorded."""
    every = pages + [part for page in pages[:MAX_BELOW] for part in tiff.below(page)]
    return bytes(tiff.data[8:10]) == _CANON_RAW or any(
        _DNG_VERSION in part.entries
        or tiff.integer(part, PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or tiff.integer(part, COMPRESSION) in _RAW_COMPRESSIONS
        for part in every
    )


def tiff_ends_early(data: bytes) -> bool:
    """Whether the first directory of a TIFF, or the picture that it points to, lies behind the end."""
    tiff = Tiff(data)
    first = next(tiff.chain(), None)
    if first is None or not first.held or first.held < first.stated:
        return True
    starts = tiff.integers(first, STRIPS) + tiff.integers(first, TILES)
    sizes = tiff.integers(first, STRIP_SIZES) + tiff.integers(first, TILE_SIZES)
    lost = first.lost and not starts
    return bool(lost) or any(start + size > len(data) for start, size in zip(starts, sizes, strict=False))
