"""The connected parts of a map: which of them are hot enough somewhere to be marked."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.method import MIN_REGION_AREA
from unseam.models.fusion.log_odds import CELL

SMOOTHING = 3
"""Cells, 12 pixels: side of the squares over which a map is averaged before it is cut."""

MIN_CELLS = MIN_REGION_AREA // CELL**2
"""Components of fewer cells are no regions."""

HOTTEST_CELLS = 4 * MIN_CELLS
"""Cells that are marked where nothing reaches the thresholds: enough to stay a region at the frame's border."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The N connected parts of a map that are warm all over; cells that touch at a corner are connected.

    Attributes
    ----------
    labels : (rows, columns) int32
        From 1 to N in the cells of a part, 0 outside.
    cells : (N,) int64
        How many cells each has.
    peak : (N,) float32
        Highest heat of each.
    """

    labels: NDArray[np.int32]
    cells: NDArray[np.int64]
    peak: NDArray[np.float32]

    @classmethod
    def of(cls, heat: NDArray[np.float32], extent: float) -> Parts:
        """Find the parts of a map (rows, columns) float32 whose cells reach the heat ``extent``."""
        warm = heat >= extent
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            warm.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
        )
        peak = np.zeros(count, np.float32)
        places = np.asarray(labels, np.int32)[warm]
        np.maximum.at(peak, places, heat[warm])  # of all cells it would take most of the time
        cells = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)  # from 1 on: the background is no part
        return cls(np.asarray(labels, np.int32), cells, peak[1:])

    def kept(self, seed: float, min_cells: int = 1) -> NDArray[np.bool_]:
        """Return for each part, (N,) bool, whether it reaches the heat ``seed`` and has this many cells."""
        return (self.cells >= min_cells) & (self.peak >= np.float32(seed))


def mask_of_map(heat: NDArray[np.float32], extent: float, seed: float) -> NDArray[np.bool_]:
    """Mark the parts of a map that are warm all over and hot somewhere (hysteresis, as in Canny 1986), at least one.

    Parameters
    ----------
    heat : (rows, columns) float32
    extent, seed : float
        Heat from which a cell belongs to a part, and that a part must reach somewhere. Where no part of `MIN_CELLS`
        does, the hottest place is marked.
    """
    smooth = np.asarray(cv2.blur(heat, (SMOOTHING, SMOOTHING)), np.float32).reshape(heat.shape)
    parts = Parts.of(smooth, extent)
    kept = parts.kept(seed, MIN_CELLS)
    if not kept.any():
        return hottest(smooth, HOTTEST_CELLS)
    return np.asarray(np.concatenate([[False], kept])[parts.labels])


def hottest(heat: NDArray[np.float32], cells: int) -> NDArray[np.bool_]:
    """Mark the component around the hottest cell that holds at least so many cells, as tightly as steps allow.

    Parameters
    ----------
    heat : (rows, columns) float32
    cells : int
        If the map has fewer, all of it is marked.
    """
    place = np.unravel_index(int(heat.argmax()), heat.shape)
    reached = np.sort(heat, axis=None)[::-1]
    count = cells
    while True:
        extent = float(reached[min(count, reached.size) - 1])
        labels = Parts.of(heat, extent).labels
        found = labels == labels[place]
        if count >= reached.size or int(found.sum()) >= cells:
            return np.asarray(found)
        count *= 2
