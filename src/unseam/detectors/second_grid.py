"""Find the grid of an earlier JPEG compression, in all or in parts of a photo.

On that grid the DCT coefficients of a frequency lie around multiples of one step, on other grids anywhere. In the
simplified model of Bianchi and Piva 2012 (DOI 10.1109/TIFS.2012.2187516) the likelihood ratio of both is periodic, so
only the remainder of a coefficient modulo the step counts: nothing needs to be known about the picture, and fewer than
a hundred blocks are enough. The file's own compression makes lattices too, on every grid, but the same ones on mirror
images of a grid: what lies 3 rows and 5 columns off its blocks sees them as what lies 5 rows and 3 columns off does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import SIDE, cosines
from unseam.detectors.jpeg_ghost import STANDARD_TABLE
from unseam.detectors.jpeg_mixture import BINS, ZERO
from unseam.detectors.jpeg_rounding import Noise, low_block_dct, noise_kernel
from unseam.jpeg.quantization import STANDARD_LUMA, ijg_table

Floats = NDArray[np.float64]
Grid = tuple[int, int]
Frequencies = Sequence[tuple[int, int]]

GRIDS = SIDE * SIDE
BAND = 32
"""Rows of pixels at a time, at least: what is computed in between stays in the processor's cache."""

COUNTED_AT_ONCE = 1 << 17
"""Pixels at a time, at least: a histogram of all grids is large, and small photos are counted in one go."""
SHARES = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 0.97)
"""Shares of blocks compressed twice that are tried; the likelihood is flat between them."""
QUALITIES = range(30, 96)
"""Of the IJG's scaled standard tables: the ones tried as a whole."""
MIN_FREQUENCIES = 4
"""Frequencies for which such a table must have a step that is tried."""


@dataclass(frozen=True, slots=True)
class GridSearch:
    """When a grid stands out.

    The last three were chosen on 137 untouched photographs compressed once or twice on one grid: of those in which a
    grid reached the first two of them, none reached more than 2.7 of the third.

    Attributes
    ----------
    lively : float
        A block counts when one of its AC coefficients is at least this: flat ones lie on lattices.
    mean_noise, other_noise : float
        Standard deviation of what came upon coefficients since, for each that the file's step of the same frequency
        makes: on another grid it comes from the steps of all frequencies. Likeliest values of photographs compressed
        on two grids (quality 51 to 76, then 89 to 97): 1.2 to 1.5 for (0, 0), 1.5 to 2.5 for others.
    min_step, min_ratio : float
        Earlier steps that are tried: at least this, and at least so many times the file's own step. Lattices are
        finer.
    caution : float
        Standard deviations of that noise that the ratio of a block assumes: rich texture has more than most of a
        photo, and must not look as if it had not been compressed before.
    outliers : float
        Share of coefficients that may lie anywhere, in the ratio of a block.
    min_gain : float
        Log-likelihood that a frequency must gain to have a say about blocks.
    min_lead : float
        Log-likelihood by which a grid must exceed its mirror images.
    min_part : float
        The same, for each that it gained itself.
    min_distinct : float
        The same, for each that another grid leads by, its neighbours excepted.
    """

    lively: float = 2.0
    mean_noise: float = 1.25
    other_noise: float = 2.0
    min_step: float = 4.0
    min_ratio: float = 1.5
    caution: float = 1.5
    outliers: float = 0.1
    min_gain: float = 3.0
    min_lead: float = 15.0
    min_part: float = 0.5
    min_distinct: float = 3.2


DEFAULT = GridSearch()


@dataclass(frozen=True, slots=True)
class SecondGrid:
    """The grid of an earlier compression.

    Attributes
    ----------
    grid : (int, int)
        Row and column of its first block's first sample, 0 to 7, not both 0.
    steps : tuple of int
        Its quantization step for each frequency; 0 where it cannot be determined.
    """

    grid: Grid
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Gains:
    """Log-likelihood that earlier steps gain, of one frequency.

    Attributes
    ----------
    steps : tuple of int
        The Q steps.
    values : (Q, GRIDS, len(SHARES)) float64
    """

    steps: tuple[int, ...]
    values: Floats


def find_second_grid(
    plane: Floats,
    frequencies: Frequencies,
    noises: Sequence[Noise],
    table: NDArray[np.uint16],
    search: GridSearch = DEFAULT,
) -> SecondGrid | None:
    """Find the grid, other than the file's own, on which most says that a part was compressed before.

    Parameters
    ----------
    plane : (H, W) float64
        Decoded samples of a component less 128; whole blocks of the file's own grid.
    frequencies : sequence of (int, int)
        The first is (0, 0).
    noises : sequence of Noise
        What came upon the coefficients of each since the earlier compression.
    table : (8, 8) uint16
        The file's own quantization steps.
    search : GridSearch

    Returns
    -------
    SecondGrid, optional
        None where no grid stands out. Neither do those half a block off on one axis or both, and not at all on the
        other: they are their own mirror images.
    """
    counts = coefficient_histograms(plane, frequencies, search.lively)
    gains = [
        _gains(
            count,
            frequency,
            _possible_steps(int(table[frequency]), frequency, search),
            elsewhere(noise, frequency, search),
        )
        for count, frequency, noise in zip(counts, frequencies, noises, strict=True)
    ]
    for score in (_with_any_steps(gains), _with_standard_tables(gains, frequencies)):
        grid = outstanding(score.max(axis=1).reshape(SIDE, SIDE), search)
        if grid is not None:
            number = grid[0] * SIDE + grid[1]
            share = int(score[number].argmax())
            return SecondGrid(grid, tuple(_likeliest_step(gain, number, share, search) for gain in gains))
    return None


def outstanding(score: Floats, search: GridSearch = DEFAULT) -> Grid | None:
    """Return the grid whose log-likelihood (8, 8) stands out from its mirror images and from all others, if any."""
    lead = score - np.maximum(_best_mirror_image(score), 0)
    row, column = divmod(int(lead.argmax()), SIDE)
    best = float(lead[row, column])
    others = lead.copy()
    near = np.arange(-1, 2)
    others[np.ix_((row + near) % SIDE, (column + near) % SIDE)] = -np.inf
    needed = (search.min_lead, search.min_part * score[row, column], search.min_distinct * others.max())
    return (row, column) if best >= max(needed) else None


def block_log_ratio(
    plane: Floats, frequencies: Frequencies, noises: Sequence[Noise], found: SecondGrid, search: GridSearch = DEFAULT
) -> Floats:
    """Return the log-likelihood ratio of an earlier compression on a grid, against none, of each block of that grid.

    Returns
    -------
    (block rows, block columns) float64
        0 for flat blocks. AC coefficients nearer to 0 than to another multiple of the step say nothing.
    """
    seen = low_block_dct(plane, frequencies, found.grid)
    total = np.zeros(seen.shape[1:])
    for values, frequency, noise, step in zip(seen, frequencies, noises, found.steps, strict=True):
        if step:
            whole = np.floor(values + 0.5).astype(np.int64)
            likely = periodic(step, elsewhere(noise, frequency, search, search.caution))
            ratio = np.log(search.outliers + (1 - search.outliers) * likely)[whole % step]
            ratio[(frequency != (0, 0)) & (np.abs(whole) <= step // 2)] = 0
            total += ratio
    return np.where((np.abs(seen[1:]) >= search.lively).any(axis=0), total, 0)


def coefficient_histograms(plane: Floats, frequencies: Frequencies, lively: float) -> NDArray[np.int64]:
    """Count the DCT coefficients of lively blocks, on each of the 64 grids.

    Parameters
    ----------
    plane : (H, W) float64
    frequencies : sequence of (int, int)
        F of them; the first is (0, 0).
    lively : float
        See `GridSearch`.

    Returns
    -------
    (F, GRIDS, BINS) int64
        By rounded value, 0 in bin ZERO; the grid that begins at row r and column c is number 8 r + c.
    """
    width = plane.shape[1] - SIDE + 1
    counts = np.zeros((len(frequencies), GRIDS * BINS), np.int64)
    columns = np.arange(width) % SIDE * BINS
    band = max(BAND, COUNTED_AT_ONCE // width)
    for top in range(0, plane.shape[0] - SIDE + 1, band):
        coefficients = _on_all_grids(plane[top : top + band + SIDE - 1].astype(np.float32), frequencies)
        chosen = np.asarray((np.abs(coefficients[1:]) >= lively).any(axis=0))
        rows = (top + np.arange(len(chosen))) % SIDE * (SIDE * BINS)
        first = (rows[:, None] + columns)[chosen]
        for count, values in zip(counts, coefficients, strict=True):
            bins = np.clip(values[chosen] + np.float32(ZERO + 0.5), 0, BINS - 1).astype(np.int64)
            bins += first
            count += np.bincount(bins, minlength=GRIDS * BINS)
    return counts.reshape(-1, GRIDS, BINS)


def elsewhere(noise: Noise, frequency: tuple[int, int], search: GridSearch = DEFAULT, more: float = 1.0) -> Noise:
    """Turn the noise of a frequency on the file's own grid into that on another one, more or less of it."""
    factor = more * (search.mean_noise if frequency == (0, 0) else search.other_noise)
    return Noise(noise.mean, noise.variance * factor**2)


def periodic(step: int, noise: Noise) -> Floats:
    """Return the probability of each remainder modulo a step, for each that it has without an earlier compression."""
    offsets, kernel = noise_kernel(Noise(0.0, noise.variance))
    return np.asarray(np.bincount(offsets % step, weights=kernel, minlength=step) * step, np.float64)


def _on_all_grids(band: NDArray[np.float32], frequencies: Frequencies) -> NDArray[np.float32]:
    """Transform the 8 x 8 pixels that begin at each pixel; (F, H - 7, W - 7)."""
    transform = cosines().astype(np.float32)
    rows, columns = (side - SIDE + 1 for side in band.shape)
    planes = np.empty((len(frequencies), rows, columns), np.float32)
    for plane, (v, u) in zip(planes, frequencies, strict=True):
        filtered = cv2.sepFilter2D(band, cv2.CV_32F, transform[u], transform[v], anchor=(0, 0))
        plane[:] = filtered[:rows, :columns]
    return planes


def _possible_steps(last: int, frequency: tuple[int, int], search: GridSearch) -> tuple[int, ...]:
    first = int(np.ceil(max(search.min_step, search.min_ratio * last)))
    return tuple(range(first, int(STANDARD_TABLE.reshape(SIDE, SIDE)[frequency]) + 1))


def _gains(counts: NDArray[np.int64], frequency: tuple[int, int], steps: tuple[int, ...], noise: Noise) -> _Gains:
    shares = np.array(SHARES)
    values = np.zeros((len(steps), GRIDS, len(SHARES)))
    reach = int(np.abs(np.flatnonzero(counts.any(axis=0)) - ZERO).max(initial=0)) + 1
    for value, step in zip(values, steps, strict=True):
        remainders = _folded(counts, step, reach, skip_zero=frequency != (0, 0))
        value[:] = remainders @ np.log(1 - shares + shares * periodic(step, noise)[:, None])
    return _Gains(steps, values)


def _folded(counts: NDArray[np.int64], step: int, reach: int, skip_zero: bool) -> NDArray[np.int64]:
    """Count remainders modulo a step (GRIDS, step) of values below `reach`, without those nearest to 0 if wanted.

    Flat parts pile up there.
    """
    periods = min(ZERO // step, -(-reach // step))
    middle = periods * step
    whole = counts[:, ZERO - middle : ZERO + middle]
    if skip_zero:
        whole = whole.copy()
        whole[:, middle - step // 2 : middle + step // 2 + 1] = 0
    return np.asarray(whole.reshape(len(counts), -1, step).sum(axis=1))


def _with_any_steps(gains: list[_Gains]) -> Floats:
    """Sum over frequencies, each with its best step; (GRIDS, len(SHARES))."""
    best = [gain.values.max(axis=0) for gain in gains if gain.steps]
    return np.sum(best, axis=0) if best else np.zeros((GRIDS, len(SHARES)))


def _with_standard_tables(gains: list[_Gains], frequencies: Frequencies) -> Floats:
    """Sum over frequencies, with the steps of the best standard table; (GRIDS, len(SHARES))."""
    best = np.zeros((GRIDS, len(SHARES)))
    for table in _standard_tables():
        wanted = [int(table[frequency]) for frequency in frequencies]
        known = [
            gain.values[gain.steps.index(step)] for gain, step in zip(gains, wanted, strict=True) if step in gain.steps
        ]
        if len(known) >= MIN_FREQUENCIES:
            best = np.maximum(best, np.sum(known, axis=0))
    return best


@cache
def _standard_tables() -> NDArray[np.int64]:
    """Return the standard luma tables of `QUALITIES`, (Q, 8, 8)."""
    return np.array([ijg_table(STANDARD_LUMA, quality) for quality in QUALITIES]).reshape(-1, SIDE, SIDE)


def _best_mirror_image(score: Floats) -> Floats:
    """Return the highest score among the mirror images of each grid; infinite where there is none but itself."""
    other = -np.arange(SIDE) % SIDE
    own = other == np.arange(SIDE)
    images = np.full((3, SIDE, SIDE), -np.inf)
    images[0][~own] = score[other][~own]
    images[1][:, ~own] = score[:, other][:, ~own]
    images[2][np.ix_(~own, ~own)] = score[other][:, other][np.ix_(~own, ~own)]
    best = images.max(axis=0)
    best[np.ix_(own, own)] = np.inf
    return np.asarray(best)


def _likeliest_step(gain: _Gains, grid: int, share: int, search: GridSearch) -> int:
    if not gain.steps:
        return 0
    best = int(gain.values[:, grid, share].argmax())
    return gain.steps[best] if gain.values[best, grid, share] >= search.min_gain else 0
