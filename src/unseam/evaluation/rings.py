"""Ring AUC: the pixel AUC that knowing the middle of the frame cannot buy.

Forgers paste near the middle: on CASIA v1 a map that knows only that has a mean pixel AUC of 0.66. Here a manipulated
pixel is compared only with authentic pixels about as far from the centre: pairs inside one of 16 rings, weighted by
the number of pairs. Distance ``((y - H/2) / H)**2 + ((x - W/2) / W)**2``; ring edges at its 16-quantiles over all
pixels of the photo.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.counts import BINS, area

RINGS = 16
"""Number of rings; each holds one sixteenth of the photo's pixels."""


def centre_distance(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Squared distance of each pixel from the frame's centre, in units of the frame: ``(H, W)`` in [0, 0.5]."""
    height, width = shape
    rows = ((np.arange(height) - height / 2) / height) ** 2
    columns = ((np.arange(width) - width / 2) / width) ** 2
    return rows[:, None] + columns[None, :]


@lru_cache(maxsize=8)  # data sets come in few sizes; an entry is one byte per pixel
def rings(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Ring of each pixel, ``(H, W)`` in 0..15, innermost first."""
    distance = centre_distance(shape)
    edges = np.quantile(distance, np.arange(1, RINGS) / RINGS)
    return np.searchsorted(edges, distance, side="right").astype(np.uint8)


def ring_auc(bins: NDArray[np.intp], truth: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve with pairs inside rings only.

    Parameters
    ----------
    bins : (H, W) intp
        Bin of each pixel's heat, from `unseam.evaluation.counts.score_bins`.
    truth : (H, W) bool
        True = manipulated.

    Returns
    -------
    float or None
        In [0, 1]; 0.5 = no better than chance at equal distance from the centre. None if no ring holds both classes.
    """
    height, width = bins.shape
    keys = rings((height, width)).astype(np.intp) * BINS + bins
    positives, negatives = (
        np.bincount(keys[part], minlength=RINGS * BINS).reshape(RINGS, BINS) for part in (truth, ~truth)
    )
    pairs = positives.sum(axis=1, dtype=np.float64) * negatives.sum(axis=1, dtype=np.float64)
    filled = pairs > 0
    if not filled.any():
        return None
    return float(np.average(area(positives[filled], negatives[filled]), weights=pairs[filled]))
