"""ROC and precision-recall curves of a method: of all pixels together, and the mean of the photos' own curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.counts import Counts
from unseam.evaluation.metrics import as_constant, unjudged
from unseam.evaluation.rows import Row, RowStore
from unseam.method import NO_EVIDENCE
from unseam.system.atomic_files import write_csv

FALSE_ALARM_GRID = np.concatenate([[0], np.geomspace(1e-4, 0.1, 61), np.linspace(0.1, 1, 91)[1:]])
"""False positive rates at which an ROC curve is written; dense near 0, where a method must work to be of use."""

RECALL_GRID = np.linspace(0, 1, 101)
"""Recalls at which a precision-recall curve is written."""

DECIMALS = 6

Kind = Literal["roc", "precision-recall"]
Averaging = Literal["pooled", "mean"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One curve over all forged photos (where the method is not applicable: a constant map).

    Attributes
    ----------
    kind : str
        ``roc``: true over false positive rate; ``precision-recall``: precision over recall.
    averaging : str
        ``pooled``: all pixels together; ``mean``: the mean over photos at each place of the grid.
    photos : int
        Forged photos behind it.
    x, y : (G,) float64
    """

    kind: Kind
    averaging: Averaging
    photos: int
    x: Floats
    y: Floats


def method_curves(rows: Sequence[Row], store: RowStore) -> tuple[Curve, ...]:
    """Compute a method's curves from its rows; none without a forged photo."""
    forged = [as_constant(row) for row in rows if row.readable and row.forged]
    if not forged:
        return ()
    pooled = unjudged(forged, NO_EVIDENCE)
    roc, precision = np.zeros_like(FALSE_ALARM_GRID), np.zeros_like(RECALL_GRID)
    for row in forged:
        own = store.counts_of([row])
        pooled += own
        counts = own + unjudged([row], NO_EVIDENCE)
        roc += roc_at(counts, FALSE_ALARM_GRID)
        precision += precision_at(counts, RECALL_GRID)
    count = len(forged)
    return (
        Curve("roc", "pooled", count, FALSE_ALARM_GRID, roc_at(pooled, FALSE_ALARM_GRID)),
        Curve("roc", "mean", count, FALSE_ALARM_GRID, roc / count),
        Curve("precision-recall", "pooled", count, RECALL_GRID, precision_at(pooled, RECALL_GRID)),
        Curve("precision-recall", "mean", count, RECALL_GRID, precision / count),
    )


def roc_at(counts: Counts, false_alarms: Floats) -> Floats:
    """Read the true positive rate at each false positive rate, on straight lines between scores."""
    true, false = (np.concatenate([[0], np.cumsum(part[::-1])]) for part in (counts.positives, counts.negatives))
    true, false = true / true[-1], false / false[-1]
    left = np.searchsorted(false, false_alarms, side="right") - 1
    right = np.minimum(left + 1, len(false) - 1)
    width = false[right] - false[left]
    share = np.divide(false_alarms - false[left], width, out=np.zeros_like(false_alarms), where=width > 0)
    return np.asarray(true[left] + share * (true[right] - true[left]), np.float64)


def precision_at(counts: Counts, recalls: Floats) -> Floats:
    """Read the precision of the highest threshold that reaches each recall, as average precision counts it."""
    true, false = (np.cumsum(part[::-1]) for part in (counts.positives, counts.negatives))
    marked = true + false
    filled = marked > 0
    precision, recall = true[filled] / marked[filled], true[filled] / true[-1]
    return np.asarray(precision[np.searchsorted(recall, recalls, side="left")], np.float64)


def write_curves(curves: Mapping[str, Sequence[Curve]], path: Path) -> None:
    """Write one line per method, curve and place of its grid."""
    lines = (
        (method, curve.kind, curve.averaging, curve.photos, round(float(x), DECIMALS), round(float(y), DECIMALS))
        for method, found in curves.items()
        for curve in found
        for x, y in zip(curve.x, curve.y, strict=True)
    )
    write_csv(path, chain([("method", "curve", "averaging", "photos", "x", "y")], lines))
