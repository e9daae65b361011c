"""From a network's raw outputs to numbers that mean something: fitted on validation photos, kept in the model file.

Both curves are fitted with equal weight for both classes, so that 0.5 means "no evidence" whatever the share of
manipulated pixels or photos was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from unseam.datasets.sample import Sample
from unseam.errors import DataError
from unseam.evaluation.counts import Counts, bin_threshold
from unseam.method import NO_EVIDENCE, FalseAlarms, Heatmap, final_mask
from unseam.models.load import load_patch_model
from unseam.models.metadata import HeatCalibration, ScoreCurve
from unseam.models.patch.method import PatchMethod
from unseam.models.patch.postprocess import LOGIT_LIMIT, network_mask
from unseam.photo.photo import load_photo

PIXELS_PER_PHOTO = 4000
"""Pixels of each class drawn from one photo for the fit of the heat: enough for two numbers, and every photo counts."""

FIRST_PHOTOS, SECOND_PHOTOS = 80, 240
"""Photos of the two passes, drawn at random, half of them authentic: a handful of numbers needs no more, and each photo
costs a look at all its patches."""

SCORE_QUANTILES = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Candidates for the quantile of the heat that makes the score; the one that tells photos apart best is taken."""

MARKED_SHARE = 0.1
"""Share of authentic photos that may get a mask: those with the highest scores."""

THRESHOLDS = tuple(np.round(expit(np.arange(-1, 6.05, 0.1)), 4).tolist())
"""Candidates for the pixel threshold, 0.27 to 0.998, in even steps of the logit."""

SCORE_DECIMALS = 6
"""Of the scores of authentic photos that are kept: finer than any calibration."""

MIN_SLOPE = 0.01
"""Minimum slope of a fitted curve: hotter never means less likely, however poor the network."""

MAX_SLOPE = 100.0
"""Steepest slope: that of a step, for classes that a line separates."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is fitted on validation photos; see `unseam.models.metadata.PatchNetworkSettings` for the meaning."""

    heat_calibration: HeatCalibration
    score_curve: ScoreCurve
    patch_threshold: float
    pixel_threshold: float
    marked_score: float = 0.0
    false_alarms: FalseAlarms | None = None


UNCALIBRATED = Calibration(
    HeatCalibration(1.0, 0.0), ScoreCurve(0.99, 1.0, 0.0), patch_threshold=NO_EVIDENCE, pixel_threshold=NO_EVIDENCE
)
"""Raw probabilities as they come out of the network."""


def logit(probability: NDArray[np.floating]) -> Floats:
    """Log odds of probabilities, held as far from 0 and 1 as where they are applied."""
    held = np.clip(np.asarray(probability, np.float64), LOGIT_LIMIT, 1 - LOGIT_LIMIT)
    return np.asarray(np.log(held) - np.log1p(-held), np.float64)


def fit_platt(logits: Floats, labels: NDArray[np.bool_], weights: Floats | None = None) -> tuple[float, float]:
    """Fit ``sigmoid(slope * logit + intercept)`` by logistic regression, both classes of equal weight.

    Parameters
    ----------
    logits : (N,) float64
    labels : (N,) bool
        True = manipulated.
    weights : (N,) float64, optional
        Within each class; each class's sum is then made the same.

    Returns
    -------
    (slope, intercept)
        The slope is at least ``MIN_SLOPE``.

    Raises
    ------
    DataError
        When a class is missing.

    Notes
    -----
    Platt 1999, "Probabilistic outputs for support vector machines": with his targets, which keep the slope finite
    where the classes are separable.
    """
    targets, balanced = balanced_targets(labels, weights)

    def cost(curve: Floats) -> tuple[float, Floats]:
        z = curve[0] * logits + curve[1]
        residual = balanced * (1 / (1 + np.exp(-z)) - targets)
        value = np.sum(balanced * (np.logaddexp(0.0, z) - targets * z))
        return float(value), np.array([residual @ logits, residual.sum()])

    bounds = [(MIN_SLOPE, MAX_SLOPE), (None, None)]
    slope, intercept = minimize(cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(slope), float(intercept)


def calibrate(model: Path, samples: Sequence[Sample], *, threads: int = 0, seed: int = 0) -> Calibration:
    """Fit everything that turns a model's outputs into heat, mask and score.

    Two passes: one over some photos for the heat's curve and the patch threshold, one over more, with these, for the
    rest.

    Parameters
    ----------
    model : Path
        An exported model file, itself uncalibrated.
    samples : sequence of Sample
        Validation photos, manipulated and authentic.
    threads : int
        Threads inside the network; 0 for one a core.
    seed : int
        Of the photos and pixels drawn.

    Returns
    -------
    Calibration

    Raises
    ------
    DataError
        When one class is missing.
    PhotoError
        When a photo cannot be read.
    """
    localizer = load_patch_model(model)
    localizer = replace(localizer, options=replace(localizer.options, threads=threads))
    rng = np.random.default_rng(seed)
    heat, patch_threshold = _first_pass(localizer, drawn(samples, rng, FIRST_PHOTOS), rng)
    settings = replace(localizer.settings, heat_calibration=heat, patch_threshold=patch_threshold, pixel_threshold=0.0)
    return _second_pass(replace(localizer, settings=settings), drawn(samples, rng, SECOND_PHOTOS))


def _judged(localizer: PatchMethod, samples: Sequence[Sample]) -> Iterator[tuple[Heatmap, NDArray[np.bool_]]]:
    for sample in samples:
        heatmap = localizer(load_photo(sample.photo))
        yield heatmap, sample.truth((heatmap.heat.shape[0], heatmap.heat.shape[1]))


def drawn(samples: Sequence[Sample], rng: np.random.Generator, count: int) -> list[Sample]:
    """Draw photos at random: at most ``count``, both classes alike as far as there are."""
    chosen: list[Sample] = []
    for manipulated in (True, False):
        of_class = [sample for sample in samples if (sample.mask is not None) == manipulated]
        chosen += [of_class[index] for index in rng.permutation(len(of_class))[: count // 2]]
    return chosen


def _first_pass(
    localizer: PatchMethod, samples: Sequence[Sample], rng: np.random.Generator
) -> tuple[HeatCalibration, float]:
    """Fit the heat's curve on raw blended probabilities; choose the patch threshold with the best balanced accuracy."""
    logits: list[Floats] = []
    labels: list[NDArray[np.bool_]] = []
    patches = Counts.empty()
    for heatmap, truth in _judged(localizer, samples):
        for label in (False, True):
            raw = heatmap.heat[truth == label]
            drawn = rng.choice(raw, min(PIXELS_PER_PHOTO, raw.size), replace=False) if raw.size else raw
            logits.append(logit(drawn))
            labels.append(np.full(len(drawn), label))
        if heatmap.patches is not None:
            probability = heatmap.patches.probability
            patches += Counts.of(probability, _patch_truth(heatmap, truth, localizer.settings.patch_rule))
    slope, intercept = fit_platt(np.concatenate(logits), np.concatenate(labels))
    return HeatCalibration(slope, intercept), _balanced_threshold(patches)


def _patch_truth(heatmap: Heatmap, truth: NDArray[np.bool_], rule: float) -> NDArray[np.bool_]:
    """Label each patch by the share of its pixels that are manipulated; (N,) bool."""
    assert heatmap.patches is not None
    boxes = heatmap.patches.boxes
    return np.array([truth[top:bottom, left:right].mean() > rule for top, left, bottom, right in boxes], bool)


def _balanced_threshold(patches: Counts) -> float:
    """Return the threshold at which the mean of both classes' accuracies is highest; one half without patch labels."""
    if not (patches.positives.any() and patches.negatives.any()):
        return NO_EVIDENCE
    recall = np.cumsum(patches.positives[::-1])[::-1] / patches.positives.sum()
    false_alarms = np.cumsum(patches.negatives[::-1])[::-1] / patches.negatives.sum()
    return bin_threshold(int(np.argmax(recall - false_alarms)))


def _second_pass(localizer: PatchMethod, samples: Sequence[Sample]) -> Calibration:
    """Add score curve, the score from which on photos are marked, and the pixel threshold of those; count errors.

    The localizer's own pixel threshold is 0 here, and it marks every photo: its mask is the gate of the patch labels.
    """
    quantiles, manipulated = [], []
    tally = _ThresholdTally(localizer.settings.smoothing_sigma)
    for heatmap, truth in _judged(localizer, samples):
        quantiles.append(logit(np.quantile(heatmap.heat, SCORE_QUANTILES)))
        manipulated.append(bool(truth.any()))
        tally.add(heatmap, truth)
    logits, labels = np.stack(quantiles), np.array(manipulated)
    curve = _score_curve(logits, labels)
    scores = _scores(curve, logits)
    marked_score = marking_score(scores[~labels])
    marked = scores >= marked_score
    threshold = tally.best(marked)
    return Calibration(
        localizer.settings.heat_calibration,
        curve,
        localizer.settings.patch_threshold,
        threshold,
        marked_score,
        false_alarms(scores[~labels], tally.alarms_at(threshold, marked)),
    )


def marking_score(authentic: Floats) -> float:
    """Return the lowest score, of 6 decimals, that at most `MARKED_SHARE` of these authentic photos reach."""
    allowed = int(MARKED_SHARE * len(authentic))
    highest_calm = np.sort(authentic)[::-1][min(allowed, len(authentic) - 1)]
    return float(min(np.floor(highest_calm * 10**SCORE_DECIMALS + 1) / 10**SCORE_DECIMALS, 1.0))


def _scores(curve: ScoreCurve, quantiles: Floats) -> Floats:
    """Return the scores (photos,), of the log odds of all candidates (photos, quantiles)."""
    return 1 / (1 + np.exp(-(curve.slope * quantiles[:, SCORE_QUANTILES.index(curve.quantile)] + curve.intercept)))


def false_alarms(authentic: Floats, marked: float) -> FalseAlarms:
    """Keep the scores of authentic photos, (N,) in [0, 1], and the share marked."""
    scores = np.sort(authentic)
    source = f"the {len(scores)} authentic validation photographs that its thresholds were set on"
    return FalseAlarms(marked, source, tuple(np.round(scores, SCORE_DECIMALS).tolist()))


def balanced_targets(labels: NDArray[np.bool_], weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Return Platt's targets of a logistic regression, and weights that balance both classes; see `fit_platt`."""
    if labels.all() or not labels.any():
        raise DataError("calibration needs authentic and manipulated items; one class is missing")
    balanced = np.ones(len(labels)) if weights is None else np.array(weights, np.float64)
    targets = np.empty(len(labels))
    for label in (False, True):
        count = np.count_nonzero(labels == label)
        balanced[labels == label] *= 0.5 / balanced[labels == label].sum()
        targets[labels == label] = (count + 1) / (count + 2) if label else 1 / (count + 2)
    return targets, balanced


def _score_curve(quantiles: Floats, manipulated: NDArray[np.bool_]) -> ScoreCurve:
    """Fit the score on the quantile, (photos, quantiles), that ranks manipulated photos above authentic ones best."""
    if manipulated.all() or not manipulated.any():
        raise DataError("calibration needs authentic and manipulated photos; one class is missing")
    scores = 1 / (1 + np.exp(-quantiles))
    aucs = [Counts.of(column, manipulated).auc() or 0.0 for column in scores.T]
    best = int(np.argmax(aucs))
    slope, intercept = fit_platt(quantiles[:, best], manipulated)
    return ScoreCurve(SCORE_QUANTILES[best], slope, intercept)


class _ThresholdTally:
    """For each photo and candidate threshold, true positives and marked pixels."""

    def __init__(self, sigma: float) -> None:
        self._sigma = sigma
        self._counts: list[Floats] = []  # (thresholds, 2) of each photo
        self._manipulated: list[int] = []  # pixels of each photo

    def add(self, heatmap: Heatmap, truth: NDArray[np.bool_]) -> None:
        counts = np.zeros((len(THRESHOLDS), 2))
        for index, threshold in enumerate(THRESHOLDS):
            mask = final_mask(network_mask(heatmap.heat, None, threshold, self._sigma) & heatmap.mask)
            counts[index] = np.count_nonzero(mask & truth), np.count_nonzero(mask)
        self._counts.append(counts)
        self._manipulated.append(int(np.count_nonzero(truth)))

    def alarms_at(self, threshold: float, marked: NDArray[np.bool_]) -> float:
        """Return the share of authentic photos with a region, at a candidate; only photos ``marked`` (N,) have any."""
        authentic = np.array(self._manipulated) == 0
        regions = np.stack(self._counts)[:, THRESHOLDS.index(threshold), 1] > 0
        return float((regions & marked)[authentic].mean())

    def best(self, marked: NDArray[np.bool_]) -> float:
        """Return the threshold of the best mean F1 over forgeries that are marked; over all if none is."""
        manipulated = np.array(self._manipulated)
        chosen = (manipulated > 0) & (marked if (marked & (manipulated > 0)).any() else True)
        true, found = np.moveaxis(np.stack(self._counts)[chosen], -1, 0)
        f1 = 2 * true / np.maximum(found + manipulated[chosen, np.newaxis], 1)
        return float(THRESHOLDS[int(np.argmax(f1.mean(axis=0)))])
