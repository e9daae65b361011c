"""Bytes of an image file -> pixels `(H, W, 3) uint8 RGB`; the one place that knows image formats.

One rule per conversion. Stored values are kept wherever they can be: a method looks for traces in them.

==========================  =========================================================================================
what the file holds         what the pixels are
==========================  =========================================================================================
grey, 1-bit                 three equal channels; 1-bit: 0 and 255
palette                     the palette's colours; a transparent entry keeps its colour
alpha                       dropped, not composited: the stored colour under it is evidence
16 bits per channel         the high byte (``value >> 8``); 12 bits in a TIFF: ``value >> 4``
CMYK, YCCK                  Pillow's plain conversion, without colour profile (Adobe's inversion is undone)
YCbCr outside JPEG          Pillow's conversion
animation, several pages    the first picture (of a phone's MPO too, whose format is then JPEG)
HEIC                        as libheif decodes it: its rotation is part of the decoding, so that orientation is 1
float, 32-bit, L*a*b*       `UnsupportedPhoto`: no fixed range to map from
==========================  =========================================================================================

Colour profiles are not applied. Metadata is not shown to the decoders where it can be cut away (JPEG, PNG): damaged
metadata does not make a photo unreadable.
"""

from __future__ import annotations

import importlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from unseam import jpeg
from unseam.errors import DamagedPhoto, NotAnImage, PhotoError, PhotoTooLarge, TruncatedPhoto, UnsupportedPhoto

PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif.as_plugin", "HeifImageFile"),
}
"""Format -> its decoder. Called directly: ``Image.open`` has a pixel limit of its own, which it warns about."""

WARNING_FORMATS = frozenset({"TIFF", "AVIF", "HEIF"})
"""Formats whose decoders read metadata on opening and warn about what is wrong with it."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})

DECODER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise on bytes that contradict themselves; found by feeding them such bytes."""

_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels `(H, W, 3) uint8`, format and EXIF orientation (1..8)."""

    pixels: NDArray[np.uint8]
    format: str
    orientation: int


def decode(data: bytes, where: str, max_pixels: int) -> Decoded:
    """Decode an image file.

    Parameters
    ----------
    data : bytes
        The file, not empty.
    where : str
        How error messages name it.
    max_pixels : int
        Largest height x width; judged by the header, before pixels are allocated.

    Raises
    ------
    NotAnImage, UnsupportedPhoto, PhotoTooLarge, TruncatedPhoto, DamagedPhoto
        See `unseam.errors`.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise PhotoError(
            f"{where}: PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True in this process, so that Pillow would fill what a "
            "file lacks with invented pixels; set it to False."
        )
    name = _format_of(data, where)
    if name == "JPEG":
        return _decode_jpeg(data, where, max_pixels)
    picture, exif = _split_png(data) if name == "PNG" else (data, b"")
    image = _open(name, picture, where, max_pixels)
    pixels = _load(image, name, where)
    orientation = _stored_orientation(image, name, exif)
    return Decoded(pixels, name, orientation)


def _format_of(data: bytes, where: str) -> str:
    """Name the format by the first bytes; the file's extension plays no part."""
    if data.startswith(jpeg.START_OF_IMAGE + b"\xff"):
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
    raise _unknown(data, where)


def _unknown(data: bytes, where: str) -> PhotoError:
    """Tell an image of another format from bytes that are none."""
    Image.init()
    prefix = data[:16]
    for name in Image.ID:
        accept = Image.OPEN[name][1]
        if accept is not None and name not in PLUGINS and accept(prefix) is True:
            return UnsupportedPhoto(
                f"{where} looks like {name}; expected {', '.join(PLUGINS)}. Convert it, best to PNG, without resizing."
            )
    return NotAnImage(f"{where} starts with {prefix!r}, which no image does; expected {', '.join(PLUGINS)}.")


def _open(name: str, data: bytes, where: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header and judge the size by it."""
    module, class_name = PLUGINS[name]
    try:
        plugin = getattr(importlib.import_module(module), class_name)
    except ImportError as error:
        raise UnsupportedPhoto(f'{where} is {name}, which needs: pip install "unseam[heif]"') from error
    with _pillow_failures(name, where), _quiet(name):
        image: ImageFile.ImageFile = plugin(io.BytesIO(data))
    if image.width * image.height > max_pixels:
        raise PhotoTooLarge(
            f"{where} is {image.width} x {image.height} = {image.width * image.height / 1e6:.1f} megapixels, over the "
            f"limit of {max_pixels / 1e6:g}; raise max_pixels if memory allows (about 60 bytes per pixel)."
        )
    return image


def _load(image: ImageFile.ImageFile, name: str, where: str) -> NDArray[np.uint8]:
    """Decode the pixels and convert them by the module's table."""
    with _pillow_failures(name, where):
        image.load()
    if image.mode in ("F", "I", "LAB"):
        raise UnsupportedPhoto(
            f"{where} is a {name} of mode {image.mode} (float, 32-bit integers or L*a*b*), which has no fixed range; "
            "convert it to 8 or 16 bits per channel."
        )
    if image.mode.startswith("I;16"):
        return _high_byte(image)
    image.info.pop("transparency", None)
    with _pillow_failures(name, where):
        rgb = image if image.mode == "RGB" else image.convert("RGB")
    return np.asarray(rgb)


def _high_byte(image: ImageFile.ImageFile) -> NDArray[np.uint8]:
    bits = getattr(image, "tag_v2", {}).get(258, 16)
    shift = (bits[0] if isinstance(bits, tuple) else bits) - 8
    grey = (np.asarray(image) >> shift).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


@contextmanager
def _pillow_failures(name: str, where: str) -> Iterator[None]:
    """Turn what Pillow raises into our errors."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"{where}: {error} Expected fewer pixels.") from error
    except DECODER_FAILURES as error:
        if isinstance(error, EOFError) or "truncated" in str(error).lower():
            raise TruncatedPhoto(
                f"{where} is a {name} that ends too early ({error}); expected a whole file. Copy or download it again."
            ) from error
        raise DamagedPhoto(
            f"{where} is a {name} that cannot be decoded ({error or type(error).__name__}); expected a sound file. "
            "Copy or download it again, or get the original."
        ) from error


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a decoder's warnings about metadata from the user; one thread at a time, for warning filters are global."""
    if name not in WARNING_FORMATS:
        yield
        return
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _decode_jpeg(data: bytes, where: str, max_pixels: int) -> Decoded:
    file = jpeg.cut_into_segments(data)
    image = _open("JPEG", file.picture(), where, max_pixels)
    if file.cut:
        raise TruncatedPhoto(f"{where} is a JPEG that ends inside its header; expected a whole file. Copy it again.")
    pixels = _load(image, "JPEG", where) if file.ended else _load_without_end(file, where, max_pixels)
    return Decoded(pixels, "JPEG", exif_orientation(file.exif))


def _load_without_end(file: jpeg.JpegFile, where: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a JPEG without end-of-image marker, which some cameras forget; refuse one that was cut.

    libjpeg invents what is missing before such a marker. So decode with two different continuations: pixels that
    the file itself determines do not depend on them.
    """
    picture = file.picture()
    first, second = (
        _load(_open("JPEG", picture + more + jpeg.END_OF_IMAGE, where, max_pixels), "JPEG", where)
        for more in (b"", bytes(range(1, 255)) * 16)
    )
    if not np.array_equal(first, second):
        raise TruncatedPhoto(
            f"{where} is a JPEG that ends before its last pixels; expected a whole file. Copy or download it again."
        )
    return first


def _split_png(data: bytes) -> tuple[bytes, bytes]:
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


def _stored_orientation(image: ImageFile.ImageFile, name: str, exif: bytes) -> int:
    if name == "HEIF":
        return 1
    if name == "TIFF":
        return _valid_orientation(getattr(image, "tag_v2", {}).get(_ORIENTATION_TAG))
    found = exif or image.info.get("exif", b"")
    return exif_orientation(found) if isinstance(found, bytes) else 1


_ORIENTATION_TAG = 0x0112
_TIFF_INTEGERS = {1: "B", 3: "H", 4: "I"}


def _valid_orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def exif_orientation(exif: bytes) -> int:
    """Read the orientation (1..8) from an EXIF block; 1 where it is absent, invalid or unreadable.

    CIPA DC-008 (EXIF 2.32), section 4.6.4, tag 274; an EXIF block is a TIFF whose first directory holds the tag.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "4xI", exif)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for i in range(count):
            tag, kind = struct.unpack_from(order + "HH", exif, start + 2 + 12 * i)
            if tag == _ORIENTATION_TAG and kind in _TIFF_INTEGERS:
                return _valid_orientation(*struct.unpack_from(order + _TIFF_INTEGERS[kind], exif, start + 10 + 12 * i))
    except struct.error:
        return 1
    return 1
