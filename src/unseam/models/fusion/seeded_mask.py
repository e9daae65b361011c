"""The connected parts of a map: which of them are hot enough somewhere to be marked."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


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


def seeded(heat: NDArray[np.float32], extent: float, seed: float) -> NDArray[np.bool_]:
    """Mark the parts of a map (rows, columns) that are warm all over and hot somewhere (hysteresis, as in Canny 1986).

    Parameters
    ----------
    heat : (rows, columns) float32
    extent, seed : float
        Heat from which a cell belongs to a part, and that a part must reach somewhere.
    """
    parts = Parts.of(heat, extent)
    return np.asarray(np.concatenate([[False], parts.kept(seed)])[parts.labels])
