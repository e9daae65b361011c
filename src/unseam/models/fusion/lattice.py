"""Tiles of 256 x 256 pixels that a device wrote differently from their neighbours.

Some phones export a photo tile by tile and compress or denoise a few tiles anew. The network rightly finds that these
tiles do not belong to the rest, but nobody edited them. What gives them away is where their borders lie: means over the
tiles of a lattice that begins at the photo's corner explain the map much better than means over any shifted lattice.
A rectangle pasted elsewhere has no reason to prefer this lattice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseam.models.fusion.log_odds import CELL, LogOdds

Floats = NDArray[np.float64]

TILE = 256
"""Pixels: side of a tile; tiles of 512 pixels lie on the same lattice."""

SIDE = TILE // CELL
"""Cells along each side of a tile."""

SHIFT, NEAR = 8, 12
"""Cells between the shifted lattices, and how far from the true one a shift must be to count as another."""

MIN_REST = 16
"""Cells: a narrower rest of a tile at the right or lower border belongs to the tile before it."""

MIN_STEP = 2.0
"""Log odds by which a tile must exceed the coolest tile around it to be looked at."""

MIN_GAIN = 0.15
"""Share of the variance left by the best shifted lattice that the true one must explain. In 335 validation frames of at
least 512 pixels no neighbourhood has a positive gain; the tiles of two phone exports have gains up to 0.42 and 0.46."""

EXPLANATION = (
    f"parts of this photo differ from the rest in rectangles on a lattice of {TILE} x {TILE} pixels; devices and "
    "programs that process a photo tile by tile leave such rectangles, and they hide what an edit may have left"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums of a map and of its square over any box, from tables of cumulative sums."""

    plain: Floats
    square: Floats

    @classmethod
    def of(cls, cell: Floats) -> _Sums:
        return cls(_cumulative(cell), _cumulative(cell**2))

    def left(self, rows: tuple[int, int], columns: tuple[int, int], shift: tuple[int, int]) -> float:
        """Return the squared deviations within a box that the means over a lattice's tiles leave."""
        cuts = [_cuts(*ends, offset) for ends, offset in zip((rows, columns), shift, strict=True)]
        corners = self.plain[np.ix_(*cuts)]
        sums = corners[1:, 1:] - corners[:-1, 1:] - corners[1:, :-1] + corners[:-1, :-1]
        cells = np.outer(*(np.diff(cut) for cut in cuts))
        whole = self.square[np.ix_(rows, columns)]
        return float(whole[1, 1] - whole[0, 1] - whole[1, 0] + whole[0, 0] - (sums**2 / cells).sum())


def _cumulative(values: Floats) -> Floats:
    return np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)


def _cuts(first: int, last: int, offset: int) -> NDArray[np.int64]:
    """Return the borders of a lattice's tiles from cell ``first`` to ``last``, both included."""
    inside = np.arange(first - (first - offset) % SIDE + SIDE, last, SIDE)
    return np.unique(np.concatenate([[first], inside, [last]]))


_SHIFTED = [
    (down, right)
    for down in range(0, SIDE, SHIFT)
    for right in range(0, SIDE, SHIFT)
    if any(NEAR <= shift <= SIDE - NEAR for shift in (down, right))
]


def without_tiles(odds: LogOdds) -> LogOdds | None:
    """Take out of the network's outputs what whole tiles on the lattice explain; None where there are no such tiles.

    Returns
    -------
    LogOdds or None
        Tiles whose mean exceeds the median tile's are lowered to it, so that what stands out within a tile still does;
        windows are limited to their median.
    """
    if min(odds.cell.shape) < SIDE + MIN_REST:
        return None
    cell = odds.cell.astype(np.float64)
    cell -= np.median(cell)  # sums of squares stay small
    edges = [_edges(length) for length in cell.shape]
    means = _tile_means(cell, edges)
    if not _on_lattice(cell, edges, means):
        return None
    excess = np.maximum(means - np.median(means), 0).astype(np.float32)
    lowered = odds.cell - np.repeat(np.repeat(excess, np.diff(edges[0]), 0), np.diff(edges[1]), 1)
    return replace(odds, cell=lowered, windows=np.minimum(odds.windows, np.median(odds.windows)))


def _edges(length: int) -> NDArray[np.int64]:
    return np.concatenate([np.arange(0, length - MIN_REST + 1, SIDE), [length]])


def _tile_means(cell: Floats, edges: list[NDArray[np.int64]]) -> Floats:
    sums = np.add.reduceat(np.add.reduceat(cell, edges[0][:-1], 0), edges[1][:-1], 1)
    return np.asarray(sums / np.outer(np.diff(edges[0]), np.diff(edges[1])))


def _on_lattice(cell: Floats, edges: list[NDArray[np.int64]], means: Floats) -> bool:
    """Return whether the 3 x 3 tiles around any tile prefer the lattice to all shifted ones."""
    sums = _Sums.of(cell)
    for row, column in np.ndindex(means.shape):
        top, left = max(row - 1, 0), max(column - 1, 0)
        around = means[top : row + 2, left : column + 2]
        if means[row, column] - around.min() < MIN_STEP:
            continue
        rows = int(edges[0][top]), int(edges[0][top + around.shape[0]])
        columns = int(edges[1][left]), int(edges[1][left + around.shape[1]])
        shifted = min(sums.left(rows, columns, shift) for shift in _SHIFTED)
        if sums.left(rows, columns, (0, 0)) < (1 - MIN_GAIN) * shifted:
            return True
    return False
