"""Fill a region as the content-aware tools of editors do: all of it at once, from coarse to fine.

Wexler, Shechtman, Irani, "Space-time completion of video", 2007, DOI 10.1109/TPAMI.2007.60: every patch that touches
the hole should look like some patch of the photograph. Two steps alternate on each level of a pyramid: the most similar
patch is searched for each, then each pixel becomes a weighted mean of what the patches over it propose. The search is
PatchMatch (Barnes, Shechtman, Finkelstein, Goldman 2009, DOI 10.1145/1531326.1531330). Each level ends with pixels
copied from the best patch over them, and the next begins with its own pixels copied from the same places: means would
blur, and what is blurred finds flat patches only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

REACH = 3
"""Patches are 7 x 7 pixels: this many to either side of the centre (Barnes et al., section 4)."""

BAND = 6
"""How far the filling continues beyond the region, in pixels: soft seams need it."""

MARGIN = (64, 320)
"""Surroundings that patches are taken from, in pixels: as wide as the region, within these limits."""

COARSEST_HOLE = 10
"""The pyramid ends where the shorter side of the region's box has no more than this many pixels."""

COARSEST_WINDOW = 24
"""Or where the window's shorter side would have fewer than this many."""

ROUNDS = (1, 3, 6, 12, 20)
"""Searches on each level, finest first; coarser levels have as many as the last."""

PASSES = 2
"""Over all patches in each search."""

FINE_REACH = 8
"""On all levels but the coarsest the farthest random trial, in pixels: the level before has found the place."""

SPREAD_QUANTILE = 0.75
"""Of the squared differences, the one that the weights of votes fall with (Wexler et al.)."""


INWARD = 1.3
"""How much less a patch counts with each pixel that it lies deeper in the hole, where less is known (Wexler et al.)."""

MIN_WEIGHT = 1e-30
"""So that every pixel of the hole gets a vote."""


def completion_layer(host: Pixels, region: Mask, seed: int) -> Pixels | None:
    """Return the photograph with the region filled.

    Parameters
    ----------
    host : (H, W, 3) uint8
        RGB.
    region : (H, W) bool
        Not empty.
    seed : int
        Of the search, from 0.

    Returns
    -------
    (H, W, 3) uint8 or None
        The host; filled inside the region, and up to ``BAND`` pixels around it replaced by what continues the
        filling. None where no whole patch of the photograph lies near the region.
    """
    window = _window(region)
    levels = _pyramid(host[window], region[window])
    if levels is None:
        return None
    for depth in range(len(levels) - 1, -1, -1):
        is_coarsest = depth + 1 == len(levels)
        if not is_coarsest:
            levels[depth].take_over(levels[depth + 1])
        levels[depth].fill(ROUNDS[min(depth, len(ROUNDS) - 1)], is_coarsest, seed + depth)
    layer = host.copy()
    layer[window] = levels[0].pasted()
    return layer


def _window(region: Mask) -> tuple[slice, slice]:
    """Return the region's box with the surroundings that patches are taken from."""
    rows, columns = np.nonzero(region)
    margin = int(np.clip(max(np.ptp(rows), np.ptp(columns)) + 1, *MARGIN))
    return np.s_[
        max(rows.min() - margin, 0) : rows.max() + margin + 1,
        max(columns.min() - margin, 0) : columns.max() + margin + 1,
    ]


def _pyramid(pixels: Pixels, hole: Mask) -> list[_Level] | None:
    """Halve a window until its hole is small; None where the finest level has no source at all."""
    levels: list[_Level] = []
    known = (~hole).astype(np.float32)
    values = pixels.astype(np.float32) * known[..., None]
    while True:
        level = _Level.of(values, known, -(-BAND // 2 ** len(levels)))
        if level is None:
            return levels or None
        levels.append(level)
        rows, columns = np.nonzero(known < 1)
        smallest = min(np.ptp(rows), np.ptp(columns)) + 1
        size = (known.shape[1] + 1) // 2, (known.shape[0] + 1) // 2
        if smallest <= COARSEST_HOLE or min(size) < COARSEST_WINDOW:
            return levels
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
        known = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)


@dataclass(eq=False)
class _Level:
    """One level of the pyramid.

    Attributes
    ----------
    picture : (H, W, 3) int16
        With the present filling.
    hole : (H, W) bool
        What is to be filled.
    usable : (H, W) bool
        Centres of patches that are wholly known.
    targets : (N, 2) int32
        Centres of the patches that touch the hole or its band, row by row.
    numbers : (H, W) int32
        Number of the target at each pixel; -1 where there is none.
    field, cost : (N, 2) int32, (N,) int64
        Source of each target, and the squared difference.
    """

    picture: NDArray[np.int16]
    hole: Mask
    usable: Mask
    targets: NDArray[np.int32]
    numbers: NDArray[np.int32]
    field: NDArray[np.int32]
    cost: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.float32], known: NDArray[np.float32], band: int) -> _Level | None:
        """Begin a level with the sums of known pixels and their weights; None without any source.

        No source lies in the band: patches there would find themselves, and what is removed would show through soft
        seams.
        """
        hole = known < 1 - 1e-6
        inside = np.zeros(hole.shape, bool)
        inside[REACH:-REACH, REACH:-REACH] = True
        usable = ~_grown(hole, band + REACH) & inside
        near = _grown(hole, band) & inside
        targets = np.argwhere(near).astype(np.int32)
        if not usable.any() or not len(targets):
            return None
        numbers = np.full(hole.shape, -1, np.int32)
        numbers[near] = np.arange(len(targets))
        mean = np.clip(np.rint(values / np.maximum(known, 1e-3)[..., None]), 0, 255)
        rough = cv2.inpaint(mean.astype(np.uint8), (known < 0.25).astype(np.uint8), 3, cv2.INPAINT_TELEA)
        field, cost = np.full((len(targets), 2), -1, np.int32), np.zeros(len(targets), np.int64)
        return cls(np.asarray(rough, np.int16), hole, usable, targets, numbers, field, cost)

    def take_over(self, coarser: _Level) -> None:
        """Begin with the sources of the coarser level, twice as far, and copy the filling from them."""
        from unseam.forging.completion_search import paste

        height, width = self.hole.shape
        larger = np.asarray(cv2.resize(coarser.picture, (width, height), interpolation=cv2.INTER_LINEAR), np.int16)
        self.picture[self.hole] = larger[self.hole]
        numbers = coarser.numbers[self.targets[:, 0] // 2, self.targets[:, 1] // 2]
        moved = 2 * coarser.field[numbers] + self.targets % 2
        moved = np.clip(moved, 0, np.array(self.hole.shape) - 1).astype(np.int32)
        fits = (numbers >= 0) & self.usable[moved[:, 0], moved[:, 1]]
        self.field[fits] = moved[fits]
        self.picture = paste(self.picture, self.targets[fits], moved[fits], coarser.cost[numbers[fits]], self.hole)

    def fill(self, rounds: int, is_coarsest: bool, seed: int) -> None:
        """Search and vote in turn; in the last round copy instead."""
        from unseam.forging.completion_search import paste, search, start, vote

        start(np.argwhere(self.usable).astype(np.int32), self.field, seed + 1)
        reach = max(self.hole.shape) if is_coarsest else FINE_REACH
        for turn in range(rounds):
            arguments = (self.picture, self.targets, self.numbers, self.usable, self.field, self.cost)
            search(*arguments, PASSES, reach, seed + 7919 * (turn + 1))
            if turn + 1 < rounds:
                vote(self.picture, self.hole, self.targets, self.field, self._weights())
        self.picture = paste(self.picture, self.targets, self.field, self.cost, self.hole)

    def _weights(self) -> NDArray[np.float32]:
        """Return the weight of each patch's proposals: less the more it differs from its source."""
        spread = max(float(np.quantile(self.cost, SPREAD_QUANTILE)), 1.0)
        inward = cv2.distanceTransform(self.hole.astype(np.uint8), cv2.DIST_L2, 3)[
            self.targets[:, 0], self.targets[:, 1]
        ]
        trust = -np.asarray(inward) * np.log(INWARD)
        weights = np.exp(trust - self.cost / (2 * spread))
        return np.asarray(np.maximum(weights, MIN_WEIGHT), np.float32)

    def pasted(self) -> Pixels:
        """Return the level with the hole and its band copied from the best patches."""
        from unseam.forging.completion_search import paste

        pasted = paste(self.picture, self.targets, self.field, self.cost, _grown(self.hole, BAND))
        return np.clip(pasted, 0, 255).astype(np.uint8)


def _grown(mask: Mask, reach: int) -> Mask:
    """Return a mask grown by so many pixels in rows and columns."""
    side = 2 * reach + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
