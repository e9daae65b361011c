"""Grids of 8 x 8 blocks that do not fit the photo's own: Li, Yuan and Yu 2009.

JPEG leaves weak steps at the borders of its 8 x 8 blocks. A region that was pasted from a JPEG, or moved within one,
brings its steps along, and they fall inside the photo's blocks. The paper sums weak second differences along each
possible grid line, keeps what recurs every 8 pixels, and asks of each block whether such lines cross its inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.floating[Any]]

SIDE = 8
"""Side of a JPEG block, in pixels."""

MIN_SIDE = 64
"""Minimum height and width of a photo, in pixels: fewer blocks do not show what recurs."""

BAND = 512
"""Rows at a time: what is computed in between stays in the processor's cache."""

MIN_UNREST = 1e-6
"""Below this the lines of a window do not differ but for rounding, in grey levels."""

VIDEO_LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Weights of R, G and B in [0, 255]: ITU-R BT.601 luma of video range, unrounded (offset left out: it cancels)."""


CURVE = LlrCurve(slope=0.7, middle=0.0, threshold=0.953)
"""Logistic regressions (classes balanced): cells and 0.98 quantiles of 91 authentic photographs, and moved regions.

The regions are 40 % of the sides, moved off the grid within the same photographs after JPEG compression at quality 50
to 85; saved without loss. At the threshold, 95 % of 91 authentic photographs have no region
(``benchmarks/calibrate.py --threshold``).
"""


@dataclass(frozen=True, slots=True)
class BlockGridConfig:
    """Parameters of `block_grid`.

    Attributes
    ----------
    steepest : float
        Second differences above this are the picture's own edges and count as 0. Grey levels of video range (16 to
        235); 50 in the paper's reference implementation.
    line : int
        Pixels along a grid line that are summed, and across it that give the local median; odd; 33 in the paper.
    window : int
        Side of the square of blocks whose mean is taken, in blocks; odd. Not in the paper.
    unrest : float
        Share of the photo's median unrest between lines that is added to each window's own, so that nearly flat
        parts do not stand out. Not in the paper.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    steepest: float = 50.0
    line: int = 33
    window: int = 11
    unrest: float = 0.2
    curve: LlrCurve = CURVE


DEFAULT = BlockGridConfig()


def block_grid_statistic(photo: Photo, config: BlockGridConfig = DEFAULT) -> Statistic:
    """Measure how much stronger the lines inside each block are than those at its border.

    Parameters
    ----------
    photo : Photo
        At least 8 x 8 pixels and not flat.

    Returns
    -------
    Statistic
        (ceil(H / 8), ceil(W / 8)) float64, in grey levels summed over ``6 * line`` pixels; large where block
        borders lie inside the block. Blocks begin at the photo's first pixel.

    Notes
    -----
    DOI 10.1016/j.sigpro.2009.03.025, section 3. Blocks that the photo's border cuts are measured with what there is
    of them; pixels beyond the border count as no line (0). pyIFD leaves such blocks at 0 without measuring them.
    """
    _check(photo)
    features = _block_features(_grid_lines(_luma(photo), config))
    return Statistic(np.asarray(features, np.float64), (SIDE, SIDE))


def block_grid_llr(photo: Photo, config: BlockGridConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a part where another grid is stronger than that of the photo as a whole.

    The lines of the paper are averaged by their place in the block, separately for columns and rows, over a window
    of blocks. The place where most of the photo has its lines is the photo's own; the measure is the strongest
    other place (neighbours of the own one left out) less the own one, in units of the window's unrest, columns plus
    rows.

    Returns
    -------
    Statistic
        (H // 8, W // 8) float64, calibrated: about -5 where the photo's own grid is clear, around 0 where no grid is
        seen, up to 5 where another one is clear; NaN where the picture has no lines at all.

    Notes
    -----
    It differs from the paper's block feature on purpose: that one grows with the picture's own texture, takes the
    grid to start at the photo's first pixel (false after cropping), and is not comparable between photos.
    """
    _check(photo)
    lines = _grid_lines(_luma(photo).astype(np.float32), config)  # half the memory, and less time
    rows, columns = photo.height // SIDE, photo.width // SIDE
    blocks = lines[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE)
    down, across = blocks.sum(1, dtype=np.float64), blocks.sum(3, dtype=np.float64).transpose(0, 2, 1)
    return config.curve.llr(Statistic(_other_over_own(down, config) + _other_over_own(across, config), (SIDE, SIDE)))


def block_grid(photo: Photo, config: BlockGridConfig = DEFAULT) -> Heatmap:
    """Find regions whose grid of 8 x 8 blocks does not fit the photo's: Li, Yuan and Yu 2009, calibrated.

    Blind where a region keeps the grid (one shift of 64 does by chance), where neither region nor photo was
    compressed below quality 90 or so, and after rescaling or strong compression of the finished forgery.
    """
    return heatmap_of(block_grid_llr(photo, config), photo, config.curve)


def _check(photo: Photo) -> None:
    if min(photo.height, photo.width) < MIN_SIDE:
        wanted = f"{MIN_SIDE} x {MIN_SIDE}"
        raise NotApplicable(f"the photo is {photo.width} x {photo.height} pixels; expected at least {wanted}")
    if bool((photo.pixels == photo.pixels[0, 0]).all()):
        raise NotApplicable("the photo is of one flat colour; it shows no blocks")


def _luma(photo: Photo) -> Floats:
    luma = photo.pixels[..., 0] * VIDEO_LUMA[0]
    luma += photo.pixels[..., 1] * VIDEO_LUMA[1]
    luma += photo.pixels[..., 2] * VIDEO_LUMA[2]
    return np.asarray(luma)


def _grid_lines(luma: Floats, config: BlockGridConfig) -> Floats:
    """Strength of horizontal plus vertical block borders at every pixel; (H, W), grey levels."""
    lines = _vertical_lines(luma, config)
    lines += _vertical_lines(np.ascontiguousarray(luma.T), config).T
    return lines


def _vertical_lines(luma: Floats, config: BlockGridConfig) -> Floats:
    """Weak second differences across columns, summed down each column, above the local median, every 8 columns."""
    padded = np.pad(luma, ((0, 0), (1, 1)), "edge")
    steps = np.abs(2 * luma - padded[:, :-2] - padded[:, 2:])
    steps[steps > config.steepest] = 0
    lines = _sum_down(steps, config.line)
    for top in range(0, len(lines), BAND):
        band = lines[top : top + BAND]
        band -= _median_across(band, config.line)
        band[:] = _median_of_period(band)
    return lines


def _sum_down(values: Floats, length: int) -> Floats:
    sums = cv2.boxFilter(values, -1, (1, length), normalize=False, borderType=cv2.BORDER_REFLECT)
    return np.asarray(sums, values.dtype).reshape(values.shape)


def _median_across(values: Floats, length: int) -> Floats:
    """Return the running median along rows: sorted windows that lose one value and gain one at each step.

    All rows move at once; a window is a column, so that neighbours in memory are those of other rows.
    """
    columns = np.pad(values, ((0, 0), (length // 2, length // 2)), "symmetric").T.copy()
    window = np.sort(columns[:length], 0)
    fewer = np.full((length + 1, len(values)), -np.inf, values.dtype)
    fewer[-1] = np.inf
    medians = np.empty(values.shape[::-1], values.dtype)
    medians[0] = window[length // 2]
    smaller = np.empty((length - 1, len(values)), np.bool_)
    for column in range(1, len(medians)):
        leaving, entering = columns[column - 1], columns[column + length - 1]
        np.less(window[:-1], leaving, out=smaller)
        np.copyto(fewer[1:-1], window[1:])
        np.copyto(fewer[1:-1], window[:-1], where=smaller)
        np.minimum(fewer[1:], entering, out=window)
        np.maximum(fewer[:-1], window, out=window)
        medians[column] = window[length // 2]
    return medians.T


def _median_of_period(values: Floats) -> Floats:
    """Median of each value and its four neighbours 8 and 16 columns away: only what recurs stays."""
    padded = np.pad(values, ((0, 0), (2 * SIDE, 2 * SIDE)), "symmetric")
    a, b, c, d, e = (padded[:, k * SIDE : k * SIDE + values.shape[1]] for k in range(5))
    low, high = np.minimum(a, b), np.maximum(a, b)
    low = np.maximum(low, np.minimum(d, e))
    high = np.minimum(high, np.maximum(d, e))
    return np.asarray(np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), c)))


def _block_features(lines: Floats) -> Floats:
    """Strongest inner line less weakest border line of each block, for columns and for rows."""
    rows, columns = (-(-side // SIDE) for side in lines.shape)
    whole = np.zeros((rows * SIDE, columns * SIDE))
    whole[: lines.shape[0], : lines.shape[1]] = lines
    inner_rows = whole.reshape(rows, SIDE, -1)[:, 1:-1]
    down = inner_rows.sum(1).reshape(rows, columns, SIDE)
    across = whole.reshape(rows, SIDE, columns, SIDE)[..., 1:-1].sum(3).transpose(0, 2, 1)
    return np.asarray(_inside_over_border(down) + _inside_over_border(across))


def _inside_over_border(sums: Floats) -> Floats:
    return np.asarray(sums[..., 1:-1].max(-1) - np.minimum(sums[..., 0], sums[..., -1]))


def _other_over_own(sums: Floats, config: BlockGridConfig) -> Floats:
    """Compare the strongest other line with the photo's own one, in each window.

    Parameters
    ----------
    sums : (rows, columns, 8) float64
        Strength of the eight lines of each block.

    Returns
    -------
    (rows, columns) float64
    """
    pairs = sums + np.roll(sums, -1, -1)  # a border shows on both its sides: line k and the next
    own = int(np.median(pairs, (0, 1)).argmax())
    pairs = np.roll(pairs, -own, -1)
    mean = np.stack([_mean(pairs[..., place], config.window) for place in range(SIDE)], -1)
    unrest = _mean(np.abs(pairs - np.median(pairs, -1, keepdims=True)).mean(-1), config.window)
    scale = unrest + config.unrest * np.median(unrest)
    excess = mean[..., 2:-1].max(-1) - mean[..., 0]
    excess[scale < MIN_UNREST] = np.nan
    return np.asarray(excess / np.maximum(scale, MIN_UNREST))


def _mean(values: Floats, window: int) -> Floats:
    means = cv2.blur(np.ascontiguousarray(values), (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(means, np.float64).reshape(values.shape)


METHOD = Detector(
    info=MethodInfo(
        name="block-grid",
        paper="W. Li, Y. Yuan, N. Yu, 2009, Passive detection of doctored JPEG image via block artifact grid "
        "extraction, DOI 10.1016/j.sigpro.2009.03.025",
        detects="regions whose grid of 8 x 8 JPEG blocks is shifted against the photo's own: pasted, moved or "
        "painted over",
        blind_spots="where a region happens to keep the grid, where nothing was compressed enough to show blocks "
        "(quality above about 90), and after rescaling or strong compression of the finished forgery",
        needs=frozenset({"detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=block_grid_llr,
)
