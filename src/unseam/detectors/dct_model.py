"""Which blocks were compressed once in a JPEG that was compressed twice: Bianchi, De Rosa and Piva 2011.

A coefficient that was rounded to multiples of a first step, and then to multiples of a second one, avoids some values
and crowds others, periodically. Content that was pasted in between was rounded once and does not. The paper models
both, finds the first step and the share of twice rounded coefficients by least squares for each frequency, and gives
each block its probability of having been compressed once: of being tampered with.

T. Bianchi, A. De Rosa, A. Piva, 2011, Improved DCT coefficient analysis for forgery localization in JPEG images,
IEEE ICASSP, DOI 10.1109/ICASSP.2011.5946978.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import LEVEL, SIDE, ZIGZAG, block_dct, cosines, samples
from unseam.detectors.detector import CALIBRATED, Detector, stored_luma
from unseam.detectors.double_quantization import POOLING, PoolingConfig, Votes, pooled
from unseam.detectors.rounding_noise import rounding_noise
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.jpeg.coefficients import JpegComponent
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

CURVE = LlrCurve(slope=0.234, middle=0.354, threshold=0.915)
"""Logistic regressions (classes balanced) by ``benchmarks/calibrate.py --cases 100``: 76 authentic JPEGs, and
100 photographs with a region that was compressed once and the rest twice, at qualities of 60 to 92, then 70 to 97.

The threshold leaves the 0.99 quantile of 95 % of the authentic photographs below it.
"""

MIN_COEFFICIENT, MAX_COEFFICIENT = -2048, 2047
"""Quantized coefficients over which the model's mean is one: more than 8-bit samples can give (pyIFD's, probed)."""
SHIFT = (1, 1)
"""Rows and columns by which blocks are moved to see coefficients that no earlier compression rounded."""
KERNEL_REACH = 5
"""Standard deviations at which the model of rounding noise ends (pyIFD's, probed)."""
TIE = 1e-9
"""Numbers nearer than this to the limit of a rounding interval lie on it; far above what floating point adds."""
MIN_RATIO = 1e-300
"""Stands for no twice rounded coefficient at all, so that the logarithm stays finite."""


@dataclass(frozen=True, slots=True)
class DctModelConfig:
    """Parameters of `dct_model`.

    Attributes
    ----------
    highest_steps : tuple of int
        For each diagonal of frequencies, from (0, 0) on, the highest first step that is tried (pyIFD's, probed).
    statistic_diagonals, llr_diagonals : int
        How many of the diagonals the statistic looks at (15 frequencies; the paper's) and the ratio (28; chosen on
        development forgeries).
    min_share : float
        A first step is believed when more than this share of the coefficients fits it (pyIFD's, probed).
    median : int
        Side of the median filter over the statistic, in blocks: 1, 3 or 5 (pyIFD's).
    pooling : PoolingConfig
        How the ratio weighs coefficients.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    highest_steps: tuple[int, ...] = (20, 20, 20, 20, 30, 40, 64)
    statistic_diagonals: int = 5
    llr_diagonals: int = 7
    min_share: float = 0.25
    median: int = 5
    pooling: PoolingConfig = POOLING
    curve: LlrCurve = CURVE


DEFAULT = DctModelConfig()


def dct_model_statistic(photo: Photo, config: DctModelConfig = DEFAULT) -> Statistic:
    """Return the paper's probability that a block was compressed once, where the photo was compressed twice.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    config : DctModelConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64 in [0, 1]; 0.5 where nothing speaks for either. The median filter takes
        what lies outside of the photo as 0, so corners are too low. Blocks that the photo's border cuts are included.

    Notes
    -----
    Equal to pyIFD's ``getJmap`` (c1 = 1, c2 = 15), and with it to the MKLab toolbox. Unlike there, every JPEG can be
    judged: grey, RGB and CMYK ones, any subsampling, flat ones, those with one quantization table, any file name. A
    PNG that once was a JPEG cannot: the last compression must be the file's own.

    Raises
    ------
    NotApplicable
        The file is not a JPEG, or its coefficients cannot be read.
    """
    component, step = stored_luma(photo)
    odds = np.zeros(component.coefficients.shape[:2])
    for found in _examine(photo, component, config.statistic_diagonals, config):
        odds += found.votes.log_odds[_places(found.votes.coefficients)]
    odds = _median(odds, config.median)
    return Statistic(np.asarray(0.5 * (1 + np.tanh(0.5 * odds))), step)


def dct_model_llr(photo: Photo, config: DctModelConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a block that was compressed once, against twice, with its surroundings.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    config : DctModelConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64, calibrated: positive where the block is unlike the twice
        compressed part of the photo and as if compressed once; NaN in flat parts, and everywhere when no frequency
        shows an earlier compression.

    Notes
    -----
    The paper takes each coefficient's odds as they are, and a median over the map. Here they are pooled
    (`unseam.detectors.double_quantization`), because the model's shares are often too low, and its odds then lean to
    one side throughout the photo; and more frequencies are looked at.

    Raises
    ------
    NotApplicable
        As `dct_model_statistic`.
    """
    component, step = stored_luma(photo)
    votes = (found.votes for found in _examine(photo, component, config.llr_diagonals, config))
    rows, columns = component.coefficients.shape[:2]
    return config.curve.llr(Statistic(pooled(votes, (rows, columns), config.pooling), step))


def dct_model(photo: Photo, config: DctModelConfig = DEFAULT) -> Heatmap:
    """Find content that was compressed once in a JPEG that was compressed twice; see `dct_model_llr`."""
    return heatmap_of(dct_model_llr(photo, config), photo, config.curve)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A frequency (vertical, horizontal) with a first step, the share rounded to it, and what coefficients say."""

    frequency: tuple[int, int]
    first: int
    share: float
    votes: Votes


def _examine(photo: Photo, component: JpegComponent, diagonals: int, config: DctModelConfig) -> Iterator[_Found]:
    """Fit the model to each frequency; yield those with a trace.

    Sections 3 and 4 of the paper. Once rounded coefficients are distributed as those of blocks that lie one pixel
    further; twice rounded ones are that distribution times the number of multiples of the first step that fall into
    each of the second's intervals, blurred by rounding noise. Zeros are left out of the fit and say nothing. Steps
    that divide the second one leave no trace.
    """
    frequencies = [frequency for frequency in ZIGZAG if sum(frequency) < diagonals]
    plane = samples(component)
    noise = rounding_noise(photo, component, plane)
    for frequency, moved in zip(frequencies, _moved(plane, component.table, frequencies), strict=True):
        coefficients = component.coefficients[:, :, frequency[0], frequency[1]]
        once, twice = _histogram(moved), _histogram(coefficients)
        offset = noise.offset if frequency == (0, 0) else 0.0
        model = _Model(int(component.table[frequency]), noise.deviation, offset)
        first, share = _fit(once, twice, model, config.highest_steps[sum(frequency)], config.min_share)
        if first:
            votes = Votes(coefficients, MIN_COEFFICIENT, _log_odds(model, first, share), once, twice)
            yield _Found(frequency, first, share, votes)


def _places(coefficients: NDArray[np.signedinteger]) -> NDArray[np.intp]:
    """Return the place of each quantized coefficient in tables from `MIN_COEFFICIENT` to `MAX_COEFFICIENT`."""
    return np.clip(coefficients.astype(np.intp), MIN_COEFFICIENT, MAX_COEFFICIENT) - MIN_COEFFICIENT


def _histogram(coefficients: NDArray[np.signedinteger]) -> Floats:
    """Count each quantized coefficient from `MIN_COEFFICIENT` to `MAX_COEFFICIENT`."""
    counts = np.bincount(_places(coefficients).ravel(), minlength=MAX_COEFFICIENT - MIN_COEFFICIENT + 1)
    return counts.astype(np.float64)


def _moved(
    plane: Floats, table: NDArray[np.uint16], frequencies: list[tuple[int, int]]
) -> Iterator[NDArray[np.signedinteger]]:
    """Quantize the coefficients of blocks that are moved by `SHIFT`; (rows, columns) for each frequency.

    Halves are summed anew in a fixed order, down and then across, so that they are rounded alike on every machine,
    and as pyIFD's are.
    """
    rows, columns = ((side - shift) // SIDE for side, shift in zip(plane.shape, SHIFT, strict=True))
    whole = plane[SHIFT[0] : SHIFT[0] + rows * SIDE, SHIFT[1] : SHIFT[1] + columns * SIDE]
    blocks = whole.reshape(rows, SIDE, columns, SIDE)
    wave = cosines()
    for (v, u), coefficients in zip(frequencies, block_dct(plane, frequencies, SHIFT), strict=True):
        level = LEVEL * SIDE if (v, u) == (0, 0) else 0.0
        quotient = (coefficients - level) / table[v, u]
        row, column = np.nonzero(np.abs(quotient - np.floor(quotient) - 0.5) < TIE)
        if len(row):
            block = blocks[row, :, column]
            down = sum(wave[v, y] * block[:, y] for y in range(SIDE))
            quotient[row, column] = (sum(wave[u, x] * down[:, x] for x in range(SIDE)) - level) / table[v, u]
        yield np.rint(quotient).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Model:
    """How rounding to multiples of a first step changes how often each coefficient, rounded to the second, occurs."""

    second: int
    deviation: float
    offset: float

    def ratio(self, firsts: NDArray[np.int64], lowest: int, highest: int) -> Floats:
        """Return how many times as frequent each quantized coefficient becomes.

        Parameters
        ----------
        firsts : (Q,) int64
            First steps.
        lowest, highest : int
            First and last of the quantized coefficients wanted.

        Returns
        -------
        (Q, highest - lowest + 1) float64
            The first step over the second one, times the number of multiples of the first one that are rounded to
            the coefficient (those halfway between two count half for each); blurred by the noise.
        """
        noise = self._noise()
        reach = len(noise) // 2
        values = np.arange(lowest - reach, highest + reach + 1)
        limits = (np.append(values, values[-1] + 1) - 0.5) * self.second - self.offset
        ratio = np.diff(_multiples_below(limits / firsts[:, None]), axis=1) * (firsts[:, None] / self.second)
        ratio[:, (values < MIN_COEFFICIENT) | (values > MAX_COEFFICIENT)] = 0
        blurred = np.zeros((len(firsts), highest - lowest + 1))
        for place, weight in enumerate(noise):
            blurred += weight * ratio[:, place : place + blurred.shape[1]]
        return blurred

    def _noise(self) -> Floats:
        """Return the distribution of the noise over whole quantized coefficients; odd length, sum 1."""
        deviation = max(self.deviation / self.second, TIE)
        reach = int(np.ceil(KERNEL_REACH * deviation))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        return np.asarray(weights / weights.sum())


def _multiples_below(numbers: Floats) -> Floats:
    """Count the integers from 1 up to each number, which itself counts half if it is whole; negative below 1."""
    nearest = np.rint(numbers)
    return np.where(np.abs(numbers - nearest) < TIE, nearest - 0.5, np.floor(numbers))


def _fit(once: Floats, twice: Floats, model: _Model, highest: int, min_share: float) -> tuple[int, float]:
    """Find the first step, and the share of coefficients rounded to it, by least squares over the histogram.

    Returns
    -------
    (int, float)
        (0, 0) where no step explains more than `min_share`.
    """
    firsts = np.array([step for step in range(1, highest + 1) if model.second % step], np.int64)
    present = np.nonzero(once + twice)[0]
    support = slice(present[0], present[-1] + 1)
    before = np.where(np.arange(MIN_COEFFICIENT, MAX_COEFFICIENT + 1) == 0, 0, once)[support]
    missing = np.where(np.arange(MIN_COEFFICIENT, MAX_COEFFICIENT + 1) == 0, 0, twice - once)[support]
    change = before * (model.ratio(firsts, present[0] + MIN_COEFFICIENT, present[-1] + MIN_COEFFICIENT) - 1)
    energy = (change**2).sum(1)
    share = np.divide(change @ missing, energy, out=np.zeros(len(firsts)), where=energy > 0)
    share = np.minimum(share, 1.0)
    residual = ((missing - share[:, None] * change) ** 2).sum(1)
    residual[share <= min_share] = np.inf
    best = int(residual.argmin())
    return (int(firsts[best]), float(share[best])) if share[best] > min_share else (0, 0.0)


def _log_odds(model: _Model, first: int, share: float) -> Floats:
    """Return the logarithm of once over twice compressed for every coefficient in the tables; 0 for zero."""
    ratio = model.ratio(np.array([first]), MIN_COEFFICIENT, MAX_COEFFICIENT)[0]
    mixture = 1 - share + share * ratio
    log_odds = -np.log(np.maximum(mixture / mixture.mean(), MIN_RATIO))
    log_odds[-MIN_COEFFICIENT] = 0
    return np.asarray(log_odds)


def _median(values: Floats, side: int) -> Floats:
    """Take the median over a square; what lies outside is as low as can be (a probability of 0).

    OpenCV's filter takes single precision, in which the values' ranks are exact.
    """
    known, ranks = np.unique(values, return_inverse=True)
    reach = side // 2
    padded = np.pad(ranks.reshape(values.shape).astype(np.float32) + 1, reach)
    medians = cv2.medianBlur(padded, side)[reach : reach + values.shape[0], reach : reach + values.shape[1]]
    return np.asarray(np.concatenate([[-np.inf], known])[medians.astype(np.intp)])


METHOD = Detector(
    info=MethodInfo(
        name="dct-model",
        paper="T. Bianchi, A. De Rosa, A. Piva, 2011, Improved DCT coefficient analysis for forgery localization "
        "in JPEG images, DOI 10.1109/ICASSP.2011.5946978",
        detects="regions that were compressed once in a JPEG that was compressed twice on one grid of blocks: "
        "pasted, painted or moved before the last save",
        blind_spots="where the last compression was much stronger than the first, where the photo was cropped or "
        "rescaled in between, in flat parts, and when the file is not a JPEG",
        needs=frozenset({"jpeg"}),
        min_size=(1, 1),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=dct_model_llr,
)
