"""Regions that were JPEG-compressed before, at another quality than the rest: Farid 2009.

Compressing a photo once more changes least what was compressed at that same quality before. So the difference between
a photo and its copies at many qualities has a dip, a "ghost", at the earlier quality of each region.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.errors import NotApplicable
from unseam.jpeg.colour import LUMA
from unseam.jpeg.quantization import STANDARD_LUMA, ijg_table
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

SIDE = 8
"""Side of a JPEG block, in pixels."""

STANDARD_TABLE: Floats = np.array(STANDARD_LUMA, np.float64)
STANDARD_TABLE.setflags(write=False)
"""Quantization steps of luma at quality 50."""

BAND = 512
"""Blocks at a time: what is computed for each quality stays in the processor's cache."""


OFF = SIDE // 2
"""Pixels by which the photo is shifted to see how texture alone changes, on a grid without ghosts."""

MIN_SIDE = 64
"""Minimum height and width of a photo, in pixels: a majority of blocks needs some blocks."""

MIN_CHANGE = 1e-9
"""Below this a block changes by the rounding of the computation only, in squared grey levels."""

MIN_DIFFERENCE = 0.05
"""Added to differences before their logarithm, in squared grey levels: pixels rounded to integers have 1 / 12."""

CURVE = LlrCurve(slope=2.1, middle=0.75, threshold=0.988)
"""From 60 constructed cases and 91 authentic photographs (``benchmarks/calibrate.py``).

The score is the logistic regression that the command gave when only regions with a ghost were looked for. For the heat
that regression is too steep (4.1): it follows the bulk of the cells. Slope and middle are set to the shares counted
among cells, both sides weighing the same: half at 0.75, 0.985 at 2.75. The threshold is at 2.85: the 0.99 quantile of
97 % of the authentic photographs is at most 2.83, and 2.60 without the search for regions that lack a ghost.
"""


@dataclass(frozen=True, slots=True)
class JpegGhostConfig:
    """Parameters of `jpeg_ghost`.

    Attributes
    ----------
    qualities : tuple of int
        Qualities of the IJG scale, 1 to 100, one apart, at which the photo is compressed again; the paper uses 30 to
        100, its reference implementation 51 to 100.
    window : int
        Side of the square of blocks over which differences are averaged, in blocks; odd. The paper averages over 16
        x 16 pixels, its reference implementation over 17 x 17; 3 blocks are 24 x 24.
    reach : int
        A dip is measured against the qualities this far below and above. Not in the paper.
    highest : int
        Highest quality at which a ghost is looked for; above it, rounding to whole pixels hides them. Not in the
        paper.
    smoothing : int
        Side of the square of blocks whose mean dip is taken, in blocks; odd. Not in the paper.
    unrest : float
        Added to the spread of the dips within the photo, natural logarithm. Not in the paper.
    groups : int
        Of blocks of like texture, in which the majority's dip is found. Not in the paper.
    common : float
        Natural logarithm. A quality at which most blocks dip by at least this is the photo's own: there the region is
        what lacks the dip; at others, what has one. Not in the paper.
    share : float
        The quality is chosen by the difference that this share of the photo's blocks exceeds. Not in the paper.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    qualities: tuple[int, ...] = tuple(range(51, 101))
    window: int = 3
    reach: int = 3
    highest: int = 91
    smoothing: int = 9
    unrest: float = 0.1
    groups: int = 2
    common: float = 0.1
    share: float = 0.03
    curve: LlrCurve = CURVE


DEFAULT = JpegGhostConfig()


def jpeg_ghost_differences(photo: Photo, config: JpegGhostConfig = DEFAULT) -> Floats:
    """Measure how much each block would change if the photo were compressed again, at each quality.

    Returns
    -------
    (Q, H // 8, W // 8) float64
        Mean squared difference of luma, in squared grey levels; one map for each of ``config.qualities``.

    Notes
    -----
    DOI 10.1109/TIFS.2008.2012215, equation 3, on the grid of blocks that starts at the photo's first pixel. The paper
    saves and decodes the photo each time and compares pixels; here the DCT coefficients of its blocks are rounded to
    the quality's steps. As the DCT is orthonormal, both sums of squares are equal, but for the rounding of decoded
    pixels to integers. Luma only; the paper averages the three channels, whose colour is often subsampled.
    Pixels beyond the last whole block are left out.
    """
    _check(photo)
    return _differences(photo.pixels, config)


def jpeg_ghost_statistic(photo: Photo, config: JpegGhostConfig = DEFAULT) -> Statistic:
    """Return the paper's normalised difference, at the quality whose dips set a region apart.

    Returns
    -------
    Statistic
        (H // 8, W // 8) float64 in [0, 1]: 0 where of all qualities this one changes the block least, 1 where most
        (equation 4); NaN where no quality changes anything. Small in the region where that has the ghost, outside it
        where the rest of the photo has.
    """
    differences = _averaged(jpeg_ghost_differences(photo, config), config.window)
    lowest, highest = differences.min(0), differences.max(0)
    reach = np.where(highest - lowest > MIN_CHANGE, highest - lowest, np.nan)
    number, _ = _clearest_ghost(differences, photo, config)
    return Statistic(np.asarray((differences[number] - lowest) / reach), (SIDE, SIDE))


def jpeg_ghost_llr(photo: Photo, config: JpegGhostConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a dip unlike that of most of the photo, at the quality that shows it best.

    A dip is the natural logarithm of the differences ``config.reach`` qualities away over the one at the quality, less
    the same of the photo shifted by half a block: texture dips on any grid, a ghost on its own only. The median of the
    blocks of like texture is taken off, and it is given in units of their spread; the flattest third of the blocks has
    no say. Where most others dip, the photo was compressed at that quality, and a region that does not dip was not, or
    on another grid: there the sign is turned. The quality is the one at which a ``config.share`` of blocks is clearest.

    Returns
    -------
    Statistic
        (H // 8, W // 8) float64, calibrated: around -1.6 in an untouched photo, 2.6 and more where a ghost begins or
        ends. NaN throughout if compression changes nothing.
    """
    differences = jpeg_ghost_differences(photo, config)
    if differences.max() < MIN_CHANGE:
        return config.curve.llr(Statistic(np.full(differences.shape[1:], np.nan), (SIDE, SIDE)))
    _, difference = _clearest_ghost(_averaged(differences, config.window), photo, config)
    return config.curve.llr(Statistic(difference, (SIDE, SIDE)))


def jpeg_ghost(photo: Photo, config: JpegGhostConfig = DEFAULT) -> Heatmap:
    """Find regions that were compressed before at another quality than the rest: Farid 2009, calibrated.

    Blind where neither the region nor the rest was compressed before, at a lower quality than the finished photo and
    on its grid of blocks, with tables of the IJG's library (most cameras have others); and in flat parts.
    """
    return heatmap_of(jpeg_ghost_llr(photo, config), photo, config.curve)


def _check(photo: Photo) -> None:
    if min(photo.height, photo.width) < MIN_SIDE:
        wanted = f"{MIN_SIDE} x {MIN_SIDE}"
        raise NotApplicable(f"the photo is {photo.width} x {photo.height} pixels; expected at least {wanted}")
    if bool((photo.pixels == photo.pixels[0, 0]).all()):
        raise NotApplicable("the photo is of one flat colour; compression leaves it as it is")


def _differences(pixels: NDArray[np.uint8], config: JpegGhostConfig) -> Floats:
    steps = np.array([ijg_table(STANDARD_LUMA, quality) for quality in config.qualities], np.float64)
    coefficients = _block_dct(_luma(pixels))
    rows, columns = pixels.shape[0] // SIDE, pixels.shape[1] // SIDE
    differences = np.empty((len(steps), len(coefficients)))
    for first in range(0, len(coefficients), BAND):
        band = coefficients[first : first + BAND]
        for number, step in enumerate(steps):
            rounding = band * (1 / step)
            rounding -= np.rint(rounding)
            np.square(rounding, out=rounding)
            differences[number, first : first + BAND] = rounding @ (step * step / step.size)
    return differences.reshape(-1, rows, columns)


def _clearest_ghost(differences: Floats, photo: Photo, config: JpegGhostConfig) -> tuple[int, Floats]:
    """Choose the quality whose dips set a region apart; its number, and the map of dips seen from the majority."""
    texture = np.log(differences[0] + MIN_DIFFERENCE)
    dips = _dips(differences, config)
    shifted = np.pad(photo.pixels, ((OFF, 0), (OFF, 0), (0, 0)), "symmetric")
    off = _averaged(_differences(shifted, config), config.window)
    dips -= _dips(off[:, : texture.shape[0], : texture.shape[1]], config)
    del off, shifted
    best = (-np.inf, config.reach, np.zeros(texture.shape))
    for number, dip in enumerate(dips, start=config.reach):
        difference = _mean(_from_majority(dip, texture, config), config.smoothing)
        depth = float(np.quantile(difference, 1 - config.share))
        if depth > best[0]:
            best = (depth, number, difference)
    return best[1:]


def _dips(differences: Floats, config: JpegGhostConfig) -> Floats:
    """Logarithm of the differences a few qualities away over those at each quality, up to the highest of interest."""
    last = min(len(differences), sum(quality <= config.highest for quality in config.qualities) + config.reach)
    logs = np.log(differences[:last] + MIN_DIFFERENCE)
    around = (logs[: -2 * config.reach] + logs[2 * config.reach :]) / 2
    return np.asarray(around - logs[config.reach : -config.reach])


def _from_majority(dips: Floats, texture: Floats, config: JpegGhostConfig) -> Floats:
    order = np.argsort(texture, axis=None, kind="stable")
    flattest, *parts = np.array_split(order, config.groups + 1)
    common, spread = _usual(dips, order[len(flattest) :])
    if common >= config.common:  # one for all textures: a region without the ghost may be all there is of its texture
        lacking = (common - np.maximum(dips, 0.0)) / (spread + config.unrest)
        lacking.ravel()[flattest] = np.minimum(lacking.ravel()[flattest], 0.0)  # too flat to dip
        return np.asarray(lacking)
    places = [np.median(texture.ravel()[part]) for part in parts]
    usual, spreads = np.transpose([_usual(dips, part) for part in parts])
    excess = dips - np.interp(texture, places, np.maximum(usual, 0.0))
    return np.asarray(excess / (np.interp(texture, places, spreads) + config.unrest))


def _usual(values: Floats, part: NDArray[np.intp]) -> tuple[float, float]:
    """Median of a part, and its spread: the standard deviation, if it were normal."""
    middle = float(np.median(values.ravel()[part]))
    return middle, 1.4826 * float(np.median(np.abs(values.ravel()[part] - middle)))


def _averaged(differences: Floats, window: int) -> Floats:
    for difference in differences:
        difference[:] = _mean(difference, window)
    return differences


def _mean(values: Floats, window: int) -> Floats:
    means = cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(means, np.float64).reshape(values.shape)


def _luma(pixels: NDArray[np.uint8]) -> Floats:
    luma = pixels[..., 0] * LUMA[0]
    luma += pixels[..., 1] * LUMA[1]
    luma += pixels[..., 2] * LUMA[2]
    return np.asarray(luma)


def _block_dct(luma: Floats) -> Floats:
    rows, columns = luma.shape[0] // SIDE, luma.shape[1] // SIDE
    blocks = luma[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3)
    one = cv2.dct(np.eye(SIDE), flags=cv2.DCT_ROWS)  # row k: the DCT of the k-th unit vector
    coefficients = blocks.reshape(-1, SIDE * SIDE) @ np.kron(one, one)
    coefficients[:, 0] -= 128 * SIDE
    return np.asarray(coefficients)


METHOD = Detector(
    info=MethodInfo(
        name="jpeg-ghost",
        paper="H. Farid, 2009, Exposing digital forgeries from JPEG ghosts, DOI 10.1109/TIFS.2008.2012215",
        detects="regions that were JPEG-compressed before, at a lower quality than the finished photo and on its "
        "grid, where the rest was not, or the reverse",
        blind_spots="where no part has such a history, after stronger compression, with a camera's own tables, and in"
        " flat parts",
        needs=frozenset({"detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=jpeg_ghost_llr,
)
