"""What the network `fusion` returns for a photo, before any calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float32]

CELL = 4
"""Pixels: side of the cells of the network's map, a quarter of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class LogOdds:
    """The network's outputs for a photo of R x C blocks.

    Attributes
    ----------
    cell : (2 R, 2 C) float32
        Log odds that a cell of 4 x 4 pixels is manipulated.
    confidence : (R, C) float32
        Log odds that the map is right about a block.
    windows : (r, c) float32
        Log odds that anything in a window is manipulated (`unseam.models.fusion.windows`).
    """

    cell: Reals
    confidence: Reals
    windows: Reals
