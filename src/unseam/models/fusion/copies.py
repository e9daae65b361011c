"""Where a region was copied from within the photo, from the matches that the detector `copy-move` found."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.copy_move import Copy
from unseam.method import Strength, Trace

MIN_COVERED = 0.3
"""Share of a region that must lie in one side of a copy, so that the copy explains the region."""

LIMITS: tuple[tuple[float, Strength], ...] = ((3.0, "strong"), (1.5, "moderate"), (0.0, "weak"))
"""Log-odds of a copy from which on it is strong, moderate or weak. From 1.5 on the detector marks it, which it does in
1 of 79 authentic files (`unseam.detectors.copy_move.CURVE`)."""


def copied_trace(inside: NDArray[np.bool_], copies: Sequence[Copy]) -> Trace | None:
    """Return the trace of the likeliest copy that explains a region; None where there is none.

    Parameters
    ----------
    inside : (H, W) bool
        The region, in stored pixels.
    copies : sequence of Copy
        Of the whole photo.
    """
    for copy in sorted(copies, key=lambda each: -each.log_odds):
        strength = next((name for limit, name in LIMITS if copy.log_odds >= limit), None)
        if strength is None:
            return None
        covered = [_covered(inside, side) for side in copy.sides]
        own = int(np.argmax(covered))
        if covered[own] >= MIN_COVERED:
            source = _box(copy.sides[1 - own], copy.step)
            alike, next_best = 100 * copy.likeness, 100 * max(copy.recurrence, 0.0)
            words = (
                f"shows the same as another place in the photo: {alike:.0f} % alike, the next best {next_best:.0f} %"
            )
            return Trace("copied", alike, next_best, "% alike", strength, words, source)
    return None


def _covered(inside: NDArray[np.bool_], side: NDArray[np.bool_]) -> float:
    """Return the share of a region (H, W) that lies in one side of a copy (rows, columns)."""
    own = cv2.resize(inside.astype(np.float32), side.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(np.asarray(own)[side].sum() / max(float(np.asarray(own).sum()), 1e-6))


def _box(side: NDArray[np.bool_], step: int) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(side)
    top, left = int(rows.min()), int(columns.min())
    return top * step, left * step, (int(rows.max()) + 1) * step, (int(columns.max()) + 1) * step
