"""Which blocks were compressed once in a JPEG that was compressed twice: Bianchi, De Rosa and Piva 2011.

A coefficient that was rounded to multiples of a first step, and then to multiples of a second one, avoids some values
and crowds others, periodically. Content that was pasted in between was rounded once and does not. The paper models
both, finds the first step and the share of twice rounded coefficients by least squares for each frequency, and
gives each block its probability of having been compressed once: of being tampered with.

T. Bianchi, A. De Rosa, A. Piva, 2011, Improved DCT coefficient analysis for forgery localization in JPEG images,
IEEE ICASSP, DOI 10.1109/ICASSP.2011.5946978.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import BAND, LEVEL, SIDE, ZIGZAG, block_dct, cosines, samples
from unseam.detectors.detector import Detector, stored_coefficients, stored_lightness
from unseam.detectors.statistic import Curve, Statistic, heatmap_of
from unseam.jpeg import JpegComponent
from unseam.method import Heatmap
from unseam.photo import Photo

Floats = NDArray[np.float64]

CURVE = Curve(slope=1.0, middle=0.0, threshold=0.9, score_slope=1.0, score_middle=1.0)

RANGE = np.arange(-2048, 2048)
"""Quantized coefficients over which the model's mean is one: what 8-bit samples can give (pyIFD's range, probed)."""
SHIFT = (1, 1)
"""Pixels by which blocks are moved to see coefficients that were not rounded: the calibration of the paper."""
KERNEL_REACH = 5
"""Standard deviations at which the model of rounding noise ends (pyIFD's, probed)."""
TIE = 1e-9
"""Numbers nearer than this to the limit of a rounding interval lie on it; far above what floating point adds."""
LUMA = (0.299, 0.587, 0.114)
"""Y of R, G, B, as JFIF defines it."""
TO_RGB = ((0.0, 1.402), (-0.34414, -0.71414), (1.772, 0.0))
"""What Cb and Cr add to Y in R, G and B, as JFIF defines it."""
LEAST_RATIO = 1e-300
"""Instead of no twice rounded coefficient at all, so that the logarithm stays finite."""


@dataclass(frozen=True, slots=True)
class DctModelConfig:
    """Parameters of `dct_model`.

    Attributes
    ----------
    highest_steps : tuple of int
        For each diagonal of frequencies, from (0, 0) on, the highest first step that is tried; later diagonals are
        left out. pyIFD's, probed: 15 frequencies, 20 or 30.
    least_share : float
        A first step is believed when more than this share of the coefficients fits it. pyIFD's, probed.
    median : int
        Side of the median filter over the map, in blocks; odd.
    curve : Curve
        From evidence to heat; see `CURVE`.
    """

    highest_steps: tuple[int, ...] = (20, 20, 20, 20, 30)
    least_share: float = 0.25
    median: int = 5
    curve: Curve = CURVE


DEFAULT = DctModelConfig()


@dataclass(frozen=True, slots=True, eq=False)
class FirstCompression:
    """What was found of a compression before the last one.

    Attributes
    ----------
    steps : (8, 8) int64
        First quantization step of each frequency (vertical, horizontal); 0 where none was found or looked for.
    shares : (8, 8) float64
        Share of the coefficients that were rounded to it, in [0, 1]; 0 where there is no step.
    log_odds : (F, block rows, block columns) float64
        For each frequency with a step, in zig-zag order, the natural logarithm of once over twice compressed.
    """

    steps: NDArray[np.int64]
    shares: Floats
    log_odds: Floats


@dataclass(frozen=True, slots=True)
class RoundingNoise:
    """What rounding decoded pixels to whole numbers from 0 to 255 adds to the DCT coefficients of lightness.

    Attributes
    ----------
    deviation : float
        Standard deviation over the coefficients of all frequencies, in grey levels of an orthonormal DCT.
    offset : float
        Mean over the coefficients of frequency (0, 0); those of the others have none.
    """

    deviation: float
    offset: float


def dct_model_statistic(photo: Photo, config: DctModelConfig = DEFAULT) -> Statistic:
    """Give the paper's probability that a block was compressed once, where the photo was compressed twice.

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
        The file is no JPEG, or its coefficients cannot be read.
    """
    component, step = stored_lightness(photo)
    found = first_compression(photo, config)
    odds = found.log_odds.sum(0) if len(found.log_odds) else np.zeros(component.coefficients.shape[:2])
    return Statistic(_logistic(_median(odds, config.median)), step)


def dct_model_evidence(photo: Photo, config: DctModelConfig = DEFAULT) -> Statistic:
    """Give the log-odds."""
    component, step = stored_lightness(photo)
    found = first_compression(photo, config)
    odds = found.log_odds.sum(0) if len(found.log_odds) else np.full(component.coefficients.shape[:2], np.nan)
    return Statistic(odds, step)


def dct_model(photo: Photo, config: DctModelConfig = DEFAULT) -> Heatmap:
    """Judge a photo."""
    return heatmap_of(dct_model_evidence(photo, config), photo, config.curve)


def first_compression(photo: Photo, config: DctModelConfig = DEFAULT) -> FirstCompression:
    """Find the steps of a compression before the file's own, and what each coefficient says about its block.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    config : DctModelConfig

    Returns
    -------
    FirstCompression

    Notes
    -----
    Sections 3 and 4 of the paper. The once rounded coefficients of a frequency are distributed as those of blocks one
    pixel further right and down; the twice rounded ones are that distribution times the number of multiples of the
    first step that fall into each of the second's intervals, blurred by rounding noise. Zeros are left out of the fit
    and say nothing. Steps that divide the second one leave no trace.
    """
    component, _ = stored_lightness(photo)
    frequencies = [frequency for frequency in ZIGZAG if sum(frequency) < len(config.highest_steps)]
    plane = samples(component)
    noise = _rounding_noise(photo, component, plane)
    steps, shares = np.zeros((SIDE, SIDE), np.int64), np.zeros((SIDE, SIDE))
    log_odds = []
    for frequency, once in zip(frequencies, _rounded_once(plane, component.table, frequencies), strict=True):
        twice = component.coefficients[:, :, frequency[0], frequency[1]].astype(np.intp)
        model = _Model(int(component.table[frequency]), noise.deviation, noise.offset if frequency == (0, 0) else 0.0)
        first, share = _fit(once, twice, model, config.highest_steps[sum(frequency)], config.least_share)
        if first:
            steps[frequency], shares[frequency] = first, share
            log_odds.append(_log_odds(model, first, share)[np.clip(twice, RANGE[0], RANGE[-1]) - RANGE[0]])
    shape = (len(log_odds), *component.coefficients.shape[:2])
    return FirstCompression(steps, shares, np.asarray(log_odds, np.float64).reshape(shape))


@dataclass(frozen=True, slots=True)
class _Model:
    """How rounding to multiples of a first step changes the distribution of coefficients rounded to a second one."""

    second: int
    deviation: float
    offset: float

    def ratio(self, firsts: NDArray[np.int64], least: int, most: int) -> Floats:
        """Give how many times as frequent each quantized coefficient becomes.

        Parameters
        ----------
        firsts : (Q,) int64
            First steps.
        least, most : int
            First and last of the quantized coefficients wanted.

        Returns
        -------
        (Q, most - least + 1) float64
            The first step over the second one, times the number of multiples of the first one that are rounded to
            the coefficient (those halfway between two count half for each); blurred by the noise.
        """
        noise = self._noise()
        reach = len(noise) // 2
        values = np.arange(least - reach, most + reach + 1)
        limits = (np.append(values, values[-1] + 1) - 0.5) * self.second - self.offset
        ratio = np.diff(_multiples_below(limits / firsts[:, None]), axis=1) * (firsts[:, None] / self.second)
        ratio[:, (values < RANGE[0]) | (values > RANGE[-1])] = 0
        blurred = np.zeros((len(firsts), most - least + 1))
        for place, weight in enumerate(noise):
            blurred += weight * ratio[:, place : place + blurred.shape[1]]
        return blurred

    def _noise(self) -> Floats:
        """Give the distribution of the noise over whole quantized coefficients; odd length, sum 1."""
        deviation = max(self.deviation / self.second, TIE)
        reach = int(np.ceil(KERNEL_REACH * deviation))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        return np.asarray(weights / weights.sum())


def _multiples_below(numbers: Floats) -> Floats:
    """Count the whole numbers from 1 up to each number, which itself counts half if it is whole; negative below 1."""
    nearest = np.rint(numbers)
    return np.where(np.abs(numbers - nearest) < TIE, nearest - 0.5, np.floor(numbers))


def _fit(
    once: NDArray[np.intp], twice: NDArray[np.intp], model: _Model, highest: int, least_share: float
) -> tuple[int, float]:
    """Find the first step and the share of coefficients rounded to it, by least squares over the histogram.

    Parameters
    ----------
    once : (rows, columns) int
        Coefficients of one frequency as one rounding gives them.
    twice : (rows, columns) int
        Those of the file, which mix both kinds.

    Returns
    -------
    (int, float)
        (0, 0) where no step explains more than `least_share`.
    """
    firsts = np.array([step for step in range(1, highest + 1) if model.second % step], np.int64)
    least, most = min(once.min(initial=0), twice.min(initial=0)), max(once.max(initial=0), twice.max(initial=0))
    before, found = (np.bincount(values.ravel() - least, minlength=most - least + 1) for values in (once, twice))
    before[-least] = found[-least] = 0
    change = before * (model.ratio(firsts, least, most) - 1)
    missing = (found - before).astype(np.float64)
    energy = (change**2).sum(1)
    share = np.divide(change @ missing, energy, out=np.zeros(len(firsts)), where=energy > 0)
    share = np.minimum(share, 1.0)
    residual = ((missing - share[:, None] * change) ** 2).sum(1)
    residual[share <= least_share] = np.inf
    best = int(residual.argmin()) if len(firsts) else 0
    return (int(firsts[best]), float(share[best])) if np.isfinite(residual[best : best + 1]).any() else (0, 0.0)


def _log_odds(model: _Model, first: int, share: float) -> Floats:
    """Give the logarithm of once over twice compressed for each coefficient of `RANGE`; 0 for zero."""
    ratio = model.ratio(np.array([first]), int(RANGE[0]), int(RANGE[-1]))[0]
    mixture = 1 - share + share * ratio
    log_odds = -np.log(np.maximum(mixture / mixture.mean(), LEAST_RATIO))
    log_odds[RANGE == 0] = 0
    return np.asarray(log_odds)


def _rounded_once(
    plane: Floats, table: NDArray[np.uint16], frequencies: Sequence[tuple[int, int]]
) -> Iterator[NDArray[np.intp]]:
    """Quantize the coefficients of blocks that are moved by `SHIFT`; one (rows, columns) array for each frequency.

    Halves are summed anew in a fixed order, down and then across, so that they are rounded alike on every machine,
    and as pyIFD's are.
    """
    moved = plane[SHIFT[0] :, SHIFT[1] :]
    rows, columns = moved.shape[0] // SIDE, moved.shape[1] // SIDE
    whole = moved[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE)
    for (v, u), coefficients in zip(frequencies, block_dct(plane, frequencies, SHIFT), strict=True):
        level = LEVEL * SIDE if (v, u) == (0, 0) else 0.0
        quotient = (coefficients - level) / table[v, u]
        halves = np.abs(quotient - np.floor(quotient) - 0.5) < TIE
        row, column = np.nonzero(halves)
        blocks = whole[row, :, column]
        down = sum(cosines()[v, y] * blocks[:, y] for y in range(SIDE))
        across = sum(cosines()[u, x] * down[:, x] for x in range(SIDE))
        quotient[halves] = (across - level) / table[v, u]
        yield np.rint(quotient).astype(np.intp)


def _rounding_noise(photo: Photo, component: JpegComponent, plane: Floats) -> RoundingNoise:
    """Decode the photo's pixels, and measure what rounding them changes in its lightness."""
    chroma = [other for other in stored_coefficients(photo).components if other.name in ("Cb", "Cr")]
    chroma = chroma if component.name == "Y" else []
    colours = [_Enlarged(samples(other) - LEVEL, other.sampling, component.sampling) for other in chroma]
    squares, sums = 0.0, np.zeros((SIDE, plane.shape[1]))
    for first in range(0, len(plane), BAND * SIDE // 4):
        lightness = plane[first : first + BAND * SIDE // 4]
        error = _rounding_error(lightness, [colour.rows(first, lightness.shape) for colour in colours])
        squares += float(np.square(error).sum())
        sums += error.reshape(-1, SIDE, plane.shape[1]).sum(0)
    by_place = sums.reshape(SIDE, -1, SIDE).sum(1) / (plane.size / SIDE**2)
    of_all = cosines().sum(0) @ by_place @ cosines().sum(0) / SIDE**2  # mean over all 64 frequencies
    return RoundingNoise(float(np.sqrt(squares / plane.size - of_all**2)), float(-SIDE * by_place.mean()))


@dataclass(frozen=True, slots=True)
class _Enlarged:
    """A plane of colour, enlarged to the size of lightness by repeating its samples."""

    plane: Floats
    sampling: tuple[int, int]
    wanted: tuple[int, int]

    def rows(self, first: int, shape: tuple[int, ...]) -> Floats:
        """Give as many rows and columns as a shape has, from row ``first`` of lightness on."""
        down = (first + np.arange(shape[0])) * self.sampling[1] // self.wanted[1]
        across = np.arange(shape[1]) * self.sampling[0] // self.wanted[0]
        rows = self.plane[np.minimum(down, self.plane.shape[0] - 1)]
        return rows.take(np.minimum(across, self.plane.shape[1] - 1), axis=1)


def _rounding_error(lightness: Floats, colours: list[Floats]) -> Floats:
    """Give how much lightness changes when the pixels that it is a part of become whole numbers from 0 to 255."""
    if not colours:
        return lightness - np.clip(np.rint(lightness), 0, 255)
    error = np.zeros(lightness.shape)
    for weight, (blue, red) in zip(LUMA, TO_RGB, strict=True):
        channel = lightness + blue * colours[0] + red * colours[1]
        channel -= np.clip(np.rint(channel), 0, 255)
        channel *= weight
        error += channel
    return error


def _median(values: Floats, side: int) -> Floats:
    """Take the median over a square; what lies outside is as low as can be (a probability of 0)."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(values, side, mode="constant", cval=-np.inf), np.float64)


def _logistic(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


METHOD = Detector(
    name="dct-model",
    paper="T. Bianchi, A. De Rosa, A. Piva, 2011, Improved DCT coefficient analysis for forgery localization in JPEG "
    "images, DOI 10.1109/ICASSP.2011.5946978",
    sees="regions that were compressed once in a JPEG that was compressed twice on one grid of blocks: pasted, painted "
    "or moved before the last save",
    blind="where the last compression was stronger than the first, where the photo was cropped or rescaled in between, "
    "in flat parts, and when the file is no JPEG",
    needs=frozenset({"jpeg"}),
    min_size=(1, 1),
    judge=dct_model,
    evidence=dct_model_evidence,
)
