"""The figures of one method over a data set, each named by its protocol."""

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
OWN_MASK = "at the method's own mask"
OWN_F1 = f"F1 {OWN_MASK}, mean over forged photos"
FALSE_ALARMS = "false alarms: share of authentic photos with any region"
SCORE_AUC = "score AUC, forged against authentic photos"
"""Names of the figures that tables and pictures pick out."""

FLAGGED = (Finding.MANIPULATED, Finding.SUSPICIOUS)
"""Findings that make a person look again."""

_NOTHING = Confusion(0, 0, 0, 0)


FIGURE_CELLS = ("figure", "value", "low", "high", "photos")
"""Headings of a figure's cells."""


@dataclass(frozen=True, slots=True)
class Figure:
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
        95 % bootstrap interval over photos, where the figure is a mean over at least two.
    """

    name: str
    value: float | None
    photos: int
    low: float | None = None
    high: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The figure as cells of a table, below the headings `FIGURE_CELLS`."""
        numbers = ("n/a" if x is None else f"{x:.6f}" for x in (self.value, self.low, self.high))
        return (self.name, *numbers, str(self.photos))


def as_constant(row: Row) -> Row:
    """Replace a row that was not judged by that of a constant map: every AUC 0.5, nothing marked, no evidence."""
    if row.outcome == "judged":
        return row
    authentic = row.height * row.width - row.manipulated
    share = row.manipulated / (authentic + row.manipulated)
    unmarked = Confusion(0, 0, row.manipulated, authentic)
    row = replace(row, own=unmarked, half=unmarked, best=unmarked, score=NO_EVIDENCE)
    return replace(row, auc=0.5, ring_auc=0.5, average_precision=share) if row.forged else row


def method_figures(rows: Sequence[Row], store: RowStore) -> tuple[Figure, ...]:
    """Compute every figure of one method.

    Parameters
    ----------
    rows : sequence of Row
        One per photo; those not judged made constant by `as_constant`, or left out.
    store : RowStore
        Where their score counts are.

    Returns
    -------
    tuple of Figure
        In an order that does not depend on the rows; the first is the one that ranks.
    """
    forged = [row for row in rows if row.forged]
    counts = store.counts_of(forged)
    figures = mean_figures(rows)
    pooled = _pooled_ranking(counts + unjudged(forged, NO_EVIDENCE), len(forged))
    best = _best_of_set(counts + unjudged(forged, NOTHING_MARKED), len(forged))
    return (*figures[:3], *pooled, *figures[3:], *best)


def mean_figures(rows: Sequence[Row]) -> tuple[Figure, ...]:
    """Compute the figures of one method that need no score counts; parameters as in `method_figures`."""
    forged, authentic = [row for row in rows if row.forged], [row for row in rows if not row.forged]
    figures = [
        _mean(MEAN_AUC, [row.auc for row in forged]),
        _mean(MEAN_RING_AUC, [row.ring_auc for row in forged]),
        _mean(MEAN_PRECISION, [row.average_precision for row in forged]),
    ]
    for place, confusions in (
        (OWN_MASK, [row.own for row in forged]),
        ("at heat above 0.5", [row.half for row in forged]),
    ):
        known = [confusion for confusion in confusions if confusion is not None]
        figures += _means_at(place, known) + _pooled_at(place, sum(known, _NOTHING), len(known))
    known = [row.best for row in forged if row.best is not None]
    figures += _means_at("at each photo's best threshold (by F1; an upper bound)", known)
    truth = sum((row.own for row in forged if row.own is not None), _NOTHING)
    figures.append(Figure("accuracy of the majority answer, pooled over forged photos", truth.majority, len(forged)))
    return (*figures, *_detection(forged, authentic))


_PIXEL_FIGURES: dict[str, Callable[[Confusion], float | None]] = {
    "F1": lambda confusion: confusion.f1,
    "IoU": lambda confusion: confusion.iou,
    "MCC": lambda confusion: confusion.mcc,
    "precision": lambda confusion: confusion.precision,
    "recall": lambda confusion: confusion.recall,
    "accuracy": lambda confusion: confusion.accuracy,
}


def _means_at(place: str, confusions: list[Confusion]) -> list[Figure]:
    return [
        _mean(f"{name} {place}, mean over forged photos", [figure(confusion) for confusion in confusions])
        for name, figure in _PIXEL_FIGURES.items()
    ]


def _pooled_at(place: str, total: Confusion, photos: int) -> list[Figure]:
    """Figures of the pixels of all photos together."""
    return [
        Figure(f"{name} {place}, pooled over forged photos", figure(total), photos)
        for name, figure in _PIXEL_FIGURES.items()
    ]


def _pooled_ranking(counts: Counts, photos: int) -> list[Figure]:
    return [
        Figure(POOLED_AUC, counts.auc(), photos),
        Figure("average precision, pooled over forged photos", counts.average_precision(), photos),
    ]


def _best_of_set(counts: Counts, photos: int) -> list[Figure]:
    best = counts.best("f1")
    threshold, confusion = best if best else (None, _NOTHING)
    place = "at the data set's best threshold (by F1; chosen on the test photos)"
    return [Figure(f"heat {place}", threshold, photos), *_pooled_at(place, confusion, photos)]


def _detection(forged: list[Row], authentic: list[Row]) -> list[Figure]:
    """Figures of whole photos: forged or not."""
    scores = [[row.score for row in rows if row.score is not None] for rows in (forged, authentic)]
    count = len(scores[0]) + len(scores[1])
    truth = np.arange(count) < len(scores[0])
    regions = [row.regions > 0 for row in authentic]
    return [
        Figure(SCORE_AUC, Counts.of([*scores[0], *scores[1]], truth).auc(), count),
        Figure("Brier score of the score (0 best, 0.25 knows nothing), classes weighted 1 : 1", _brier(*scores), count),
        _share(FALSE_ALARMS, regions),
        _share("false alarms: share of authentic photos with a score above 0.5", [s > NO_EVIDENCE for s in scores[1]]),
        _share("found: share of forged photos with a score above 0.5", [s > NO_EVIDENCE for s in scores[0]]),
        *_findings("forged", forged),
        *_findings("authentic", authentic),
    ]


def _findings(kind: str, rows: list[Row]) -> list[Figure]:
    """Compute how often photos of one kind get each verdict, among those that got one."""
    found = [row.finding for row in rows if row.finding is not None]
    flagged = _share(f"{kind} photos flagged: manipulated or suspicious", [finding in FLAGGED for finding in found])
    return [flagged, *(_share(f"{kind} photos: {each}", [finding is each for finding in found]) for each in Finding)]


def _brier(forged: list[float], authentic: list[float]) -> float | None:
    """Mean squared error of the score as a probability, at prior 0.5 (Brier 1950)."""
    if not (forged and authentic):
        return None
    return float((np.mean((1 - np.array(forged)) ** 2) + np.mean(np.array(authentic) ** 2)) / 2)


def _share(name: str, hits: Sequence[bool]) -> Figure:
    return Figure(name, sum(hits) / len(hits) if hits else None, len(hits))


def unjudged(rows: Sequence[Row], score: float) -> Counts:
    """Count the pixels of the rows that `as_constant` made, all with one score."""
    confusions = [row.own for row in rows if row.outcome != "judged" and row.own is not None]
    total = sum(confusions, Confusion(0, 0, 0, 0))
    return Counts.constant(score, total.positives, total.negatives)


def _mean(name: str, values: Sequence[float | None]) -> Figure:
    defined = np.array([value for value in values if value is not None], np.float64)
    if not len(defined):
        return Figure(name, None, 0)
    interval = bootstrap_interval(defined) if len(defined) > 1 else (None, None)  # one photo says nothing of others
    return Figure(name, float(defined.mean()), len(defined), *interval)


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


@lru_cache(maxsize=4)  # figures of one method are over few numbers of photos
def _kept_draws(count: int) -> tuple[NDArray[np.int32], ...]:
    return tuple(_draws(count))
