"""From the log odds of the network `evidence` to heat, score and mask: fitted on whole validation photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample
from unseam.detectors.statistic import LEAST_SHARE, logistic
from unseam.evidence.localizer import EvidenceLocalizer
from unseam.evidence.parts import Parts
from unseam.evidence.settings import EvidenceSettings
from unseam.model_settings import HeatCalibration, PhotoCurve
from unseam.photo import load_photo
from unseam.training.calibration import drawn, false_alarms, fit_platt
from unseam.training.evidence_source import cell_shares
from unseam.training.evidence_task import MAJORITY

CALIBRATION_PHOTOS = 1000
"""At most so many, half of them authentic, drawn at random."""

CALM_SHARE = 0.97
"""Share of authentic validation photos without any region. More than the 95 % that is promised: these photos are small
crops, and a whole photo of a camera has more places to be wrong."""

CELLS_PER_PHOTO = 1000
"""Cells of each class drawn from one photo for the fit of the heat."""

EXTENTS = tuple(np.round(np.arange(0.30, 0.96, 0.05), 2).tolist())
SEEDS = tuple(np.round(np.concatenate([np.arange(0.50, 0.95, 0.05), np.arange(0.95, 0.9991, 0.005)]), 3).tolist())
"""Candidates for the thresholds of the mask: heat from which a pixel belongs to a region, and that it must reach
somewhere. Regions below the detectors' least share of the frame are dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A validation photo: log odds of its cells (2 R, 2 C), of itself, and which cells are manipulated."""

    cell: NDArray[np.float32]
    photo: float
    truth: NDArray[np.bool_]

    @property
    def manipulated(self) -> bool:
        return bool(self.truth.any())


def calibrated_settings(localizer: EvidenceLocalizer, samples: Sequence[Sample], seed: int = 0) -> EvidenceSettings:
    """Fit heat, score and mask on whole validation photos; see `unseam.evidence.settings`.

    Heat and score are logistic regressions in which both classes weigh the same. The mask's two thresholds are those
    of the best mean F1 over manipulated photos that leave ``CALM_SHARE`` of the authentic ones without a region.
    """
    rng = np.random.default_rng(seed)
    judged = [_judge(localizer, sample) for sample in drawn(samples, rng, CALIBRATION_PHOTOS)]
    heat = HeatCalibration(*_heat_curve(judged, rng))
    odds = np.array([photo.photo for photo in judged])
    manipulated = np.array([photo.manipulated for photo in judged])
    score = PhotoCurve(*fit_platt(odds, manipulated))
    extent, seed_heat, marked = _mask_thresholds(judged, heat)
    return replace(
        localizer.settings,
        heat_calibration=heat,
        photo_curve=score,
        pixel_threshold=extent,
        seed_threshold=seed_heat,
        least_share=LEAST_SHARE,
        false_alarms=false_alarms(score, odds[~manipulated], marked),
    )


def _judge(localizer: EvidenceLocalizer, sample: Sample) -> _Judged:
    photo = load_photo(sample.photo)
    odds = localizer.log_odds(photo)
    shape = (odds.cell.shape[0] // 2, odds.cell.shape[1] // 2)
    truth = cell_shares(sample.truth((photo.height, photo.width)), shape) >= MAJORITY
    return _Judged(odds.cell, odds.photo, truth)


def _heat_curve(judged: Sequence[_Judged], rng: np.random.Generator) -> tuple[float, float]:
    logits, labels = [], []
    for photo in judged:
        for label in (False, True):
            cells = photo.cell[photo.truth == label].astype(np.float64)
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
        kept = self.parts.kept(seed, LEAST_SHARE)
        f1 = 2 * self.right[kept].sum() / max(self.parts.cells[kept].sum() + self.manipulated, 1)
        return bool(kept.any()), float(f1)


def _mask_thresholds(judged: Sequence[_Judged], heat: HeatCalibration) -> tuple[float, float, float]:
    """Choose extent and seed; the last number is the share of authentic photos that they mark."""
    best = (-1.0, EXTENTS[-1], SEEDS[-1], 0.0)
    heats = [logistic(heat.slope * photo.cell + heat.intercept) for photo in judged]
    for extent in EXTENTS:
        photos = [_Marked.of(own, photo.truth, extent) for own, photo in zip(heats, judged, strict=True)]
        for seed in (seed for seed in SEEDS if seed >= extent):
            found = [(photo.manipulated > 0, *photo.judged(seed)) for photo in photos]
            f1 = float(np.mean([score for manipulated, _, score in found if manipulated]))
            marked = float(np.mean([marks for manipulated, marks, _ in found if not manipulated]))
            if marked <= 1 - CALM_SHARE and f1 > best[0]:
                best = (f1, extent, seed, marked)
    return best[1:]
