"""One score for a photo from the log odds of its windows.

A large photo has more places where something looks odd, so neither the highest window nor one output for everything
is a fair score of the whole. If one place of an unknown window is manipulated, the likelihood ratio of the photo is the
mean of those of its windows: windows without a trace argue against the one with a weak trace, and a clear trace in one
of a hundred windows still counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseam.models.metadata import PhotoCurve

WINDOW = 64
"""Blocks along each side of a window, 512 pixels: about the crops that the network is trained on."""

STEP = WINDOW // 2
"""Blocks between windows. The first and the last lie half outside the photo: each block is in two along each axis."""


def window_shares(rows: int, columns: int) -> NDArray[np.float64]:
    """Return the share of its blocks that each window has in a photo of so many blocks: (r, c), adding up to 1."""
    shares = np.outer(_inside(rows), _inside(columns))
    return np.asarray(shares / shares.sum())


def _inside(blocks: int) -> NDArray[np.float64]:
    """Return how many blocks of each window along an axis lie inside the photo."""
    starts = STEP * np.arange(blocks // STEP + 1) - STEP
    return np.asarray(np.minimum(starts + WINDOW, blocks) - np.maximum(starts, 0), np.float64)


def photo_log_odds(windows: NDArray[np.float32], shares: NDArray[np.float64], curve: PhotoCurve) -> float:
    """Return the calibrated log odds that anything in a photo is manipulated.

    Parameters
    ----------
    windows : (r, c) float32
        The network's log odds of each window.
    shares : (r, c) float64
        Of `window_shares`.
    curve : PhotoCurve
        Calibration of a window's log odds; its slope is above 0.
    """
    odds = curve.slope * windows.astype(np.float64) + curve.intercept
    highest = float(odds.max())  # taken out before exp
    return highest + float(np.log(np.sum(shares * np.exp(odds - highest))))
