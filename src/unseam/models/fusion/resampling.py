"""Whether a whole photo was resized or smoothed: traces that the method compares are then gone, everywhere alike.

Two things are measured along rows and along columns. Interpolation makes second differences periodic (Gallagher 2005,
"Detection of Linear and Cubic Interpolation in JPEG Compressed Images", Canadian Conference on Computer and Robot
Vision; Mahdian and Saic 2008, "Blind Authentication Using Periodic Properties of Interpolation", DOI
10.1109/TIFS.2004.924603). Enlarging and blurring leave even the sharpest areas of a photo without fine detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import SIDE, cosines
from unseam.detectors.medians import median_along
from unseam.jpeg.colour import LUMA

Reals = NDArray[np.float32]
Floats = NDArray[np.float64]

PERIODIC = 7.0
"""`Traces.periodicity` above which a photo was resized: all unchanged photographs of one half of three sets, as they
are and recompressed, stay below (``benchmarks/resampled.py``), those that publishers resized among them."""

SMOOTH = -2.5
"""`Traces.detail` below which a photo was enlarged or smoothed: 99 % of the same photographs stay above in each set."""

MIN_LENGTH = 64
"""Pixels: a shorter side has too few periods to count, and too few blocks."""

STRIPS = 4
"""Parts of the photo, spread over it, that must repeat alike: a fence is in one or two, a resized frame in all."""

MAX_PIXELS = 2_000_000
"""Of all strips along one direction together: time and memory stay bounded, and the whole frame is still looked at."""

LARGEST_DIFFERENCE = 40.0
"""Grey levels: larger second differences are a few edges that would drown all else."""

MIN_DIFFERENCE = 0.1
"""Grey levels, added before the logarithm: below the second differences that rounding leaves."""

TREND = 9
"""Pixels: a running median of this length is what the photo shows, not how it was sampled."""

NEIGHBOURS = 31
"""Frequencies, at the strip's own resolution, that a peak is compared with."""

WIDTH = 2.5
"""Half the width of a peak under a Hann window, at the strip's own resolution."""

LOWEST = 0.03
"""Cycles a pixel: slower changes are the scene."""

FLOOR, MIN_POWER = 0.05, 1e-9
"""Added to a peak's ratio before its logarithm, so that one strip cannot veto; and to what it is divided by."""

SHARPEST = 0.05
"""Share of the blocks that stands for the sharpest parts, for each frequency its own: most of a photo may be fog."""

MIN_CONTRAST = 25.0
"""Squared grey levels in the sharpest blocks at `MIDDLE`, a few steps of JPEG: with less, as in fog, nothing says how
sharp a photo could be."""

MIDDLE, UPPER = slice(2, 4), slice(4, 8)
"""Frequencies of the DCT of 8 samples: those that every focused photo has, and those that resampling takes. JPEG keeps
the lowest of the upper ones in the sharpest blocks, even at quality 50."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What resampling left in a photo.

    Attributes
    ----------
    periodicity : float
        Natural logarithm: how far second differences repeat above chance, rows and columns together; -inf in a photo
        that is too small.
    frequency : float
        At which they do most, in cycles a pixel, up to 0.5. Resizing by f gives 1 / f or a multiple of it, less whole
        cycles, and where the photo was a JPEG before, multiples of 1 / (8 f): several factors fit one frequency.
    detail : float
        Natural logarithm: power at `UPPER` over power at `MIDDLE` in the sharpest blocks, of rows or columns, whichever
        is larger; +inf where there is too little of either.
    """

    periodicity: float = -np.inf
    frequency: float = 0.0
    detail: float = np.inf

    def reason(self) -> str | None:
        """Say in plain words why the photo cannot be judged; None if these traces do not forbid it."""
        whom, gone = "by software or in the camera", "traces that the method compares are gone"
        if self.periodicity > PERIODIC:
            return f"the whole photo was resized, {whom}: all of it repeats as interpolation does; {gone}"
        if self.detail < SMOOTH:
            return f"the whole photo was enlarged or smoothed, {whom}: even its sharpest parts lack detail; {gone}"
        return None


def resampling_traces(pixels: NDArray[np.uint8]) -> Traces:
    """Look for resampling of the whole photo.

    Blind to reduction to a half or less, to factors whose period divides that of JPEG blocks (4/3, 4/5), and to noise
    or sharpening added afterwards. What a camera enlarged itself (digital zoom) was resized, too; whether
    that was before a forgery or after it stays open; a pattern that fills the frame both ways looks resized.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        RGB.

    Returns
    -------
    Traces
    """
    if min(pixels.shape[:2]) < MIN_LENGTH:
        return Traces()
    length = 2 ** int(np.ceil(np.log2(max(pixels.shape[:2]))))
    repeats, details = [], []
    for view in (pixels, pixels.transpose(1, 0, 2)):
        strips = _strips(view)
        repeats.append(_repeats(strips, length))
        details.append(_detail(strips))
    both = repeats[0] + repeats[1]
    peak = int(both.argmax())
    return Traces(float(both[peak]), peak / length, max(details))


def _strips(pixels: NDArray[np.uint8]) -> list[Reals]:
    """Take luma of strips of whole blocks of rows, spread evenly over the frame."""
    rows, columns = pixels.shape[:2]
    step = rows // STRIPS // SIDE * SIDE
    height = max(min(step, MAX_PIXELS // STRIPS // columns // SIDE * SIDE), SIDE)
    luma = np.array(LUMA, np.float32)
    return [pixels[first : first + height].astype(np.float32) @ luma for first in range(0, STRIPS * step, step)]


def _repeats(strips: list[Reals], length: int) -> Floats:
    """Return for each frequency the mean logarithm of its peak in all strips; -inf where it means nothing."""
    finer = length / strips[0].shape[1]
    around = int(NEIGHBOURS * finer) | 1
    total = np.zeros(length // 2 + 1)
    for strip in strips:
        power = np.abs(np.fft.rfft(_profile(strip), length)) ** 2
        total += np.log(power / (median_along(power, around) + MIN_POWER) + FLOOR)
    frequency = np.arange(len(total)) / length
    grid = np.abs(frequency - np.round(frequency * SIDE) / SIDE) < WIDTH * finer / length
    mean = np.where(grid | (frequency < LOWEST), -np.inf, total / len(strips))
    beyond = int(WIDTH * finer) // 2  # sides are rounded: factors differ a little
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(mean, beyond, "symmetric"), 2 * beyond + 1)
    return np.asarray(windows.max(-1))


def _profile(strip: Reals) -> Floats:
    """Return the strength of second differences of each column of a strip, less what the scene gives, windowed."""
    second = np.abs(strip[:, 2:] - 2 * strip[:, 1:-1] + strip[:, :-2])
    strength = np.log(np.minimum(second, LARGEST_DIFFERENCE).mean(axis=0, dtype=np.float64) + MIN_DIFFERENCE)
    strength -= median_along(strength, TREND)
    limit = 3 * np.abs(strength).mean()
    return np.asarray(np.clip(strength, -limit, limit) * np.hanning(len(strength)))


def _detail(strips: list[Reals]) -> float:
    """Compare power at upper frequencies with that in the middle, along rows, in the sharpest blocks."""
    power = np.concatenate([_block_power(strip) for strip in strips])
    sharpest = max(int(len(power) * SHARPEST), 1)
    mean = np.partition(power, len(power) - sharpest, axis=0)[-sharpest:].mean(axis=0, dtype=np.float64)
    middle = float(mean[MIDDLE].sum())
    return float(np.log(mean[UPPER].sum() / middle)) if middle > MIN_CONTRAST else np.inf


def _block_power(strip: Reals) -> Reals:
    """Return (blocks, 8) mean squares of the DCT along the rows of each block."""
    rows, columns = (side // SIDE for side in strip.shape)
    blocks = strip[: rows * SIDE, : columns * SIDE].reshape(-1, SIDE) @ _transform()
    return np.asarray((blocks**2).reshape(rows, SIDE, columns, SIDE).mean(axis=1).reshape(-1, SIDE))


@cache
def _transform() -> Reals:
    return np.ascontiguousarray(cosines().T, np.float32)
