"""EXIF orientation: how a viewer turns the stored pixels (CIPA DC-008, tag 274)."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unseam.photo.tiff import Tiff

P = TypeVar("P", bound=np.generic)

ORIENTATION_TAG = 0x0112
_FLIPS = {
    1: (False, False),
    2: (False, True),
    3: (True, True),
    4: (True, False),
    5: (False, False),
    6: (False, True),
    7: (True, True),
    8: (True, False),
}
"""Orientation -> whether rows and columns are reversed, for 5 to 8 after rows and columns have changed places."""

_INVERSE = {6: 8, 8: 6}
"""Orientations whose undoing is another one; the others undo themselves."""


def upright(pixels: NDArray[P], orientation: int) -> NDArray[P]:
    """Turn an array as a viewer shows it.

    Parameters
    ----------
    pixels : (H, W, ...) array
        In stored order: a photo, heat or a mask.
    orientation : int
        1 to 8, as in EXIF (CIPA DC-008, tag 274).

    Returns
    -------
    (H, W, ...) or (W, H, ...) array
        A view of the same memory.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"orientation {orientation}; expected 1 to 8")
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    flip_rows, flip_columns = _FLIPS[orientation]
    return pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def upright_box(box: tuple[int, int, int, int], height: int, width: int, orientation: int) -> tuple[int, int, int, int]:
    """Turn a box (top, left, bottom, right; the last two exclusive) of an array (height, width) as `upright` does."""
    top, left, bottom, right = box
    if orientation >= 5:
        top, left, bottom, right, height, width = left, top, right, bottom, width, height
    flip_rows, flip_columns = _FLIPS[orientation]
    if flip_rows:
        top, bottom = height - bottom, height - top
    if flip_columns:
        left, right = width - right, width - left
    return top, left, bottom, right


def as_stored(pixels: NDArray[P], orientation: int) -> NDArray[P]:
    """Undo `upright`."""
    return upright(pixels, _INVERSE.get(orientation, orientation))


def valid_orientation(value: object) -> int:
    """Return an orientation; 1 for anything else."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def exif_orientation(exif: bytes) -> int:
    """Read the orientation (1..8) from an EXIF block; 1 where it is absent, invalid or unreadable.

    CIPA DC-008 (EXIF 2.32), section 4.6.4, tag 274; an EXIF block is a TIFF whose first directory holds the tag.
    """
    tiff = Tiff(exif.removeprefix(b"Exif\0\0"))
    return valid_orientation(tiff.integer(tiff.directory(tiff.first()), ORIENTATION_TAG))
