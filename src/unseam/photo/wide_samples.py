"""TIFFs with 32 or 64 bits per sample, which Pillow does not read in colour: decoded by OpenCV, brought to 8 bits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.errors import DamagedPhoto, UnsupportedPhoto
from unseam.photo.tiff_pages import FLOAT_FORMAT, Page

WIDE_BITS = 32
"""Bits per sample from which on Pillow has no rule."""

_UNSIGNED = 1
"""SampleFormat of TIFF 6.0, section 19: unsigned integers."""

ADVICE = "Scale it to 8 or 16 bits per channel and save it as PNG, without resizing."


def decode_wide(page: Page, where: str) -> NDArray[np.uint8]:
    """Decode a TIFF page of 32-bit integers or of floats to pixels `(H, W, 3) uint8 RGB`; alpha is dropped.

    Raises
    ------
    UnsupportedPhoto
        Signed integers, integers that do not use their highest byte, floats outside 0 to 1.
    DamagedPhoto
        OpenCV cannot decode it.
    """
    kind = f"{page.bits}-bit {'float' if page.sample_format == FLOAT_FORMAT else 'integer'} samples"
    if page.sample_format not in (FLOAT_FORMAT, _UNSIGNED):
        raise UnsupportedPhoto(f"{where} is a TIFF of signed or complex {kind}; expected unsigned ones. {ADVICE}")
    try:
        values = cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.shape[:2] != (page.height, page.width):
        raise DamagedPhoto(
            f"{where} is a TIFF of {kind} that cannot be decoded; expected a sound file. Copy or download it again."
        )
    eight = _from_float(values, where) if values.dtype.kind == "f" else _from_integers(values, where)
    if eight.ndim == 2:
        return np.repeat(eight[:, :, np.newaxis], 3, axis=2)
    return np.ascontiguousarray(eight[:, :, 2::-1])  # OpenCV's order is BGR


def _from_float(values: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    floats = np.asarray(values, np.float64)
    if not (np.isfinite(floats).all() and floats.min() >= 0 and floats.max() <= 1):
        raise UnsupportedPhoto(f"{where} is a TIFF of float samples outside 0 to 1; expected 0 to 1. {ADVICE}")
    return np.round(255 * floats).astype(np.uint8)


def _from_integers(values: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    integers = np.asarray(values).view(np.uint32)
    if integers.max() < 2**24:
        raise UnsupportedPhoto(
            f"{where} is a TIFF of 32-bit integers below 2 ** 24, which are black as they stand; expected samples that "
            f"use their whole range. {ADVICE}"
        )
    return (integers >> 24).astype(np.uint8)
