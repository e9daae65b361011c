"""Soft outlines: how much of each pixel belongs to an object that is cut out, and what colour that part has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Alpha = NDArray[np.float32]

REGULARISATION = 1e-3
"""Variance, in squared units of the grey range, below which the guided filter takes the guide for flat."""

OPAQUE = 0.95
"""From this alpha on a pixel's colour is the object's alone."""


def matte(pixels: Pixels, mask: Mask, width: float) -> Alpha:
    """Return the alpha of a cut-out object whose hard mask is known.

    The mask is filtered under the guidance of the photograph (He, Sun, Tang, "Guided image filtering", 2013, DOI
    10.1109/TPAMI.2012.213), so that alpha falls where the photograph itself has an edge: along hair, along leaves.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        RGB, with surroundings of the object.
    mask : (H, W) bool
    width : float
        Alpha is neither 0 nor 1 only within about twice this many pixels of the mask's outline.

    Returns
    -------
    (H, W) float32
        In [0, 1].
    """
    radius = max(1, round(2 * width))
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Alpha) -> Alpha:
        return np.asarray(cv2.boxFilter(values, -1, size, borderType=cv2.BORDER_REFLECT), np.float32)

    guide: Alpha = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)
    hard = mask.astype(np.float32)
    guide_mean, hard_mean = mean(guide), mean(hard)
    slope = (mean(guide * hard) - guide_mean * hard_mean) / (mean(guide * guide) - guide_mean**2 + REGULARISATION)
    alpha = mean(slope) * guide + mean(hard_mean - slope * guide_mean)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size)
    grey = mask.astype(np.uint8)
    inside = cv2.erode(grey, disk, borderType=cv2.BORDER_REPLICATE).astype(bool)
    outside = ~cv2.dilate(grey, disk).astype(bool)
    return np.asarray(np.where(inside, 1, np.where(outside, 0, np.clip(alpha, 0, 1))), np.float32)


def foreground(pixels: Pixels, alpha: Alpha, width: float) -> Pixels:
    """Return the object's own colours under a matte: where alpha is not full, those of the opaque part nearby.

    Without it a rim of the old background would come along, which editors take away ("decontaminate colours").
    """
    opaque = (alpha >= OPAQUE).astype(np.float32)
    sigma = max(1.0, width)
    weight = cv2.GaussianBlur(opaque, (0, 0), sigma)[..., None]
    nearby = cv2.GaussianBlur(pixels * opaque[..., None], (0, 0), sigma) / np.maximum(weight, 1e-6)
    trusted = (opaque[..., None] > 0) | (weight < 1e-3)
    return np.where(trusted, pixels, np.clip(np.rint(nearby), 0, 255).astype(np.uint8))
