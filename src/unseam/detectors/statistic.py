"""What a classical detector measures, and the one way from there to a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.method import NO_EVIDENCE, Heatmap

if TYPE_CHECKING:
    from unseam.photo.photo import Photo

T = TypeVar("T", bound=np.generic)
F = TypeVar("F", bound=np.floating)

SCORE_QUANTILE = 0.98
"""A photo's score is read from this quantile of its evidence: one cell in fifty is a small forgery."""

LEAST_SHARE = 0.01
"""Marked parts below this share of the frame are dropped: thresholds let 1 % of an authentic photo exceed them."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """A detector's raw value, on its own grid.

    Attributes
    ----------
    values : (rows, columns) float64
        One value for each cell; NaN where the detector knows nothing.
    step : (int, int)
        Height and width of a cell, in stored pixels of the photo.
    origin : (int, int)
        Row and column of the first cell's first pixel.
    """

    values: NDArray[np.float64]
    step: tuple[int, int]
    origin: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """The fixed way from evidence to heat and score: logistic curves, fitted once (``benchmarks/calibrate.py``).

    Attributes
    ----------
    slope, middle : float
        ``heat = 1 / (1 + exp(-slope * (evidence - middle)))``: at ``middle`` the evidence speaks for neither side.
    threshold : float
        The heat from which on a cell is marked.
    score_slope, score_middle : float
        The same curve for the photo, from the `SCORE_QUANTILE` of its evidence.
    """

    slope: float
    middle: float
    threshold: float
    score_slope: float
    score_middle: float


def heatmap_of(evidence: Statistic, photo: Photo, curve: Curve) -> Heatmap:
    """Turn evidence (larger = more likely manipulated) into a calibrated heat map of the photo's size.

    Every pixel has the heat of its cell, or of the nearest cell where the grid does not reach it; 0.5 where the
    evidence is NaN. Nothing is stretched: the curve is the same for every photo.
    """
    known = np.isfinite(evidence.values)
    heat = np.full(evidence.values.shape, NO_EVIDENCE, np.float32)
    heat[known] = logistic(curve.slope * (evidence.values[known] - curve.middle))
    score = NO_EVIDENCE
    if known.any():
        hottest = np.quantile(evidence.values[known], SCORE_QUANTILE)
        score = float(logistic(curve.score_slope * (hottest - curve.score_middle)))
    size = (photo.height, photo.width)
    mask = _without_specks(known & (heat >= np.float32(curve.threshold)))
    return Heatmap(
        heat=spread(heat, evidence.step, evidence.origin, size),
        score=score,
        threshold=curve.threshold,
        mask=spread(mask, evidence.step, evidence.origin, size),
    )


def spread(grid: NDArray[T], step: tuple[int, int], origin: tuple[int, int], size: tuple[int, int]) -> NDArray[T]:
    """Give every pixel of a photo the value of its cell.

    Parameters
    ----------
    grid : (rows, columns)
    step, origin : (int, int)
        As in `Statistic`.
    size : (int, int)
        Height and width of the photo.

    Returns
    -------
    (H, W), of the grid's dtype
        Pixels that no cell covers take the nearest cell's value.
    """
    rows, columns = (
        np.clip((np.arange(size[axis]) - origin[axis]) // step[axis], 0, grid.shape[axis] - 1) for axis in (0, 1)
    )
    return np.ascontiguousarray(grid[rows][:, columns])


def logistic(x: NDArray[F] | F | float) -> NDArray[F]:
    """Turn log odds into probabilities of the same shape and dtype."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(x))))  # equal to 1 / (1 + exp(-x)), and never overflows


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= LEAST_SHARE * mask.size
    large[0] = False  # the background
    return np.asarray(large[labels])
