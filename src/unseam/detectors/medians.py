"""Running medians in numpy: exact, of floats of any precision, for windows of some dozen values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BAND = 64
"""Rows at a time: the windows of more would take much memory."""


def median_along(values: Floats, length: int) -> Floats:
    """Take the median of `length` values around each; beyond the ends the nearest value counts.

    Parameters
    ----------
    values : (N,) float64
    length : int
        Odd.

    Returns
    -------
    (N,) float64
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, length // 2, "edge"), length)
    return np.asarray(np.partition(windows, length // 2)[:, length // 2])


def median_around(values: Floats, side: int) -> Floats:
    """Take the median over the square around each value; beyond the border the values are mirrored.

    Parameters
    ----------
    values : (H, W) float64
    side : int
        Odd.

    Returns
    -------
    (H, W) float64
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, side // 2, "symmetric"), (side, side))
    middle = side * side // 2
    medians = np.empty(values.shape)
    for top in range(0, len(values), BAND):
        band = windows[top : top + BAND].reshape(-1, side * side)
        medians[top : top + BAND] = np.partition(band, middle)[:, middle].reshape(-1, values.shape[1])
    return medians
