"""What happens to a photograph before and after it is forged: compression, reduction, mild processing, saving."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

SUBSAMPLING = ("4:4:4", "4:2:2", "4:2:0")
"""Chroma subsamplings in Pillow's order (its option is the index)."""

GRID = 8
"""Side of a JPEG block in pixels."""


@dataclass(frozen=True, slots=True)
class Past:
    """One JPEG compression and one mild touch before the forgery.

    Attributes
    ----------
    quality : int
        IJG quality; 0 = not compressed again.
    subsampling : str
        One of ``SUBSAMPLING``.
    shift_row, shift_column : int
        How far the 8 x 8 grid of that compression is moved against the crop, 0 to 7.
    touch : str
        ``none``, ``blur``, ``sharpen``, ``noise``, ``gamma`` or ``resize``.
    strength : float
        Blur: sigma in pixels; sharpen: amount; noise: standard deviation in grey levels; gamma: exponent;
        resize: factor.
    """

    quality: int = 0
    subsampling: str = "4:4:4"
    shift_row: int = 0
    shift_column: int = 0
    touch: str = "none"
    strength: float = 0.0


STRENGTHS: dict[str, tuple[float, float]] = {
    "blur": (0.4, 1.0),
    "sharpen": (0.2, 1.0),
    "noise": (0.5, 4.0),
    "gamma": (0.8, 1.25),
    "resize": (0.6, 1.4),
}
"""Range of each touch's strength: mild, so that a person would not object."""


def encode_jpeg(pixels: Pixels, quality: int, subsampling: str) -> bytes:
    """Compress (H, W, 3) uint8 RGB with the IJG tables of one quality."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=SUBSAMPLING.index(subsampling))
    return buffer.getvalue()


def compressed(pixels: Pixels, quality: int, subsampling: str) -> Pixels:
    """Return what is left of (H, W, 3) uint8 RGB after one JPEG compression; quality 0 leaves it alone."""
    if not quality:
        return pixels
    with Image.open(io.BytesIO(encode_jpeg(pixels, quality, subsampling))) as image:
        return np.asarray(image)


def touched(pixels: Pixels, touch: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Apply one mild operation to (H, W, 3) uint8 RGB; ``resize`` changes the size."""
    if touch == "blur":
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), strength), np.uint8)
    if touch == "sharpen":
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.0)
        return np.asarray(cv2.addWeighted(pixels, 1 + strength, soft, -strength, 0), np.uint8)
    if touch == "noise":
        noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(strength)
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
    if touch == "gamma":
        curve = np.rint(255 * (np.arange(256) / 255) ** strength).astype(np.uint8)
        return curve[pixels]
    if touch == "resize":
        height, width = (max(8, round(side * strength)) for side in pixels.shape[:2])
        return resized(pixels, height, width)
    return pixels


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample (H, W, 3) uint8: area averages when reducing, cubic when enlarging."""
    if pixels.shape[:2] == (height, width):
        return pixels
    method = cv2.INTER_AREA if height < pixels.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def resized_mask(mask: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Resample an (H, W) mask; a pixel is set when at least half of it was."""
    if mask.shape == (height, width):
        return mask
    method = cv2.INTER_AREA if height < mask.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=method)) >= 0.5


def with_past(pixels: Pixels, past: Past, rng: np.random.Generator) -> Pixels:
    """Give pixels their past; the result is smaller by ``GRID`` rows and columns, the room for the grid's shift."""
    old = compressed(pixels, past.quality, past.subsampling)
    height, width = old.shape[0] - GRID, old.shape[1] - GRID
    crop = old[past.shift_row : past.shift_row + height, past.shift_column : past.shift_column + width]
    return touched(np.ascontiguousarray(crop), past.touch, past.strength, rng)


def encoded(pixels: Pixels, quality: int, subsampling: str) -> bytes:
    """Return the bytes of the saved file: JPEG, or PNG when the quality is 0."""
    if quality:
        return encode_jpeg(pixels, quality, subsampling)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
