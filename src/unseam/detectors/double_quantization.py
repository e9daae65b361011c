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
    doubt : float
        A frequency is weighed down by the square of its distance between both means over that which this many
        variances of a mean would give; the search for a model finds a distance in pure noise.
    most : float
        Log-odds of a coefficient are limited to this, and to its opposite.
    least_known : float
        Coefficients that a window must have; with fewer it knows nothing.
    """

    blur: float = 2.0
    reserve: float = 30.0
    unrest: float = 0.1
    doubt: float = 5.0
    most: float = 5.0
    least_known: float = 1.0


POOLING = PoolingConfig()
"""The defaults."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """What the coefficients of one frequency say.

    Attributes
    ----------
    coefficients : (block rows, block columns) int
        Quantized, as stored.
    least : int
        The coefficient of the first entry of the tables.
    log_odds : (X,) float64
        Natural logarithm of the odds of one compression against two, for each coefficient from ``least`` on.
    once, twice : (X,) float64
        How often each coefficient is expected after one compression, and found in the file.
    """

    coefficients: NDArray[np.signedinteger]
    least: int
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
        spread around both means; NaN where too few coefficients have a vote.
    """
    sums, counts = np.zeros(shape), np.zeros(shape)
    total = once = twice = variance = 0.0
    for vote in votes:
        table = np.clip(vote.log_odds, -config.most, config.most)
        zero = np.arange(len(table)) == -vote.least
        means, variances, number = _moments(table, np.where(zero, 0, vote.once), np.where(zero, 0, vote.twice))
        weight = _weight(means[0] - means[1], float(np.mean(variances)) / max(number, 1.0), config)
        if not weight:
            continue
        places = np.clip(vote.coefficients.astype(np.intp) - vote.least, 0, len(table) - 1)
        sums += np.where(zero, 0, weight * table)[places]
        counts += ~zero[places]
        total += number
        once += weight * number * means[0]
        twice += weight * number * means[1]
        variance += weight**2 * number * float(np.mean(variances))
    if not total:
        return np.full(shape, np.nan)
    known = _window(counts, config)
    middle, distance = (once + twice) / 2 / total, (once - twice) / total
    excess = (_window(sums, config) - known * middle) / (known + config.reserve)
    spread = variance / total / (known + config.reserve) + (config.unrest * distance) ** 2
    return np.where(known >= config.least_known, excess * distance / spread, np.nan)


def _moments(table: Floats, once: Floats, twice: Floats) -> tuple[list[float], list[float], float]:
    """Mean and variance of the log-odds after one compression and in the file, and the number found in the file."""
    shares = [frequencies / max(float(frequencies.sum()), 1e-9) for frequencies in (once, twice)]
    means = [float(share @ table) for share in shares]
    variances = [float(share @ (table - mean) ** 2) for share, mean in zip(shares, means, strict=True)]
    return means, variances, float(twice.sum())


def _weight(distance: float, variance: float, config: PoolingConfig) -> float:
    return max(0.0, 1 - config.doubt * variance / distance**2) if distance > 0 else 0.0


def _window(values: Floats, config: PoolingConfig) -> Floats:
    """Sum over a Gaussian window, whose weights are those of as many whole blocks as average out the same noise."""
    side = 2 * int(np.ceil(4 * config.blur)) + 1
    mean = cv2.GaussianBlur(values, (side, side), config.blur, borderType=cv2.BORDER_REFLECT)
    return np.asarray(mean, np.float64).reshape(values.shape) * (4 * np.pi * config.blur**2)
