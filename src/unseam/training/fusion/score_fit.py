"""The photo head, its curves and the thresholds of the verdict: fitted on validation photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from unseam.detectors.statistic import logistic
from unseam.method import Finding, VerdictThresholds
from unseam.models.fusion.photo_head import HEAD_INPUTS, LIMIT, HeadInput, PhotoHead, QualityCurve
from unseam.models.fusion.power import MIN_RATIO, QUALITIES, SIZES
from unseam.training.fusion.calibration_frames import Frame
from unseam.training.fusion.power_fit import MIN_CLASS
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

SHIFTS = tuple(np.round(np.arange(0.0, 2.01, 0.05), 2).tolist())
"""Log odds by which a curve may be lowered."""

MIN_SEARCHED = 100
"""Authentic photos in which copied regions were looked for; with fewer, the others set the thresholds for both ways."""

ROUNDS = 4
"""Lowered curves let the thresholds sink, and with sunken thresholds curves may have to be lowered again."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the head says of N photos that it was not fitted on.

    Attributes
    ----------
    head : PhotoHead
        Fitted on all of them.
    fast, searched : (N,) float64
        Cross-validated and calibrated: without the search for copied regions, and with it; NaN where that was not
        measured.
    """

    head: PhotoHead
    fast: Floats
    searched: Floats

    @property
    def log_odds(self) -> Floats:
        """With the search, as users run the method, where that was measured."""
        return np.where(np.isnan(self.searched), self.fast, self.searched)


def fitted_scores(frames: Sequence[Frame]) -> tuple[Scores, VerdictThresholds]:
    """Fit head, curves and thresholds; the curves are those of `cautious`."""
    plain = fitted_head(frames)
    thresholds = verdict_thresholds(plain, frames)
    scores = cautious(plain, frames, thresholds)
    for _ in range(ROUNDS):
        thresholds = verdict_thresholds(scores, frames)
        scores = cautious(plain, frames, thresholds)
    return scores, thresholds


def fitted_head(frames: Sequence[Frame]) -> Scores:
    """Fit the photo head on all ways that were measured, and score each frame by a head fitted without its group."""
    names = sorted(HEAD_INPUTS)
    rows = [(n, values) for n, frame in enumerate(frames) for values in (frame.fast_values, frame.values) if values]
    place = np.array([n for n, _ in rows])
    inputs = np.array([[values[name] for name in names] for _, values in rows])
    manipulated = is_manipulated(frames)[place]
    weights = (balance(frames) / np.bincount(place))[place]
    folds = np.array([_fold(frame.group) for frame in frames])[place]
    scored = np.zeros(len(rows))
    for fold in np.unique(folds):
        rest = folds != fold
        head = _fit(names, inputs[rest], manipulated[rest], weights[rest])
        for row in map(int, np.flatnonzero(~rest)):
            scored[row] = head.weighed(rows[row][1])
    qualities = np.array([frame.history.quality for frame in frames])[place]
    curves = tuple(_quality_curve(*classes, scored, qualities, manipulated, weights) for classes in QUALITIES)
    for curve in curves:
        inside = (curve.first_quality <= qualities) & (qualities <= curve.last_quality)
        scored[inside] = curve.slope * scored[inside] + curve.intercept
    head = replace(_fit(names, inputs, manipulated, weights), curves=curves)
    return Scores(head, *_by_way(frames, rows, scored))


def _by_way(frames: Sequence[Frame], rows: Sequence[tuple[int, dict[str, float]]], scored: Floats) -> Iterator[Floats]:
    """Yield the scores without and with the search, (N,) each."""
    for fast in (True, False):
        found = np.full(len(frames), np.nan)
        for (n, values), score in zip(rows, scored, strict=True):
            if (values is frames[n].fast_values) == fast:
                found[n] = score
        yield found


def cautious(scores: Scores, frames: Sequence[Frame], thresholds: VerdictThresholds) -> Scores:
    """Lower the curves of classes in which too few of the flagged photos would be forgeries; see `MIN_RATIO`.

    Where compression leaves little of an edit, a threshold that 10 % of authentic photos reach flags hardly more
    forgeries. Such a class flags fewer photos instead, and its scores say less than they could, never more.
    """
    manipulated, log_odds = is_manipulated(frames), scores.log_odds
    lowered, curves = np.zeros(len(frames)), []
    for curve in scores.head.curves:
        inside = _inside(curve, frames)
        counted = [
            (log_odds[group & manipulated], log_odds[group & ~manipulated]) for group in _counted(inside, frames)
        ]
        groups = [kinds for kinds in counted if all(kind.size for kind in kinds)]
        lowered[inside] = shift = _shift(groups, thresholds.suspicious)
        curves.append(replace(curve, intercept=curve.intercept - shift))
    head = replace(scores.head, curves=tuple(curves))
    return Scores(head, scores.fast - lowered, scores.searched - lowered)


def verdict_thresholds(scores: Scores, frames: Sequence[Frame]) -> VerdictThresholds:
    """Return the lowest scores that at most 1 % and 10 % of authentic photos reach, however the method is run."""
    authentic, weights = ~is_manipulated(frames), population(frames)
    searched = authentic & ~np.isnan(scores.searched)
    ways = [(logistic(scores.fast[authentic]), weights[authentic])]
    if np.count_nonzero(searched) >= MIN_SEARCHED:
        ways.append((logistic(scores.searched[searched]), weights[searched]))
    reached = {finding: max(_reached_by(*way, share) for way in ways) for finding, share in FALSE_ALARMS.items()}
    return VerdictThresholds(reached[Finding.MANIPULATED], reached[Finding.SUSPICIOUS])


def population(frames: Sequence[Frame]) -> Floats:
    """Return weights with which each class of compression counts the same among photos of one kind.

    How many photos of each the validation set holds is chance; how many users have, nobody knows.
    """
    manipulated = is_manipulated(frames)
    weights = np.zeros(len(frames))
    for first, last in QUALITIES:
        alike = np.array([first <= frame.history.quality <= last for frame in frames], bool)
        for kind in (manipulated, ~manipulated):
            weights[alike & kind] = 1 / max(int(np.count_nonzero(alike & kind)), MIN_CLASS)
    return weights


def balance(frames: Sequence[Frame]) -> Floats:
    """Return weights with which each class has the same sum within each cell of compression and size."""
    quality = np.digitize([frame.history.quality for frame in frames], BALANCE_QUALITIES)
    place = quality * (len(BALANCE_SIZES) + 1) + np.digitize([frame.history.pixels for frame in frames], BALANCE_SIZES)
    manipulated = is_manipulated(frames)
    weights = np.zeros(len(frames))
    for cell in np.unique(place):
        classes = [(place == cell) & (manipulated == label) for label in (False, True)]
        counts = [int(members.sum()) for members in classes]
        total = min(sum(counts) / 2, MAX_BALANCE * min(counts))
        for members, count in zip(classes, counts, strict=True):
            weights[members] = total / max(count, 1)
    return weights


def is_manipulated(frames: Sequence[Frame]) -> Bools:
    """Return (N,) bool, one a frame."""
    return np.array([frame.manipulated for frame in frames], bool)


def _reached_by(scores: Floats, weights: Floats, share: float) -> float:
    """Return the lowest score that photos of at most this share of the weight reach."""
    order = np.argsort(-scores, kind="stable")
    reach = np.cumsum(weights[order])
    first_too_many = int(np.searchsorted(reach, share * reach[-1], side="right"))
    score = scores[order][min(first_too_many, scores.size - 1)]
    return float(np.nextafter(np.float32(score), np.float32(1)))


def _inside(curve: QualityCurve, frames: Sequence[Frame]) -> Bools:
    return np.array([curve.first_quality <= frame.history.quality <= curve.last_quality for frame in frames], bool)


def _shift(groups: Sequence[tuple[Floats, Floats]], suspicious: float) -> float:
    """Return the smallest shift after which each group flags forgeries `MIN_RATIO` times as often; 0 if none does it.

    A group holds the log odds of its forgeries and those of its authentic photos.
    """
    for shift in SHIFTS:
        flagged = [[float((logistic(kind - shift) >= suspicious).mean()) for kind in group] for group in groups]
        if all(forgeries >= MIN_RATIO * authentic for forgeries, authentic in flagged):
            return float(shift)
    return 0.0


def _counted(alike: Bools, frames: Sequence[Frame]) -> Iterator[Bools]:
    """Yield a class of compression and its classes of size that hold enough photos for a power of their own."""
    yield alike
    pixels, manipulated = np.array([frame.history.pixels for frame in frames]), is_manipulated(frames)
    for low, high in SIZES:
        inside = alike & (low <= pixels) & (pixels < high)
        if min(np.count_nonzero(inside & manipulated), np.count_nonzero(inside & ~manipulated)) >= MIN_CLASS:
            yield inside


def _quality_curve(
    first: int, last: int, scored: Floats, qualities: NDArray[np.int64], manipulated: Bools, weights: Floats
) -> QualityCurve:
    """Calibrate the photos of one class of compression; where one class is missing, those of all."""
    inside = (first <= qualities) & (qualities <= last) & (weights > 0)
    if min(np.count_nonzero(inside & manipulated), np.count_nonzero(inside & ~manipulated)) < MIN_CLASS:
        inside = weights > 0
    return QualityCurve(first, last, *fit_platt(scored[inside], manipulated[inside], weights[inside]))


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
