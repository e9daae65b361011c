"""Parts that were compressed twice, on two grids of blocks: Bianchi and Piva 2012, the non-aligned case.

A part that was pasted from a JPEG seldom lies on the photo's own grid of 8 x 8 blocks. On its old grid its DCT
coefficients still lie around multiples of the old quantization steps. The paper looks at each of the other 63 grids,
finds the one and the old step that explain the coefficients best, and then how much better two compressions explain
each block than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors import jpeg_mixture, second_grid
from unseam.detectors.block_dct import LEVEL, SIDE, ZIGZAG, samples
from unseam.detectors.detector import CALIBRATED, Detector, stored_coefficients, stored_luma
from unseam.detectors.jpeg_ghost import STANDARD_TABLE
from unseam.detectors.jpeg_mixture import BINS
from unseam.detectors.jpeg_rounding import Noise, limited_share, low_block_dct, rounding_noise
from unseam.detectors.second_grid import GRIDS, Grid, GridSearch
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.jpeg.coefficients import JpegComponent
from unseam.jpeg.quantization import LARGEST_STEP
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

MIN_SIDE = 64
"""Pixels: fewer blocks do not fill a histogram."""
BAND = 32
"""Rows of pixels at a time: what is computed in between stays in the processor's cache."""
AT_ONCE = 16
"""Grids at a time, for the same reason."""
CURVE = LlrCurve(slope=1.368, middle=-0.628, threshold=0.747)
"""``benchmarks/calibrate.py`` on 91 authentic photographs and the same saved twice, and 60 constructed cases."""


@dataclass(frozen=True, slots=True)
class NonalignedJpegConfig:
    """Parameters of `nonaligned_jpeg`.

    Attributes
    ----------
    frequencies : int
        DCT frequencies, the first of the zig-zag order; 6 in the reference implementation.
    pooled : int
        Blocks: side of the square over which the statistic is summed; odd; 3 in the reference implementation.
    window : int
        Blocks: side of the square over which the ratio is averaged; odd. Not in the paper.
    max_limited : float
        Share of pixels at 0 or 255 above which a block knows nothing: decoding cut off what would show its history.
        Not in the paper.
    search : GridSearch
        When a grid counts as that of an earlier compression. Not in the paper.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    frequencies: int = 6
    pooled: int = 3
    window: int = 5
    max_limited: float = 0.02
    search: GridSearch = second_grid.DEFAULT
    curve: LlrCurve = CURVE


DEFAULT = NonalignedJpegConfig()


@dataclass(frozen=True, slots=True, eq=False)
class _LumaPlane:
    """What the file stores of the photo's luma, decoded.

    Attributes
    ----------
    component : JpegComponent
    step : (int, int)
        Height and width of its blocks in pixels of the photo.
    plane : (8 * block rows, 8 * block columns) float64
        Samples less 128.
    noises : list of Noise
        What rounding and the file's own quantization added to each frequency since an earlier compression.
    """

    component: JpegComponent
    step: tuple[int, int]
    plane: Floats
    noises: list[Noise]

    def origin(self, grid: Grid) -> tuple[int, int]:
        """Return the photo's row and column where a grid begins."""
        return grid[0] * self.step[0] // SIDE, grid[1] * self.step[1] // SIDE


def nonaligned_jpeg_statistic(photo: Photo, config: NonalignedJpegConfig = DEFAULT) -> Statistic:
    """Say how much better two compressions on two grids explain each part than one: the paper's likelihood map.

    Parameters
    ----------
    photo : Photo
        A JPEG; its luma is judged (grey, Y, the G of an RGB file, the strongest ink of a CMYK file).
    config : NonalignedJpegConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64: log-likelihood ratios of `frequencies` coefficients, summed over 3 x 3
        blocks of the grid that the likelihood chose. High = compressed twice, on this and on the file's own grid.

    Notes
    -----
    DOI 10.1109/TIFS.2012.2187516, sections III and IV; every detail that the paper leaves open as in pyIFD, with which
    it agrees but for coefficients half-way between two integers (see `jpeg_mixture.bins_of`). Unlike there: grey,
    CMYK and RGB files and those with one quantization table work; chroma is stretched as its sampling factors say; the
    noise of rounding is measured on a part of photos above 1.3 megapixels; and the grid's origin is returned.

    Raises
    ------
    NotApplicable
        No JPEG, or smaller than 64 x 64 pixels. Tables are not estimated from pixels: a PNG that was a JPEG has one
        compression, not two, and `jpeg_error` and `block_grid` look at that.
    """
    METHOD.check(photo)
    luma = _luma(photo, config)
    plane = np.pad(luma.plane, (0, SIDE - 1))  # blocks of other grids overhang; pyIFD, too, sees 128 there
    grid = _likeliest_grid(plane, luma)
    frequencies = ZIGZAG[: config.frequencies]
    seen, unseen = (low_block_dct(plane, frequencies, place) for place in (grid, _unused_grid(grid)))
    total = np.zeros(seen.shape[1:])
    for values, unused, frequency, noise in zip(seen, unseen, frequencies, luma.noises, strict=True):
        observed, calibration = jpeg_mixture.histogram(values), jpeg_mixture.histogram(unused)
        steps = _possible_steps(luma.component, frequency)
        found = jpeg_mixture.likeliest(observed[None], calibration[None], steps, noise)
        table = jpeg_mixture.log_ratio(calibration, values.size, int(found.step[0]), noise)
        total += jpeg_mixture.at(values, table)
    pooled = jpeg_mixture.summed(total, config.pooled)
    return Statistic(pooled, luma.step, luma.origin(grid))


def nonaligned_jpeg_llr(photo: Photo, config: NonalignedJpegConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a part whose earlier compression was on another grid than most of the photo's.

    The likelihood always finds some grid. Here one must stand out (see `second_grid`), else nothing is said. Then
    the sign goes by the majority: a photo that was cropped and saved again was compressed twice as a whole, on two
    grids, and only parts that were not are suspicious.

    Parameters
    ----------
    photo : Photo
    config : NonalignedJpegConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64: mean log-likelihood ratio of a block, calibrated, over 5 x 5 blocks, of
        which flat and saturated ones count as 0. NaN where there are no others, and everywhere when no grid stands out.

    Notes
    -----
    It takes the paper's simplified model, in which the likelihood ratio is periodic. Its full model compares
    histograms of two grids, which in photos of few blocks differ by chance more than a small region makes them differ.

    Raises
    ------
    NotApplicable
        As `nonaligned_jpeg_statistic`.
    """
    METHOD.check(photo)
    luma = _luma(photo, config)
    frequencies = ZIGZAG[: config.frequencies]
    judged = (luma.plane, frequencies, luma.noises)
    found = second_grid.find_second_grid(*judged, luma.component.table, config.search)
    if found is None:
        return config.curve.llr(Statistic(np.full(luma.component.coefficients.shape[:2], np.nan), luma.step))
    ratio = second_grid.block_log_ratio(*judged, found, config.search)
    origin = luma.origin(found.grid)
    limited = limited_share(photo.pixels, ratio.shape, luma.step, origin)
    mean = jpeg_mixture.averaged(ratio, (ratio != 0) & (limited <= config.max_limited), config.window)
    says = mean[(ratio != 0) & np.isfinite(mean)]
    most_were_twice = 2 * np.count_nonzero(says > 0) > says.size
    return config.curve.llr(Statistic(-mean if most_were_twice else mean, luma.step, origin))


def nonaligned_jpeg(photo: Photo, config: NonalignedJpegConfig = DEFAULT) -> Heatmap:
    """Judge a photo by grids of earlier compressions in parts of it; see `nonaligned_jpeg_llr`."""
    return heatmap_of(nonaligned_jpeg_llr(photo, config), photo, config.curve)


def _luma(photo: Photo, config: NonalignedJpegConfig) -> _LumaPlane:
    component, step = stored_luma(photo)
    frequencies = ZIGZAG[: config.frequencies]
    plane = samples(component)
    rounding = rounding_noise(stored_coefficients(photo), component, plane, frequencies)
    noises = [
        Noise(noise.mean, noise.variance + float(component.table[frequency]) ** 2 / 12)
        for noise, frequency in zip(rounding, frequencies, strict=True)
    ]
    plane -= LEVEL
    return _LumaPlane(component, step, plane, noises)


def _likeliest_grid(plane: Floats, luma: _LumaPlane) -> Grid:
    """Find the grid, other than the file's own, on which an earlier compression explains block means best."""
    counts = mean_histograms(plane)
    steps = _possible_steps(luma.component, (0, 0))
    likelihood = np.full(GRIDS, -np.inf)
    unused = [_number(_unused_grid((number // SIDE, number % SIDE))) for number in range(GRIDS)]
    for first in range(1, GRIDS, AT_ONCE):  # 0 is the file's own grid
        some = slice(first, first + AT_ONCE)
        found = jpeg_mixture.likeliest(counts[some], counts[unused[some]], steps, luma.noises[0])
        likelihood[some] = found.likelihood
    best = int(likelihood.argmax())
    return best // SIDE, best % SIDE


def _possible_steps(component: JpegComponent, frequency: tuple[int, int]) -> range:
    """Earlier steps that the file's own, finer ones leave to be seen: from 2 standard deviations to quality 50."""
    last = float(component.table[frequency])
    coarsest = max(last, float(STANDARD_TABLE.reshape(SIDE, SIDE)[frequency]))
    finest = max(2, int(last / np.sqrt(3)))
    return range(min(finest, LARGEST_STEP), min(int(coarsest), LARGEST_STEP) + 1)


def _unused_grid(grid: Grid) -> Grid:
    """Return the grid, one row and column nearer to the middle, that stands for grids that no compression used."""
    row, column = (offset + 1 if offset < SIDE // 2 else offset - 1 for offset in grid)
    return row, column


def _number(grid: Grid) -> int:
    return grid[0] * SIDE + grid[1]


def mean_histograms(plane: Floats) -> Floats:
    """Count the frequency (0, 0) of the blocks of each of the 64 grids.

    Parameters
    ----------
    plane : (H + 7, W + 7) float64
        H and W multiples of 8; the rest is what blocks of other grids overhang.

    Returns
    -------
    (GRIDS, BINS) float64
        The grid that begins at row r and column c is number 8 r + c.
    """
    height, width = (side - SIDE + 1 for side in plane.shape)
    counts = np.zeros(GRIDS * BINS)
    columns = np.arange(width) % SIDE * BINS
    for top in range(0, height, BAND):
        band = plane[top : min(top + BAND, height) + SIDE - 1]
        sums = cv2.boxFilter(band, cv2.CV_64F, (SIDE, SIDE), anchor=(0, 0), normalize=False)
        lower, upper = jpeg_mixture.bins_of(sums[: 1 - SIDE, :width] / SIDE)
        first = (np.arange(len(lower)) % SIDE * (SIDE * BINS))[:, None] + columns
        tied = lower != upper
        lower += first
        counts += np.bincount(lower.ravel(), minlength=counts.size)
        np.subtract.at(counts, lower[tied], 0.5)
        np.add.at(counts, lower[tied] + 1, 0.5)
    return counts.reshape(GRIDS, BINS)


METHOD = Detector(
    info=MethodInfo(
        name="nonaligned-jpeg",
        paper="T. Bianchi, A. Piva, 2012, Image forgery localization via block-grained analysis of JPEG artifacts "
        "(non-aligned), DOI 10.1109/TIFS.2012.2187516",
        detects="parts that were a JPEG on another grid of blocks before, in a photo that was not, and the other "
        "way round",
        blind_spots="where the earlier JPEG was of better quality than the file, or resized since; flat parts; "
        "parts that lie on the photo's own grid, as 1 in 64 does by chance, or half a block off it",
        needs=frozenset({"jpeg"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=nonaligned_jpeg_llr,
)
