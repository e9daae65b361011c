"""From the log odds of the network `fusion` to heat, score and mask: fitted on whole validation photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from unseam.datasets.sample import Sample
from unseam.detectors.statistic import logistic
from unseam.method import MIN_REGION_AREA
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.method import CELL, FusionMethod, LogOdds
from unseam.models.fusion.seeded_mask import Parts
from unseam.models.fusion.windows import photo_log_odds, window_shares
from unseam.models.metadata import HeatCalibration, PhotoCurve
from unseam.photo.photo import load_photo
from unseam.training.fusion.source import cell_shares
from unseam.training.fusion.task import MAJORITY
from unseam.training.patch.calibration import MAX_SLOPE, MIN_SLOPE, balanced_targets, drawn, false_alarms, fit_platt

CALIBRATION_PHOTOS = 1000
"""At most so many, half of them authentic, drawn at random."""

CALM_SHARE = 0.97
"""Share of authentic validation photos without any region. More than the 95 % that is promised: these photos are
small crops, and a whole photo of a camera has more places to be wrong."""

CELLS_PER_PHOTO = 1000
"""Cells of each class drawn from one photo for the fit of the heat."""

EXTENTS = tuple(np.round(logistic(np.arange(-1.0, 4.01, 0.25)), 4).tolist())
SEEDS = tuple(np.round(logistic(np.arange(0.0, 10.01, 0.25)), 6).tolist())
"""Candidates for the thresholds of the mask: heat from which a pixel belongs to a region, and that it must reach
somewhere."""

MIN_CELLS = MIN_REGION_AREA // CELL**2
"""Smaller components are dropped from every mask."""

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Candidates for the weight of the photo's own log odds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A validation photo: what the network says of it, and which cells (2 R, 2 C) are manipulated."""

    odds: LogOdds
    truth: NDArray[np.bool_]

    @property
    def manipulated(self) -> bool:
        return bool(self.truth.any())

    @property
    def shares(self) -> NDArray[np.float64]:
        return window_shares(*self.odds.confidence.shape)


class _Thresholds(NamedTuple):
    """Of the mask, and the share of authentic photos that they mark."""

    extent: float
    seed: float
    photo_weight: float
    marked: float


def calibrated_settings(localizer: FusionMethod, samples: Sequence[Sample], seed: int = 0) -> FusionSettings:
    """Fit heat, score and mask on whole validation photos; see `unseam.models.fusion.metadata`.

    Heat and score are logistic regressions in which both classes weigh the same. The mask's two thresholds and the
    weight of the photo are those of the best mean F1 over manipulated photos that leave ``CALM_SHARE`` of the authentic
    ones without a region.
    """
    rng = np.random.default_rng(seed)
    judged = [_judge(localizer, sample) for sample in drawn(samples, rng, CALIBRATION_PHOTOS)]
    heat = HeatCalibration(*_heat_curve(judged, rng))
    score = _photo_curve(judged)
    odds = np.array([photo_log_odds(photo.odds.windows, photo.shares, score) for photo in judged])
    found = _mask_thresholds(judged, odds, heat)
    authentic = np.array([not photo.manipulated for photo in judged])
    return replace(
        localizer.settings,
        heat_calibration=heat,
        photo_curve=score,
        pixel_threshold=found.extent,
        seed_threshold=found.seed,
        photo_weight=found.photo_weight,
        false_alarms=false_alarms(logistic(odds[authentic]), found.marked),
    )


def _judge(localizer: FusionMethod, sample: Sample) -> _Judged:
    photo = load_photo(sample.photo)
    odds = localizer.log_odds(photo)
    truth = cell_shares(sample.truth((photo.height, photo.width)), odds.confidence.shape) >= MAJORITY
    return _Judged(odds, truth)


def _photo_curve(judged: Sequence[_Judged]) -> PhotoCurve:
    """Fit the curve of windows so that the photos' log odds, made of them, are right: one logistic regression."""
    labels = np.array([photo.manipulated for photo in judged])
    targets, weights = balanced_targets(labels)

    def cost(curve: NDArray[np.float64]) -> float:
        own = PhotoCurve(float(curve[0]), float(curve[1]))
        odds = np.array([photo_log_odds(photo.odds.windows, photo.shares, own) for photo in judged])
        return float(np.sum(weights * (np.logaddexp(0.0, odds) - targets * odds)))

    bounds = [(MIN_SLOPE, MAX_SLOPE), (None, None)]
    found = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead", bounds=bounds)
    return PhotoCurve(float(found.x[0]), float(found.x[1]))


def _heat_curve(judged: Sequence[_Judged], rng: np.random.Generator) -> tuple[float, float]:
    logits, labels = [], []
    for photo in judged:
        for label in (False, True):
            cells = photo.odds.cell[photo.truth == label].astype(np.float64)
            drawn = rng.choice(cells, min(CELLS_PER_PHOTO, cells.size), replace=False) if cells.size else cells
            logits.append(drawn)
            labels.append(np.full(drawn.size, label))
    return fit_platt(np.concatenate(logits), np.concatenate(labels))


@dataclass(frozen=True, slots=True, eq=False)
class _Marked:
    """The parts of one photo's heat above an extent: manipulated cells of each (N,), and of the whole photo."""

    parts: Parts
    right: NDArray[np.int64]
    manipulated: int

    @classmethod
    def of(cls, heat: NDArray[np.float32], truth: NDArray[np.bool_], extent: float) -> _Marked:
        parts = Parts.of(heat, extent)
        right = np.bincount(parts.labels[truth], minlength=len(parts.cells) + 1)[1:]
        return cls(parts, right, int(truth.sum()))

    def judged(self, seed: float) -> tuple[bool, float]:
        """Say whether any part remains, and the F1."""
        kept = self.parts.kept(seed, MIN_CELLS)
        f1 = 2 * self.right[kept].sum() / max(self.parts.cells[kept].sum() + self.manipulated, 1)
        return bool(kept.any()), float(f1)


def _mask_thresholds(judged: Sequence[_Judged], odds: NDArray[np.float64], heat: HeatCalibration) -> _Thresholds:
    """Choose extent, seed and weight by the best mean F1."""
    best, best_f1 = _Thresholds(EXTENTS[-1], SEEDS[-1], 0.0, 0.0), -1.0
    for weight, extent in product(WEIGHTS, EXTENTS):
        photos = _marked(judged, odds, heat, weight, extent)
        for seed in (seed for seed in SEEDS if seed >= extent):
            marked = _alarms(photos, seed)
            if marked <= 1 - CALM_SHARE and (f1 := _f1(photos, seed)) > best_f1:
                best, best_f1 = _Thresholds(extent, seed, weight, marked), f1
    return best


def _marked(
    judged: Sequence[_Judged], odds: NDArray[np.float64], heat: HeatCalibration, weight: float, extent: float
) -> list[_Marked]:
    """Find the parts of all photos, their log odds moved by those of the photo: as moving both thresholds back."""
    return [
        _Marked.of(
            logistic(heat.slope * photo.odds.cell + np.float32(heat.intercept + weight * own)), photo.truth, extent
        )
        for photo, own in zip(judged, odds, strict=True)
    ]


def _alarms(photos: Sequence[_Marked], seed: float) -> float:
    """Give the share of authentic photos that are marked."""
    return float(np.mean([photo.judged(seed)[0] for photo in photos if not photo.manipulated]))


def _f1(photos: Sequence[_Marked], seed: float) -> float:
    """Give the mean F1 over manipulated photos."""
    return float(np.mean([photo.judged(seed)[1] for photo in photos if photo.manipulated]))
