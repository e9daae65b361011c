"""Which earlier quantization step explains the DCT coefficients of a part of a photo: Bianchi and Piva 2012.

Both detectors of that paper model the coefficients of one frequency as a mixture: some blocks were compressed once,
the others twice. The distribution of the former is known from the photo itself, from blocks on a grid that no
compression used; that of the latter follows from it for every earlier step. Expectation maximization tells the share
of both, and the likelihood which step it was. All of it works on histograms with one bin for each integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.jpeg_rounding import TIE, Noise, noise_kernel

Floats = NDArray[np.float64]

ZERO = 2048
"""Bin of the value 0; coefficients of 8-bit samples lie within plus and minus 1024 but for overshoot."""
BINS = 2 * ZERO
"""Bins of a histogram, one for each integer."""
FARTHEST = ZERO - 64
"""Larger values count as this."""
MOSTLY_SINGLE = 0.95
"""Share of single compression that expectation maximization begins with (reference implementation)."""
MAX_ROUNDS = 20
"""Rounds of it, at most (reference implementation)."""
MIN_GROWTH = 5.0
"""Growth of the log-likelihood below which it ends (reference implementation)."""
HALVINGS = 11
"""Steps in which shares are found to 3 digits."""


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
    """Round to integers, and give their bins: twice, as what lies between two belongs to both by halves.

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
    """Count values by integer; (BINS,) float64."""
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


def averaged(values: Floats, known: NDArray[np.bool_], side: int) -> Floats:
    """Average over squares of cells, of which unknown ones count as 0; NaN where none is known."""
    mean = summed(np.where(known, values, 0.0), side) / side**2
    mean[summed(known.astype(np.float64), side) < 0.5] = np.nan
    return mean


def smoothed(counts: Floats, total: float, bins: int = BINS) -> Floats:
    """Turn counts into probabilities, none of them zero: one is added to every bin."""
    return (counts + 1) / (total + bins)


def doubled(calibration: Floats, step: int, noise: Noise) -> Floats:
    """Return the histogram after an earlier compression with a step and the noise since: multiples of it, blurred.

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
    count = kept.shape[1] // 2
    spread = _blurred(kept, step, noise)
    return spread[:, count * step - zero : count * step + zero]


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
    count = zero // step + 1
    multiples = zero + step * np.arange(-count, count + 1)
    edges = (multiples - step // 2, multiples + (step + 1) // 2)
    lower, upper = (np.minimum(np.maximum(edge, 0), 2 * zero) for edge in edges)
    kept = before[:, upper] - before[:, lower]
    if step % 2 == 0:
        kept += before[:, np.minimum(upper + 1, 2 * zero)] - before[:, np.minimum(lower + 1, 2 * zero)]
        kept /= 2
    return kept


def _blurred(kept: Floats, step: int, noise: Noise) -> Floats:
    """Spread counts at multiples of a step (S, K) by Gaussian noise, over all integers (S, K * step)."""
    offsets, weights = noise_kernel(noise)
    near = int(offsets[-1]) // step + 1
    kernel = np.zeros((2 * near + 1) * step)
    kernel[near * step + offsets] = weights
    kernel = kernel.reshape(2 * near + 1, step)[::-1]
    wide = np.zeros((len(kept), kept.shape[1] + 2 * near))
    wide[:, near:-near] = kept
    windows = np.arange(kept.shape[1])[:, None] + np.arange(2 * near + 1)
    return np.asarray(wide[:, windows] @ kernel).reshape(len(kept), -1)


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
    `MIN_GROWTH`, or after `MAX_ROUNDS`. So the shares are not the converged ones, as in the reference
    implementation. The paper's sums over blocks are sums over bins here: blocks of one bin have one weight.
    """
    total = float(observed[0].sum())
    observed, calibration = cropped((observed, calibration), max(steps))
    single = smoothed(calibration, total)
    ratio = np.empty((len(steps), *single.shape), np.float32)
    for one, step in zip(ratio, steps, strict=True):
        np.divide(smoothed(doubled(calibration, step, noise), total), single, out=one, casting="same_kind")
    share, gain = maximized(observed, ratio, start)
    best, every = gain.argmax(axis=0), np.arange(len(observed))
    alone = np.einsum("sb,sb->s", observed, np.log(single))
    gain = gain[best, every]
    return Mixture(np.asarray(steps)[best], share[best, every], gain, gain + alone)


def cropped(histograms: Sequence[Floats], margin: int) -> list[Floats]:
    """Cut histograms (S, BINS) of the same coefficients to what they hold, and a margin, on both sides of 0 alike."""
    used = np.flatnonzero(np.any([counts.any(axis=0) for counts in histograms], axis=0))
    widest = max(ZERO - int(used[0]), int(used[-1]) - ZERO) if used.size else 0
    zero = min(ZERO, widest + margin + 1)
    return [counts[:, ZERO - zero : ZERO + zero] for counts in histograms]


def maximized(observed: Floats, ratio: NDArray[np.floating], start: float = MOSTLY_SINGLE) -> tuple[Floats, Floats]:
    """Maximize the likelihood over the shares of single compression; see `likeliest`.

    Parameters
    ----------
    observed : (S, B) float64
        Histograms.
    ratio : (Q, S, B) float32
        Probability of a bin after two compressions, for each after one.
    start : float
        Share to begin with.

    Returns
    -------
    share, gain : (Q, S) float64
    """
    observed, excess = observed.astype(np.float32), ratio.astype(np.float32) - 1
    count = observed.sum(axis=1)
    share, gain = np.full(ratio.shape[:2], start), np.full(ratio.shape[:2], -np.inf)
    going = np.arange(len(observed))
    for done in range(MAX_ROUNDS + 1):
        seen, updated, before = observed[going], share[:, going], gain[:, going].max(axis=0)
        for number, part in enumerate(excess):
            mixed = _mixed(part[going] if going.size < len(part) else part, updated[number])
            updated[number] *= np.sum(seen / mixed, axis=1) / count[going]
            if done:
                gain[number, going] = np.einsum("sb,sb->s", seen, np.log(mixed, out=mixed))
        grows = gain[:, going].max(axis=0) - before >= MIN_GROWTH if done else np.ones(going.size, np.bool_)
        going = going[grows] if done < MAX_ROUNDS else going[:0]
        if not going.size:
            break
        share[:, going] = updated[:, grows]
    return share, gain


def likeliest_shares(observed: Floats, ratio: Floats) -> tuple[Floats, Floats]:
    """Find where the likelihood is highest over the shares of single compression, to 3 digits.

    It is concave: halving the interval by the sign of its slope needs fewer steps than expectation maximization to the
    end, and finds the same.

    Parameters
    ----------
    observed : (B,) float64
        A histogram.
    ratio : (Q, B) float64
        Probability of a bin after two compressions, for each after one.

    Returns
    -------
    share, gain : (Q,) float64
    """
    excess = ratio - 1
    low, high = np.zeros(len(ratio)), np.ones(len(ratio))  # shares of two compressions
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rises = (excess / (1 + excess * middle[:, None])) @ observed > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    middle = (low + high) / 2
    return 1 - middle, np.log1p(excess * middle[:, None]) @ observed


def _mixed(excess: NDArray[np.float32], share: Floats) -> NDArray[np.float32]:
    """Mix bins of single compression (1) and of two (1 more than the excess)."""
    mixed = excess * (1 - share).astype(np.float32)[:, None]
    mixed += np.float32(1)
    return mixed


def log_ratio(calibration: Floats, total: float, step: int, noise: Noise) -> Floats:
    """Return the log-likelihood ratio of two compressions against one, for every integer.

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
