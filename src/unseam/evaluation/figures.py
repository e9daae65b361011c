"""The figures of one method over a data set, each named by its protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.counts import Confusion, Counts
from unseam.evaluation.rows import Row, RowStore
from unseam.method import NO_EVIDENCE

RESAMPLES = 2_000
"""Bootstrap resamples behind an interval."""

INTERVAL = (2.5, 97.5)
"""Percentiles of the resamples' means: a 95 % interval."""

DRAWS_AT_A_TIME = 4_000_000
"""Resamples times photos that are held at a time: 64 MB."""

SEED = 0

NOTHING_MARKED = 0.0
"""Score that stands, in the search for a best threshold, for pixels that a method never marks."""


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
        95 % bootstrap interval over photos, where the figure is a mean over photos.
    """

    name: str
    value: float | None
    photos: int
    low: float | None = None
    high: float | None = None


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
    """
    forged, authentic = [row for row in rows if row.forged], [row for row in rows if not row.forged]
    figures = [
        _mean("pixel AUC, mean over forged photos", [row.auc for row in forged]),
        _mean("ring AUC, mean over forged photos", [row.ring_auc for row in forged]),
        _pooled_auc(forged, store),
        _mean("average precision, mean over forged photos", [row.average_precision for row in forged]),
    ]
    for place, confusions in (
        ("at the method's own mask", [row.own for row in forged]),
        ("at heat above 0.5", [row.half for row in forged]),
    ):
        figures += _at_threshold(place, [confusion for confusion in confusions if confusion is not None])
    truth = sum((row.own for row in forged if row.own is not None), Confusion(0, 0, 0, 0))
    figures.append(Figure("accuracy of the majority answer, pooled over forged photos", truth.majority, len(forged)))
    figures += [_best_of_set(forged, store), _best_of_photo(forged)]
    return (*figures, *_detection(forged, authentic))


_PIXEL_FIGURES: dict[str, Callable[[Confusion], float | None]] = {
    "F1": lambda confusion: confusion.f1,
    "IoU": lambda confusion: confusion.iou,
    "MCC": lambda confusion: confusion.mcc,
    "precision": lambda confusion: confusion.precision,
    "recall": lambda confusion: confusion.recall,
}


def _at_threshold(place: str, confusions: list[Confusion]) -> list[Figure]:
    means = [
        _mean(f"{name} {place}, mean over forged photos", [figure(confusion) for confusion in confusions])
        for name, figure in _PIXEL_FIGURES.items()
    ]
    total = sum(confusions, Confusion(0, 0, 0, 0))
    count = len(confusions)
    return [
        *means,
        Figure(f"F1 {place}, pooled over forged photos", total.f1, count),
        Figure(f"accuracy {place}, pooled over forged photos", total.accuracy, count),
    ]


def _pooled_auc(forged: list[Row], store: RowStore) -> Figure:
    counts = store.counts_of(forged) + _unjudged(forged, NO_EVIDENCE)
    return Figure("pixel AUC, pooled over forged photos", counts.auc(), len(forged))


def _best_of_set(forged: list[Row], store: RowStore) -> Figure:
    best = (store.counts_of(forged) + _unjudged(forged, NOTHING_MARKED)).best("f1")
    name = "F1 at the data set's best threshold (chosen on the test photos), pooled"
    return Figure(name, best[1].f1 if best else None, len(forged))


def _best_of_photo(forged: list[Row]) -> Figure:
    values = [row.best.f1 if row.best else None for row in forged]
    return _mean("F1 at each photo's best threshold (an upper bound), mean over forged photos", values)


def _detection(forged: list[Row], authentic: list[Row]) -> tuple[Figure, Figure]:
    scores = [row.score for row in (*forged, *authentic) if row.score is not None]
    truth = np.arange(len(scores)) < sum(row.score is not None for row in forged)
    alarms = sum(row.regions > 0 for row in authentic)
    return (
        Figure("score AUC, forged against authentic photos", Counts.of(scores, truth).auc(), len(scores)),
        Figure(
            "false alarms: share of authentic photos with any region",
            alarms / len(authentic) if authentic else None,
            len(authentic),
        ),
    )


def _unjudged(rows: list[Row], score: float) -> Counts:
    confusions = [row.own for row in rows if row.outcome != "judged" and row.own is not None]
    total = sum(confusions, Confusion(0, 0, 0, 0))
    return Counts.constant(score, total.positives, total.negatives)


def _mean(name: str, values: Sequence[float | None]) -> Figure:
    defined = np.array([value for value in values if value is not None], np.float64)
    if not len(defined):
        return Figure(name, None, 0)
    low, high = bootstrap_interval(defined)
    return Figure(name, float(defined.mean()), len(defined), low, high)


def bootstrap_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of a mean by the percentile bootstrap over photos (Efron 1979, DOI 10.1214/aos/1176344552)."""
    rng = np.random.default_rng(SEED)
    parts = np.array_split(np.arange(RESAMPLES), -(-RESAMPLES * len(values) // DRAWS_AT_A_TIME))
    draws = (rng.integers(len(values), size=(len(part), len(values))) for part in parts)
    means = np.concatenate([values[drawn].mean(axis=1) for drawn in draws])
    low, high = np.percentile(means, INTERVAL)
    return float(low), float(high)
