"""From the outputs of a network that judges patches to calibrated heat, mask and score."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

MAJORITY = 0.5
"""A smoothed mask, or an average of hard labels, counts as set from half of its weight on."""

LOGIT_LIMIT = 1e-6
"""Probabilities are kept this far from 0 and 1 before the logit: float32 has no finer steps near 1."""


def calibrate(probability: NDArray[np.float32], slope: float, intercept: float) -> NDArray[np.float32]:
    """Turn probabilities into calibrated ones: sigmoid(slope * logit(p) + intercept), element by element, float32.

    This is Platt scaling of the network's logit (Platt 1999, "Probabilistic outputs for support vector machines").
    """
    clipped = np.clip(probability, LOGIT_LIMIT, 1 - LOGIT_LIMIT)
    logit = np.log(clipped) - np.log1p(-clipped)
    return np.asarray(1 / (1 + np.exp(-(slope * logit + intercept))), dtype=np.float32)


def photo_score(
    heat: NDArray[np.float32],
    quantile: float,
    slope: float,
    intercept: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the probability in [0, 1] that a photo was manipulated at all, from one quantile of its heat.

    With ``weights``, of the shape of ``heat``, each value stands for so many pixels.
    """
    method: Literal["linear", "inverted_cdf"] = "linear" if weights is None else "inverted_cdf"
    hottest = np.asarray(np.quantile(heat, quantile, weights=weights, method=method), dtype=np.float32)
    return float(calibrate(hottest, slope, intercept))


def network_mask(
    heat: NDArray[np.float32], labels: NDArray[np.float32] | None, threshold: float, sigma: float
) -> NDArray[np.bool_]:
    """Make a mask as the paper does: binary mask, Gaussian smoothing, times the hard patch label.

    The paper (Bappy et al. 2017, section 3, DOI 10.1109/ICCV.2017.532) works on single patches. Over a whole photo
    patches overlap, so a pixel has several pixel probabilities and several patch labels. Both are averaged with the
    blending window first, and each then decides by majority: the pixel is set where the smoothed binary mask and the
    averaged hard label both reach one half. For a single patch, whose label is 0 or 1, this is the paper's product
    cut at one half.

    Parameters
    ----------
    heat : (H, W) float32
        Calibrated probabilities.
    labels : (H, W) float32, optional
        Window-averaged hard patch labels (0 or 1 each); None for a network without a patch head.
    threshold : float
        Heat from which on a pixel is set in the binary mask.
    sigma : float
        Standard deviation of the smoothing in pixels; 0 for none.

    Returns
    -------
    (H, W) bool
    """
    binary = (heat >= threshold).astype(np.float32)
    if sigma > 0:
        binary = np.asarray(cv2.GaussianBlur(binary, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101), np.float32)
        binary = binary.reshape(heat.shape)
    mask = binary >= MAJORITY
    if labels is not None:
        mask &= labels >= MAJORITY
    return mask


def smoothing_reach(sigma: float) -> int:
    """Pixels from which the smoothing of `network_mask` reaches a pixel: OpenCV cuts the Gaussian at 4 sigma."""
    return math.ceil(4 * sigma) + 1 if sigma > 0 else 0


def within_reach(area: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return all pixels whose row and column are within so many pixels of one of an area's (H, W)."""
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(area.astype(np.uint8), square) > 0).reshape(area.shape)
