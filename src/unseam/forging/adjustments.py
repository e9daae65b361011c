"""Mild processing of whole frames, and the resampling that masks follow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STRENGTHS: dict[str, tuple[float, float]] = {
    "blur": (0.4, 1.0),
    "sharpen": (0.2, 1.0),
    "noise": (0.5, 4.0),
    "gamma": (0.8, 1.25),
    "resize": (0.6, 1.4),
}
"""Range of each adjustment's strength: mild, so that a person would not object.

Blur: sigma in pixels; sharpen: amount; noise: standard deviation in grey levels; gamma: exponent; resize: factor.
"""


def adjusted(pixels: Pixels, adjustment: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Apply one mild operation (``none`` or a key of `STRENGTHS`) to (H, W, 3) uint8; ``resize`` changes the size."""
    if adjustment == "blur":
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), strength), np.uint8)
    if adjustment == "sharpen":
        return sharpened(pixels, strength)
    if adjustment == "noise":
        noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(strength)
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
    if adjustment == "gamma":
        curve = np.rint(255 * (np.arange(256) / 255) ** strength).astype(np.uint8)
        return curve[pixels]
    if adjustment == "resize":
        height, width = (max(8, round(side * strength)) for side in pixels.shape[:2])
        return resized(pixels, height, width)
    return pixels


def sharpened(pixels: Pixels, amount: float, sigma: float = 1.0) -> Pixels:
    """Apply an unsharp mask to (H, W, 3) uint8."""
    soft = cv2.GaussianBlur(pixels, (0, 0), sigma)
    return np.asarray(cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0), np.uint8)


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample (H, W, 3) uint8: area averages when reducing, cubic when enlarging."""
    if pixels.shape[:2] == (height, width):
        return pixels
    method = cv2.INTER_AREA if height < pixels.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def resized_mask(mask: Mask, height: int, width: int) -> Mask:
    """Resample an (H, W) mask with its frame: a pixel is set when more than half of its area was.

    Of a mask too thin for that, the pixels with the largest share are set, so that no edit loses its mask.
    """
    if mask.shape == (height, width):
        return mask
    method = cv2.INTER_AREA if height < mask.shape[0] else cv2.INTER_LINEAR
    covered = np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=method))
    return covered > min(0.5, float(covered.max()) * (1 - 1e-6))
