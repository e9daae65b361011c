"""Parts that change more than others when the photo is saved once more: error level analysis, Krawetz 2007.

Saving a photo as JPEG changes it most the first time; each further time changes it less. So a part that was saved
fewer times than the rest stands out in the difference between the photo and its copy at a fixed quality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.jpeg.colour import LUMA
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]
Reals = NDArray[np.float32]
Pixels = NDArray[np.uint8]

BLOCK = 8
"""Pixels: side of a JPEG block (ITU-T T.81), and of a cell of the log-likelihood ratio."""

UNIT = 16
"""Pixels: side of the square that JPEG codes at once where colour has half the resolution."""

TILE = (256, 32768)
"""Rows and columns that are saved at a time, multiples of `UNIT`: memory, and JPEG's limit of 65535 per side."""

OFF = BLOCK // 2
"""Pixels by which the photo is shifted to see its error on a grid that no JPEG compression of it had."""

DARKEST, BRIGHTEST = 1.0, 254.0
"""Luma from which on a pixel counts as clipped."""

LOW, CENTRE = 0.10, 0.35
"""Quantiles of the trace that give the majority's: of a group of blocks, nearly two thirds may be without trace."""

NORMAL_WIDTH = 0.8963
"""Standard deviations of a normal distribution between these quantiles."""

MIN_SIDE = 64
"""Minimum height and width of a photo, in pixels: a majority needs some blocks."""

CURVE = LlrCurve(slope=0.8, middle=0.89, threshold=0.9921)
"""Logistic regressions (classes balanced) of 91 authentic photographs and 60 composites saved without loss.

By ``benchmarks/calibrate.py``. The composites were a JPEG of quality 75 to 92 but for an ellipse that never was. At
the threshold, 95 % of 91 authentic photographs have no region (``benchmarks/calibrate.py --threshold``).
"""


@dataclass(frozen=True, slots=True)
class ErrorLevelConfig:
    """Parameters of `error_level`; the first two are those of the tools, the rest is chosen here.

    Attributes
    ----------
    quality : int
        At which the photo is saved once more, on the scale of the IJG's library.
    gain : float
        The difference is multiplied by this.
    window : int
        Blocks: side of the square over which errors are averaged for the comparison of grids; odd.
    smoothing : int
        Blocks: side of the square over which errors are averaged for their level; odd.
    texture : float
        Exponent with which the error rises with the photo's second differences.
    floor : float
        Added before the logarithm to errors, in grey levels times gain, and to second differences, in grey levels.
    grid_floor : float
        The same for the comparison of grids.
    unrest : float
        Natural logarithm; added to the spread of levels within the photo, so that none is over-interpreted.
    groups : int
        Of blocks of like texture, in which the majority's trace is found.
    min_spread : float
        Natural logarithm; minimum spread of the trace within the majority.
    min_error : float
        Blocks whose error off the grid is below this say nothing about grids; grey levels times gain.
    weight : float
        Of the level relative to the comparison of grids.
    max_level, max_llr : float
        The level and the comparison of grids are clipped to plus and minus this.
    max_clipped : float
        Share of clipped pixels above which a block knows nothing.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    quality: int = 90
    gain: float = 15.0
    window: int = 7
    smoothing: int = 5
    texture: float = 0.5
    floor: float = 8.0
    grid_floor: float = 1.0
    unrest: float = 0.1
    groups: int = 2
    min_spread: float = 0.1
    min_error: float = 2.0
    weight: float = 0.5
    max_level: float = 3.0
    max_llr: float = 10.0
    max_clipped: float = 0.5
    curve: LlrCurve = CURVE


DEFAULT = ErrorLevelConfig()


def error_level_statistic(photo: Photo, config: ErrorLevelConfig = DEFAULT) -> Statistic:
    """Measure how much each pixel changes when the photo is saved once more.

    Parameters
    ----------
    photo : Photo
        At least 64 x 64 pixels and not flat.

    Returns
    -------
    Statistic
        (H, W) float64: mean over R, G and B of the magnitude of the change, times ``config.gain``; 0 to 255 times
        gain. One value per pixel.

    Raises
    ------
    NotApplicable
        Smaller than 64 x 64 pixels, or of one flat colour.

    Notes
    -----
    N. Krawetz, A picture's worth, Black Hat 2007. Saved by OpenCV, colour at half resolution (4:2:0), as pyIFD and the
    MATLAB toolbox of MKLab do. They write one file; here it is saved in tiles in memory, which overlap by what a
    pixel depends on, so the numbers are the same, and photos wider or higher than JPEG allows are judged, too.
    """
    METHOD.check(photo)
    level = np.empty((photo.height, photo.width))
    for rows, columns, again in _saved_tiles(photo.pixels, config.quality):
        level[rows, columns] = _change(photo.pixels[rows, columns], again, config.gain)
    return Statistic(level, (1, 1))


def error_level_llr(photo: Photo, config: ErrorLevelConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a block that changes more than its texture explains, or than most blocks.

    Two parts are added. The *level* is the logarithm of the error less half of that of the second differences of
    luma, seen from the photo's median, in units of its spread. The *comparison of grids* sets the error of
    luma against that of the same photo shifted by half a block. What was a JPEG on the photo's grid changes less
    than off it; where most of the photo does, blocks that do not are found by the ratio of two normal densities. The
    majority's ratio is taken among blocks of like texture, on which it depends.

    Parameters
    ----------
    photo : Photo
    config : ErrorLevelConfig

    Returns
    -------
    Statistic
        (H // 8, W // 8) float64, calibrated: up to 7, where a part never was a JPEG and the rest was; within -1.9 and
        0.5 where the comparison of grids says nothing. NaN in clipped blocks, and everywhere if nothing changes.

    Raises
    ------
    NotApplicable
        As `error_level_statistic`.
    """
    METHOD.check(photo)
    luma = _luma(photo.pixels)
    clipped = _in_blocks(((luma <= DARKEST) | (luma >= BRIGHTEST)).astype(np.float32)) > config.max_clipped
    texture = _in_blocks(np.abs(cv2.Laplacian(luma, cv2.CV_32F, borderType=cv2.BORDER_REFLECT)))
    again = _saved(photo.pixels, config.quality)
    error = config.gain * _in_blocks(np.abs(luma - _luma(again)))
    level = _in_blocks(_change(photo.pixels, again, config.gain))
    del again, luma
    known = ~clipped & (level > 0)
    if not known.any():
        return config.curve.llr(Statistic(np.full(known.shape, np.nan), (BLOCK, BLOCK)))
    raw = config.weight * _level(level, texture, known, config)
    raw += _no_trace(error, _error_off_grid(photo.pixels, config), known, config)
    return config.curve.llr(Statistic(np.where(known, raw, np.nan), (BLOCK, BLOCK)))


def error_level(photo: Photo, config: ErrorLevelConfig = DEFAULT) -> Heatmap:
    """Find parts that change more than the rest when the photo is saved again: Krawetz 2007, calibrated.

    Blind where all of the photo was saved equally often, or anew as JPEG of lower quality; a part that was saved more
    often than the rest is not marked.
    """
    return heatmap_of(error_level_llr(photo, config), photo, config.curve)


def _saved(pixels: Pixels, quality: int) -> Pixels:
    saved = np.empty_like(pixels)
    for rows, columns, again in _saved_tiles(pixels, quality):
        saved[rows, columns] = again
    return saved


def _saved_tiles(pixels: Pixels, quality: int) -> Iterator[tuple[slice, slice, Pixels]]:
    """Yield the pixels as decoded after a JPEG compression of them all, tile by tile."""
    for rows, wide_rows in _tiles(pixels.shape[0], TILE[0]):
        for columns, wide_columns in _tiles(pixels.shape[1], TILE[1]):
            bgr = cv2.cvtColor(pixels[wide_rows, wide_columns], cv2.COLOR_RGB2BGR)
            _, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
            decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
            again = np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
            top, left = rows.start - wide_rows.start, columns.start - wide_columns.start
            yield rows, columns, again[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]


def _tiles(side: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Cut a side into tiles, each alone and with the adjacent coded units, whose colour reaches into it."""
    for first in range(0, side, tile):
        last = min(first + tile, side)
        yield slice(first, last), slice(max(first - UNIT, 0), min(last + UNIT, side))


def _change(pixels: Pixels, again: Pixels, gain: float) -> Floats:
    """Mean magnitude of the three channels' changes, times gain; (H, W)."""
    change = cv2.absdiff(pixels, again).astype(np.float64)
    return np.asarray(cv2.transform(change, np.full((1, 3), gain / 3)), np.float64).reshape(pixels.shape[:2])


def _error_off_grid(pixels: Pixels, config: ErrorLevelConfig) -> Floats:
    """Error of luma in the photo's blocks, when it is saved on the grid half a block off its own."""
    shifted = np.pad(pixels, ((OFF, 0), (OFF, 0), (0, 0)), "symmetric")
    error = np.abs(_luma(shifted) - _luma(_saved(shifted, config.quality)))
    return config.gain * _in_blocks(error[OFF:, OFF:])


def _luma(pixels: Pixels) -> Reals:
    luma = cv2.transform(pixels.astype(np.float32), np.array([LUMA], np.float32))
    return np.asarray(luma, np.float32).reshape(pixels.shape[:2])


def _in_blocks(values: Reals | Floats) -> Floats:
    """Mean of each whole block of 8 x 8 pixels."""
    rows, columns = (side // BLOCK for side in values.shape)
    whole = values[: rows * BLOCK, : columns * BLOCK]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float64).reshape(
        rows, columns
    )


def _mean(values: Floats, window: int) -> Floats:
    means = cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(means, np.float64).reshape(values.shape)


def _level(error: Floats, texture: Floats, known: NDArray[np.bool_], config: ErrorLevelConfig) -> Floats:
    """Error for its texture, seen from the majority."""
    error, texture = (np.log(_mean(values, config.smoothing) + config.floor) for values in (error, texture))
    level = error - config.texture * texture
    usual = np.median(level[known])
    spread = 1.4826 * np.median(np.abs(level[known] - usual))  # the standard deviation, if it were normal
    return np.asarray(np.clip((level - usual) / (spread + config.unrest), -config.max_level, config.max_level))


def _no_trace(on: Floats, off: Floats, known: NDArray[np.bool_], config: ErrorLevelConfig) -> Floats:
    """Log-likelihood ratio of no trace of JPEG on the photo's grid to the majority's trace; 0 where it has none."""
    off = _mean(off, config.window)
    texture = np.log(off + config.grid_floor)
    trace = np.log(_mean(on, config.window) + config.grid_floor) - texture
    comparable = known & (off >= config.min_error)
    if np.count_nonzero(comparable) < config.groups:
        return np.zeros(on.shape)
    centre, spread = _of_like_texture(texture, trace, comparable, config.groups)
    centre = np.minimum(centre, 0)
    ratio = centre * (centre - 2 * trace) / (2 * (spread**2 + config.min_spread**2))
    return np.where(comparable, np.clip(ratio, -config.max_llr, config.max_llr), 0)


def _of_like_texture(
    texture: Floats, trace: Floats, comparable: NDArray[np.bool_], groups: int
) -> tuple[Floats, Floats]:
    """Centre and spread of the majority's trace among blocks of like texture, interpolated; both (rows, columns)."""
    order = np.argsort(texture[comparable], kind="stable")
    parts = [order[part] for part in np.array_split(np.arange(order.size), groups)]
    places = [np.median(texture[comparable][part]) for part in parts]
    low, centre = np.array([np.quantile(trace[comparable][part], (LOW, CENTRE)) for part in parts]).T
    return np.interp(texture, places, centre), np.interp(texture, places, (centre - low) / NORMAL_WIDTH)


METHOD = Detector(
    info=MethodInfo(
        name="error-level",
        paper="N. Krawetz, 2007, A picture's worth: digital image analysis and forensics, Black Hat Briefings",
        detects="parts that change more than the rest when the photo is saved as JPEG once more: saved fewer times"
        " than the rest, or drawn and pasted in other colours",
        blind_spots="where all of the photo was saved equally often, or anew as JPEG of lower quality; parts that "
        "were saved more often than the rest are not marked",
        needs=frozenset({"detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=error_level_llr,
)
