"""Magnitudes of Zernike moments around every pixel: they stay the same when a region is turned."""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCALE = 30.0
"""Stored units per grey level (of the root mean square over the disc)."""

LARGEST = 8191
"""Of the stored features; a grey level of 255 is 7650. Sums of 12 squared differences stay in 32 bits."""

RADII, ANGLES = 26, 32
"""Samples along the radius and around the circle, as in the paper's reference implementation."""


def zernike_orders(order: int) -> list[tuple[int, int]]:
    """List the (n, m) with m >= 0 up to an order: 12 for order 5."""
    return [(n, m) for n in range(order + 1) for m in range(n % 2, n + 1, 2)]


@lru_cache
def zernike_kernel(n: int, m: int, side: int) -> NDArray[np.complex128]:
    """Sample a Zernike function on a polar grid, and the picture beneath it bilinearly: together, one linear filter.

    Parameters
    ----------
    n, m : int
        Order and repetition; n >= m >= 0, n - m even.
    side : int
        Diameter of the disc, in pixels; even.

    Returns
    -------
    (side + 1, side + 1) complex128
        Its products with the pixels around its centre are in grey levels: a constant has the moment (0, 0) of its
        own size, and white noise gives moments of the same expected size for all n and m. Not to be written to.

    Notes
    -----
    Polar sampling: section II of the paper (DOI 10.1109/TIFS.2015.2455334). Sampling at the pixels' centres instead
    makes the moments depend on how a region was turned. Functions: Teague 1980, DOI 10.1364/JOSA.70.000920.
    """
    kernel = _sampled(n, m, side)
    constant = _sampled(0, 0, side).real
    kernel *= np.sqrt((constant**2).sum() / (np.abs(kernel) ** 2).sum()) / constant.sum()
    kernel.flags.writeable = False
    return kernel


def _sampled(n: int, m: int, side: int) -> NDArray[np.complex128]:
    radius, angle = np.meshgrid((np.arange(RADII) + 0.5) / RADII, 2 * np.pi * np.arange(ANGLES) / ANGLES)
    values = _radial(n, m, radius) * np.exp(-1j * m * angle) * radius  # the last: area of a polar cell
    rows, columns = (side / 2 * (1 + radius * wave(angle)) for wave in (np.sin, np.cos))
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    kernel = np.zeros((side + 1, side + 1), np.complex128)
    for r, c, weight in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        np.add.at(kernel, (np.minimum(r, side), np.minimum(c, side)), values * weight)
    return kernel


def _radial(n: int, m: int, radius: Floats) -> Floats:
    values = np.zeros_like(radius)
    for s in range((n - m) // 2 + 1):
        below = factorial(s) * factorial((n + m) // 2 - s) * factorial((n - m) // 2 - s)
        values += (-1) ** s * factorial(n - s) / below * radius ** (n - 2 * s)
    return values


def zernike_magnitudes(luma: NDArray[np.float32], order: int, side: int) -> NDArray[np.int16]:
    """Measure the magnitudes of the Zernike moments up to an order on a disc around every pixel.

    Parameters
    ----------
    luma : (H, W) float32
        In grey levels, 0 to 255; mirrored beyond the border.
    order : int
        Highest order.
    side : int
        Diameter of the disc, in pixels; even.

    Returns
    -------
    (H, W, features) int16
        In 1 / `SCALE` grey levels, 0 to `LARGEST`; one feature for each of `zernike_orders`.
    """
    orders = zernike_orders(order)
    features = np.empty((*luma.shape, len(orders)), np.int16)
    for k, (n, m) in enumerate(orders):
        kernel = zernike_kernel(n, m, side)
        parts = [_filtered(luma, part) for part in (kernel.real, kernel.imag)[: 2 if m else 1]]
        size = cv2.magnitude(*parts) if m else np.abs(parts[0])
        features[..., k] = np.minimum(np.rint(np.asarray(size) * np.float32(SCALE)), LARGEST)
    return features


def _filtered(luma: NDArray[np.float32], kernel: Floats) -> NDArray[np.float32]:
    return np.asarray(cv2.filter2D(luma, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32)
