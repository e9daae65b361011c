"""Bytes of an image file -> pixels `(H, W, 3) uint8 RGB`; the one place that knows image formats.

One rule per conversion. Stored values are kept wherever they can be: a method looks for traces in them.

==========================  =========================================================================================
what the file holds         what the pixels are
==========================  =========================================================================================
grey, 1-bit                 three equal channels; 1-bit: 0 and 255
palette                     the palette's colours; a transparent entry keeps its colour
alpha                       dropped, not composited: the stored colour under it is evidence
16 bits per channel         the high byte (``value >> 8``); 12 bits in a TIFF: ``value >> 4``
32-bit integers in a TIFF   the highest byte; `UnsupportedPhoto` where it is not in use
float in a TIFF             ``255 * value``, rounded; `UnsupportedPhoto` where a value lies outside 0 to 1
bit fields in a BMP         each channel stretched to 8 bits (`unseam.photo.bitmap`)
CMYK, YCCK                  Pillow's plain conversion, without colour profile (Adobe's inversion is undone)
YCbCr outside JPEG          Pillow's conversion
animation                   the first picture (of a phone's MPO too, whose format is then JPEG)
several pages in a TIFF     the largest full picture (`unseam.photo.tiff_pages`)
HEIC                        as libheif decodes it: its rotation is part of the decoding, so that orientation is 1
camera raw                  `UnsupportedPhoto`: what a reader finds first is a preview
L*a*b*, signed integers     `UnsupportedPhoto`: no fixed range to map from
==========================  =========================================================================================

Colour profiles are not applied. Decoders do not see metadata where it can be cut away (JPEG, PNG): damaged metadata
does not make a photo unreadable. Decoders that write to standard error, or warn through Python's global filters, run in
a child process (`unseam.photo.decoding_process`), so that neither reaches the user from any thread.
"""

from __future__ import annotations

import importlib
import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from unseam.errors import DamagedPhoto, NotAnImage, PhotoError, PhotoTooLarge, TruncatedPhoto, UnsupportedPhoto
from unseam.jpeg.segments import (
    CONTINUATIONS,
    END_OF_IMAGE,
    START_OF_SCAN,
    JpegFile,
    cut_into_segments,
    has_every_scan,
    rare_kind,
)
from unseam.photo.bitmap import decode_bit_fields, has_bit_fields
from unseam.photo.containers import ends_early, format_of, split_png
from unseam.photo.foreign import CONVERT, foreign_kind
from unseam.photo.orientation import ORIENTATION_TAG, as_stored, exif_orientation, valid_orientation
from unseam.photo.tiff_pages import COMPRESSIONS, page_to_judge
from unseam.photo.wide_samples import WIDE_BITS, decode_wide
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

MAX_REASON = 200
"""Characters of a decoder's message that an error repeats: some of Pillow's repeat the whole file."""

_UNSUPPORTED = re.compile(r"unsupported|not supported|unknown|unrecogni[sz]ed|cannot handle", re.IGNORECASE)
"""How Pillow says that it lacks a rule, and not that the bytes are wrong."""

SAVE_AS_PNG = "Open it in the program that wrote it and save it as PNG, without resizing."

MAX_SCANS = 100
"""Of a JPEG: programs write 10, optimizers up to some 30. Each goes through all blocks, however few bytes it has:
thousands of them would take hours."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels `(H, W, 3) uint8`, format, EXIF orientation (1..8), and which of how many pictures of the file it is."""

    pixels: NDArray[np.uint8]
    format: str
    orientation: int
    number: int = 1
    count: int = 1


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
        raise _foreign(data, where)
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise PhotoError(
            f"{where}: PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True in this process, so that Pillow would fill what a "
            "file lacks with invented pixels; set it to False."
        )
    try:
        return {"JPEG": _decode_jpeg, "TIFF": _decode_tiff, "PNG": _decode_png, "BMP": _decode_bmp}.get(
            name, partial(_decode_plain, name)
        )(data, where, max_pixels)
    except DamagedPhoto as error:
        if ends_early(name, data):
            raise TruncatedPhoto(
                f"{where} is a {name} that ends too early; expected a whole file. Copy or download it again."
            ) from error
        if _UNSUPPORTED.search(str(error.__cause__)):
            raise UnsupportedPhoto(
                f"{where} is a {name} of a kind that is not decoded here ({_reason(error.__cause__)}); expected a "
                f"common one. {SAVE_AS_PNG}"
            ) from error
        raise


def _reason(error: BaseException | None) -> str:
    """Return what a decoder said, on one line and cut."""
    return printable(str(error)[:MAX_REASON]) or type(error).__name__


def _foreign(data: bytes, where: str) -> PhotoError:
    """Name what a file is that is not decoded here."""
    kind = foreign_kind(data)
    if kind is not None:
        error = UnsupportedPhoto if kind.is_image else NotAnImage
        return error(f"{where} is {kind.name}; expected {', '.join(PLUGINS)}. {kind.advice}")
    Image.init()
    prefix = data[:16].ljust(16, b"\0")
    for name in Image.ID:
        accept = Image.OPEN[name][1]
        if accept is not None and name not in PLUGINS and accept(prefix) is True:
            return UnsupportedPhoto(f"{where} looks like {name}; expected {', '.join(PLUGINS)}. {CONVERT}")
    return NotAnImage(
        f"{where} starts with {data[:16]!r}, which is not a known image format; expected {', '.join(PLUGINS)}. "
        "Find out what it is, or get the original."
    )


def _open(name: str, data: bytes, where: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header and judge the size by it."""
    module, class_name = PLUGINS[name]
    try:
        plugin = getattr(importlib.import_module(module), class_name)
    except ImportError as error:
        raise UnsupportedPhoto(f'{where} is {name}, which needs: pip install "unseam[heif]"') from error
    with _decoder_failures(name, where):
        image: ImageFile.ImageFile = plugin(io.BytesIO(data))
    _check_size(image.width, image.height, where, max_pixels)
    return image


def _check_size(width: int, height: int, where: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise PhotoTooLarge(
            f"{where} is {width} x {height} = {width * height / 1e6:.1f} megapixels, over the limit of "
            f"{max_pixels / 1e6:g}; raise max_pixels if memory allows (about 60 bytes per pixel)."
        )


def _load(image: ImageFile.ImageFile, name: str, where: str) -> NDArray[np.uint8]:
    """Decode the pixels and convert them by the module's table."""
    with _decoder_failures(name, where):
        image.load()
    if image.mode in ("F", "I", "LAB"):
        raise UnsupportedPhoto(
            f"{where} is a {name} of mode {image.mode} (float, 32-bit integers or L*a*b*), which has no fixed range; "
            f"expected 8 or 16 bits per channel. {SAVE_AS_PNG}"
        )
    if image.mode.startswith("I;16"):
        return _high_byte(image)
    image.info.pop("transparency", None)
    with _decoder_failures(name, where):
        rgb = image if image.mode == "RGB" else image.convert("RGB")
    return np.asarray(rgb)


def _high_byte(image: ImageFile.ImageFile) -> NDArray[np.uint8]:
    bits = getattr(image, "tag_v2", {}).get(258, 16)
    shift = (bits[0] if isinstance(bits, tuple) else bits) - 8
    grey = (np.asarray(image) >> shift).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


@contextmanager
def _decoder_failures(name: str, where: str) -> Iterator[None]:
    """Turn what a decoder raises into our errors."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"{where}: {error} Expected fewer pixels.") from error
    except DECODER_FAILURES as error:
        reason = _reason(error)
        if isinstance(error, EOFError) or "truncated" in reason.lower():
            raise TruncatedPhoto(
                f"{where} is a {name} that ends too early ({reason}); expected a whole file. Copy or download it again."
            ) from error
        raise DamagedPhoto(
            f"{where} is a {name} that cannot be decoded ({reason}); expected a sound file. "
            "Copy or download it again, or get the original."
        ) from error


def _decode_plain(name: str, data: bytes, where: str, max_pixels: int) -> Decoded:
    """Decode a format that needs nothing but Pillow."""
    image = _open(name, data, where, max_pixels)
    exif = image.info.get("exif", b"")
    orientation = exif_orientation(exif) if name != "HEIF" and isinstance(exif, bytes) else 1
    return Decoded(_load(image, name, where), name, orientation)


def _decode_png(data: bytes, where: str, max_pixels: int) -> Decoded:
    picture, exif = split_png(data)
    return Decoded(_load(_open("PNG", picture, where, max_pixels), "PNG", where), "PNG", exif_orientation(exif))


def _decode_bmp(data: bytes, where: str, max_pixels: int) -> Decoded:
    if not has_bit_fields(data):
        return _decode_plain("BMP", data, where, max_pixels)
    width, height = struct.unpack_from("<ii", data, 18)
    _check_size(abs(width), abs(height), where, max_pixels)
    with _decoder_failures("BMP", where):
        return Decoded(decode_bit_fields(data), "BMP", 1)


def _decode_tiff(data: bytes, where: str, max_pixels: int) -> Decoded:
    page = page_to_judge(data, where)
    _check_size(page.width, page.height, where, max_pixels)
    if page.bits >= WIDE_BITS:
        pixels = decode_wide(page, where)
    else:
        try:
            image = _open("TIFF", page.data, where, max_pixels)
            tag = getattr(image, "tag_v2", {}).get(ORIENTATION_TAG)
            # The one format that Pillow turns upright while it loads; it sees no orientation of a type unknown to it.
            pixels = np.ascontiguousarray(as_stored(_load(image, "TIFF", where), valid_orientation(tag)))
        except DamagedPhoto as error:
            if page.compression in COMPRESSIONS:
                raise UnsupportedPhoto(
                    f"{where} is a TIFF compressed as {COMPRESSIONS[page.compression]}, which is not decoded here; "
                    f"expected a common one. {SAVE_AS_PNG}"
                ) from error
            raise
    return Decoded(pixels, "TIFF", page.orientation, page.number, page.count)


def _decode_jpeg(data: bytes, where: str, max_pixels: int) -> Decoded:
    file = cut_into_segments(data, where)
    try:
        image = _open("JPEG", file.picture(), where, max_pixels)
        scans = sum(segment.marker == START_OF_SCAN for segment in file.segments)
        if scans > MAX_SCANS:
            raise UnsupportedPhoto(
                f"{where} is a JPEG of {scans} scans; expected {MAX_SCANS} at most. Save it again with another program."
            )
        pixels = _load(image, "JPEG", where) if file.ended else _load_without_end(file, where, max_pixels)
    except (DamagedPhoto, UnsupportedPhoto) as error:
        if rare := rare_kind(file):
            raise UnsupportedPhoto(
                f"{where} is a JPEG with {rare}, which is not decoded here; expected 8 bits per sample, baseline or "
                f"progressive. {SAVE_AS_PNG}"
            ) from error
        raise
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
