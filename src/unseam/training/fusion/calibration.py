"""From the log odds of the network `fusion` to heat, score, finding, mask and power: fitted on validation photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from unseam.detectors.statistic import logistic
from unseam.errors import DataError
from unseam.method import NO_EVIDENCE, FalseAlarms, Finding, VerdictThresholds
from unseam.models.fusion.metadata import FusionSettings, MaskRule
from unseam.models.fusion.photo_head import HEAD_INPUTS, LIMIT, HeadInput, PhotoHead, QualityCurve
from unseam.models.fusion.power import EDITS, MIN_RATIO, QUALITIES, SIZES, PowerClass, Rates
from unseam.models.fusion.seeded_mask import mask_of_map
from unseam.models.metadata import HeatCalibration
from unseam.training.fusion.calibration_frames import Frame
from unseam.training.patch.calibration import fit_platt

FALSE_ALARMS: Mapping[Finding, float] = {Finding.MANIPULATED: 0.01, Finding.SUSPICIOUS: 0.10}
"""Share of authentic validation photos that may score as high as each verdict's threshold."""

FOLDS = 5
"""Of cross-validation, by group: thresholds and power come from scores of photos that the head was not fitted on."""

PENALTY = 0.01
"""Of the squared weights, with the mean cross entropy in nats; of 0.001 to 0.03 the best in cross-validation."""

BALANCE_QUALITIES, BALANCE_SIZES = (1, 72, 84, 93), (0.07e6, 0.16e6, 0.35e6, 0.8e6, 3e6)
"""Borders, in JPEG quality and pixels, of the cells within which both classes weigh the same: neither size nor quality
says by itself whether a photo was manipulated, whatever the data set."""

MAX_BALANCE = 6.0
"""A photo counts for at most so many: rare kinds of photos must not decide."""

CELLS_PER_PHOTO = 1000
"""Cells of each class drawn from one photo for the fit of the heat."""

EXTENTS = tuple(np.round(logistic(np.arange(-2.0, 4.01, 0.5)), 4).tolist())
SEED_STEPS = (0.0, 0.5, 1.0, 2.0)
"""Candidates for the mask: heat from which a cell belongs to a region, and how many log odds more it must reach
somewhere."""

MASK_PHOTOS = 200
"""Forgeries at most on which a mask rule is chosen."""

MIN_CLASS = 40
"""Authentic photos and forgeries that a class of power must hold; a smaller one takes all sizes of its quality."""

SHIFTS = tuple(np.round(np.arange(0.0, 2.01, 0.05), 2).tolist())
"""Log odds by which a curve may be lowered."""

SCORE_DECIMALS = 4

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the head says of photos that it was not fitted on.

    Attributes
    ----------
    head : PhotoHead
        Fitted on all of them.
    log_odds : (N,) float64
        Cross-validated and calibrated.
    """

    head: PhotoHead
    log_odds: Floats


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
    manipulated = np.array([frame.manipulated for frame in frames], bool)
    if not manipulated.any() or manipulated.all():
        raise DataError("found photos of one class, expected authentic and manipulated ones to calibrate on")
    rng = np.random.default_rng(seed)
    heat = heat_curve(frames, rng)
    scores = fitted_head(frames)
    thresholds = verdict_thresholds(logistic(scores.log_odds[~manipulated]))
    scores = cautious(scores, frames, thresholds)
    probability = logistic(scores.log_odds)
    findings = [thresholds.finding(score) for score in probability]
    return replace(
        settings,
        heat_calibration=heat,
        photo_head=scores.head,
        thresholds=thresholds,
        manipulated_mask=mask_rule(_with(frames, findings, Finding.MANIPULATED), heat, rng),
        suspicious_mask=mask_rule(_with(frames, findings, Finding.SUSPICIOUS), heat, rng),
        power=power_classes(frames, findings),
        false_alarms=_false_alarms(probability[~manipulated], thresholds),
        calibration={**source, "authentic": int((~manipulated).sum()), "forgeries": int(manipulated.sum())},
    )


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


def fitted_head(frames: Sequence[Frame]) -> Scores:
    """Fit the photo head, and score each frame by a head that was fitted without its group."""
    names = sorted(HEAD_INPUTS)
    values = np.array([[frame.values[name] for name in names] for frame in frames])
    manipulated = np.array([frame.manipulated for frame in frames], bool)
    weights, folds = balance(frames), np.array([_fold(frame.group) for frame in frames])
    scored = np.zeros(len(frames))
    for fold in range(FOLDS):
        held, rest = np.flatnonzero(folds == fold), folds != fold
        if held.size:
            head = _fit(names, values[rest], manipulated[rest], weights[rest])
            scored[held] = [head.weighed(frames[int(place)].values) for place in held]
    quality = np.array([frame.history.quality for frame in frames])
    curves = [_quality_curve(first, last, scored, frames, weights) for first, last in QUALITIES]
    for curve in curves:
        inside = (curve.first_quality <= quality) & (quality <= curve.last_quality)
        scored[inside] = curve.slope * scored[inside] + curve.intercept
    return Scores(replace(_fit(names, values, manipulated, weights), curves=tuple(curves)), scored)


def cautious(scores: Scores, frames: Sequence[Frame], thresholds: VerdictThresholds) -> Scores:
    """Lower the curves of classes in which too few of the flagged photos would be forgeries; see `MIN_RATIO`.

    Where compression leaves little of an edit, a threshold that 10 % of authentic photos reach flags hardly more
    forgeries. Such a class flags fewer photos instead, and its scores say less than they could, never more.
    """
    manipulated = np.array([frame.manipulated for frame in frames], bool)
    quality = np.array([frame.history.quality for frame in frames])
    log_odds, curves = scores.log_odds.copy(), []
    for curve in scores.head.curves:
        inside = (curve.first_quality <= quality) & (quality <= curve.last_quality)
        shift = _shift(log_odds[inside], manipulated[inside], thresholds.suspicious)
        log_odds[inside] -= shift
        curves.append(replace(curve, intercept=curve.intercept - shift))
    return Scores(replace(scores.head, curves=tuple(curves)), log_odds)


def _shift(log_odds: Floats, manipulated: Bools, suspicious: float) -> float:
    """Return the smallest shift after which forgeries are flagged `MIN_RATIO` times as often; 0 if none does it."""
    if manipulated.all() or not manipulated.any():
        return 0.0
    for shift in SHIFTS:
        flagged = logistic(log_odds - shift) >= suspicious
        forgeries, authentic = (flagged[manipulated == label].mean() for label in (True, False))
        if forgeries >= MIN_RATIO * authentic:
            return float(shift)
    return 0.0


def _quality_curve(first: int, last: int, scored: Floats, frames: Sequence[Frame], weights: Floats) -> QualityCurve:
    """Calibrate the photos of one class of compression; where one class is missing, those of all."""
    manipulated = np.array([frame.manipulated for frame in frames], bool)
    inside = np.array([first <= frame.history.quality <= last for frame in frames], bool) & (weights > 0)
    if min(np.count_nonzero(inside & manipulated), np.count_nonzero(inside & ~manipulated)) < MIN_CLASS:
        inside = weights > 0
    return QualityCurve(first, last, *fit_platt(scored[inside], manipulated[inside], weights[inside]))


def balance(frames: Sequence[Frame]) -> Floats:
    """Return weights with which each class has the same sum within each cell of compression and size."""
    quality = np.digitize([frame.history.quality for frame in frames], BALANCE_QUALITIES)
    place = quality * (len(BALANCE_SIZES) + 1) + np.digitize([frame.history.pixels for frame in frames], BALANCE_SIZES)
    manipulated = np.array([frame.manipulated for frame in frames], bool)
    weights = np.zeros(len(frames))
    for cell in np.unique(place):
        classes = [(place == cell) & (manipulated == label) for label in (False, True)]
        counts = [int(members.sum()) for members in classes]
        total = min(sum(counts) / 2, MAX_BALANCE * min(counts))
        for members, count in zip(classes, counts, strict=True):
            weights[members] = total / max(count, 1)
    return weights


def _fold(group: str) -> int:
    return int(sha256(group.encode()).hexdigest()[:8], 16) % FOLDS


def _fit(names: Sequence[str], values: Floats, manipulated: Bools, weights: Floats) -> PhotoHead:
    """Fit a logistic regression with penalized weights to standardized inputs."""
    centre, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    inputs = np.clip((values - centre) / scale, -LIMIT, LIMIT)
    share, targets = weights / weights.sum(), manipulated.astype(np.float64)

    def cost(parameters: Floats) -> tuple[float, Floats]:
        odds = inputs @ parameters[:-1] + parameters[-1]
        value = share @ (np.logaddexp(0.0, odds) - targets * odds) + PENALTY / 2 * (parameters[:-1] ** 2).sum()
        residual = share * (logistic(odds) - targets)
        return float(value), np.append(inputs.T @ residual + PENALTY * parameters[:-1], residual.sum())

    found = minimize(cost, np.zeros(inputs.shape[1] + 1), jac=True, method="L-BFGS-B").x
    parts = zip(names, centre, scale, found[:-1], strict=True)
    curve = QualityCurve(0, 100, 1.0, float(found[-1]))
    return PhotoHead(tuple(HeadInput(name, *map(float, numbers)) for name, *numbers in parts), (curve,))


def verdict_thresholds(authentic: Floats) -> VerdictThresholds:
    """Return the lowest scores that at most 1 % and 10 % of authentic photos reach."""
    scores = np.sort(authentic)[::-1]
    # just above the first score that would be one too many
    reached = {
        finding: float(np.nextafter(np.float32(scores[int(share * scores.size)]), np.float32(1)))
        for finding, share in FALSE_ALARMS.items()
    }
    return VerdictThresholds(reached[Finding.MANIPULATED], reached[Finding.SUSPICIOUS])


def _with(frames: Sequence[Frame], findings: Sequence[Finding], wanted: Finding) -> list[Frame]:
    return [
        frame
        for frame, finding in zip(frames, findings, strict=True)
        if frame.manipulated and finding is wanted and frame.truth.any()
    ]


def mask_rule(forgeries: Sequence[Frame], heat: HeatCalibration, rng: np.random.Generator) -> MaskRule:
    """Choose the rule with the best mean F1 over forgeries with one finding."""
    if not forgeries:
        return MaskRule(EXTENTS[-1], EXTENTS[-1])
    drawn = rng.permutation(len(forgeries))[:MASK_PHOTOS]
    maps = [
        (logistic(heat.slope * forgeries[place].cell.astype(np.float32) + np.float32(heat.intercept)), forgeries[place])
        for place in drawn
    ]
    rules = [MaskRule(extent, _hotter(extent, step)) for extent, step in product(EXTENTS, SEED_STEPS)]
    return max(rules, key=lambda rule: float(np.mean([_f1(cell, frame.truth, rule) for cell, frame in maps])))


def _hotter(heat: float, log_odds: float) -> float:
    return float(np.round(logistic(np.log(heat / (1 - heat)) + log_odds), 6))


def _f1(cell: NDArray[np.float32], truth: Bools, rule: MaskRule) -> float:
    marked = mask_of_map(cell, rule.extent, rule.seed)
    return float(2 * (marked & truth).sum() / max(marked.sum() + truth.sum(), 1))


def power_classes(frames: Sequence[Frame], findings: Sequence[Finding]) -> tuple[PowerClass, ...]:
    """Count, for each class of photos, how often each group gets each verdict."""
    return tuple(
        _power_class(list(zip(frames, findings, strict=True)), quality, size)
        for quality, size in product(QUALITIES, SIZES)
    )


def _power_class(found: Sequence[tuple[Frame, Finding]], quality: tuple[int, int], size: tuple[int, int]) -> PowerClass:
    alike = [pair for pair in found if quality[0] <= pair[0].history.quality <= quality[1]]
    inside = [pair for pair in alike if size[0] <= pair[0].history.pixels < size[1]]
    counts = [sum(frame.manipulated is label for frame, _ in inside) for label in (False, True)]
    counted = inside if min(counts) >= MIN_CLASS else alike
    by_edit = [_rates([f for frame, f in counted if low <= frame.share < high]) for low, high, _ in EDITS]
    authentic, forgeries = (
        _rates([f for frame, f in counted if frame.manipulated is label]) for label in (False, True)
    )
    return PowerClass(*quality, *size, authentic, forgeries, tuple(by_edit))


def _rates(findings: Sequence[Finding]) -> Rates:
    count = max(len(findings), 1)
    manipulated = sum(finding is Finding.MANIPULATED for finding in findings)
    suspicious = sum(finding is Finding.SUSPICIOUS for finding in findings)
    shares = (round(found / count, SCORE_DECIMALS) for found in (manipulated, manipulated + suspicious))
    return Rates(len(findings), *shares)


def _false_alarms(authentic: Floats, thresholds: VerdictThresholds) -> FalseAlarms:
    flagged = float(np.mean(authentic >= thresholds.suspicious))
    source = f"{authentic.size} authentic validation photos, scored by cross-validation"
    return FalseAlarms(flagged, source, tuple(np.sort(np.round(authentic, SCORE_DECIMALS)).tolist()))
