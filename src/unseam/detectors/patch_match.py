"""Search for the most similar place elsewhere, for every pixel of a picture: PatchMatch in whole arrays.

On one thread: two were no faster, because most of the work is many small steps. The same features give the same field,
bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.zernike import LARGEST

Features = NDArray[np.int16]
Reals = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEATURES = 12
"""Of each pixel: the Zernike moments up to order 5."""

CHUNK = 8192
"""Pixels that are compared at a time: their features, 48 bytes each, stay in a core's cache."""

TABLES, NEIGHBOURS = 3, 3
"""How often the pixels are sorted by their features, and how many that follow in each order are compared."""

SORTED, LEVELS = 6, 256
"""Features that an order looks at, and the steps into which each is divided, all filled alike."""

STEEPEST = 2
"""Largest difference of the offsets of neighbours that move as one: a turn by 180 degrees has 2."""

JUMPS = (8, 4, 2, 1)
"""Pixels over which offsets spread, one after the other, in each pass."""

WAYS = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""Directions in which offsets spread: rows and columns."""


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The best matches so far; the arrays are changed in place.

    Attributes
    ----------
    features : (H * W, 12) float32
    down, right : (H, W) int32
        Offset from each pixel to its match.
    cost : (H, W) float32
        Squared difference of both.
    min_distance : int
        Minimum length of an offset, in pixels.
    """

    features: Reals
    down: NDArray[np.int32]
    right: NDArray[np.int32]
    cost: Reals
    min_distance: int


def nearest_field(features: Features, passes: int, min_distance: int, seed: int) -> NDArray[np.int16]:
    """Find for each pixel the offset to the pixel elsewhere whose features are nearest.

    Parameters
    ----------
    features : (H, W, 12) int16
        From 0 to `LARGEST`.
    passes : int
        Over the picture, after the search among pixels that are neighbours when sorted.
    min_distance : int
        Minimum length of an offset, in pixels; less than half of the larger side.
    seed : int
        Of the random numbers.

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
    differences: pixels that follow each other when sorted by their features are compared first, as in coherency
    sensitive hashing (Korman and Avidan 2011, DOI 10.1109/ICCV.2011.6126421); after that, only offsets that nearly
    equal a neighbour's are offered to others, to all of them at once and over jumps (Rong and Tan 2006, DOI
    10.1145/1111411.1111431): where nothing matches, nothing is left to do. There are no random trials, and a match is
    offered to its other side.
    """
    _check(features, min_distance)
    rng = np.random.default_rng(seed)
    search = _started(features, min_distance, rng)
    for _ in range(passes):
        for jump in JUMPS:
            _spread(search, jump)
        _offer_back(search)
    return np.stack([search.down, search.right], -1).astype(np.int16)


def _check(features: Features, min_distance: int) -> None:
    """Refuse features that the search cannot sort, and pictures in which no match is far enough away."""
    H, W, count = features.shape
    if count != FEATURES or features.dtype != np.int16 or features.min() < 0 or features.max() > LARGEST:
        raise ValueError(
            f"expected {FEATURES} features of each pixel, int16 from 0 to {LARGEST}, found {features.shape}"
        )
    if not 2 * min_distance < max(H, W) <= np.iinfo(np.int16).max:
        raise ValueError(
            f"expected a picture of {2 * min_distance} to {np.iinfo(np.int16).max} pixels a side, found {W} x {H}"
        )


def _started(features: Features, min_distance: int, rng: np.random.Generator) -> _Search:
    """Match each pixel with the best of a random one and those near it in `TABLES` orders."""
    H, W = features.shape[:2]
    flat = features.reshape(-1, FEATURES)
    values = flat.astype(np.float32)
    match = _random_matches(H, W, min_distance, rng)
    cost = _differences(values, np.arange(H * W), match)
    levels = _levels(flat)
    tables = [(rng.permutation(FEATURES)[:SORTED], rng.integers(0, LEVELS, SORTED)) for _ in range(TABLES)]
    for chosen, shift in tables:
        order = _sorted(flat, levels, chosen, shift)
        for first, end in _chunks(H * W):
            _compare_sorted(values, match, cost, (W, min_distance), order[first:end])
    rows, columns = np.indices((H, W), np.int32)
    down, right = (match // W).reshape(H, W) - rows, (match % W).reshape(H, W) - columns
    return _Search(values, down.astype(np.int32), right.astype(np.int32), cost.reshape(H, W), min_distance)


def _random_matches(H: int, W: int, min_distance: int, rng: np.random.Generator) -> Ints:
    """Draw a pixel for each pixel, number ``row * W + column``; those too near are taken half a picture away."""
    own = np.arange(H * W)
    match = rng.integers(0, H * W, H * W)
    near = (match // W - own // W) ** 2 + (match % W - own % W) ** 2 < min_distance**2
    row, column = own[near] // W, own[near] % W
    match[near] = (row + H // 2) % H * W + column if H > W else row * W + (column + W // 2) % W
    return match


def _chunks(count: int) -> list[tuple[int, int]]:
    return [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]


def _differences(features: Reals, own: Ints, other: Ints) -> Reals:
    """Sum the squared differences of the features of pixels; (N,) float32."""
    sums = np.empty(len(own), np.float32)
    for first, end in _chunks(len(own)):
        apart = features[own[first:end]]
        apart -= features[other[first:end]]
        np.einsum("ij,ij->i", apart, apart, out=sums[first:end])
    return sums


def _levels(flat: Features) -> Ints:
    """Return the share of pixels below each value of each feature, in `LEVELS` steps; (12, `LARGEST` + 1)."""
    counts = np.stack([np.bincount(flat[:, k], minlength=LARGEST + 1) for k in range(FEATURES)])
    below = counts.cumsum(1) - counts // 2
    return np.asarray(below * (LEVELS - 1) // counts.sum(1, keepdims=True))


def _sorted(flat: Features, levels: Ints, chosen: Ints, shift: Ints) -> Ints:
    """Sort pixels along a curve through the space of the chosen features that keeps what is near together.

    The curve is that of Morton 1966: it interleaves the bits of the levels, each shifted by some levels.
    """
    bits = np.arange(2 * LEVELS)
    spread = sum(((bits >> bit) & 1) << (SORTED * bit) for bit in range((2 * LEVELS - 1).bit_length()))
    keys = np.zeros(len(flat), np.int64)
    for k, (feature, levels_up) in enumerate(zip(chosen, shift, strict=True)):
        keys |= (np.asarray(spread)[levels[feature] + levels_up] << k)[flat[:, feature]]
    return np.argsort(keys)


def _compare_sorted(features: Reals, match: Ints, cost: Reals, size: tuple[int, int], pixels: Ints) -> None:
    """Compare pixels that follow each other in an order; `size` is the width and the minimum distance."""
    width, min_distance = size
    values, rows, columns = features[pixels], pixels // width, pixels % width
    best, found = cost[pixels], match[pixels]
    for step in range(1, min(NEIGHBOURS + 1, len(pixels))):
        one, two = slice(None, -step), slice(step, None)
        apart = values[one] - values[two]
        sums = np.einsum("ij,ij->i", apart, apart)
        sums[(rows[one] - rows[two]) ** 2 + (columns[one] - columns[two]) ** 2 < min_distance**2] = np.inf
        for own, other in ((one, two), (two, one)):
            better = sums < best[own]
            np.copyto(best[own], sums, where=better)
            np.copyto(found[own], pixels[other], where=better)
    cost[pixels], match[pixels] = best, found


def _moved_as_one(search: _Search) -> Bools:
    """Mark the pixels whose offset nearly equals that of a pixel above, below, left or right; (H, W) bool."""
    mark = np.zeros(search.cost.shape, np.bool_)
    for axis in (0, 1):
        steps = (np.diff(offsets, axis=axis) for offsets in (search.down, search.right))
        alike = np.logical_and(*(np.abs(step) <= STEEPEST for step in steps))
        for marked in np.split(mark, [1], axis)[1], np.split(mark, [-1], axis)[0]:
            marked |= alike
    return mark


def _spread(search: _Search, jump: int) -> None:
    """Offer every pixel the offsets that lie `jump` pixels away (zero order), and their extrapolation (first order).

    Only pixels that move as a neighbour does hand on their offset: the work is in proportion to their number.
    """
    W = search.cost.shape[1]
    giving = np.flatnonzero(_moved_as_one(search))
    rows, columns = np.divmod(giving, W)
    all_down, all_right = search.down.reshape(-1), search.right.reshape(-1)
    for down_by, right_by in WAYS:
        step = jump * (down_by * W + right_by)
        own = rows - jump * down_by, columns - jump * right_by
        far = rows + jump * down_by, columns + jump * right_by
        some = np.flatnonzero(_in_picture(search, *own))
        near = giving[some]
        down, right = all_down[near], all_right[near]
        differs = (down != all_down[near - step]) | (right != all_right[near - step])
        _offer(search, (own[0][some[differs]], own[1][some[differs]]), down[differs], right[differs])
        some = some[_in_picture(search, *far)[some]]
        near = giving[some]
        down, right = all_down[near], all_right[near]
        more, wider = down - all_down[near + step], right - all_right[near + step]
        changes = (np.maximum(np.abs(more), np.abs(wider)) <= STEEPEST * jump) & ((more != 0) | (wider != 0))
        some = some[changes]
        _offer(search, (own[0][some], own[1][some]), (down + more)[changes], (right + wider)[changes])


def _in_picture(search: _Search, rows: Ints, columns: Ints) -> Bools:
    H, W = search.cost.shape
    return np.asarray((rows >= 0) & (rows < H) & (columns >= 0) & (columns < W))


def _offer(search: _Search, own: tuple[Ints, Ints], down: NDArray[np.int32], right: NDArray[np.int32]) -> None:
    """Take over offsets of the pixels `own`, rows and columns, that lie in the picture and fit better."""
    W = search.cost.shape[1]
    rows, columns = own
    to_row, to_column = rows + down, columns + right
    fits = _in_picture(search, to_row, to_column)
    fits &= down.astype(np.int64) ** 2 + right.astype(np.int64) ** 2 >= search.min_distance**2
    pixels, match = (rows * W + columns)[fits], (to_row * W + to_column)[fits]
    sums = _differences(search.features, pixels, match)
    better = sums < search.cost.reshape(-1)[pixels]
    pixels = pixels[better]
    for kept, offered in ((search.cost, sums), (search.down, down[fits]), (search.right, right[fits])):
        kept.reshape(-1)[pixels] = offered[better]


def _offer_back(search: _Search) -> None:
    """Let the match of each pixel have that pixel as its own match where that is better."""
    down, right, cost = (values.reshape(-1) for values in (search.down, search.right, search.cost))
    match = np.arange(cost.size) + down.astype(np.int64) * search.cost.shape[1] + right
    some = np.flatnonzero(cost < cost[match])
    some = some[np.argsort(-cost[some], kind="stable")]  # of several, the best is written last
    own, better = match[some], cost[some]
    down[own], right[own], cost[own] = -down[some], -right[some], better


def median_field(field: NDArray[np.int16], radius: int) -> NDArray[np.int16]:
    """Take the median of each component of a field over the square around each pixel.

    Parameters
    ----------
    field : (H, W, 2) int16
    radius : int
        In pixels, 1 or 2; beyond the border the nearest value counts.

    Returns
    -------
    (H, W, 2) int16
    """
    planes = (np.ascontiguousarray(field[..., k]) for k in (0, 1))
    return np.stack([np.asarray(cv2.medianBlur(plane, 2 * radius + 1), np.int16) for plane in planes], -1)
