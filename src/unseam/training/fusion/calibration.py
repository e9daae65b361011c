"""From the log odds of the network `fusion` to heat, score, finding, mask and power: fitted on validation photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.statistic import logistic
from unseam.errors import DataError
from unseam.method import NO_EVIDENCE, FalseAlarms, Finding, VerdictThresholds
from unseam.models.fusion.metadata import FusionSettings, MaskRule
from unseam.models.fusion.photo_head import HEAD_INPUTS, HeadInput, PhotoHead, QualityCurve
from unseam.models.metadata import HeatCalibration
from unseam.training.fusion.calibration_frames import Frame
from unseam.training.fusion.mask_fit import mask_rule
from unseam.training.fusion.power_fit import power_classes
from unseam.training.fusion.score_fit import fitted_scores, is_manipulated, population
from unseam.training.patch.calibration import fit_platt

Floats = NDArray[np.float64]

CELLS_PER_PHOTO = 1000
"""Cells of each class drawn from one photo for the fit of the heat."""

SCORE_DECIMALS = 4

UNCALIBRATED: Mapping[str, Any] = MappingProxyType(
    {
        "heat_calibration": HeatCalibration(1.0, 0.0),
        "photo_head": PhotoHead(
            tuple(HeadInput(name, 0.0, 1.0, float(name == "mean of windows")) for name in sorted(HEAD_INPUTS)),
            (QualityCurve(0, 100, 1.0, 0.0),),
        ),
        "thresholds": VerdictThresholds(NO_EVIDENCE, NO_EVIDENCE),
        "manipulated_mask": MaskRule(NO_EVIDENCE, NO_EVIDENCE),
        "suspicious_mask": MaskRule(NO_EVIDENCE, NO_EVIDENCE),
        "power": (),
        "calibration": {},
    }
)
"""What `calibrated_settings` fits, before that: the network's own log odds."""


def calibrated_settings(
    settings: FusionSettings, frames: Sequence[Frame], source: Mapping[str, object], seed: int = 0
) -> FusionSettings:
    """Fit heat, score, thresholds, masks and power; see `unseam.models.fusion.metadata`.

    Parameters
    ----------
    settings : FusionSettings
        Of the same network; what is fitted is replaced.
    frames : sequence of Frame
        Validation photos. Those that cannot be judged are left out.
    source : mapping
        Which photos these are and how they were chosen; kept in the settings with their numbers.

    Raises
    ------
    DataError
        A class is missing.
    """
    frames = [frame for frame in frames if frame.doubt is None]
    manipulated = is_manipulated(frames)
    if not manipulated.any() or manipulated.all():
        raise DataError("found photos of one class, expected authentic and manipulated ones to calibrate on")
    rng = np.random.default_rng(seed)
    heat = heat_curve(frames, rng)
    scores, thresholds = fitted_scores(frames)
    probability = logistic(scores.log_odds)
    findings = [thresholds.finding(score) for score in probability]
    authentic = probability[~manipulated]
    return replace(
        settings,
        heat_calibration=heat,
        photo_head=scores.head,
        thresholds=thresholds,
        manipulated_mask=mask_rule(_with(frames, findings, Finding.MANIPULATED), heat, rng),
        suspicious_mask=mask_rule(_with(frames, findings, Finding.SUSPICIOUS), heat, rng),
        power=power_classes(frames, findings),
        false_alarms=_false_alarms(authentic, population(frames)[~manipulated], thresholds),
        calibration={**source, "authentic": int((~manipulated).sum()), "forgeries": int(manipulated.sum())},
    )


def _with(frames: Sequence[Frame], findings: Sequence[Finding], wanted: Finding) -> list[Frame]:
    return [
        frame
        for frame, finding in zip(frames, findings, strict=True)
        if frame.manipulated and finding is wanted and frame.truth.any()
    ]


def heat_curve(frames: Sequence[Frame], rng: np.random.Generator) -> HeatCalibration:
    """Fit the curve from a cell's log odds to heat, both classes weighing the same, on forgeries."""
    logits, labels = [], []
    for frame in frames:
        for label in (False, True):
            cells = frame.cell[frame.truth == label].astype(np.float64)
            drawn = rng.choice(cells, min(CELLS_PER_PHOTO, cells.size), replace=False) if cells.size else cells
            logits.append(drawn)
            labels.append(np.full(drawn.size, label))
    return HeatCalibration(*fit_platt(np.concatenate(logits), np.concatenate(labels)))


def _false_alarms(authentic: Floats, weights: Floats, thresholds: VerdictThresholds) -> FalseAlarms:
    """Keep as many scores as there are photos, weighed as for the thresholds."""
    order = np.argsort(authentic)
    reach = np.cumsum(weights[order]) / weights.sum()
    places = np.searchsorted(reach, (np.arange(authentic.size) + 0.5) / authentic.size)
    kept = authentic[order][np.minimum(places, authentic.size - 1)]
    flagged = float(np.mean(kept >= thresholds.suspicious))
    source = f"{authentic.size} authentic validation photos, scored by cross-validation, compressions weighed alike"
    return FalseAlarms(flagged, source, tuple(np.round(kept, SCORE_DECIMALS).tolist()))
