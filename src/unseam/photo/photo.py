"""A path, bytes or an array -> a `Photo`: decoded pixels with the original bytes.

`load_photo` never rotates and never rescales: the pixels are those that the file stores, and the orientation in which
a viewer shows them is kept as a number. How each kind of file becomes RGB is written in
`unseam.photo.decoding`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from unseam.errors import (
    DamagedPhoto,
    EmptyPhoto,
    NotAFile,
    PhotoError,
    PhotoNotFound,
    PhotoTooLarge,
    UnreadablePhoto,
    UnsupportedPhoto,
)
from unseam.jpeg.coefficients import JpegCoefficients, read_coefficients
from unseam.jpeg.damage import Damage, find_damage
from unseam.jpeg.segments import cut_into_segments
from unseam.photo.decoding_process import decode_quietly
from unseam.photo.orientation import upright

__all__ = ["DEFAULT_MAX_PIXELS", "Photo", "load_photo", "read_photo_file", "upright"]

DEFAULT_MAX_PIXELS = 250_000_000
"""Height x width: phones write up to 200 megapixels. A method may take 60 bytes per pixel, 15 GB for the largest."""

MAX_BYTES_PER_PIXEL = 16
"""No file needs more than twice four channels of 16 bits for each pixel of the limit."""
ALWAYS_ALLOWED_BYTES = 64 * 2**20
"""Whatever the limit on pixels: metadata, previews and trailing data."""

PIECE = 2**20
"""Bytes that are read at a time of what a file gains while it is read."""

T = TypeVar("T")


class _Kept:
    """Values by key, each computed once, under a lock of its own: one may need another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._values: dict[Hashable, object] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = compute()
            return cast("T", self._values[key])


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, read-only
        RGB, as stored: neither rotated nor rescaled.
    name : str
        File name without folder; ``bytes`` or ``array`` where there is none.
    format : str
        ``JPEG``, ``PNG``, ``WEBP``, ``TIFF``, ``BMP``, ``GIF``, ``AVIF``, ``HEIF`` or ``array``.
    data : bytes, optional
        The file; None for an array.
    orientation : int
        How a viewer turns the photo, 1 to 8 as in EXIF; see `upright`.
    number, count : int
        Which of the file's pictures was decoded, from 1, and how many a TIFF holds; animations count as one.
    """

    pixels: NDArray[np.uint8]
    name: str = "array"
    format: str = "array"
    data: bytes | None = field(default=None, repr=False)
    orientation: int = 1
    number: int = 1
    count: int = 1
    _kept: _Kept = field(default_factory=_Kept, init=False, repr=False)

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def sha256(self) -> str | None:
        """Hexadecimal SHA-256 of the original bytes; None for an array."""
        return None if self.data is None else self.once("sha256", lambda: _digest(self))

    @property
    def jpeg(self) -> JpegCoefficients | None:
        """The file's own JPEG coefficients, read when first asked for; None when the file is no JPEG.

        Raises
        ------
        UnsupportedPhoto
            A JPEG that can be decoded but whose coefficients are not read (arithmetic coding).
        DamagedPhoto
            libjpeg gives up on the file.
        """
        return None if self.data is None or self.format != "JPEG" else self.once("jpeg", lambda: _coefficients(self))

    @property
    def damage(self) -> Damage | None:
        """Damaged rows of a JPEG, found when first asked for; None for a sound file and for other formats."""
        try:
            coefficients = self.jpeg
        except (DamagedPhoto, UnsupportedPhoto):  # without coefficients nothing is known
            return None
        return None if coefficients is None else self.once("damage", lambda: _damage(self, coefficients))

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` returned when this key was first asked for: one photo is measured once.

        Threads that ask for the same key wait for one another, others do not. Nothing is kept of a failure.
        """
        return self._kept.get(key, compute)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state, _kept=_Kept())
        self.__post_init__()


def _digest(photo: Photo) -> str:
    return hashlib.sha256(photo.data or b"").hexdigest()


def _coefficients(photo: Photo) -> JpegCoefficients:
    return read_coefficients(photo.data or b"", photo.name)


def _damage(photo: Photo, coefficients: JpegCoefficients) -> Damage | None:
    return find_damage(cut_into_segments(photo.data or b""), coefficients, photo.name)


def load_photo(
    source: str | os.PathLike[str] | bytes | NDArray[np.uint8], *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Photo:
    """Load a photo without rotating or rescaling it.

    Parameters
    ----------
    source : path, bytes or (H, W, 3) uint8 array
        A file, the content of one, or RGB pixels (which are copied).
    max_pixels : int
        Largest height x width to accept; a file is judged by its header, before its pixels are allocated.

    Returns
    -------
    Photo

    Raises
    ------
    PhotoNotFound, NotAFile, UnreadablePhoto
        The path leads to nothing, to a folder, a device or a pipe, or may not be read.
    EmptyPhoto, NotAnImage, TruncatedPhoto, DamagedPhoto, PhotoTooLarge, UnsupportedPhoto
        What is wrong with the content; see `unseam.errors`.
    TypeError
        The source is neither path nor bytes nor array.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, bytes | bytearray | memoryview):
        data, name, where = bytes(source), "bytes", f"this image of {len(bytes(source))} bytes"
    elif isinstance(source, str | os.PathLike):
        path = Path(os.fsdecode(source))
        data, name, where = read_photo_file(path, max_pixels), path.name, str(path)
    else:
        raise TypeError(f"{type(source).__name__} is not a photo; expected a path, bytes or an (H, W, 3) uint8 array.")
    if not data:
        raise EmptyPhoto(f"{where} holds zero bytes; expected an image. Copy or download it again.")
    decoded = decode_quietly(data, where, max_pixels)
    return Photo(decoded.pixels, name, decoded.format, data, decoded.orientation, decoded.number, decoded.count)


def _from_array(pixels: NDArray[np.generic], max_pixels: int) -> Photo:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UnsupportedPhoto(
            f"an array of shape {pixels.shape} and type {pixels.dtype}; expected (height, width, 3) of uint8, RGB. "
            "Scale floats to 0..255 and repeat a single channel three times."
        )
    if not pixels.size:
        raise EmptyPhoto(f"an array of shape {pixels.shape} holds no pixels; expected at least one row and column.")
    if pixels.shape[0] * pixels.shape[1] > max_pixels:
        raise PhotoTooLarge(
            f"an array of {pixels.shape[1]} x {pixels.shape[0]} pixels, over the limit of {max_pixels}; raise "
            "max_pixels if memory allows (about 60 bytes per pixel)."
        )
    return Photo(np.array(pixels, dtype=np.uint8, order="C", copy=True))


def _file_too_large(path: Path, size: int, max_pixels: int) -> PhotoTooLarge:
    return PhotoTooLarge(
        f"{path} has {size / 1e6:.0f} MB, more than any photo of {max_pixels / 1e6:g} megapixels needs; "
        "raise max_pixels if memory allows."
    )


def read_photo_file(path: Path, max_pixels: int = DEFAULT_MAX_PIXELS) -> bytes:
    """Read a regular file of acceptable size; anything else is an error, found before it can block."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, a pipe or a socket"
            raise NotAFile(f"{path} is {kind}; expected an image file. Name the files themselves.")
        largest = max_pixels * MAX_BYTES_PER_PIXEL + ALWAYS_ALLOWED_BYTES
        if status.st_size > largest:
            raise _file_too_large(path, status.st_size, max_pixels)
        with path.open("rb") as file:
            parts, size = [file.read(status.st_size)], status.st_size
            while more := file.read(PIECE):  # it has grown since
                parts.append(more)
                size += len(more)
                if size > largest:
                    raise _file_too_large(path, size, max_pixels)
        return b"".join(parts)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a null byte in the path
        raise PhotoNotFound(f"{path!s} does not exist; expected an image file. Check the path.") from error
    except PhotoError:
        raise
    except OSError as error:
        raise UnreadablePhoto(
            f"{path} cannot be read ({error.strerror or error}); expected a readable file. Check its permissions."
        ) from error
