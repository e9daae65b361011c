"""Parts whose noise is not that of the photo: Mahdian and Saic 2009.

A sensor's noise is much the same all over a photo. The paper measures it in blocks, as the median of the finest
diagonal wavelet details, and merges neighbouring blocks of similar noise into segments. A segment that is noisier than
most of the photo may come from elsewhere, or hide retouching under added noise.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

LOW_PASS = (
    -0.00011747678412476953,
    0.0006754494064505693,
    -0.00039174037337694705,
    -0.004870352993451574,
    0.008746094047405777,
    0.013981027917398282,
    -0.044088253930794755,
    -0.017369301001807547,
    0.12874742662047847,
    0.0004724845739132828,
    -0.2840155429615469,
    -0.015829105256349306,
    0.5853546836542067,
    0.6756307362972898,
    0.31287159091429995,
    0.05441584224310401,
)
"""Daubechies' wavelet of 8 vanishing moments: Daubechies 1988, DOI 10.1002/cpa.3160410705, table 1, to 16 digits. It
is the reference implementation's (the paper leaves it open)."""

HIGH_PASS = tuple(tap if place % 2 else -tap for place, tap in enumerate(reversed(LOW_PASS)))
"""Its quadrature mirror filter."""

BLOCK = 8
"""Side of a block of wavelet details, whose median is taken; the reference implementation's default."""

STEP = 2 * BLOCK
"""Side of a cell in pixels: one detail for every other pixel."""

MAD = 0.6745
"""Median of a normal distribution's magnitude, in standard deviations."""

VIDEO_LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Weights of R, G and B in [0, 255]: ITU-R BT.601 luma of video range, 16 to 235 (`OFFSET` is its black)."""

OFFSET = 16
DARKEST, BRIGHTEST = 17, 234
"""Luma, in grey levels of video range, from which on a pixel counts as clipped."""

TAPS = len(LOW_PASS)
"""Length of the wavelet's filters."""

REACH = TAPS - 2
"""Pixels before the first pixel of a pair that its detail depends on."""

ORIGIN = (-2, -2)
"""First pixel of the first cell: a detail's energy is centred 1.6 pixels before the first pixel of its pair."""

CELL_ROWS = 4
"""Rows of cells at a time: what is computed in between stays in the processor's cache."""

MIN_SIDE = 64
"""Minimum height and width of a photo, in pixels: a majority needs some cells."""

MIN_LEVEL = 1e-6
"""Below this in all bands a cell is flat, in grey levels: the computation's rounding."""

CURVE = LlrCurve(slope=2.68, middle=0.3, threshold=0.987)
"""Logistic regressions (classes balanced) of 91 authentic photographs and 60 with Gaussian noise in an ellipse.

By ``benchmarks/calibrate.py``; the threshold leaves the 0.99 quantile of 97 % of the former below it.
"""


@dataclass(frozen=True, slots=True)
class NoiseLevelConfig:
    """Parameters of `noise_level`; none but `similar` is the paper's.

    Attributes
    ----------
    texture : float
        Exponent with which a photo's noise level rises with its details along rows and columns.
    floor : float
        Grey levels of video range, added to levels before their logarithm: JPEG leaves less in smooth parts.
    max_clipped : float
        Share of clipped pixels above which a cell knows nothing.
    smoothing : int
        Cells: side of the square whose median noise is taken before the merging; odd.
    unrest : float
        Natural logarithm; added to the spread of noise within the photo, so that none is over-interpreted.
    similar : float
        Neighbouring segments are merged when their mean noise differs by at most this, in units of the spread.
    few : float
        Share of the photo: a segment of this size keeps half of its deviation, larger ones more; small ones, whose
        deviation is often texture or chance, little.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    texture: float = 0.5
    floor: float = 0.5
    max_clipped: float = 0.5
    smoothing: int = 5
    unrest: float = 0.2
    similar: float = 0.25
    few: float = 0.02
    curve: LlrCurve = CURVE


DEFAULT = NoiseLevelConfig()


def noise_level_statistic(photo: Photo, config: NoiseLevelConfig = DEFAULT) -> Statistic:  # noqa: ARG001
    """Measure the standard deviation of the noise in each cell.

    Parameters
    ----------
    photo : Photo
        At least 64 x 64 pixels and not flat.

    Returns
    -------
    Statistic
        float64, grey levels of video range, 0 or more; one value for each whole block of 8 x 8 diagonal details, which
        is 16 x 16 pixels.

    Raises
    ------
    NotApplicable
        Smaller than 64 x 64 pixels, or of one flat colour.

    Notes
    -----
    DOI 10.1016/j.imavis.2009.02.001, section 3, before its merging: median of the magnitudes of the finest diagonal
    details of luma, over 0.6745. Luma is rounded and of video range, as in the MATLAB toolbox of MKLab; pyIFD takes
    full range, and its values are larger by about 1.16. The photo is mirrored at its border. Partial blocks of details
    are left out, as in both; the details reach 14 pixels beyond the photo, so at most 2 rows and columns of pixels have
    no cell of their own.
    """
    METHOD.check(photo)
    rows, columns = _cells(photo)
    levels = np.empty((rows, columns))
    _, high = _filters()
    for first, luma in _bands(photo.pixels, rows, columns):
        levels[first : first + CELL_ROWS] = _levels(_across(_down(luma, high), high))
    return Statistic(levels, (STEP, STEP), ORIGIN)


def noise_level_llr(photo: Photo, config: NoiseLevelConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a segment of similar noise that is noisier than most of the photo.

    Where a photo has details along its rows or columns, it has diagonal ones, too, noise or not. So the logarithm of
    the paper's level is taken less half of the logarithm of those. Its median is the photo's own noise; deviations are
    given in units of their robust spread. Cells are merged into segments as in the paper, and each has its mean.

    Parameters
    ----------
    photo : Photo
    config : NoiseLevelConfig

    Returns
    -------
    Statistic
        float64, calibrated: around -0.8 in most of a photo, 4.5 and more in a segment of far more noise, lower where
        there is less than usual. NaN in clipped and flat cells.

    Raises
    ------
    NotApplicable
        As `noise_level_statistic`.

    Notes
    -----
    Segments of less noise than the majority are not marked: parts out of focus and smooth surfaces look the same.
    """
    METHOD.check(photo)
    diagonal, rows, columns, clipped = _all_levels(photo)
    known = (clipped <= config.max_clipped) & (np.maximum(diagonal, np.maximum(rows, columns)) > MIN_LEVEL)
    if not known.any():
        return config.curve.llr(Statistic(np.full(known.shape, np.nan), (STEP, STEP), ORIGIN))
    usual = config.texture * (np.log(rows + config.floor) + np.log(columns + config.floor)) / 2
    noise = _median_around(np.where(known, np.log(diagonal + config.floor) - usual, np.nan), config.smoothing)
    noisier = _from_majority(noise, config.unrest)
    segments = merge(noisier, config.similar)
    return config.curve.llr(Statistic(_of_segments(noisier, segments, config.few), (STEP, STEP), ORIGIN))


def noise_level(photo: Photo, config: NoiseLevelConfig = DEFAULT) -> Heatmap:
    """Find parts that are noisier than most of the photo: Mahdian and Saic 2009, calibrated.

    Blind to parts with less noise, where the photo's own fine texture is as strong as the noise, and after compression
    or reduction that removes the finest details.
    """
    return heatmap_of(noise_level_llr(photo, config), photo, config.curve)


def merge(level: Floats, similar: float) -> NDArray[np.int64]:
    """Merge neighbouring cells of similar level into segments.

    In each round every segment joins the neighbour whose mean is nearest to its own, unless the two differ by more
    than `similar`; until none can.

    Parameters
    ----------
    level : (rows, columns) float64
        NaN where unknown.
    similar : float

    Returns
    -------
    (rows, columns) int64
        Number of each cell's segment, 0 and up; -1 where unknown.
    """
    known = np.isfinite(level)
    labels = np.full(level.shape, -1)
    labels[known] = np.arange(known.sum())
    values, segment = level[known], np.arange(known.sum())
    here, there = _neighbours(labels)
    while here.size:
        mean = np.bincount(segment, values) / np.bincount(segment)
        apart = segment[here] != segment[there]
        here, there = here[apart], there[apart]
        joined = _join_nearest(mean, segment[here], segment[there], similar)
        if joined is None:
            break
        segment = joined[segment]
    labels[known] = segment
    return labels


def _neighbours(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of known cells that share a side."""
    here = np.concatenate([labels[:, :-1].ravel(), labels[:-1].ravel()])
    there = np.concatenate([labels[:, 1:].ravel(), labels[1:].ravel()])
    known = (here >= 0) & (there >= 0)
    return here[known], there[known]


def _join_nearest(
    mean: Floats, here: NDArray[np.int64], there: NDArray[np.int64], similar: float
) -> NDArray[np.int64] | None:
    """Merge segments for one round and return their numbers; None when no pair is similar."""
    one, other = np.concatenate([here, there]), np.concatenate([there, here])
    difference = np.abs(mean[one] - mean[other])
    order = np.lexsort((difference, one))
    nearest = order[np.diff(one[order], prepend=-1) > 0]
    nearest = nearest[difference[nearest] <= similar]
    if not nearest.size:
        return None
    return _connected(mean.size, one[nearest], other[nearest])


def _connected(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Assign a number to the connected parts of `count` nodes with links from `one` to `other`; (count,) int64.

    Every node takes the smallest number that its links reach, and then that of the node it points to, until none
    changes: Shiloach and Vishkin 1982, DOI 10.1016/0196-6774(82)90008-6.
    """
    root = np.arange(count)
    while True:
        before = root.copy()
        smallest = np.minimum(root[one], root[other])
        for linked in (root[one], root[other], one, other):
            np.minimum.at(root, linked, smallest)
        root = root[root]
        if np.array_equal(root, before):
            return np.unique(root, return_inverse=True)[1]


def _of_segments(level: Floats, segments: NDArray[np.int64], few: float) -> Floats:
    """Return the mean of its segment for each known cell, drawn towards 0 where the segment is small."""
    known = segments >= 0
    sums, cells = np.bincount(segments[known], level[known]), np.bincount(segments[known])
    return np.where(known, (sums / (cells + few * level.size))[segments], np.nan)


def _from_majority(noise: Floats, unrest: float) -> Floats:
    usual = np.nanmedian(noise)
    spread = 1.4826 * np.nanmedian(np.abs(noise - usual))  # the standard deviation, if it were normal
    return np.asarray((noise - usual) / (spread + unrest))


def _median_around(values: Floats, side: int) -> Floats:
    """Return the median of the known cells around each known cell."""
    padded = np.pad(values, side // 2, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(*values.shape, -1)
    ordered = np.sort(around, axis=-1)  # NaN last
    known = np.isfinite(values)
    last = np.maximum(np.isfinite(around).sum(-1, keepdims=True) - 1, 0)
    low, high = (np.take_along_axis(ordered, number, -1)[..., 0] for number in (last // 2, (last + 1) // 2))
    return np.where(known, (low + high) / 2, np.nan)


def _cells(photo: Photo) -> tuple[int, int]:
    """Whole blocks of details, down and across."""
    return (photo.height + TAPS - 1) // 2 // BLOCK, (photo.width + TAPS - 1) // 2 // BLOCK


def _bands(pixels: NDArray[np.uint8], rows: int, columns: int) -> Iterator[tuple[int, Floats]]:
    """Yield the luma of a few rows of cells at a time, mirrored at the border, with what their details reach before."""
    beyond = max(0, columns * STEP - pixels.shape[1])
    order = np.pad(np.arange(len(pixels)), (REACH, TAPS), "symmetric")
    for first in range(0, rows, CELL_ROWS):
        last = min(first + CELL_ROWS, rows)
        luma = _luma(pixels[order[first * STEP : last * STEP + REACH]])
        yield first, np.pad(luma, ((0, 0), (REACH, beyond)), "symmetric")[:, : columns * STEP + REACH]


def _luma(pixels: NDArray[np.uint8]) -> Floats:
    """Return rounded luma of video range; half a grey level goes up."""
    luma = np.asarray(cv2.transform(pixels.astype(np.float64), np.array([(*VIDEO_LUMA, OFFSET + 0.5)])), np.float64)
    return np.asarray(np.floor(luma, out=luma).reshape(pixels.shape[:2]))


@functools.cache
def _filters() -> tuple[Floats, Floats]:
    """Low and high pass as matrices (8, 30): from the pixels that 8 details depend on to these details."""
    low, high = np.zeros((2, BLOCK, STEP + REACH))
    for matrix, taps in ((low, LOW_PASS), (high, HIGH_PASS)):
        for detail in range(BLOCK):
            matrix[detail, 2 * detail : 2 * detail + TAPS] = taps[::-1]
        matrix.setflags(write=False)
    return low, high


def _down(luma: Floats, matrix: Floats) -> Floats:
    """Filter and halve the columns; (rows of cells, 8, W)."""
    windows = np.lib.stride_tricks.sliding_window_view(luma, STEP + REACH, axis=0)[::STEP]
    return np.asarray(np.matmul(matrix, windows.transpose(0, 2, 1)))


def _across(details: Floats, matrix: Floats) -> Floats:
    """Filter and halve the rows; (rows of cells, 8, columns of cells, 8)."""
    windows = np.lib.stride_tricks.sliding_window_view(details, STEP + REACH, axis=2)[:, :, ::STEP]
    return np.asarray((windows.reshape(-1, STEP + REACH) @ matrix.T).reshape(*windows.shape[:-1], BLOCK))


def _levels(details: Floats) -> Floats:
    """Median magnitude of each block of details, as the standard deviation of the noise that would give it."""
    size = np.abs(details.transpose(0, 2, 1, 3)).reshape(details.shape[0], details.shape[2], BLOCK * BLOCK)
    middle = BLOCK * BLOCK // 2
    size.partition((middle - 1, middle), axis=-1)
    return np.asarray((size[..., middle - 1] + size[..., middle]) / 2 / MAD)


def _all_levels(photo: Photo) -> tuple[Floats, Floats, Floats, Floats]:
    """Level of the diagonal, the row and the column details of each cell, and its share of clipped pixels."""
    shape = _cells(photo)
    diagonal, rows, columns, clipped = (np.empty(shape) for _ in range(4))
    low, high = _filters()
    for first, luma in _bands(photo.pixels, *shape):
        fine, coarse = _down(luma, high), _down(luma, low)
        these = slice(first, first + CELL_ROWS)
        diagonal[these] = _levels(_across(fine, high))
        rows[these] = _levels(_across(fine, low))
        columns[these] = _levels(_across(coarse, high))
        clipped[these] = _share_clipped(luma)
    return diagonal, rows, columns, clipped


def _share_clipped(luma: Floats) -> Floats:
    first = REACH + ORIGIN[0]
    inside = luma[first : first - REACH, first : first - REACH]
    clipped = (inside <= DARKEST) | (inside >= BRIGHTEST)
    rows, columns = (side // STEP for side in clipped.shape)
    return np.asarray(clipped.reshape(rows, STEP, columns, STEP).mean((1, 3)))


METHOD = Detector(
    info=MethodInfo(
        name="noise-level",
        paper="B. Mahdian, S. Saic, 2009, Using noise inconsistencies for blind image forensics, DOI "
        "10.1016/j.imavis.2009.02.001",
        detects="parts that are noisier than most of the photo",
        blind_spots="where a part has less noise than the photo, where the photo's own fine texture is as strong "
        "as noise, and after compression or reduction that removes the finest details",
        needs=frozenset({"detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=noise_level_llr,
)
