"""Compiled loops of `completion`: for every patch that touches a hole, the most similar patch of the photograph.

Importing this file imports numba, which takes a while: it is imported when a hole is filled, not before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseam.forging.compiled import compiled, inlined
from unseam.forging.completion import REACH

Whole = int | np.signedinteger[Any]
Picture = NDArray[np.int16]
Places = NDArray[np.int32]
Place = tuple[Whole, Whole]
Best = tuple[Whole, Whole, Whole]

WORST = np.int64(1) << np.int64(40)
"""More than two patches can differ."""


@inlined
def xorshift(state: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    """Step Marsaglia's xorshift64 generator: its state is ours, so that the same hole is filled the same way."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    return state ^ (state << np.uint64(17))


@inlined
def seeded(seed: Whole) -> np.uint64:  # pragma: no cover - compiled
    """Return the generator's first state."""
    return np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)


@inlined
def bounded(bits: np.uint64, count: Whole) -> Whole:  # pragma: no cover - compiled
    """Turn 32 random bits into a number from 0 to count - 1."""
    return np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(count)) >> np.uint64(32))


@compiled
def start(sources: Places, field: Places, seed: int) -> None:  # pragma: no cover - compiled
    """Give every target that has none, marked by -1, a random source.

    Parameters
    ----------
    sources : (M, 2) int32
        Centres of the patches that lie wholly in the known part.
    field : (N, 2) int32
        Of each target, the centre of its source; changed in place.
    seed : int
    """
    state = seeded(seed)
    for target in range(len(field)):
        if field[target, 0] < 0:
            state = xorshift(state)
            field[target] = sources[bounded(state, len(sources))]


@inlined
def _distance(
    picture: Picture, row: Whole, column: Whole, other_row: Whole, other_column: Whole, limit: Whole
) -> Whole:  # pragma: no cover - compiled
    """Sum squared differences of two patches; what exceeds ``limit`` is not summed to the end."""
    total: Whole = 0
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            for channel in range(3):
                step = np.int64(picture[row + down, column + right, channel])
                step -= picture[other_row + down, other_column + right, channel]
                total += step * step
        if total >= limit:
            break
    return total


@inlined
def _better(
    picture: Picture, usable: NDArray[np.bool_], place: Place, best: Best, other_row: Whole, other_column: Whole
) -> Best:  # pragma: no cover - compiled
    """Compare a source with the best one so far: (difference, row, column)."""
    if (
        other_row < 0
        or other_column < 0
        or other_row >= usable.shape[0]
        or other_column >= usable.shape[1]
        or not usable[other_row, other_column]
    ):
        return best
    found = _distance(picture, place[0], place[1], other_row, other_column, best[0])
    return (found, other_row, other_column) if found < best[0] else best


@compiled
def search(
    picture: Picture,
    targets: Places,
    numbers: Places,
    usable: NDArray[np.bool_],
    field: Places,
    cost: NDArray[np.int64],
    passes: int,
    reach: int,
    seed: int,
) -> None:  # pragma: no cover - compiled
    """Improve the field by PatchMatch (Barnes et al. 2009): what neighbours have, and trials near the best so far.

    Parameters
    ----------
    picture : (H, W, 3) int16
        With the present filling.
    targets : (N, 2) int32
        Centres of the patches that touch the hole, row by row.
    numbers : (H, W) int32
        Of the target at each pixel; -1 where there is none.
    usable : (H, W) bool
        Centres of sources.
    field, cost : (N, 2) int32, (N,) int64
        Sources and their squared differences; changed in place.
    passes, reach, seed : int
        How often all targets are visited, alternately forwards and backwards; the farthest trial in pixels; of trials.
    """
    state = seeded(seed)
    for target in range(len(targets)):
        cost[target] = _distance(
            picture, targets[target, 0], targets[target, 1], field[target, 0], field[target, 1], WORST
        )
    for turn in range(passes):
        step = 1 if turn % 2 == 0 else -1
        for i in range(len(targets)):
            target = i if step == 1 else len(targets) - 1 - i
            place = np.int64(targets[target, 0]), np.int64(targets[target, 1])
            best: Best = (cost[target], np.int64(field[target, 0]), np.int64(field[target, 1]))
            above, left = numbers[place[0] - step, place[1]], numbers[place[0], place[1] - step]
            if above >= 0:
                best = _better(picture, usable, place, best, field[above, 0] + step, np.int64(field[above, 1]))
            if left >= 0:
                best = _better(picture, usable, place, best, np.int64(field[left, 0]), field[left, 1] + step)
            radius = reach
            while radius >= 1:
                state = xorshift(state)
                other_row = best[1] + bounded(state, 2 * radius + 1) - radius
                other_column = best[2] + bounded(state >> np.uint64(32), 2 * radius + 1) - radius
                best = _better(picture, usable, place, best, other_row, other_column)
                radius //= 2
            cost[target], field[target, 0], field[target, 1] = best


@compiled
def vote(
    picture: Picture, hole: NDArray[np.bool_], targets: Places, field: Places, weight: NDArray[np.float32]
) -> None:  # pragma: no cover - compiled
    """Set every pixel of the hole to the weighted mean of what the patches over it propose."""
    H, W = hole.shape
    total = np.zeros((H, W, 3), np.float32)
    weights = np.zeros((H, W), np.float32)
    for target in range(len(targets)):
        for down in range(-REACH, REACH + 1):
            for right in range(-REACH, REACH + 1):
                row, column = targets[target, 0] + down, targets[target, 1] + right
                if hole[row, column]:
                    weights[row, column] += weight[target]
                    for channel in range(3):
                        proposed = picture[field[target, 0] + down, field[target, 1] + right, channel]
                        total[row, column, channel] += weight[target] * proposed
    for row in range(H):
        for column in range(W):
            if weights[row, column] > 0:
                for channel in range(3):
                    picture[row, column, channel] = round(total[row, column, channel] / weights[row, column])


@compiled
def paste(
    picture: Picture, targets: Places, field: Places, cost: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> Picture:  # pragma: no cover - compiled
    """Return the picture with each wanted pixel copied from the source of the best patch over it."""
    H, W = wanted.shape
    best = np.full((H, W), WORST)
    pasted = picture.copy()
    for target in range(len(targets)):
        for down in range(-REACH, REACH + 1):
            for right in range(-REACH, REACH + 1):
                row, column = targets[target, 0] + down, targets[target, 1] + right
                if wanted[row, column] and cost[target] < best[row, column]:
                    best[row, column] = cost[target]
                    for channel in range(3):
                        pasted[row, column, channel] = picture[
                            field[target, 0] + down, field[target, 1] + right, channel
                        ]
    return pasted
