"""What a classical detector measures, its log-likelihood ratio, and the one way from there to a heat map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from unseam.method import NO_EVIDENCE, Heatmap

if TYPE_CHECKING:
    from unseam.photo.photo import Photo

T = TypeVar("T", bound=np.generic)
F = TypeVar("F", bound=np.floating)


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """A detector's values on its own grid: the paper's quantity, or a log-likelihood ratio.

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
class LlrCurve:
    """The calibration of a detector, the same for every photo, fitted once (``benchmarks/calibrate.py``).

    Attributes
    ----------
    slope, middle : float
        The log-likelihood ratio is ``slope * (value - middle)``: at ``middle`` neither hypothesis is more likely.
    threshold : float
        The minimum heat at which a cell is marked.
    """

    slope: float
    middle: float
    threshold: float

    def llr(self, measured: Statistic) -> Statistic:
        """Return the log-likelihood ratio, manipulated against authentic, of measured values on the same grid."""
        return replace(measured, values=self.slope * (measured.values - self.middle))


UNCALIBRATED = LlrCurve(slope=1.0, middle=0.0, threshold=NO_EVIDENCE)
"""Leaves values as they are measured; what a new calibration is fitted to."""


def heatmap_of(llr: Statistic, photo: Photo, curve: LlrCurve) -> Heatmap:
    """Turn a log-likelihood ratio into the heat map of a photo.

    Every pixel has the heat of its cell, or of the nearest cell where the grid does not reach it; 0.5 where the
    ratio is NaN. Nothing is stretched: the curve is the same for every photo. There is no score, hence no verdict.
    """
    known = np.isfinite(llr.values)
    heat = np.full(llr.values.shape, NO_EVIDENCE, np.float32)
    heat[known] = logistic(llr.values[known])
    marked = known & (heat >= np.float32(curve.threshold))
    size = (photo.height, photo.width)
    return Heatmap.of(spread(heat, llr.step, llr.origin, size), spread(marked, llr.step, llr.origin, size))


def spread(grid: NDArray[T], step: tuple[int, int], origin: tuple[int, int], size: tuple[int, int]) -> NDArray[T]:
    """Return the value of its cell for every pixel of a photo.

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
