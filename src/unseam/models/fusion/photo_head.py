"""One calibrated score for a photo, from pooled statistics of the network's map and from the photo's history.

The maximum or the mean of a map says too little about the whole photo (TruFor, CVPR 2023, Table 7: image-level AUC
0.544 for the mean, 0.974 for the maximum, 0.996 for eight pooled statistics). The head is a logistic regression, fitted
by `unseam.training.fusion.calibration`; its numbers are in the model file's metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.statistic import logistic
from unseam.models.document import demand
from unseam.models.fusion.history import History
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.resampling import Traces

Reals = NDArray[np.float32]

SMOOTHING, PATCH = 3, 16
"""Cells, 12 and 64 pixels: sides of the squares over which the map is averaged before its maximum is taken."""

SMALL_AREA, LARGE_AREA = 256, 1024
"""Cells of 64 x 64 and 128 x 128 pixels: the map reaches the statistic on an area so large."""

HOT = 2.0
"""Log odds above which a cell counts as hot, for the areas."""

LIMIT = 4.0
"""Standardized inputs are limited to plus and minus this: no single statistic decides in a photo unlike all others."""

COPIES = "copies looked for"
"""Input that is 1 where copied regions were looked for, 0 where the method ran without them."""


@dataclass(frozen=True, slots=True)
class HeadInput:
    """One input of the head: ``weight * clip((value - centre) / scale)`` is its part of the log odds."""

    name: str
    centre: float
    scale: float
    weight: float

    def __post_init__(self) -> None:
        demand(self.scale > 0, f"scale {self.scale} of {self.name!r}", "a number above 0")


@dataclass(frozen=True, slots=True)
class QualityCurve:
    """Calibration of the photos of one class of compression: log odds become ``slope * log odds + intercept``.

    Attributes
    ----------
    first_quality, last_quality : int
        JPEG qualities, both included; 0 for files saved without loss.
    slope, intercept : float
        The less compression leaves of an edit, the smaller the slope.
    """

    first_quality: int
    last_quality: int
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        demand(self.slope > 0, f"a curve of slope {self.slope}", "slopes above 0, so that hotter stays hotter")


@dataclass(frozen=True, slots=True)
class PhotoHead:
    """The head's numbers.

    Attributes
    ----------
    inputs : tuple of HeadInput
        By the names of `head_values`, each once.
    curves : tuple of QualityCurve
        One for every quality from 0 to 100.
    """

    inputs: tuple[HeadInput, ...]
    curves: tuple[QualityCurve, ...]

    def __post_init__(self) -> None:
        names = sorted(part.name for part in self.inputs)
        demand(names == sorted(HEAD_INPUTS), f"head inputs {names}", f"{sorted(HEAD_INPUTS)}")
        held = sorted(q for curve in self.curves for q in range(curve.first_quality, curve.last_quality + 1))
        demand(held == list(range(101)), f"curves for {len(held)} qualities", "one for each from 0 to 100")

    def score(self, values: Mapping[str, float], quality: int) -> float:
        """Return the calibrated probability, at prior 0.5, that a photo of this JPEG quality was manipulated.

        Parameters
        ----------
        values : mapping
            As from `head_values`.
        quality : int
            Of the photo's history.
        """
        curve = next(curve for curve in self.curves if curve.first_quality <= quality <= curve.last_quality)
        return float(logistic(np.array(curve.slope * self.weighed(values) + curve.intercept)))

    def weighed(self, values: Mapping[str, float]) -> float:
        """Return the weighted sum of the inputs, before calibration."""
        return sum(
            part.weight * min(max((values[part.name] - part.centre) / part.scale, -LIMIT), LIMIT)
            for part in self.inputs
        )


def head_values(odds: LogOdds, history: History, *, copies: bool) -> dict[str, float]:
    """Return the head's inputs by name; ``copies`` says whether copied regions were looked for."""
    return {**pooled_statistics(odds), **history.inputs, COPIES: float(copies)}


def pooled_statistics(odds: LogOdds) -> dict[str, float]:
    """Return numbers about the network's outputs that do not depend on where in the photo something is."""
    smooth = averaged(odds.cell, SMOOTHING)
    hottest = np.sort(smooth, axis=None)[::-1]
    small = hottest[min(SMALL_AREA, hottest.size) - 1]
    part, part_mean = _largest_part(smooth)
    confidence = np.repeat(np.repeat(odds.confidence, 2, 0), 2, 1)
    windows = odds.windows.astype(np.float64)
    return {
        "peak": float(hottest[0]),
        "peak of patches": float(averaged(odds.cell, PATCH).max()),
        "hottest 64 x 64": float(small),
        "hottest 128 x 128": float(hottest[min(LARGE_AREA, hottest.size) - 1]),
        "median": float(np.median(hottest)),
        "quantile 0.99": float(hottest[hottest.size // 100]),
        "spread": float(smooth.std(dtype=np.float64)),
        "hot share": float(np.mean(smooth >= HOT)),
        "largest hot part": float(np.log1p(part)),
        "mean of largest hot part": part_mean,
        "confidence": float(odds.confidence.mean(dtype=np.float64)),
        "confidence where hottest": float(confidence[smooth >= small].mean(dtype=np.float64)),
        "highest window": float(windows.max()),
        "mean of windows": float(windows.mean()),
        "spread of windows": float(windows.std()),
    }


def averaged(cell: Reals, side: int) -> Reals:
    """Average a map over squares of cells."""
    return np.asarray(cv2.blur(cell, (side, side)), np.float32).reshape(cell.shape)


def _largest_part(smooth: Reals) -> tuple[int, float]:
    """Return how many cells the largest hot part has, and their mean; zeros where nothing is hot."""
    hot = (smooth >= HOT).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    if count == 1:
        return 0, 0.0
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return int(stats[largest, cv2.CC_STAT_AREA]), float(smooth[labels == largest].mean(dtype=np.float64))


HEAD_INPUTS = frozenset(
    head_values(
        LogOdds(np.zeros((2, 2), np.float32), *2 * [np.zeros((1, 1), np.float32)]), History(1, 1, Traces()), copies=True
    )
)
"""Names of the head's inputs."""
