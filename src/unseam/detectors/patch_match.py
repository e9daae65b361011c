"""Compiled search for the most similar place elsewhere, for every pixel of a picture: PatchMatch.

Importing this file imports numba, which takes a while: it is imported when the method runs, not before.

Every loop works on parts of the picture that do not depend on the number of threads, with random numbers of its own:
the same features give the same field, bit for bit, however many threads there are.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.compiled import compiled, inlined
from unseam.detectors.side_by_side import side_by_side
from unseam.detectors.zernike import LARGEST

Whole = int | np.signedinteger[Any]
Best = tuple[Whole, Whole, Whole]

FEATURES = 12
"""Of each pixel: the Zernike moments up to order 5."""

PARTS = 8
"""That are worked on side by side, whatever the number of threads."""

MIN_ROWS = 32
"""In a part: fewer would hinder what spreads through the picture."""

TABLES, NEIGHBOURS = 4, 4
"""How often the pixels are sorted by their features, and how many that follow in each order are compared."""

SORTED_AT_ONCE = 2
"""Orders that are held at the same time: each takes the memory of two features of every pixel."""

SORTED, LEVELS = 6, 256
"""Features that an order looks at, and the steps into which each is divided, all filled alike."""

STEEPEST = 2
"""Largest change of the offset from pixel to pixel that is continued: a turn by 180 degrees has 2."""

BIN = 64
"""Fine bins in one coarse bin of the running median's histogram."""


def parts_of(length: int, min_rows: int = MIN_ROWS) -> list[tuple[int, int]]:
    """Divide a length into at most `PARTS` parts (first, end), of at least `min_rows` where there is more than one."""
    count = min(max(length // min_rows, 1), PARTS)
    edges = [length * k // count for k in range(count + 1)]
    return list(pairwise(edges))


def nearest_field(
    features: NDArray[np.int16], iterations: int, search: int, min_distance: int, seed: int
) -> NDArray[np.int16]:
    """Find for each pixel the offset to the pixel elsewhere whose features are nearest.

    Parameters
    ----------
    features : (H, W, 12) int16
        From 0 to `LARGEST`.
    iterations : int
        Passes over the picture, forwards and backwards in turn.
    search : int
        Largest distance from the best match so far that is tried at random, in pixels.
    min_distance : int
        Least length of an offset, in pixels; less than half of the larger side.
    seed : int
        Of the random numbers, from 1.

    Returns
    -------
    (H, W, 2) int16
        Rows down and columns right, from each pixel to its match.

    Raises
    ------
    ValueError
        Features of another number, type or range; a side of more than 32767 pixels, or none of ``2 * min_distance``.

    Notes
    -----
    PatchMatch with first-order predictors: section III of the paper, DOI 10.1109/TIFS.2015.2455334. Deliberate
    difference: before the passes, pixels that follow each other when sorted by their features are compared, as in
    coherency sensitive hashing (Korman and Avidan 2011, DOI 10.1109/ICCV.2011.6126421), and after each pass a match
    is offered to its other side: small regions are found, in fewer passes. Random trials stay near the best match.
    """
    _check(features, min_distance)
    H, W = features.shape[:2]
    flat = np.ascontiguousarray(features).reshape(-1)
    field, cost = np.empty((H, W, 2), np.int16), np.empty((H, W), np.int32)
    bands = [(top, end, seed + 7919 * k) for k, (top, end) in enumerate(parts_of(H))]
    side_by_side(partial(_start, flat, field, cost, min_distance), bands)
    levels, tables = _levels(features), _tables(seed)
    for first in range(0, TABLES, SORTED_AT_ONCE):
        for order in side_by_side(partial(_sorted, flat, levels), tables[first : first + SORTED_AT_ONCE]):
            side_by_side(partial(_compare_sorted, flat, field, cost, min_distance, order), parts_of(order.size))
    for iteration in range(iterations):
        step = 1 if iteration % 2 == 0 else -1
        bands = [(top, end, start + 104729) for top, end, start in bands]
        # a band sees the others as they were before
        side_by_side(partial(_pass, flat, field, field.copy(), cost, min_distance, search, step), bands)
        _offer_back(field, cost)
    return field


def _check(features: NDArray[np.int16], min_distance: int) -> None:
    """Refuse what the compiled loops, which check nothing, would read or write beyond an end for."""
    H, W, count = features.shape
    if count != FEATURES or features.dtype != np.int16 or features.min() < 0 or features.max() > LARGEST:
        raise ValueError(
            f"expected {FEATURES} features of each pixel, int16 from 0 to {LARGEST}, found {features.shape}"
        )
    if not 2 * min_distance < max(H, W) <= np.iinfo(np.int16).max:
        raise ValueError(
            f"expected a picture of {2 * min_distance} to {np.iinfo(np.int16).max} pixels a side, found {W} x {H}"
        )


def _levels(features: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return the share of pixels below each value of each feature, in `LEVELS` steps; (12, `LARGEST` + 1)."""
    counts = np.stack([np.bincount(features[..., k].ravel(), minlength=LARGEST + 1) for k in range(FEATURES)])
    below = counts.cumsum(1) - counts // 2
    return np.asarray(below * (LEVELS - 1) // counts.sum(1, keepdims=True))


def _tables(seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Draw which features each order looks at, and by how many levels its cells are shifted."""
    rng = np.random.default_rng(seed)
    return [(rng.permutation(FEATURES)[:SORTED], rng.integers(0, LEVELS, SORTED)) for _ in range(TABLES)]


def _sorted(
    flat: NDArray[np.int16], levels: NDArray[np.int64], chosen: NDArray[np.int64], shift: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Sort pixels along a curve through the space of the chosen features that keeps what is near together."""
    bits = np.arange(2 * LEVELS)
    spread = sum(((bits >> bit) & 1) << (SORTED * bit) for bit in range((2 * LEVELS - 1).bit_length()))
    keys = _keys(flat, np.asarray(spread)[levels[chosen] + shift[:, None]], chosen)
    return np.argsort(keys).astype(np.uint32)


@compiled
def _keys(
    flat: NDArray[np.int16], spread: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Interleave the bits of the levels: Morton 1966."""
    keys = np.zeros(flat.size // FEATURES, np.int64)
    for pixel in range(keys.size):
        for k in range(chosen.size):
            keys[pixel] |= spread[k, flat[pixel * FEATURES + chosen[k]]] << k
    return keys


@inlined
def xorshift(state: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    """Step Marsaglia's xorshift64 generator: its state is ours, so that the same photo has the same field."""
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


@inlined
def _difference(flat: NDArray[np.int16], pixel: Whole, other: Whole) -> np.int32:  # pragma: no cover - compiled
    first, second = np.uint64(pixel) * np.uint64(FEATURES), np.uint64(other) * np.uint64(FEATURES)
    total = np.int32(0)
    for k in range(np.uint64(FEATURES)):
        step = np.int32(flat[first + k]) - np.int32(flat[second + k])
        total = np.int32(total + np.int32(step * step))
    return total


@compiled
def _start(
    flat: NDArray[np.int16],
    field: NDArray[np.int16],
    cost: NDArray[np.int32],
    min_distance: Whole,
    top: Whole,
    end: Whole,
    seed: Whole,
) -> None:  # pragma: no cover - compiled
    """Fill the field with random offsets of at least `min_distance` pixels that stay inside the picture."""
    H, W = cost.shape
    state = seeded(seed)
    for row in range(top, end):
        for column in range(W):
            down: Whole = 0
            right: Whole = 0
            while down * down + right * right < min_distance * min_distance:
                state = xorshift(state)
                down = bounded(state, H) - row
                right = bounded(state >> np.uint64(32), W) - column
            field[row, column, 0], field[row, column, 1] = down, right
            cost[row, column] = _difference(flat, row * W + column, (row + down) * W + column + right)


@compiled
def _compare_sorted(
    flat: NDArray[np.int16],
    field: NDArray[np.int16],
    cost: NDArray[np.int32],
    min_distance: Whole,
    order: NDArray[np.uint32],
    first: Whole,
    end: Whole,
) -> None:  # pragma: no cover - compiled
    """Compare pixels that follow each other in an order; a part of it writes to its own pixels only."""
    W = cost.shape[1]
    for i in range(first, end):
        pixel = np.int64(order[i])
        row, column = pixel // W, pixel % W
        for j in range(i + 1, min(i + 1 + NEIGHBOURS, end)):
            partner = np.int64(order[j])
            other, other_column = partner // W, partner % W
            down, right = other - row, other_column - column
            if down * down + right * right < min_distance * min_distance:
                continue
            found = _difference(flat, pixel, partner)
            if found < cost[row, column]:
                cost[row, column] = found
                field[row, column, 0], field[row, column, 1] = down, right
            if found < cost[other, other_column]:
                cost[other, other_column] = found
                field[other, other_column, 0], field[other, other_column, 1] = -down, -right


@inlined
def _better(
    flat: NDArray[np.int16],
    size: tuple[Whole, Whole],
    place: tuple[Whole, Whole],
    best: Best,
    down: Whole,
    right: Whole,
    min_distance: Whole,
) -> Best:  # pragma: no cover - compiled
    """Compare an offset with the best one so far: (difference, rows down, columns right)."""
    other, other_column = place[0] + down, place[1] + right
    if other < 0 or other_column < 0 or other >= size[0] or other_column >= size[1]:
        return best
    if (down == best[1] and right == best[2]) or down * down + right * right < min_distance * min_distance:
        return best
    found = np.int64(_difference(flat, place[0] * size[1] + place[1], other * size[1] + other_column))
    return (found, down, right) if found < best[0] else best


@compiled
def _pass(
    flat: NDArray[np.int16],
    field: NDArray[np.int16],
    before: NDArray[np.int16],
    cost: NDArray[np.int32],
    min_distance: Whole,
    search: Whole,
    step: Whole,
    top: Whole,
    end: Whole,
    seed: Whole,
) -> None:  # pragma: no cover - compiled
    """Pass once over the rows from `top` to `end`, downwards (step 1) or upwards (-1)."""
    H, W = cost.shape
    state = seeded(seed)
    for i in range(end - top):
        row = top + i if step == 1 else end - 1 - i
        for j in range(W):
            column = j if step == 1 else W - 1 - j
            place = (row, column)
            best: Best = (np.int64(cost[row, column]), np.int64(field[row, column, 0]), np.int64(field[row, column, 1]))
            for way in range(4):
                up = 0 if way == 0 else step
                left = 0 if way == 1 else (-step if way == 3 else step)
                best = _continued(flat, field, before, (top, end), place, best, up, left, min_distance)
            reach = search
            while reach >= 1:
                state = xorshift(state)
                down = best[1] + bounded(state, 2 * reach + 1) - reach
                right = best[2] + bounded(state >> np.uint64(32), 2 * reach + 1) - reach
                best = _better(flat, (H, W), place, best, down, right, min_distance)
                reach //= 4
            cost[row, column], field[row, column, 0], field[row, column, 1] = best


@inlined
def _continued(
    flat: NDArray[np.int16],
    field: NDArray[np.int16],
    before: NDArray[np.int16],
    band: tuple[Whole, Whole],
    place: tuple[Whole, Whole],
    best: Best,
    up: Whole,
    left: Whole,
    min_distance: Whole,
) -> Best:  # pragma: no cover - compiled
    """Try what a neighbour has (zero order), and what it and the one behind it extrapolate to (first order)."""
    size = (field.shape[0], field.shape[1])
    row, column = place[0] - up, place[1] - left
    if row < 0 or column < 0 or row >= size[0] or column >= size[1]:
        return best
    near = field if band[0] <= row < band[1] else before
    down, right = np.int64(near[row, column, 0]), np.int64(near[row, column, 1])
    best = _better(flat, size, place, best, down, right, min_distance)
    row, column = row - up, column - left
    if row < 0 or column < 0 or row >= size[0] or column >= size[1]:
        return best
    near = field if band[0] <= row < band[1] else before
    more, wider = down - near[row, column, 0], right - near[row, column, 1]
    if (more == 0 and wider == 0) or abs(more) > STEEPEST or abs(wider) > STEEPEST:
        return best
    return _better(flat, size, place, best, down + more, right + wider, min_distance)


@compiled
def _offer_back(field: NDArray[np.int16], cost: NDArray[np.int32]) -> None:  # pragma: no cover - compiled
    """Let the match of each pixel have that pixel as its own match where that is better."""
    H, W = cost.shape
    for row in range(H):
        for column in range(W):
            down, right = field[row, column, 0], field[row, column, 1]
            other, other_column = row + down, column + right
            if cost[row, column] < cost[other, other_column]:
                cost[other, other_column] = cost[row, column]
                field[other, other_column, 0], field[other, other_column, 1] = -down, -right


def median_field(field: NDArray[np.int16], radius: int) -> NDArray[np.int16]:
    """Take the median of each component of a field over the disc around each pixel.

    Parameters
    ----------
    field : (H, W, 2) int16
    radius : int
        In pixels; beyond the border the nearest value counts.

    Returns
    -------
    (H, W, 2) int16
    """
    half_widths = np.array([int((radius**2 - k**2) ** 0.5) for k in range(-radius, radius + 1)])
    medians = np.empty_like(field)
    for k in (0, 1):
        values = np.ascontiguousarray(field[..., k])
        side_by_side(partial(_running_median, values, half_widths, medians[..., k]), parts_of(len(values)))
    return medians


@compiled
def _running_median(
    values: NDArray[np.int16], half_widths: NDArray[np.int64], medians: NDArray[np.int16], top: int, end: int
) -> None:  # pragma: no cover - compiled
    """Slide a histogram of two levels along each row: Huang, Yang and Tang 1979, DOI 10.1109/TASSP.1979.1163188."""
    H, W = values.shape
    radius = half_widths.size // 2
    lowest = np.int64(values.min())
    coarse = np.zeros((np.int64(values.max()) - lowest) // BIN + 1, np.int32)
    fine = np.zeros(coarse.size * BIN, np.int32)
    half = (2 * half_widths + 1).sum() // 2
    for row in range(top, end):
        coarse[:] = 0
        fine[:] = 0
        for column in range(W):
            for k in range(half_widths.size):
                line = values[min(max(row + k - radius, 0), H - 1)]
                width = half_widths[k]
                for other_column in range(column + width if column else -width, column + width + 1):
                    entering = np.int64(line[min(max(other_column, 0), W - 1)]) - lowest
                    fine[entering] += 1
                    coarse[entering // BIN] += 1
                if column:
                    leaving = np.int64(line[max(column - width - 1, 0)]) - lowest
                    fine[leaving] -= 1
                    coarse[leaving // BIN] -= 1
            below, group = 0, 0
            while below + coarse[group] <= half:
                below += coarse[group]
                group += 1
            level = group * BIN
            while below + fine[level] <= half:
                below += fine[level]
                level += 1
            medians[row, column] = level + lowest
