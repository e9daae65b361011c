"""Truth masks: from a picture in any of the public sets' conventions to ``(H, W) bool``, True = manipulated.

Each adapter declares how its set's masks are to be understood, as a `Reading`. Soft edges, left by a brush, by
resampling or by JPEG, are settled by the thresholds below, and never by the content of one mask.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from unseam.errors import DataError, PhotoError
from unseam.photo.photo import load_photo

MASK_THRESHOLD = 0.5
"""From this share of white on, a pixel of a soft-edged mask is white."""

FAINT_THRESHOLD = 0.1
"""From this share of white on, a pixel is not black: above the noise that JPEG leaves, below every grey in use."""

COLOUR_TOLERANCE = 0.125
"""Share of white by which the channels of a grey picture may differ: what JPEG does to grey edges."""

Pixels = NDArray[np.uint8]


class Reading(Enum):
    """What marks a manipulated pixel in the masks of a data set."""

    WHITE = "white"
    """Grey, from half of white on."""

    BLACK = "black"
    """Grey, below half of white."""

    NOT_BLACK = "any but black"
    """Grey of several levels, or coloured: from a tenth of white on in any channel."""

    RED = "red"
    """Two colours: redder than green."""

    GREEN = "green"
    """Two colours: greener than red."""


def load_mask(
    path: str | os.PathLike[str], shape: tuple[int, int] | None = None, reading: Reading = Reading.WHITE
) -> NDArray[np.bool_]:
    """Read a truth mask.

    Parameters
    ----------
    path : str or path
        A picture in any format that `unseam.load_photo` reads, as it reads it. White is 255, 65535 in 16 bits, or 1 in
        a mask of 8 bits that knows only 0 and 1. Grey may be stored as colour; alpha is ignored.
    shape : (H, W), optional
        The photo's stored height and width.
    reading : Reading
        What marks a manipulated pixel.

    Returns
    -------
    (H, W) bool
        True = manipulated.

    Raises
    ------
    DataError
        The file cannot be read, its size is not the photo's, it is coloured where grey is expected, it marks
        nothing, or everything.
    """
    path = Path(path)
    pixels = _pixels(path)
    if shape is not None and pixels.shape[:2] != tuple(shape):
        _refuse(path, wrong_size(pixels.shape, shape), reading)
    mask = _marked(path, pixels, reading)
    if not mask.any():
        _refuse(path, "mask that marks nothing", reading)
    if mask.all():
        _refuse(path, "mask that marks the whole photo", reading)
    return mask


def load_masks(
    paths: Sequence[Path], shape: tuple[int, int] | None = None, reading: Reading = Reading.WHITE
) -> NDArray[np.bool_]:
    """Read the masks of one photo, each as in `load_mask`, and return their union ``(H, W) bool``."""
    union = load_mask(paths[0], shape, reading)
    for path in paths[1:]:
        union |= load_mask(path, (union.shape[0], union.shape[1]), reading)
    if union.all():
        _refuse(paths[0], "masks that mark the whole photo together", reading)
    return union


def wrong_size(mask: tuple[int, ...], photo: tuple[int, ...]) -> str:
    """Say that a mask of this shape does not fit a photo of that shape."""
    return f"mask of {_size(mask)} for a photo of {_size(photo)}"


def _pixels(path: Path) -> Pixels:
    """Return (H, W) grey or (H, W, 3) RGB."""
    try:
        pixels = load_photo(path).pixels
    except PhotoError as error:
        raise DataError(f"{path}: mask that cannot be read ({error}); expected a picture such as a grey PNG") from error
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return red if np.array_equal(red, green) and np.array_equal(red, blue) else pixels


def _marked(path: Path, pixels: Pixels, reading: Reading) -> NDArray[np.bool_]:
    white = 1 if pixels.max(initial=0) <= 1 else 255
    if reading in (Reading.RED, Reading.GREEN):
        if pixels.ndim == 2 and pixels.any():
            _refuse(path, "mask without colour", reading)
        if pixels.ndim == 2:  # all black
            return np.zeros(pixels.shape, bool)
        redness = pixels[..., 0].astype(np.int16) - pixels[..., 1]
        return np.asarray(redness > 0 if reading is Reading.RED else redness < 0)
    if reading is Reading.NOT_BLACK:
        brightest = pixels if pixels.ndim == 2 else pixels.max(axis=2)
        return np.asarray(brightest >= FAINT_THRESHOLD * white)
    grey = pixels if pixels.ndim == 2 else pixels[..., 1]
    if pixels.ndim == 3 and np.any(np.ptp(pixels, axis=2) > COLOUR_TOLERANCE * white):
        _refuse(path, "mask in colour", reading)
    from_half_on = grey >= MASK_THRESHOLD * white
    return np.asarray(from_half_on if reading is Reading.WHITE else ~from_half_on)


def _refuse(path: Path, found: str, reading: Reading) -> NoReturn:
    raise DataError(f"{path}: {found}; expected a mask of the photo's size, {reading.value} where it is manipulated")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} pixels"
