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
camera raw in a TIFF        `UnsupportedPhoto`: what a TIFF reader finds first is a preview
float, 32-bit, L*a*b*       `UnsupportedPhoto`: no fixed range to map from
==========================  =========================================================================================

Colour profiles are not applied. Metadata is not shown to the decoders where it can be cut away (JPEG, PNG): damaged
metadata does not make a photo unreadable. Decoders that write to standard error, or warn through Python's global
filters, work in a child process (`unseam.photo.decoding_process`), so that neither reaches the user from any thread.
"""

from __future__ import annotations

import importlib
import io
import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from unseam.errors import DamagedPhoto, NotAnImage, PhotoError, PhotoTooLarge, TruncatedPhoto, UnsupportedPhoto
from unseam.jpeg.segments import CONTINUATIONS, END_OF_IMAGE, START_OF_SCAN, JpegFile, cut_into_segments, has_every_scan
from unseam.photo.containers import ends_early, format_of, split_png
from unseam.photo.orientation import ORIENTATION_TAG, as_stored, exif_orientation, valid_orientation
from unseam.system.text import printable

# Without a handler, Python writes what Pillow logs about a damaged file to standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())

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

PREVIEW_TAG, RAW_TAG = 254, 50706
"""NewSubfileType of TIFF 6.0 (bit 0: a reduced picture of another one) and DNGVersion of Adobe's DNG."""

LONGEST_REASON = 200
"""Letters of a decoder's own words that an error repeats: some of Pillow's repeat the whole file."""

MOST_SCANS = 100
"""Of a JPEG: programs write 10, optimizers up to some 30. Each goes through all blocks, however few bytes it has:
thousands of them would take hours."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels `(H, W, 3) uint8`, format and EXIF orientation (1..8)."""

    pixels: NDArray[np.uint8]
    format: str
    orientation: int


def decode(data: bytes, where: str, max_pixels: int) -> Decoded:
    """Decode an image file in this process.

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
    name = format_of(data)
    if name is None:
        raise _unknown(data, where)
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise PhotoError(
            f"{where}: PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True in this process, so that Pillow would fill what a "
            "file lacks with invented pixels; set it to False."
        )
    try:
        if name == "JPEG":
            return _decode_jpeg(data, where, max_pixels)
        picture, exif = split_png(data) if name == "PNG" else (data, b"")
        image = _open(name, picture, where, max_pixels)
        orientation = _stored_orientation(image, name, exif)
        pixels = _load(image, name, where)
        if name == "TIFF":  # the one format that Pillow turns upright while it loads
            pixels = np.ascontiguousarray(as_stored(pixels, orientation))
        return Decoded(pixels, name, orientation)
    except DamagedPhoto as error:
        if ends_early(name, data):
            raise TruncatedPhoto(
                f"{where} is a {name} that ends too early; expected a whole file. Copy or download it again."
            ) from error
        raise


def _unknown(data: bytes, where: str) -> PhotoError:
    """Tell an image of another format from bytes that are none."""
    Image.init()
    prefix = data[:16].ljust(16, b"\0")
    for name in Image.ID:
        accept = Image.OPEN[name][1]
        if accept is not None and name not in PLUGINS and accept(prefix) is True:
            return UnsupportedPhoto(
                f"{where} looks like {name}; expected {', '.join(PLUGINS)}. Convert it, best to PNG, without resizing."
            )
    return NotAnImage(f"{where} starts with {data[:16]!r}, which no image does; expected {', '.join(PLUGINS)}.")


def _open(name: str, data: bytes, where: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header and judge the size by it."""
    module, class_name = PLUGINS[name]
    try:
        plugin = getattr(importlib.import_module(module), class_name)
    except ImportError as error:
        raise UnsupportedPhoto(f'{where} is {name}, which needs: pip install "unseam[heif]"') from error
    with _pillow_failures(name, where):
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
    tags = getattr(image, "tag_v2", {})
    if RAW_TAG in tags or tags.get(PREVIEW_TAG, 0) & 1:
        raise UnsupportedPhoto(
            f"{where} is a camera's raw file; expected a developed photo. Develop it to TIFF or PNG."
        )
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
        reason = printable(str(error)[:LONGEST_REASON]) or type(error).__name__
        if isinstance(error, EOFError) or "truncated" in reason.lower():
            raise TruncatedPhoto(
                f"{where} is a {name} that ends too early ({reason}); expected a whole file. Copy or download it again."
            ) from error
        raise DamagedPhoto(
            f"{where} is a {name} that cannot be decoded ({reason}); expected a sound file. "
            "Copy or download it again, or get the original."
        ) from error


def _decode_jpeg(data: bytes, where: str, max_pixels: int) -> Decoded:
    file = cut_into_segments(data, where)
    image = _open("JPEG", file.picture(), where, max_pixels)
    scans = sum(segment.marker == START_OF_SCAN for segment in file.segments)
    if scans > MOST_SCANS:
        raise UnsupportedPhoto(
            f"{where} is a JPEG of {scans} scans; expected {MOST_SCANS} at most. Save it again with another program."
        )
    pixels = _load(image, "JPEG", where) if file.ended else _load_without_end(file, where, max_pixels)
    return Decoded(pixels, "JPEG", exif_orientation(file.exif))


def _load_without_end(file: JpegFile, where: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a JPEG without end-of-image marker, which some cameras forget; refuse one that was cut.

    libjpeg invents what is missing before such a marker. So decode with several continuations: pixels that the file
    itself determines do not depend on them.
    """
    picture = file.picture().rstrip(b"\xff")  # the first half of a marker
    first, *others = (
        _load(_open("JPEG", picture + more + END_OF_IMAGE, where, max_pixels), "JPEG", where) for more in CONTINUATIONS
    )
    if not has_every_scan(file) or not all(np.array_equal(first, other) for other in others):
        raise TruncatedPhoto(
            f"{where} is a JPEG that ends before its last pixels; expected a whole file. Copy or download it again."
        )
    return first


def _stored_orientation(image: ImageFile.ImageFile, name: str, exif: bytes) -> int:
    if name == "HEIF":
        return 1
    if name == "TIFF":
        return valid_orientation(getattr(image, "tag_v2", {}).get(ORIENTATION_TAG))
    found = exif or image.info.get("exif", b"")
    return exif_orientation(found) if isinstance(found, bytes) else 1
