"""From what single DCT coefficients say about one or two compressions, to what a part of a photo says.

A coefficient's log-odds are weak, and wrong by a constant where the model of the photo's history is not quite right.
Here they are summed over neighbouring blocks and compared with both their mean under one compression and their mean
in the file, so that a sum halfway between both speaks for neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PoolingConfig:
    """Parameters of `pooled`; none is in the papers. Chosen on development forgeries (CASIA v1, half of it).

    Attributes
    ----------
    blur : float
        Standard deviation of the Gaussian window, in blocks.
    reserve : float
        Coefficients without a say that are added to each window, so that few coefficients say little.
    unrest : float
        Standard deviation by which the mean of a window differs for reasons of its own, however many coefficients
        it has, as a share of the distance between both means.
    max_llr : float
        Log-odds of a coefficient are limited to this, and to its opposite.
    min_distance : float
        Distance between both means, in log-odds, from which on a frequency is a sign of two compressions.
    doubt : float
        Share of a sign that is taken off it: this many variances of a mean, over the square of the distance. The
        search for a model finds a distance in pure noise.
    signs : float
        Signs that make an earlier compression sure; with fewer, the ratio fades with the square of their number.
    min_known : float
        Coefficients that a window must have; with fewer it knows nothing.
    """

    blur: float = 2.0
    reserve: float = 30.0
    unrest: float = 0.1
    max_llr: float = 5.0
    min_distance: float = 0.01
    doubt: float = 5.0
    signs: float = 12.0
    min_known: float = 1.0


POOLING = PoolingConfig()
"""The defaults."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """What the coefficients of one frequency say.

    Attributes
    ----------
    coefficients : (block rows, block columns) int
        Quantized, as stored.
    lowest : int
        The coefficient of the first entry of the tables.
    log_odds : (X,) float64
        Natural logarithm of the odds of one compression against two, for each coefficient from ``lowest`` on.
    once, twice : (X,) float64
        How often each coefficient is expected after one compression, and found in the file.
    """

    coefficients: NDArray[np.signedinteger]
    lowest: int
    log_odds: Floats
    once: Floats
    twice: Floats


def pooled(votes: Iterable[Votes], shape: tuple[int, int], config: PoolingConfig) -> Floats:
    """Weigh the votes around each block.

    Parameters
    ----------
    votes : iterable of Votes
        Of the frequencies that say something; zero coefficients have no vote.
    shape : (int, int)
        Block rows and columns.
    config : PoolingConfig

    Returns
    -------
    (block rows, block columns) float64
        Logarithm of the likelihood ratio of one compression against what most of the file is, of Gaussians of one
        spread around both means; NaN where too few coefficients have a vote, and without a sign of two compressions.
    """
    sums, counts = np.zeros(shape), np.zeros(shape)
    total = once = twice = variance = signs = 0.0
    for vote in votes:
        table = np.clip(vote.log_odds, -config.max_llr, config.max_llr)
        zero = np.arange(len(table)) == -vote.lowest
        number = float(vote.twice[~zero].sum())
        mean_once, spread_once = _moments(table, np.where(zero, 0, vote.once))
        mean_twice, spread_twice = _moments(table, np.where(zero, 0, vote.twice))
        distance, spread = mean_once - mean_twice, (spread_once + spread_twice) / 2
        if not number or distance <= 0:
            continue
        places = np.clip(vote.coefficients.astype(np.intp) - vote.lowest, 0, len(table) - 1)
        sums += np.where(zero, 0, table)[places]
        counts += ~zero[places]
        total, variance = total + number, variance + number * spread
        once, twice = once + number * mean_once, twice + number * mean_twice
        if distance > config.min_distance:
            signs += max(0.0, 1 - config.doubt * spread / number / distance**2)
    if not signs:
        return np.full(shape, np.nan)
    known = _window(counts, config)
    middle, distance = (once + twice) / 2 / total, (once - twice) / total
    excess = (_window(sums, config) - known * middle) / (known + config.reserve)
    uncertain = variance / total / (known + config.reserve) + (config.unrest * distance) ** 2
    sure = min(1.0, signs / config.signs) ** 2
    return np.where(known >= config.min_known, sure * excess * distance / uncertain, np.nan)


def _moments(table: Floats, frequencies: Floats) -> tuple[float, float]:
    """Mean and variance of the entries of a table, each as frequent as given."""
    shares = frequencies / max(float(frequencies.sum()), 1e-9)
    mean = float(shares @ table)
    return mean, float(shares @ (table - mean) ** 2)


def _window(values: Floats, config: PoolingConfig) -> Floats:
    """Sum over a Gaussian window, whose weights are those of as many whole blocks as average out the same noise."""
    side = 2 * int(np.ceil(4 * config.blur)) + 1
    mean = cv2.GaussianBlur(values, (side, side), config.blur, borderType=cv2.BORDER_REFLECT)
    return np.asarray(mean, np.float64).reshape(values.shape) * (4 * np.pi * config.blur**2)
