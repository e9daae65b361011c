"""Blocks that break the period of a JPEG's DCT histograms: Lin, He, Tang and Tang 2009.

After two compressions on one grid of blocks, the histogram of a DCT coefficient rises and falls periodically. Content
that was compressed once is spread evenly over each period, so a coefficient in a valley points to it, and one on a peak
away from it. The paper turns both into the probability that a block was tampered with.

Z. Lin, J. He, X. Tang, C.-K. Tang, 2009, Fast, automatic and fine-grained tampered JPEG image detection via DCT
coefficient analysis, Pattern Recognition 42, DOI 10.1016/j.patcog.2009.03.019.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import ZIGZAG
from unseam.detectors.detector import CALIBRATED, Detector, stored_luma
from unseam.detectors.double_quantization import POOLING, PoolingConfig, Votes, pooled
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.jpeg.coefficients import JpegComponent
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

CURVE = LlrCurve(slope=0.0614, middle=-9.28, threshold=0.766)
"""Logistic regressions (classes balanced) by ``benchmarks/calibrate.py --cases 100``: 76 authentic JPEGs, and
100 photographs with a region that was compressed once and the rest twice, at qualities of 60 to 92, then 70 to 97.

The threshold leaves the 0.99 quantile of 95 % of the authentic photographs below it.
"""


@dataclass(frozen=True, slots=True)
class DctHistogramConfig:
    """Parameters of `dct_histogram`.

    Attributes
    ----------
    statistic_frequencies, llr_frequencies : int
        How many frequencies, in zig-zag order, the statistic looks at (pyIFD's) and the ratio (chosen on
        development forgeries).
    min_peak : float
        A histogram is periodic when its spectrum has a peak of at least this share of the number of coefficients
        (pyIFD's, probed).
    max_level : float
        A spectrum whose minimum is above this share of its peak is level, and has no peak (pyIFD's, probed).
    pooling : PoolingConfig
        How the ratio weighs coefficients.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    statistic_frequencies: int = 15
    llr_frequencies: int = 28
    min_peak: float = 0.2
    max_level: float = 0.9
    pooling: PoolingConfig = POOLING
    curve: LlrCurve = CURVE


DEFAULT = DctHistogramConfig()


def dct_histogram_statistic(photo: Photo, config: DctHistogramConfig = DEFAULT) -> Statistic:
    """Return the paper's probability that a block was tampered with.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    config : DctHistogramConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64 in [0, 1]; 0.5 throughout where no histogram is periodic.

    Notes
    -----
    Section 3 of the paper; equal to pyIFD's ``detectDQ`` and with it to the MKLab toolbox, which take the period from
    the histogram's Fourier spectrum. Blocks that the photo's border cuts are left out there; here they are not
    counted in the histograms either, but judged by them. Any JPEG can be judged, whatever its file name, colours and
    sampling. For other files pyIFD takes histograms of the pixels' DCT; here they cannot be judged, as nothing says
    what the last compression was.

    Raises
    ------
    NotApplicable
        The file is not a JPEG, or its coefficients cannot be read.
    """
    component, step = stored_luma(photo)
    odds = np.zeros(component.coefficients.shape[:2])
    whole = (photo.height // step[0], photo.width // step[1])
    for votes in _periodic(component, whole, config.statistic_frequencies, config):
        places = votes.coefficients.astype(np.intp) - votes.lowest
        odds += votes.log_odds[np.clip(places, 0, len(votes.log_odds) - 1)]
    return Statistic(np.asarray(0.5 * (1 + np.tanh(0.5 * odds))), step)


def dct_histogram_llr(photo: Photo, config: DctHistogramConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a block that was compressed once, against twice, with its surroundings.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    config : DctHistogramConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64, calibrated: positive where the block is unlike most of the
        photo and as if compressed once; NaN in flat parts, and everywhere when no histogram is periodic.

    Notes
    -----
    The paper multiplies the odds of a block's coefficients. Here they are pooled over neighbouring blocks
    (`unseam.detectors.double_quantization`), zeros are left out, and more frequencies are looked at.

    Raises
    ------
    NotApplicable
        As `dct_histogram_statistic`.
    """
    component, step = stored_luma(photo)
    whole = (photo.height // step[0], photo.width // step[1])
    rows, columns = component.coefficients.shape[:2]
    votes = _periodic(component, whole, config.llr_frequencies, config)
    return config.curve.llr(Statistic(pooled(votes, (rows, columns), config.pooling), step))


def dct_histogram(photo: Photo, config: DctHistogramConfig = DEFAULT) -> Heatmap:
    """Find content that breaks the period of the photo's DCT histograms; see `dct_histogram_llr`."""
    return heatmap_of(dct_histogram_llr(photo, config), photo, config.curve)


def _periodic(
    component: JpegComponent, whole: tuple[int, int], frequencies: int, config: DctHistogramConfig
) -> Iterator[Votes]:
    """Yield what the coefficients of each frequency with a periodic histogram say."""
    for v, u in ZIGZAG[:frequencies]:
        coefficients = component.coefficients[:, :, v, u]
        counted = coefficients[: whole[0], : whole[1]]
        if not counted.size:
            continue
        lowest = int(counted.min()) - 1  # an empty bin on either side, as pyIFD's histograms have
        histogram = np.bincount(counted.ravel().astype(np.intp) - lowest, minlength=int(counted.max()) - lowest + 2)
        period = _period(histogram, config)
        if not period:
            continue
        evenly = _in_period(histogram, period) / period
        log_odds = np.log(np.maximum(evenly, 1 / period) / np.maximum(histogram, 1))
        yield Votes(coefficients, lowest, np.where(evenly > 0, log_odds, 0.0), evenly, histogram.astype(np.float64))


def _period(histogram: NDArray[np.intp], config: DctHistogramConfig) -> int:
    """Find the period of a histogram, in bins, by the strongest wave beyond its envelope's; 0 for none."""
    spectrum = np.abs(np.fft.rfft(histogram))
    rising = np.nonzero(np.diff(spectrum) > 0)[0]
    if not len(rising):
        return 0
    beyond = spectrum[rising[0] : len(histogram) // 2]
    strongest = beyond.max(initial=0.0)
    if strongest < config.min_peak * spectrum[0] or beyond.min(initial=strongest) > config.max_level * strongest:
        return 0
    return int(np.round(len(histogram) / (rising[0] + beyond.argmax())))


def _in_period(histogram: NDArray[np.intp], period: int) -> NDArray[np.intp]:
    """Count the coefficients in the period that each bin belongs to.

    Periods begin at the highest bin, and run away from it on both sides: the first one, of the highest bin itself,
    also stands for the bins less than a period before it (pyIFD's convention, probed). At the ends they are moved
    inside.
    """
    highest = int(histogram.argmax())
    from_highest = np.arange(len(histogram)) - highest
    number = np.trunc(from_highest / period).astype(np.intp)
    start = highest + number * period - np.where(number < 0, period - 1, 0)
    start = np.clip(start, 0, max(len(histogram) - period, 0))
    sums = np.concatenate([[0], np.cumsum(histogram)])
    return np.asarray(sums[np.minimum(start + period, len(histogram))] - sums[start])


METHOD = Detector(
    info=MethodInfo(
        name="dct-histogram",
        paper="Z. Lin, J. He, X. Tang, C.-K. Tang, 2009, Fast, automatic and fine-grained tampered JPEG image "
        "detection via DCT coefficient analysis, DOI 10.1016/j.patcog.2009.03.019",
        detects="regions that break the periodic DCT histograms of a JPEG that was compressed twice on one grid of"
        " blocks: pasted, painted or moved before the last save",
        blind_spots="where the last compression was stronger than the first, where the photo was cropped or "
        "rescaled in between, in flat parts, and when the file is not a JPEG",
        needs=frozenset({"jpeg"}),
        min_size=(1, 1),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=dct_histogram_llr,
)
