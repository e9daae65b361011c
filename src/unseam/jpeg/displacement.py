"""Where the means of a JPEG jump: wrong bits that libjpeg took for sound codes.

The mean of a block is coded as a difference to the mean of the block before (ITU-T T.81, F.1.1.5.1). Wrong bits
therefore shift the means of all units that follow, in the order of coding, by one constant. The picture gets a seam on
block boundaries across its whole width, with one notch: left of the first wrong unit the seam lies below its row of
units, from there on above it. Edges of a scene lie on no block boundary, or on a straight one, or do not have the same
contrast everywhere.

The seam is looked for in the columns' means of the first and last rows of pixels of each block, computed from the
coefficients alone: how far they jump at a boundary, less the slope on either side of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseam.jpeg.coefficients import JpegCoefficients, JpegComponent
from unseam.jpeg.segments import BLOCK_SIDE

GAP = 2
"""Units on either side of the first wrong one that are left out: the wrong bits may have garbled several."""

MIN_COLUMNS = 2
"""Columns of units on either side of the gap without which there is no notch."""

MIN_JUMP = 3.0
"""Smallest jump of a seam, in standard deviations of the jumps at all boundaries."""

MIN_ALIKE, MAX_ELSEWHERE = 0.75, 0.3
"""Share of columns whose jump is that of the seam within half its height: of the seam's own columns at least the
first; of those at the same place but on the other side of the notch at most the second. Of 119 photographs (50 of
BSDS500, cameras, COCO) none has a share above 0.64 along its strongest seam, and in 193 others (150 of BSDS500, 43
camera originals) none is found. Of 30 JPEGs with 1 to 40 wrong bytes, more than a tenth of their rows wrong and no
complaint of libjpeg, 18 are found, by this or by means out of their range."""

CLIPPED = 4.0
"""Standard deviations at which a jump is cut before it is added up: a single edge must not decide."""

NOISE = 0.5
"""Grey levels: floor of the standard deviation, for flat pictures."""


class Displacement(NamedTuple):
    """The first unit of a JPEG whose mean is wrong: row and column in units, and the jump in grey levels."""

    row: int
    column: int
    jump: float


def find_displacement(coefficients: JpegCoefficients) -> Displacement | None:
    """Find the unit from which on the means of a component are shifted.

    Parameters
    ----------
    coefficients : JpegCoefficients
        Of a file without restart markers, which would end the shift.

    Returns
    -------
    Displacement or None
        The earliest of all components; None without one. A shift from the first or last units of a row on has no notch,
        and goes unnoticed.
    """
    single = len(coefficients.components) == 1
    found = [_in_component(component, single=single) for component in coefficients.components]
    return min((place for place in found if place is not None), default=None)


def _in_component(component: JpegComponent, *, single: bool) -> Displacement | None:
    across, down = (1, 1) if single else component.sampling
    jumps = _jumps(component, across, down)
    if jumps.shape[0] < 2 or jumps.shape[1] < 2 * (GAP + MIN_COLUMNS) + 1:
        return None
    spread = float(np.median(np.abs(jumps))) * 1.4826 + NOISE  # of a normal distribution, from its median deviation
    row, column = _strongest_seam(np.clip(jumps, -CLIPPED * spread, CLIPPED * spread))
    left, right = np.s_[: column - GAP], np.s_[column + GAP :]
    seam = np.concatenate([jumps[row + 1, left], jumps[row, right]])
    jump = float(np.median(seam))
    elsewhere = np.concatenate([jumps[row, left], jumps[row + 1, right]])
    sides = (jumps[row + 1, left], jumps[row, right])
    is_seam = abs(jump) >= MIN_JUMP * spread and min(_alike(side, jump) for side in sides) >= MIN_ALIKE
    return Displacement(row + 1, column, jump) if is_seam and _alike(elsewhere, jump) <= MAX_ELSEWHERE else None


def _alike(jumps: NDArray[np.float32], jump: float) -> float:
    """Return the share of jumps within half of one."""
    return float(np.mean(np.abs(jumps - jump) < abs(jump) / 2))


def _jumps(component: JpegComponent, across: int, down: int) -> NDArray[np.float32]:
    """Return the jump in grey levels at each boundary between rows of units: (boundaries, columns of units)."""
    rows, columns = (component.coefficients.shape[axis] // factor for axis, factor in ((0, down), (1, across)))
    below = np.arange(1, rows) * down
    inner, outer = _end_rows(component, below - 1, (BLOCK_SIDE - 2, BLOCK_SIDE - 1))
    first, second = _end_rows(component, below, (0, 1))
    jumps = (first - outer) - ((outer - inner) + (second - first)) / 2
    return np.asarray(jumps[:, : columns * across].reshape(len(below), columns, across).mean(2), np.float32)


def _end_rows(
    component: JpegComponent, blocks: NDArray[np.int_], rows: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean over the columns of two rows of pixels of each block: (rows of blocks, columns of blocks)."""
    frequencies = component.coefficients[blocks, :, :, 0] * component.table[:, 0].astype(np.float32)
    first, second = (frequencies @ _basis(row) for row in rows)
    return first, second


def _basis(row: int) -> NDArray[np.float32]:
    """Return what each vertical frequency adds to the mean of a row of pixels (ITU-T T.81, A.3.3)."""
    frequency = np.arange(BLOCK_SIDE)
    scale = np.where(frequency == 0, np.sqrt(0.5), 1.0) / 2 / np.sqrt(BLOCK_SIDE)
    return np.asarray(scale * np.cos((2 * row + 1) * frequency * np.pi / (2 * BLOCK_SIDE)), np.float32)


def _strongest_seam(jumps: NDArray[np.float32]) -> tuple[int, int]:
    """Return boundary and column of the notch of the seam along which jumps add up to most."""
    sums = np.concatenate([np.zeros((len(jumps), 1)), np.cumsum(jumps, 1)], 1)
    along = np.abs(sums[1:] + sums[:-1, -1:] - sums[:-1])
    first = GAP + MIN_COLUMNS
    row, column = np.unravel_index(
        int(along[:, first : along.shape[1] - first].argmax()), (len(along), along.shape[1] - 2 * first)
    )
    return int(row), int(column) + first
