"""Whether a score means what it says: eight in ten of the photos that score 0.8 should be manipulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unseam.evaluation.rows import Row
from unseam.system.atomic_files import write_csv

BINS = 10
"""Equal parts of the range of scores, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Photos whose scores lie in one part of the range.

    Attributes
    ----------
    photos : int
    score : float
        Their mean.
    forged : float
        Share of them that is forged, if forged and authentic photos were equally many (scores are at prior 0.5).
    """

    photos: int
    score: float
    forged: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold photos, and the mean difference of score and share over them, weighed by their photos.

    The latter is the expected calibration error (Naeini, Cooper, Hauskrecht 2015); photos weigh so that both classes
    have the same weight.
    """

    bins: tuple[Bin, ...]
    error: float


def reliability(rows: Sequence[Row]) -> Reliability | None:
    """Hold the scores of one method's photos against the truth; None unless both kinds of photos have scores."""
    judged = [row for row in rows if row.score is not None]
    scores = np.array([row.score for row in judged], np.float64)
    forged = np.array([row.manipulated > 0 for row in judged], bool)
    if not forged.any() or forged.all():
        return None
    weights = np.where(forged, 0.5 / forged.sum(), 0.5 / (~forged).sum())
    places = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins, error = [], 0.0
    for place in np.unique(places):
        inside = places == place
        weight = weights[inside].sum()
        score = float(np.average(scores[inside], weights=weights[inside]))
        share = float(weights[inside & forged].sum() / weight)
        bins.append(Bin(int(inside.sum()), score, share))
        error += float(weight) * abs(score - share)
    return Reliability(tuple(bins), error)


def write_reliability(found: Mapping[str, Reliability], path: Path) -> None:
    """Write the bins of every method as CSV."""
    lines = [
        (method, part.photos, f"{part.score:.4f}", f"{part.forged:.4f}")
        for method, one in found.items()
        for part in one.bins
    ]
    write_csv(path, [("method", "photos", "mean score", "forged at prior 0.5"), *lines])
