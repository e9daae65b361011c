"""Which earlier quantization step explains the DCT coefficients of a part of a photo: Bianchi and Piva 2012.

Both detectors of that paper model the coefficients of one frequency as a mixture: some blocks were compressed once,
the others twice. The distribution of the former is known from the photo itself, from blocks on a grid that no
compression used; that of the latter follows from it for every earlier step. Expectation maximization tells the share
of both, and the likelihood which step it was. All of it works on histograms with one bin for each whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import LEVEL, block_dct, samples
from unseam.jpeg import JpegCoefficients, JpegComponent

Floats = NDArray[np.float64]

ZERO = 2048
"""Bin of the value 0; coefficients of 8-bit samples lie within plus and minus 1024 but for overshoot."""
BINS = 2 * ZERO
"""Bins of a histogram, one for each whole number."""
FARTHEST = ZERO - 64
"""Larger values count as this."""
TIE = 1e-7
"""Values this near to a half lie between two whole numbers; arithmetic moves them by 1e-12 or so."""
REACH = 6.0
"""Standard deviations of rounding noise beyond which it is taken to be zero."""
MOST_ROUNDS = 20
"""Rounds of expectation maximization, at most (reference implementation)."""
LEAST_GROWTH = 5.0
"""Growth of the log-likelihood below which it ends (reference implementation)."""
MOSTLY_SINGLE = 0.95
"""Share of single compression that expectation maximization begins with (reference implementation)."""
LEAST_DEVIATION = 1e-6
"""Keeps a Gaussian defined where there is no noise at all."""
ROUNDED_BLOCKS = 20_000
"""Blocks on which the noise of rounding is measured: all those of 1.3 megapixels, evenly chosen ones of more."""
LUMA = (0.299, 0.587, 0.114)
"""Y of R, G, B (JFIF)."""
BAND = 64
"""Rows of pixels at a time: what is computed in between stays in the processor's cache."""
RGB_FROM_CHROMA = ((0.0, 1.402), (-0.344136, -0.714136), (1.772, 0.0))
"""What Cb and Cr add to Y in R, G and B (JFIF)."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What rounding and limiting pixels to [0, 255] adds to DCT coefficients of lightness: a Gaussian.

    Attributes
    ----------
    mean, variance : float
    """

    mean: float
    variance: float


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """The most likely earlier compression of each set of coefficients.

    Attributes
    ----------
    step : (S,) int64
        Quantization step of the earlier compression.
    single : (S,) float64
        Share of coefficients that were compressed once.
    gain : (S,) float64
        Log-likelihood of the mixture above that of single compression alone.
    likelihood : (S,) float64
        Log-likelihood of the mixture.
    """

    step: NDArray[np.int64]
    single: Floats
    gain: Floats
    likelihood: Floats


def bins_of(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Round to whole numbers, and give their bins: twice, as what lies between two belongs to both by halves.

    Coefficients of flat parts often lie there. Which way rounding takes them is up to the last bit of the arithmetic,
    and pyIFD's map of such a photo changes with its way to convolve.

    Returns
    -------
    lower, upper : like values, intp
        The same but for ties.
    """
    limited = np.clip(values, -FARTHEST, FARTHEST)
    limited += ZERO + 0.5 - TIE  # positive from here on: casting rounds down
    lower = limited.astype(np.intp)
    limited += 2 * TIE
    return lower, limited.astype(np.intp)


def histogram(values: Floats) -> Floats:
    """Count values by whole number; (BINS,) float64."""
    lower, upper = bins_of(values)
    counts = np.bincount(lower.ravel(), minlength=BINS) + np.bincount(upper.ravel(), minlength=BINS)
    return counts / 2


def at(values: Floats, table: Floats) -> Floats:
    """Look each value up in a table of BINS entries."""
    lower, upper = bins_of(values)
    return np.asarray((table[lower] + table[upper]) / 2)


def summed(values: Floats, side: int) -> Floats:
    """Sum over squares of cells; mirrored at the border."""
    sums = cv2.boxFilter(values, cv2.CV_64F, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT)
    return np.asarray(sums, np.float64).reshape(values.shape)


def smoothed(counts: Floats, total: float, bins: int = BINS) -> Floats:
    """Turn counts into probabilities, none of them zero: one is added to every bin."""
    return (counts + 1) / (total + bins)


def doubled(calibration: Floats, step: int, noise: Noise) -> Floats:
    """Give the histogram after an earlier compression with a step and the noise since: multiples of it, blurred.

    Parameters
    ----------
    calibration : (S, B) float64
        Histograms before any compression, the value 0 in bin B // 2; nothing in the outermost ``step`` bins.
    step : int
    noise : Noise
        The sign of its mean as in pyIFD: what rounding took from the pixels, not what it added.

    Returns
    -------
    (S, B) float64
        The sum stays, but for what leaves the range.
    """
    zero = calibration.shape[1] // 2
    kept = at_multiples(calibration, step)
    most = kept.shape[1] // 2
    spread = _blurred(kept, step, noise)
    return spread[:, most * step - zero : most * step + zero]


def at_multiples(counts: Floats, step: int) -> Floats:
    """Quantize: move every value to the nearest multiple of a step, by halves where two are as near.

    Parameters
    ----------
    counts : (S, B) float64
        Histograms, the value 0 in bin B // 2.
    step : int

    Returns
    -------
    (S, K) float64
        Of each multiple, 0 in the middle; K = 2 * (B // 2 // step) + 3.
    """
    zero = counts.shape[1] // 2
    before = np.zeros((len(counts), 2 * zero + 1))
    np.cumsum(counts, axis=1, out=before[:, 1:])
    most = zero // step + 1
    multiples = zero + step * np.arange(-most, most + 1)
    lower, upper = (np.clip(multiples + edge, 0, 2 * zero) for edge in (-(step // 2), (step + 1) // 2))
    kept = before[:, upper] - before[:, lower]
    if step % 2 == 0:
        kept += before[:, np.minimum(upper + 1, 2 * zero)] - before[:, np.minimum(lower + 1, 2 * zero)]
        kept /= 2
    return kept


def noise_kernel(noise: Noise) -> tuple[NDArray[np.int64], Floats]:
    """Give the probabilities of rounding noise at whole numbers: offsets -K to K, and weights that sum to 1."""
    deviation = np.sqrt(noise.variance) + LEAST_DEVIATION
    reach = int(np.ceil(REACH * deviation + abs(noise.mean))) + 1
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(((offsets + noise.mean) / deviation) ** 2) / 2)
    return offsets, weights / weights.sum()


def _blurred(kept: Floats, step: int, noise: Noise) -> Floats:
    """Spread counts at multiples of a step (S, K) by Gaussian noise, over all whole numbers (S, K * step)."""
    offsets, weights = noise_kernel(noise)
    near = int(offsets[-1]) // step + 1
    kernel = np.zeros((2 * near + 1) * step)
    kernel[near * step + offsets] = weights
    kernel = kernel.reshape(2 * near + 1, step)[::-1]
    wide = np.zeros((len(kept), kept.shape[1] + 2 * near))
    wide[:, near:-near] = kept
    around = np.lib.stride_tricks.sliding_window_view(wide, 2 * near + 1, axis=1)
    return np.asarray(around @ kernel).reshape(len(kept), -1)


def likeliest(
    observed: Floats, calibration: Floats, steps: Sequence[int], noise: Noise, start: float = MOSTLY_SINGLE
) -> Mixture:
    """Fit a mixture of coefficients compressed once and twice, for every earlier step; keep the likeliest.

    Parameters
    ----------
    observed, calibration : (S, BINS) float64
        Histograms of S sets of coefficients, and of as many on grids that no compression used.
    steps : sequence of int
        The earlier steps that are possible.
    noise : Noise
    start : float
        Share of coefficients compressed once, to begin with.

    Notes
    -----
    Expectation maximization, for all steps of a set together: it ends when the best log-likelihood grows by less than
    `LEAST_GROWTH`, or after `MOST_ROUNDS`. So the shares are not the converged ones, as in the reference
    implementation. The paper's sums over blocks are sums over bins here: blocks of one bin have one weight.
    """
    total = float(observed[0].sum())
    zero = _half_width(observed, calibration, max(steps))
    observed, calibration = (counts[:, ZERO - zero : ZERO + zero] for counts in (observed, calibration))
    single = smoothed(calibration, total)
    ratio = np.stack([smoothed(doubled(calibration, step, noise), total) / single for step in steps])
    share, gain = maximized(observed, ratio, start)
    best, every = gain.argmax(axis=0), np.arange(len(observed))
    alone = np.einsum("sb,sb->s", observed, np.log(single))
    gain = gain[best, every]
    return Mixture(np.asarray(steps)[best], share[best, every], gain, gain + alone)


def _half_width(observed: Floats, calibration: Floats, step: int) -> int:
    """Find how many bins on either side of 0 hold everything, and a step more."""
    used = np.flatnonzero(observed.any(axis=0) | calibration.any(axis=0))
    widest = max(ZERO - int(used[0]), int(used[-1]) - ZERO) if used.size else 0
    return min(ZERO, widest + step + 1)


def maximized(observed: Floats, ratio: Floats, start: float = MOSTLY_SINGLE) -> tuple[Floats, Floats]:
    """Maximize the likelihood over the shares of single compression.

    Parameters
    ----------
    observed : (S, B) float64
        Histograms.
    ratio : (Q, S, B) float64
        Probability of a bin after two compressions, for each after one.
    start : float

    Returns
    -------
    share, gain : (Q, S) float64
    """
    share, gain = np.full(ratio.shape[:2], start), np.full(ratio.shape[:2], -np.inf)
    going = np.arange(len(observed))
    for _ in range(MOST_ROUNDS):
        part, seen = ratio[:, going], observed[going]
        alpha = share[:, going]
        mixed = part * (1 - alpha)[..., None] + alpha[..., None]
        alpha *= np.einsum("sb,qsb->qs", seen, 1 / mixed) / seen.sum(axis=1)
        mixed = part * (1 - alpha)[..., None] + alpha[..., None]
        best = gain[:, going].max(axis=0)
        share[:, going], gain[:, going] = alpha, np.einsum("sb,qsb->qs", seen, np.log(mixed))
        going = going[gain[:, going].max(axis=0) - best >= LEAST_GROWTH]
        if not going.size:
            break
    return share, gain


def log_ratio(calibration: Floats, total: float, step: int, noise: Noise) -> Floats:
    """Give the log-likelihood ratio of two compressions against one, for every whole number.

    Parameters
    ----------
    calibration : (BINS,) float64
    total : float
        Number of coefficients.
    step : int
    noise : Noise

    Returns
    -------
    (BINS,) float64
    """
    again = smoothed(doubled(calibration[None], step, noise)[0], total)
    return np.asarray(np.log(again / smoothed(calibration, total)))


def rounding_noise(
    coefficients: JpegCoefficients, component: JpegComponent, frequencies: Sequence[tuple[int, int]]
) -> list[Noise]:
    """Measure what rounding and limiting the decoded pixels does to DCT coefficients of lightness.

    It is measured on this file, and taken for that of an earlier decompression.

    Parameters
    ----------
    coefficients : JpegCoefficients
    component : JpegComponent
        The one that is judged. In a file of Y, Cb and Cr the pixels are those of R, G and B; else its own.
    frequencies : sequence of (int, int)

    Returns
    -------
    list of Noise
        For each of ``frequencies``; the mean is that of (0, 0) alone, as others have none.
    """
    components = coefficients.components
    colour = tuple(part.name for part in components) == ("Y", "Cb", "Cr")
    error = _rounding_error([_some_rows(part, component) for part in (components if colour else (component,))])
    planes = block_dct(error, frequencies)
    return [
        Noise(float(plane.mean()) if frequency == (0, 0) else 0.0, float(plane.var()))
        for frequency, plane in zip(frequencies, planes, strict=True)
    ]


def _some_rows(part: JpegComponent, judged: JpegComponent) -> JpegComponent:
    """Choose rows of interleaved units so that they hold about `ROUNDED_BLOCKS` blocks of the component judged."""
    rows, columns = judged.coefficients.shape[:2]
    units = -(-rows // judged.sampling[1])
    stride = max(1, round(rows * columns / ROUNDED_BLOCKS))
    chosen = np.arange(0, units, stride)[:, None] * part.sampling[1] + np.arange(part.sampling[1])
    chosen = chosen[chosen < len(part.coefficients)]
    return part if stride == 1 else replace(part, coefficients=part.coefficients[chosen])


def _rounding_error(parts: list[JpegComponent]) -> Floats:
    """Lightness before less after rounding pixels and limiting them to [0, 255]; (H, W), whole blocks of the first."""
    planes = [samples(part) for part in parts]
    if len(parts) == 1:
        return planes[0] - _limited(planes[0])
    error = np.zeros_like(planes[0])
    for top in range(0, len(error), BAND):
        band = slice(top, min(top + BAND, len(error)))
        lightness = planes[0][band]
        chroma = [
            _stretched(plane, part, parts[0], band, error.shape[1]) for plane, part in zip(planes, parts, strict=True)
        ]
        for weight, (from_cb, from_cr) in zip(LUMA, RGB_FROM_CHROMA, strict=True):
            colour = lightness + from_cb * chroma[1]
            colour += from_cr * chroma[2]
            error[band] += weight * (colour - _limited(colour))
    return error


def _limited(values: Floats) -> Floats:
    return np.asarray(np.clip(np.floor(values + (0.5 + TIE)), 0, 255))


def _stretched(plane: Floats, part: JpegComponent, like: JpegComponent, band: slice, width: int) -> Floats:
    """Repeat the samples of a subsampled component beside rows of another, less 128."""
    rows = np.arange(band.start, band.stop) * part.sampling[1] // like.sampling[1]
    columns = np.arange(width) * part.sampling[0] // like.sampling[0]
    rows, columns = (np.minimum(places, side - 1) for places, side in zip((rows, columns), plane.shape, strict=True))
    return np.asarray(plane[rows][:, columns] - LEVEL)
