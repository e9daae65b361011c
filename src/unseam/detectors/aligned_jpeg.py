"""Parts that were compressed once in a photo compressed twice on one grid: Bianchi and Piva 2012, the aligned case.

A photo that was a JPEG, was opened, changed and saved as JPEG again was compressed twice on the same grid of 8 x 8
blocks: its coefficients, quantized by the first table and then by the second, pile up in some multiples of the second
step and leave others out. What was pasted before the second compression has no such pattern. The paper finds the first
step of each frequency that explains the coefficients best, and how much better one compression explains each block
than two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseam.detectors import jpeg_mixture
from unseam.detectors.block_dct import LEVEL, SIDE, ZIGZAG, samples
from unseam.detectors.detector import CALIBRATED, Detector, stored_coefficients, stored_luma
from unseam.detectors.jpeg_ghost import STANDARD_TABLE
from unseam.detectors.jpeg_rounding import Noise, limited_share, low_block_dct, rounding_noise
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.jpeg.coefficients import JpegComponent
from unseam.jpeg.quantization import LARGEST_STEP
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

MIN_SIDE = 64
"""Pixels: fewer blocks do not fill a histogram."""
UNUSED_GRID = (1, 1)
"""Row and column where a grid begins that no compression used: its coefficients are as if never compressed."""
CURVE = LlrCurve(slope=0.633, middle=2.07, threshold=0.7)
"""``benchmarks/calibrate.py`` on 91 authentic photographs and the same saved twice, and 60 constructed cases.

The calibration's own threshold is the least, 0.5; it is raised to where the mean F1 of the cases hardly falls yet.
"""


@dataclass(frozen=True, slots=True)
class AlignedJpegConfig:
    """Parameters of `aligned_jpeg`.

    Attributes
    ----------
    frequencies : int
        DCT frequencies, the first of the zig-zag order.
    pooled : int
        Blocks: side of the square over which the statistic is summed, and the ratio averaged; odd.
    min_gain : float
        Log-likelihood that a first compression must gain, per block, for a frequency to count. Not in the paper.
    max_limited : float
        Share of pixels at 0 or 255 above which a block knows nothing: decoding cut off what would show its history.
        Not in the paper.
    max_llr : float
        The log-likelihood ratio of a block is limited to plus and minus this. Not in the paper.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    frequencies: int = 15
    pooled: int = 3
    min_gain: float = 0.02
    max_limited: float = 0.02
    max_llr: float = 20.0
    curve: LlrCurve = CURVE


DEFAULT = AlignedJpegConfig()


@dataclass(frozen=True, slots=True, eq=False)
class _Frequency:
    """What one frequency says.

    Attributes
    ----------
    ratio : (block rows, block columns) float64
        Log-likelihood ratio of one compression against two.
    gain : float
        Log-likelihood per block that the first compression gained.
    single : float
        Share of blocks that were compressed once.
    """

    ratio: Floats
    gain: float
    single: float


def aligned_jpeg_statistic(photo: Photo, config: AlignedJpegConfig = DEFAULT) -> Statistic:
    """Say how much better one compression explains each part than two on one grid: the paper's map, its sign turned.

    Returns
    -------
    Statistic
        (block rows, block columns) float64: log-likelihood ratios of all frequencies, summed over 3 x 3 blocks. High =
        compressed once, in a photo that was compressed twice; the paper's own map is high where it was twice.

    Notes
    -----
    DOI 10.1109/TIFS.2012.2187516, sections III and IV. Coefficients on a grid that no compression used stand for those
    before any; quantized by the file's table they give the distribution after one compression, quantized by a first
    step, blurred by rounding noise and quantized again that after two. Of the earlier steps up to those of quality 50
    (or the file's own) the likeliest is taken, for each frequency, with its likeliest share of blocks. Where the first
    step divides the second one nothing is left to see, and both distributions are nearly the same. Details that the
    paper leaves open (calibration, smoothing of histograms) are those of `nonaligned_jpeg`.

    Raises
    ------
    NotApplicable
        No JPEG, or smaller than 64 x 64 pixels.
    """
    METHOD.check(photo)
    said, step = _frequencies(photo, config)
    total = np.sum([one.ratio for one in said], axis=0)
    return Statistic(jpeg_mixture.summed(total, config.pooled), step)


def aligned_jpeg_llr(photo: Photo, config: AlignedJpegConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a part compressed once, where most of the photo was compressed twice.

    Returns
    -------
    Statistic
        (block rows, block columns) float64, calibrated: mean ratio of a block, over 3 x 3 blocks, of those
        frequencies in which a first compression is clear. NaN in saturated parts; and everywhere when there is no such
        frequency, or most of the photo was compressed once: parts compressed twice in such a photo are not what the
        paper looks for.

    Raises
    ------
    NotApplicable
        As `aligned_jpeg_statistic`.
    """
    METHOD.check(photo)
    said, step = _frequencies(photo, config)
    clear = [one for one in said if one.gain >= config.min_gain]
    mostly_single = np.average([one.single for one in clear], weights=[one.gain for one in clear]) if clear else 1.0
    if mostly_single > 0.5:
        return config.curve.llr(Statistic(np.full(said[0].ratio.shape, np.nan), step))
    total = np.clip(np.sum([one.ratio for one in clear], axis=0), -config.max_llr, config.max_llr)
    known = limited_share(photo.pixels, total.shape, step) <= config.max_limited
    return config.curve.llr(Statistic(jpeg_mixture.averaged(total, known, config.pooled), step))


def aligned_jpeg(photo: Photo, config: AlignedJpegConfig = DEFAULT) -> Heatmap:
    """Judge a photo by parts that miss its first compression; see `aligned_jpeg_llr`."""
    return heatmap_of(aligned_jpeg_llr(photo, config), photo, config.curve)


def _frequencies(photo: Photo, config: AlignedJpegConfig) -> tuple[list[_Frequency], tuple[int, int]]:
    component, step = stored_luma(photo)
    frequencies = ZIGZAG[: config.frequencies]
    plane = samples(component)
    noises = rounding_noise(stored_coefficients(photo), component, plane, frequencies)
    plane -= LEVEL
    unused = low_block_dct(plane, frequencies, UNUSED_GRID)
    said = [
        _frequency(component, frequency, values, noise)
        for frequency, values, noise in zip(frequencies, unused, noises, strict=True)
    ]
    return said, step


def _frequency(component: JpegComponent, frequency: tuple[int, int], unused: Floats, noise: Noise) -> _Frequency:
    """Find the likeliest first step of one frequency, from coefficients on a grid that no compression used."""
    last, stored = int(component.table[frequency]), component.coefficients[..., frequency[0], frequency[1]]
    coarsest = max(last, int(STANDARD_TABLE.reshape(SIDE, SIDE)[frequency]))
    steps = range(1, min(coarsest, LARGEST_STEP) + 1)
    seen = jpeg_mixture.histogram(unused)
    (before,) = jpeg_mixture.cropped([seen[None] * (stored.size / seen.sum())], steps[-1])
    single = jpeg_mixture.at_multiples(before, last)
    doubles = [jpeg_mixture.doubled(before, first, noise) for first in steps]
    twice = jpeg_mixture.at_multiples(np.concatenate(doubles), last)
    single, twice = (jpeg_mixture.smoothed(counts, stored.size, counts.shape[1]) for counts in (single, twice))
    ratio = twice / single
    middle = single.shape[1] // 2
    place = np.clip(stored.astype(np.intp) + middle, 0, 2 * middle)
    observed = np.bincount(place.ravel(), minlength=2 * middle + 1).astype(np.float64)
    share, gain = jpeg_mixture.likeliest_shares(observed, ratio)
    best = int(gain.argmax())
    return _Frequency(-np.log(ratio[best])[place], float(gain[best]) / stored.size, float(share[best]))


METHOD = Detector(
    info=MethodInfo(
        name="aligned-jpeg",
        paper="T. Bianchi, A. Piva, 2012, Image forgery localization via block-grained analysis of JPEG artifacts "
        "(aligned), DOI 10.1109/TIFS.2012.2187516",
        detects="parts that were compressed as JPEG once, in a photo that was compressed twice on the same grid of"
        " blocks",
        blind_spots="where the first compression was of better quality than the second, or was undone by cropping "
        "or resizing in between; flat parts; parts smaller than about 24 pixels",
        needs=frozenset({"jpeg"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=aligned_jpeg_llr,
)
