"""How a pasted layer meets the host: pure functions from arrays to (pixels, mask).

Everywhere ``host`` and ``layer`` are (H, W, 3) uint8 RGB of one size, ``mask`` is (H, W) bool and says where the layer
goes; outside what was pasted the layer holds the host's own pixels. The returned mask marks the pixels that the edit
changed by design.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

FOUR_NEIGHBOURS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
"""A harmonic function is the average of its four neighbours."""

RELAXATIONS = 24
"""Averagings at each level of the pyramid; the coarser level has already found what is smooth."""


SOFT_WIDTH = 0.25
"""Feathers narrower than this many pixels are hard cuts."""


def hard(host: Pixels, layer: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Cut without any transition: outside the mask every pixel is the host's."""
    return np.where(mask[..., None], layer, host), mask


def feather(host: Pixels, layer: Pixels, mask: Mask, width: float) -> tuple[Pixels, Mask]:
    """Blend over about ``width`` pixels; the returned mask is alpha >= 0.5."""
    rows, columns = np.nonzero(mask)
    margin = int(2 * width) + 2  # OpenCV cuts a Gaussian at four sigmas
    window = np.s_[
        max(rows.min() - margin, 0) : rows.max() + margin + 1,
        max(columns.min() - margin, 0) : columns.max() + margin + 1,
    ]
    soft, alpha = mask[window].astype(np.float32), np.zeros(mask.shape, np.float32)
    alpha[window] = cv2.GaussianBlur(soft, (0, 0), width / 2)
    return matted(host, layer, alpha)


def matted(host: Pixels, layer: Pixels, alpha: NDArray[np.float32]) -> tuple[Pixels, Mask]:
    """Mix by an alpha (H, W) float32 in [0, 1]; the returned mask is alpha >= 0.5."""
    out, touched = host.copy(), alpha > 0
    under = host[touched].astype(np.float32)
    out[touched] = np.rint(under + alpha[touched][:, None] * (layer[touched] - under)).astype(np.uint8)
    return out, alpha >= 0.5


def smooth(host: Pixels, layer: Pixels, mask: Mask, width: float) -> tuple[Pixels, Mask]:
    """Cut hard, then blur the band of ``width`` pixels on either side; the band belongs to the returned mask."""
    pasted, _ = hard(host, layer, mask)
    size = 2 * max(1, round(width)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grey = mask.astype(np.uint8)
    near = cv2.dilate(grey, kernel).astype(bool)
    band = near & ~cv2.erode(grey, kernel, borderType=cv2.BORDER_REPLICATE).astype(bool)
    blurred = cv2.GaussianBlur(pasted, (0, 0), max(0.6, width / 2))
    return np.where(band[..., None], blurred, pasted), near


def poisson(host: Pixels, layer: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Keep the layer's gradients and the host's values along the rim (Perez et al. 2003, 10.1145/882262.882269).

    Their equation with the layer's own gradients is the layer plus the harmonic membrane through the differences along
    the rim (their section 2). OpenCV's ``seamlessClone`` solves over the mask's whole box and so changes pixels
    outside the mask, which would make the mask a lie.
    """
    rows, columns = np.nonzero(mask)
    window = np.s_[max(rows.min() - 2, 0) : rows.max() + 3, max(columns.min() - 2, 0) : columns.max() + 3]
    inside = mask[window]
    grown = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    difference = host[window].astype(np.float32) - layer[window]
    moved = layer[window] + _membrane(difference, grown & ~inside)
    out = host.copy()
    out[window][inside] = np.clip(np.rint(moved), 0, 255).astype(np.uint8)[inside]
    return out, mask


def _membrane(values: NDArray[np.float32], known: Mask) -> NDArray[np.float32]:
    """Fill what is not known with the harmonic function through what is; coarse to fine, (H, W, 3) float32."""
    start = np.zeros_like(values)
    height, width = known.shape
    if min(height, width) > 2 and not known.all():
        half = (width + 1) // 2, (height + 1) // 2
        weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)[..., None]
        sums = cv2.resize(np.where(known[..., None], values, 0), half, interpolation=cv2.INTER_AREA)
        coarse = _membrane((sums / np.maximum(weight, 1e-6)).astype(np.float32), weight[..., 0] > 0)
        start = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    filled = np.where(known[..., None], values, start)
    for _ in range(RELAXATIONS):
        average = cv2.filter2D(filled, -1, FOUR_NEIGHBOURS, borderType=cv2.BORDER_REPLICATE)
        filled = np.where(known[..., None], values, average)
    return filled


def blend(host: Pixels, layer: Pixels, mask: Mask, seam: str, width: float) -> tuple[Pixels, Mask]:
    """Blend by the seam's name: ``hard``, ``feather``, ``smooth`` or ``poisson``; a matte needs more than a mask."""
    if seam == "feather" and width >= SOFT_WIDTH:
        pixels, changed = feather(host, layer, mask, width)
        return (pixels, changed) if changed.any() else hard(host, layer, mask)
    if seam == "smooth":
        return smooth(host, layer, mask, width)
    if seam == "poisson":
        return poisson(host, layer, mask)
    return hard(host, layer, mask)
