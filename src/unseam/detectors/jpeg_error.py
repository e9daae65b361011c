"""Was this part ever a JPEG? Coefficients that quantization emptied, whatever file the pixels are in now.

W. Luo, J. Huang, G. Qiu, 2010, JPEG error analysis and its applications to digital image forensics, IEEE TIFS 5(3),
DOI 10.1109/TIFS.2010.2051426.

A decoded JPEG differs from multiples of its quantization steps only by the rounding (and truncation) of its pixels:
less than 1 for nearly every coefficient. Where the steps are larger than 2, hardly a coefficient is left between 1
and 2. A part that never was a JPEG, or was one on another grid of blocks, has them as any photograph has.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector, stored_luma
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.errors import NotApplicable
from unseam.jpeg.colour import LUMA
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

BLOCK = 8
"""Pixels: side of a JPEG block (ITU-T T.81)."""
WINDOW = 2 * BLOCK - 1
"""Pixels: side of a square that holds one whole block of every one of the 64 grids."""
BLOCK_ROWS = 8
"""Rows of blocks at a time, so that a large photo needs little memory."""
PLACES = 128
"""Places at a time where all grids are compared: 4 MB of coefficients."""
ROUNDING_REACH = 1.0
"""Rounding moves a coefficient by less than this, nearly always: its standard deviation is at most 0.35."""
CURVE = LlrCurve(slope=0.4, middle=0.0, threshold=0.77)
"""See ``docs/methods/jpeg-error.md`` for the photographs that it was fitted to."""


@dataclass(frozen=True, slots=True)
class JpegErrorConfig:
    """Parameters; the paper's where it has them.

    Attributes
    ----------
    pooled : int
        Blocks: side of the square over which counts are summed.
    site_spacing : int
        Pixels between the places where all 64 grids are compared, at least; wider in photos of more than
        `max_sites` places.
    max_sites : int
        Places where all 64 grids are compared, at most.
    emptied : float
        A grid is a place's own when it leaves at most this share of the coefficients between 1 and 2 that the 64
        grids leave there on average.
    min_at_site, min_in_cell : float
        Coefficients between 1 and 2 that a place or a cell must have on other grids: fewer say nothing (flat).
    min_excess : float
        Standard deviations by which the photo's best grid must exceed the others in places that are its own.
    max_clipped : float
        Share of pixels at 0 or 255 above which a cell knows nothing: there the error is truncation.
    weakest_trace : float
        Cells whose trace is below this have it; their median is the photo's trace.
    min_spread : float
        Least standard deviation of the trace, so that no photo is over-interpreted.
    min_share, min_lead : float
        Where most cells have no trace: the share of cells that must have one, and how many times as many as have the
        opposite (more coefficients on the grid than off it), which only chance brings about.
    smoothing : int
        Cells: side of the median over the trace.
    max_llr : float
        The ratio is clipped to plus and minus this, before the calibration.
    curve : LlrCurve
        The middle is where the two Gaussians are equally likely; slope and score by logistic fits between 81
        composites and 150 untouched photographs, the threshold so that the 99th percentile of 97 % of the latter
        stays below.
    """

    pooled: int = 3
    site_spacing: int = 24
    max_sites: int = 1500
    emptied: float = 0.25
    min_at_site: float = 7.0
    min_in_cell: float = 10.0
    min_excess: float = 6.0
    max_clipped: float = 0.02
    weakest_trace: float = 0.6
    min_spread: float = 0.2
    min_share: float = 0.005
    min_lead: float = 4.0
    smoothing: int = 5
    max_llr: float = 20.0
    curve: LlrCurve = CURVE


DEFAULT = JpegErrorConfig()


def jpeg_error_statistic(photo: Photo, config: JpegErrorConfig = DEFAULT) -> Statistic:
    """Return the paper's ratio: AC coefficients at 1 to 2, for each below 1; near zero where the part was a JPEG.

    Parameters
    ----------
    photo : Photo
    config : JpegErrorConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64, 0 or more, over 3 x 3 blocks of luma; NaN where no coefficient is below
        1. The grid is the one whose blocks show the trace in most places; the file's own where none stands out.

    Notes
    -----
    The paper judges whole pictures, or crops, on their own grid; a part that was pasted lies on any of 64. Blind
    where the photo is flat (it has no such coefficients, JPEG or not) and for steps of 1 and 2 (quality 97 and more).

    Raises
    ------
    NotApplicable
        Smaller than 64 x 64 pixels, or of one flat colour.
    """
    METHOD.check(photo)
    luma = _luma(photo.pixels)
    grid = strongest_grid(luma, config) or (0, 0)
    below, between = (_pool(count, config.pooled) for count in count_coefficients(luma, grid))
    ratio = np.divide(between, below, out=np.full(below.shape, np.nan), where=below > 0)
    return Statistic(ratio, (BLOCK, BLOCK), grid)


def jpeg_error_llr(photo: Photo, config: JpegErrorConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a part whose JPEG history is not that of most of the photo.

    The trace is the count of coefficients at 1 to 2 on the photo's grid, for each on the grid half a block off it:
    about one for what never was a JPEG on this grid, whatever its content, and near zero for what was. It is the
    ratio of two Gaussians of one spread, at one and at the median of the cells that have the trace.

    Parameters
    ----------
    photo : Photo
    config : JpegErrorConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64; positive = unlike most of the photo. NaN in flat or clipped parts, and
        everywhere when no grid stands out, or the file is a JPEG that itself makes the trace: every part of it is a
        JPEG on that grid, whatever it was before.

    Raises
    ------
    NotApplicable
        As `jpeg_error_statistic`.
    """
    METHOD.check(photo)
    luma = _luma(photo.pixels)
    grid = strongest_grid(luma, config)
    if grid is None or _file_explains(photo, grid):
        rows, columns = (side // BLOCK for side in luma.shape)
        return config.curve.llr(Statistic(np.full((rows, columns), np.nan), (BLOCK, BLOCK)))
    trace = jpeg_trace(luma, grid, config)
    trace[_clipped(photo.pixels, grid, trace.shape, config.pooled) > config.max_clipped] = np.nan
    return config.curve.llr(Statistic(_unlike_most(_median(trace, config.smoothing), config), (BLOCK, BLOCK), grid))


def jpeg_error(photo: Photo, config: JpegErrorConfig = DEFAULT) -> Heatmap:
    """Judge a photo by what JPEG left in parts of it; see `jpeg_error_llr`."""
    return heatmap_of(jpeg_error_llr(photo, config), photo, config.curve)


def count_coefficients(luma: Floats, grid: tuple[int, int]) -> tuple[Floats, Floats]:
    """Count each block's AC coefficients below 1, and at 1 to 2, by magnitude.

    Parameters
    ----------
    luma : (H, W) float64
    grid : (int, int)
        Row and column of the first block's first pixel.

    Returns
    -------
    below, between : (block rows, block columns) float64
        Whole blocks only.
    """
    top, left = grid
    rows, columns = (luma.shape[0] - top) // BLOCK, (luma.shape[1] - left) // BLOCK
    whole = luma[top : top + rows * BLOCK, left : left + columns * BLOCK].reshape(rows, BLOCK, columns * BLOCK)
    below, within = np.empty((rows, columns)), np.empty((rows, columns))
    for first in range(0, rows, BLOCK_ROWS):
        band = slice(first, first + BLOCK_ROWS)
        upright = np.matmul(_dct(), whole[band])
        size = np.abs(upright.reshape(-1, BLOCK) @ _dct().T).reshape(-1, BLOCK, columns, BLOCK)
        size[:, 0, :, 0] = np.inf  # the mean says nothing
        below[band] = np.count_nonzero(size < ROUNDING_REACH, axis=(1, 3))
        within[band] = np.count_nonzero(size < 2 * ROUNDING_REACH, axis=(1, 3))
    return below, within - below


def strongest_grid(luma: Floats, config: JpegErrorConfig = DEFAULT) -> tuple[int, int] | None:
    """Find the grid of blocks that JPEG left in at least a part of a photo.

    Parameters
    ----------
    luma : (H, W) float64
    config : JpegErrorConfig

    Returns
    -------
    (int, int), optional
        Row and column of the first block's first pixel, 0 to 7; None where no grid stands out from the other 63.
    """
    between = _between_on_all_grids(luma, config)
    expected = between.mean(axis=(1, 2), keepdims=True)
    own = (between <= config.emptied * expected) & (expected >= config.min_at_site)
    places = own.sum(axis=0)
    usual = np.median(places)
    if places.max() - usual < config.min_excess * np.sqrt(usual + 1):
        return None
    row, column = np.unravel_index(int(places.argmax()), places.shape)
    return int(row), int(column)


def jpeg_trace(luma: Floats, grid: tuple[int, int], config: JpegErrorConfig = DEFAULT) -> Floats:
    """Compare a grid with the one half a block off it.

    Parameters
    ----------
    luma : (H, W) float64
    grid : (int, int)
    config : JpegErrorConfig

    Returns
    -------
    (block rows, block columns) float64
        Coefficients at 1 to 2 on the grid, for each off it (one added to both): 0 to about 1; NaN where there are
        too few to tell.
    """
    off_grid = ((grid[0] + BLOCK // 2) % BLOCK, (grid[1] + BLOCK // 2) % BLOCK)
    on = _pool(count_coefficients(luma, grid)[1], config.pooled)
    off = _like(_pool(count_coefficients(luma, off_grid)[1], config.pooled), on.shape)
    return np.where(off >= config.min_in_cell, (on + 1) / (off + 1), np.nan)


def _file_explains(photo: Photo, grid: tuple[int, int]) -> bool:
    """Whether the file's own JPEG compression makes the trace on a grid: it has steps that leave one."""
    if grid != (0, 0):
        return False
    try:
        luma, _ = stored_luma(photo)
    except NotApplicable:
        return False
    return bool(luma.table.ravel()[1:].max() > 2 * ROUNDING_REACH)


def _unlike_most(trace: Floats, config: JpegErrorConfig) -> Floats:
    """Return the ratio of each cell, before the calibration, from its trace; see `jpeg_error_llr`."""
    unknown = np.full(trace.shape, np.nan)
    known = trace[np.isfinite(trace)]
    present = known[known < config.weakest_trace]
    if present.size == 0:
        return unknown
    centre = float(np.median(present))
    middle = (centre + 1) / 2
    most_have_it = 2 * np.count_nonzero(known < middle) >= known.size
    if not most_have_it and not _more_than_chance(known, middle, config):
        return unknown
    like_most = known[(known < middle) == most_have_it] - (centre if most_have_it else 1)
    spread = max(config.min_spread, float(np.sqrt(np.mean(like_most**2))))
    absent = (1 - centre) * (trace - middle) / spread**2
    return np.clip(absent if most_have_it else -absent, -config.max_llr, config.max_llr)


def _more_than_chance(known: Floats, middle: float, config: JpegErrorConfig) -> bool:
    """Whether few cells with a trace are more than chance: chance makes as many with the opposite."""
    have = np.count_nonzero(known < middle)
    opposite = np.count_nonzero(known > 1 / middle)
    return bool(have >= config.min_share * known.size and have >= config.min_lead * (opposite + 1))


def _between_on_all_grids(luma: Floats, config: JpegErrorConfig) -> Floats:
    """Count AC coefficients at 1 to 2 of one block of each of the 64 grids, (places, 8, 8), at regular places."""
    spacing = config.site_spacing
    while ((luma.shape[0] - WINDOW) // spacing + 1) * ((luma.shape[1] - WINDOW) // spacing + 1) > config.max_sites:
        spacing += BLOCK
    places = np.lib.stride_tricks.sliding_window_view(luma, (WINDOW, WINDOW))[::spacing, ::spacing]
    transforms = np.zeros((BLOCK * BLOCK, WINDOW))
    for offset in range(BLOCK):
        transforms[offset * BLOCK : (offset + 1) * BLOCK, offset : offset + BLOCK] = _dct()
    first = (np.arange(places.shape[0])[:, None] * spacing % BLOCK, np.arange(places.shape[1]) * spacing % BLOCK)
    listed = places.reshape(-1, WINDOW, WINDOW)
    parts = [_between_at(listed[k : k + PLACES], transforms) for k in range(0, len(listed), PLACES)]
    return _on_photos_grid(np.concatenate(parts), *np.broadcast_arrays(*first))


def _between_at(places: Floats, transforms: Floats) -> Floats:
    """Count AC coefficients at 1 to 2 of one block of each of the 64 grids; (places, 8, 8)."""
    across = places.reshape(-1, WINDOW) @ transforms.T
    size = np.matmul(transforms, across.reshape(-1, WINDOW, BLOCK * BLOCK))
    size = np.abs(size, out=size).reshape(-1, BLOCK, BLOCK, BLOCK, BLOCK)  # place, row, v, column, u
    between = (size >= ROUNDING_REACH) & (size < 2 * ROUNDING_REACH)
    between[:, :, 0, :, 0] = False
    return np.asarray(between.sum(axis=(2, 4)), np.float64)


def _on_photos_grid(counts: Floats, top: NDArray[np.int_], left: NDArray[np.int_]) -> Floats:
    """Turn offsets from each place (places, 8, 8) into offsets from the photo's first pixel."""
    offset = np.arange(BLOCK)
    rows = (offset - top.reshape(-1, 1)) % BLOCK
    columns = (offset - left.reshape(-1, 1)) % BLOCK
    moved: Floats = counts[np.arange(len(counts))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved


def _luma(pixels: NDArray[np.uint8]) -> Floats:
    luma = np.multiply(pixels[..., 0], LUMA[0], dtype=np.float64)
    for channel in (1, 2):
        luma += np.multiply(pixels[..., channel], LUMA[channel], dtype=np.float64)
    return luma


def _clipped(pixels: NDArray[np.uint8], grid: tuple[int, int], shape: tuple[int, ...], pooled: int) -> Floats:
    """Return the share of pixels at 0 or 255 in any channel, of each cell."""
    rows, columns = shape
    inside = pixels[grid[0] : grid[0] + rows * BLOCK, grid[1] : grid[1] + columns * BLOCK]
    limit = ((inside == 0) | (inside == 255)).any(axis=2)
    count = np.count_nonzero(limit.reshape(rows, BLOCK, columns, BLOCK), axis=(1, 3)).astype(np.float64)
    return _pool(count, pooled) / (BLOCK * pooled) ** 2


def _pool(values: Floats, side: int) -> Floats:
    """Sum over squares of cells; mirrored at the border."""
    return np.asarray(
        cv2.boxFilter(values, cv2.CV_64F, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT), np.float64
    )


def _like(values: Floats, shape: tuple[int, ...]) -> Floats:
    """Crop a grid to a shape, or repeat its last row and column up to it."""
    missing = [(0, max(0, wanted - have)) for wanted, have in zip(shape, values.shape, strict=True)]
    return np.pad(values, missing, mode="edge")[: shape[0], : shape[1]]


def _median(values: Floats, side: int) -> Floats:
    """Return the median of the known cells around each known cell."""
    reach = side // 2
    padded = np.pad(values, reach, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(*values.shape, -1)
    ordered = np.sort(around, axis=-1)  # NaN last
    known = np.isfinite(around).sum(axis=-1)
    middle = np.take_along_axis(ordered, (np.maximum(known - 1, 0) // 2)[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(values), middle, np.nan)


def _dct() -> Floats:
    """Return the matrix (frequency, sample) of the orthonormal DCT-II of 8 samples (ITU-T T.81, A.3.3)."""
    sample = np.arange(BLOCK)
    matrix = np.cos((2 * sample + 1) * sample[:, None] * np.pi / (2 * BLOCK)) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float64)


METHOD = Detector(
    info=MethodInfo(
        name="jpeg-error",
        paper="W. Luo, J. Huang, G. Qiu, 2010, JPEG error analysis and its applications to digital image "
        "forensics, DOI 10.1109/TIFS.2010.2051426",
        detects="Parts that never were a JPEG, or were one on another grid, in a photo that was one; and the other"
        " way round.",
        blind_spots="Flat and clipped parts; parts that were a JPEG of quality 97 or more; photos resized, or "
        "saved as JPEG of less than quality 99, after the pasting.",
        needs=frozenset({"detail"}),
        min_size=(64, 64),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=jpeg_error_llr,
)
