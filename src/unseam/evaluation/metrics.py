"""The metrics of one method over a data set, each named by its protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.counts import Confusion, Counts
from unseam.evaluation.rows import Row, RowStore
from unseam.method import NO_EVIDENCE, Finding

RESAMPLES = 2_000
"""Bootstrap resamples behind an interval."""

INTERVAL = (2.5, 97.5)
"""Percentiles of the resamples' means: a 95 % interval."""

DRAWS_AT_A_TIME = 4_000_000
"""Resamples times photos that are held at a time: 16 MB of indices, and 32 MB of values."""

SEED = 0

NOTHING_MARKED = 0.0
"""Score that stands, in the search for a best threshold, for pixels that a method never marks."""

MEAN_AUC = "pixel AUC, mean over forged photos"
POOLED_AUC = "pixel AUC, pooled over forged photos"
MEAN_RING_AUC = "ring AUC, mean over forged photos"
MEAN_PRECISION = "average precision, mean over forged photos"
AT_THRESHOLD, AT_HALF, AT_ORACLE = "at the method's threshold", "at 0.5", "at the oracle threshold"
"""Protocols of the metrics of a mask. The oracle threshold is that with the photo's own best F1: an upper bound."""

F1_AT_THRESHOLD, F1_AT_HALF, F1_AT_ORACLE = (
    f"F1 {place}, mean over forged photos" for place in (AT_THRESHOLD, AT_HALF, AT_ORACLE)
)
FALSE_ALARMS = "false alarms: share of authentic photos with any region"
IMAGE_AUC = "image-level AUC, forged against authentic photos"
"""Names of the metrics that tables and pictures pick out."""

FLAGGED = (Finding.MANIPULATED, Finding.SUSPICIOUS)
"""Findings that make a person look again."""


def _flagged(kind: str) -> str:
    return f"{kind} photos flagged: manipulated or suspicious"


FLAGGED_FORGED, FLAGGED_AUTHENTIC = _flagged("forged"), _flagged("authentic")

_NOTHING = Confusion(0, 0, 0, 0)


METRIC_CELLS = ("metric", "value", "low", "high", "photos")
"""Headings of a metric's cells."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number with what it was measured on.

    Attributes
    ----------
    name : str
        What was measured, and by which protocol.
    value : float or None
        None where it is undefined ("n/a").
    photos : int
        Number of photos behind it.
    low, high : float or None
        95 % bootstrap interval over photos, where the metric is a mean over at least two.
    """

    name: str
    value: float | None
    photos: int
    low: float | None = None
    high: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The metric as cells of a table, below the headings `METRIC_CELLS`."""
        numbers = ("n/a" if x is None else f"{x:.6f}" for x in (self.value, self.low, self.high))
        return (self.name, *numbers, str(self.photos))


def as_constant(row: Row) -> Row:
    """Replace a row that was not judged by that of a constant map: every AUC 0.5, nothing marked, no evidence."""
    if row.outcome == "judged":
        return row
    authentic = row.height * row.width - row.manipulated
    share = row.manipulated / (authentic + row.manipulated)
    unmarked = Confusion(0, 0, row.manipulated, authentic)
    row = replace(row, at_threshold=unmarked, at_half=unmarked, at_oracle=unmarked, score=NO_EVIDENCE)
    return replace(row, auc=0.5, ring_auc=0.5, average_precision=share) if row.forged else row


def method_metrics(rows: Sequence[Row], store: RowStore) -> tuple[Metric, ...]:
    """Compute every metric of one method.

    Parameters
    ----------
    rows : sequence of Row
        One per photo; those not judged made constant by `as_constant`, or left out.
    store : RowStore
        Where their score counts are.

    Returns
    -------
    tuple of Metric
        In an order that does not depend on the rows; the first is the one that ranks.
    """
    forged = [row for row in rows if row.forged]
    counts = store.counts_of(forged)
    metrics = mean_metrics(rows)
    pooled = _pooled_ranking(counts + unjudged(forged, NO_EVIDENCE), len(forged))
    best = _best_of_set(counts + unjudged(forged, NOTHING_MARKED), len(forged))
    return (*metrics[:3], *pooled, *metrics[3:], *best)


def mean_metrics(rows: Sequence[Row]) -> tuple[Metric, ...]:
    """Compute the metrics of one method that need no score counts; parameters as in `method_metrics`."""
    forged, authentic = [row for row in rows if row.forged], [row for row in rows if not row.forged]
    metrics = [
        _mean(MEAN_AUC, [row.auc for row in forged]),
        _mean(MEAN_RING_AUC, [row.ring_auc for row in forged]),
        _mean(MEAN_PRECISION, [row.average_precision for row in forged]),
    ]
    for place, confusions in (
        (AT_THRESHOLD, [row.at_threshold for row in forged]),
        (AT_HALF, [row.at_half for row in forged]),
    ):
        known = [confusion for confusion in confusions if confusion is not None]
        metrics += _means_at(place, known) + _pooled_at(place, sum(known, _NOTHING), len(known))
    known = [row.at_oracle for row in forged if row.at_oracle is not None]
    metrics += _means_at(AT_ORACLE, known)
    truth = sum((row.at_threshold for row in forged if row.at_threshold is not None), _NOTHING)
    metrics.append(Metric("accuracy of the majority answer, pooled over forged photos", truth.majority, len(forged)))
    return (*metrics, *_detection(forged, authentic), *_findings("forged", forged), *_findings("authentic", authentic))


_PIXEL_METRICS: dict[str, Callable[[Confusion], float | None]] = {
    "F1": lambda confusion: confusion.f1,
    "IoU": lambda confusion: confusion.iou,
    "MCC": lambda confusion: confusion.mcc,
    "precision": lambda confusion: confusion.precision,
    "recall": lambda confusion: confusion.recall,
    "accuracy": lambda confusion: confusion.accuracy,
}


def _means_at(place: str, confusions: list[Confusion]) -> list[Metric]:
    return [
        _mean(f"{name} {place}, mean over forged photos", [metric(confusion) for confusion in confusions])
        for name, metric in _PIXEL_METRICS.items()
    ]


def _pooled_at(place: str, total: Confusion, photos: int) -> list[Metric]:
    """Return the metrics of the pixels of all photos together."""
    return [
        Metric(f"{name} {place}, pooled over forged photos", metric(total), photos)
        for name, metric in _PIXEL_METRICS.items()
    ]


def _pooled_ranking(counts: Counts, photos: int) -> list[Metric]:
    return [
        Metric(POOLED_AUC, counts.auc(), photos),
        Metric("average precision, pooled over forged photos", counts.average_precision(), photos),
    ]


def _best_of_set(counts: Counts, photos: int) -> list[Metric]:
    best = counts.best("f1")
    threshold, confusion = best if best else (None, _NOTHING)
    place = "at the data set's best threshold (by F1; chosen on the test photos)"
    return [Metric(f"heat {place}", threshold, photos), *_pooled_at(place, confusion, photos)]


def _detection(forged: list[Row], authentic: list[Row]) -> list[Metric]:
    """Return the metrics of whole photos: forged or not."""
    scores = [[row.score for row in rows if row.score is not None] for rows in (forged, authentic)]
    count = len(scores[0]) + len(scores[1])
    truth = np.arange(count) < len(scores[0])
    regions = [row.regions > 0 for row in authentic]
    return [
        Metric(IMAGE_AUC, Counts.of([*scores[0], *scores[1]], truth).auc(), count),
        Metric("Brier score of the score (0 best, 0.25 knows nothing), classes weighted 1 : 1", _brier(*scores), count),
        _share(FALSE_ALARMS, regions),
        _share("false alarms: share of authentic photos with a score above 0.5", [s > NO_EVIDENCE for s in scores[1]]),
        _share("found: share of forged photos with a score above 0.5", [s > NO_EVIDENCE for s in scores[0]]),
    ]


def _findings(kind: str, rows: list[Row]) -> list[Metric]:
    """Compute how often photos of one kind get each verdict, among those that got one."""
    found = [row.finding for row in rows if row.finding is not None]
    flagged = _share(_flagged(kind), [finding in FLAGGED for finding in found])
    return [flagged, *(_share(f"{kind} photos: {each}", [finding is each for finding in found]) for each in Finding)]


def _brier(forged: list[float], authentic: list[float]) -> float | None:
    """Mean squared error of the score as a probability, at prior 0.5 (Brier 1950)."""
    if not (forged and authentic):
        return None
    return float((np.mean((1 - np.array(forged)) ** 2) + np.mean(np.array(authentic) ** 2)) / 2)


def _share(name: str, hits: Sequence[bool]) -> Metric:
    return Metric(name, sum(hits) / len(hits) if hits else None, len(hits))


def unjudged(rows: Sequence[Row], score: float) -> Counts:
    """Count the pixels of the rows that `as_constant` made, all with one score."""
    confusions = [row.at_threshold for row in rows if row.outcome != "judged" and row.at_threshold is not None]
    total = sum(confusions, Confusion(0, 0, 0, 0))
    return Counts.constant(score, total.positives, total.negatives)


def _mean(name: str, values: Sequence[float | None]) -> Metric:
    defined = np.array([value for value in values if value is not None], np.float64)
    if not len(defined):
        return Metric(name, None, 0)
    interval = bootstrap_interval(defined) if len(defined) > 1 else (None, None)  # one photo says nothing of others
    return Metric(name, float(defined.mean()), len(defined), *interval)


def bootstrap_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of a mean by the percentile bootstrap over photos (Efron 1979, DOI 10.1214/aos/1176344552)."""
    draws = _kept_draws(len(values)) if RESAMPLES * len(values) <= DRAWS_AT_A_TIME else _draws(len(values))
    means = np.concatenate([values[drawn].mean(axis=1) for drawn in draws])
    low, high = np.percentile(means, INTERVAL)
    return float(low), float(high)


def _draws(count: int) -> Iterator[NDArray[np.int32]]:
    """Draw photos again and again, the same ones each time, in parts that memory bears."""
    rng = np.random.default_rng(SEED)
    for part in np.array_split(np.arange(RESAMPLES), -(-RESAMPLES * count // DRAWS_AT_A_TIME)):
        yield rng.integers(count, size=(len(part), count)).astype(np.int32)


@lru_cache(maxsize=4)  # metrics of one method are over few numbers of photos
def _kept_draws(count: int) -> tuple[NDArray[np.int32], ...]:
    return tuple(_draws(count))
