"""Counts first: scores in bins, separately for manipulated and authentic pixels; every metric follows from them.

Counts of two photos, or of two processes, merge by addition, and memory stays bounded whatever the number of pixels.
Bins are uniform in the logit of the score: uniform bins of the score itself would merge the saturated scores (1e-6 and
1e-3, say) that networks give, and with them the order that the area under the ROC curve measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 65_536
"""Number of score bins."""

LOGIT_LIMIT = 20.0
"""Logits are clipped to +-20: scores from 2e-9 to 1 - 2e-9; float32 cannot come nearer to 1 than a logit of 17."""

ThresholdMetric = Literal["f1", "iou", "mcc", "accuracy"]
"""A metric that has a best threshold."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pixels (or patches, or photos) by decision and truth; a metric that is undefined is None, not 0."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @classmethod
    def of(cls, decision: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Confusion:
        """Count a boolean decision against a truth of the same shape."""
        both = int(np.count_nonzero(decision & truth))
        decided, true = int(np.count_nonzero(decision)), int(np.count_nonzero(truth))
        return cls(both, decided - both, true - both, truth.size - decided - true + both)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.true_negatives + other.true_negatives,
        )

    @property
    def positives(self) -> int:
        """How many are manipulated in truth."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        """How many are authentic in truth."""
        return self.false_positives + self.true_negatives

    @property
    def total(self) -> int:
        """How many were counted."""
        return self.positives + self.negatives

    @property
    def accuracy(self) -> float | None:
        """Share of right decisions."""
        return _ratio(self.true_positives + self.true_negatives, self.total)

    @property
    def majority(self) -> float | None:
        """Accuracy of always giving the more frequent answer: what an accuracy must be compared with."""
        return _ratio(max(self.positives, self.negatives), self.total)

    @property
    def precision(self) -> float | None:
        """Share of the marked that is manipulated; None if nothing is marked."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """Share of the manipulated that is marked; None if nothing is manipulated."""
        return _ratio(self.true_positives, self.positives)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if nothing is manipulated."""
        errors = self.false_positives + self.false_negatives
        return _ratio(2 * self.true_positives, 2 * self.true_positives + errors) if self.positives else None

    @property
    def iou(self) -> float | None:
        """Intersection over union of the marked and the manipulated; None if nothing is manipulated."""
        union = self.positives + self.false_positives
        return _ratio(self.true_positives, union) if self.positives else None

    @property
    def mcc(self) -> float | None:
        """Matthews correlation coefficient in [-1, 1]: 0 if all or nothing is marked, None if the truth is all one."""
        if not (self.positives and self.negatives):
            return None
        marked = self.true_positives + self.false_positives
        product = float(marked) * (self.total - marked) * self.positives * self.negatives
        agreement = float(self.true_positives) * self.true_negatives
        disagreement = float(self.false_positives) * self.false_negatives
        return (agreement - disagreement) / product**0.5 if product else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Two histograms of scores.

    Attributes
    ----------
    positives, negatives : (BINS,) int64
        How many manipulated and authentic items have a score in each bin, lowest scores first.
    """

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    @classmethod
    def of(cls, scores: ArrayLike, truth: ArrayLike) -> Counts:
        """Count scores in [0, 1] (any shape) against a boolean truth of the same shape."""
        return cls.of_bins(score_bins(scores), np.asarray(truth, bool))

    @classmethod
    def of_bins(cls, bins: NDArray[np.intp], truth: NDArray[np.bool_]) -> Counts:
        """Count scores that are in bins already (`score_bins`) against a truth of the same shape."""
        if bins.shape != truth.shape:
            raise ValueError(f"scores of shape {bins.shape} for a truth of shape {truth.shape}")
        bins, true = bins.ravel(), truth.ravel()
        return cls(np.bincount(bins[true], minlength=BINS), np.bincount(bins[~true], minlength=BINS))

    @classmethod
    def constant(cls, score: float, positives: int, negatives: int) -> Counts:
        """Count as many items of each class that all have one score."""
        counts = cls.empty()
        counts.positives[score_bins(score)] = positives
        counts.negatives[score_bins(score)] = negatives
        return counts

    @classmethod
    def empty(cls) -> Counts:
        """Nothing counted yet."""
        return cls(np.zeros(BINS, np.int64), np.zeros(BINS, np.int64))

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.positives + other.positives, self.negatives + other.negatives)

    def auc(self) -> float | None:
        """Area under the ROC curve, ties by trapezoid; None unless both classes were counted."""
        return float(area(self.positives, self.negatives)) if self._has_both() else None

    def average_precision(self) -> float | None:
        """Precision at each score, weighted by the recall it adds; None if nothing is manipulated."""
        true, false = self._marked_from()
        if not true[0]:
            return None
        precision = true / np.maximum(true + false, 1)
        return float(np.sum(precision * self.positives) / true[0])

    def at(self, threshold: float) -> Confusion:
        """Decide "manipulated" from the lower edge of the threshold's bin on (exact at 0.5)."""
        return self._confusion(int(score_bins(threshold)))

    def best(self, metric: ThresholdMetric = "f1") -> tuple[float, Confusion] | None:
        """Find the threshold at which a metric is largest; None if it is undefined everywhere."""
        true, false = self._marked_from()
        values = _METRICS[metric](true, false, true[0] - true, false[0] - false)
        if not np.any(np.isfinite(values)):
            return None
        index = int(np.nanargmax(values))
        return bin_threshold(index), self._confusion(index)

    def _confusion(self, index: int) -> Confusion:
        true, false = int(self.positives[index:].sum()), int(self.negatives[index:].sum())
        return Confusion(true, false, int(self.positives.sum()) - true, int(self.negatives.sum()) - false)

    def _marked_from(self) -> tuple[Floats, Floats]:
        """Count the true and the false positives if everything from each bin on is marked."""
        positives, negatives = (np.cumsum(part[::-1])[::-1] for part in (self.positives, self.negatives))
        return positives.astype(np.float64), negatives.astype(np.float64)

    def _has_both(self) -> bool:
        return bool(self.positives.any() and self.negatives.any())


def score_bins(scores: ArrayLike) -> NDArray[np.intp]:
    """Bin of each score in [0, 1], uniform in the logit; same shape."""
    score = np.asarray(scores, np.float64)
    with np.errstate(divide="ignore"):
        logit = np.log(score) - np.log1p(-score)
    position = (np.clip(logit, -LOGIT_LIMIT, LOGIT_LIMIT) + LOGIT_LIMIT) * (BINS / (2 * LOGIT_LIMIT))
    if np.isnan(position).any():
        raise ValueError("scores outside [0, 1], or not a number")
    return np.asarray(np.minimum(position.astype(np.intp), BINS - 1), np.intp)


def bin_threshold(index: int) -> float:
    """Lowest score of a bin; 0 for the first, which holds everything below."""
    logit = index * (2 * LOGIT_LIMIT / BINS) - LOGIT_LIMIT
    return 0.0 if index == 0 else float(1 / (1 + np.exp(-logit)))


def area(positives: NDArray[np.int64], negatives: NDArray[np.int64]) -> Floats:
    """Area under the ROC curve of histograms ``(..., B)``, lowest scores first; NaN where a class is missing."""
    below = np.cumsum(negatives, axis=-1, dtype=np.float64) - 0.5 * negatives
    pairs = positives.sum(axis=-1, dtype=np.float64) * negatives.sum(axis=-1, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sum(positives * below, axis=-1) / pairs, np.float64)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _f1(true: Floats, false: Floats, missed: Floats, rejected: Floats) -> Floats:  # noqa: ARG001
    return 2 * true / (2 * true + false + missed) if true[0] else np.full_like(true, np.nan)


def _iou(true: Floats, false: Floats, missed: Floats, rejected: Floats) -> Floats:  # noqa: ARG001
    return true / (true + false + missed) if true[0] else np.full_like(true, np.nan)


def _accuracy(true: Floats, false: Floats, missed: Floats, rejected: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return (true + rejected) / (true + false + missed + rejected)


def _mcc(true: Floats, false: Floats, missed: Floats, rejected: Floats) -> Floats:
    product = (true + false) * (true + missed) * (rejected + false) * (rejected + missed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(product > 0, (true * rejected - false * missed) / np.sqrt(product), np.nan)


_METRICS = {"f1": _f1, "iou": _iou, "mcc": _mcc, "accuracy": _accuracy}
