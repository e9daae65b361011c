"""What the rounding of pixels between two JPEG compressions does to DCT coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import LEVEL, SIDE, cosines, samples
from unseam.jpeg.coefficients import JpegCoefficients, JpegComponent
from unseam.jpeg.colour import LUMA

Floats = NDArray[np.float64]
Frequencies = Sequence[tuple[int, int]]

TIE = 1e-7
"""Values this near to a half lie between two integers; arithmetic moves them by 1e-12 or so."""
BAND = 2
"""Rows of blocks at a time: what is computed in between stays in the processor's cache."""
ROUNDED_BLOCKS = 20_000
"""Blocks on which the noise of rounding is measured: all those of 1.3 megapixels, evenly chosen ones of more."""
RGB_FROM_CHROMA = ((0.0, 1.402), (-0.344136, -0.714136), (1.772, 0.0))
"""What Cb and Cr add to Y in R, G and B (JFIF)."""
REACH = 6.0
"""Standard deviations of noise beyond which it is taken to be zero."""
LARGEST_NOISE = 128.0
"""Largest mean and deviation that are modelled: beyond them (a photo made to be limited all over, 16 grey levels on the
whole) nothing is left to see, and the kernel would be as wide as the range of all coefficients."""
MIN_DEVIATION = 1e-6
"""Keeps a Gaussian defined where there is no noise at all."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What comes upon the coefficients of a frequency between two compressions: a Gaussian.

    Attributes
    ----------
    mean : float
        What rounding takes away, so that coefficients become smaller by it; as in pyIFD.
    variance : float
    """

    mean: float
    variance: float


@lru_cache(maxsize=256)
def noise_kernel(noise: Noise) -> tuple[NDArray[np.int64], Floats]:
    """Return the probabilities of noise at integers: offsets -K to K, and weights that sum to 1; not to be changed."""
    deviation = min(np.sqrt(noise.variance), LARGEST_NOISE) + MIN_DEVIATION
    mean = min(max(noise.mean, -LARGEST_NOISE), LARGEST_NOISE)
    reach = int(np.ceil(REACH * deviation + abs(mean))) + 1
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-(((offsets + mean) / deviation) ** 2) / 2)
    weights /= weights.sum()
    for values in (offsets, weights):
        values.flags.writeable = False
    return offsets, weights


def rounding_noise(
    coefficients: JpegCoefficients, component: JpegComponent, plane: Floats, frequencies: Frequencies
) -> list[Noise]:
    """Measure what rounding and limiting the decoded pixels does to DCT coefficients of luma.

    It is measured on this file, and taken for that of an earlier decompression.

    Parameters
    ----------
    coefficients : JpegCoefficients
    component : JpegComponent
        The one that is judged. In a file of Y, Cb and Cr the pixels are those of R, G and B; else its own.
    plane : (H, W) float64
        Its decoded samples.
    frequencies : sequence of (int, int)

    Returns
    -------
    list of Noise
        For each of ``frequencies``; the mean is that of (0, 0) alone, as others have none.
    """
    parts = coefficients.components
    rows = [_some_rows(part, component) for part in parts]
    if tuple(part.name for part in parts) == ("Y", "Cb", "Cr"):
        chroma = [replace(part, coefficients=part.coefficients[some]) for part, some in zip(parts, rows, strict=True)]
        error = _colour_error(_rows_of(plane, rows[0]), component, chroma[1:])
    else:
        luma = _rows_of(plane, _some_rows(component, component))
        error = luma - np.clip(np.floor(luma + (0.5 + TIE)), 0, 255)
    return [
        Noise(float(values.mean()) if frequency == (0, 0) else 0.0, float(values.var()))
        for frequency, values in zip(frequencies, low_block_dct(error, frequencies), strict=True)
    ]


def low_block_dct(plane: Floats, frequencies: Frequencies, origin: tuple[int, int] = (0, 0)) -> Floats:
    """Transform whole 8 x 8 blocks like `block_dct.block_dct`, one axis after the other: faster for few frequencies.

    Returns
    -------
    (F, block rows, block columns) float64
        Equal to those of `block_dct.block_dct` to 1e-12.
    """
    transform = cosines()
    vertical, horizontal = (transform[: max(frequency[axis] for frequency in frequencies) + 1] for axis in (0, 1))
    rows, columns = ((side - first) // SIDE for side, first in zip(plane.shape, origin, strict=True))
    found = np.empty((len(frequencies), rows, columns))
    for first in range(0, rows, BAND):
        band = plane[origin[0] + first * SIDE :, origin[1] : origin[1] + columns * SIDE][
            : min(BAND, rows - first) * SIDE
        ]
        upright = vertical @ band.reshape(-1, SIDE, columns * SIDE)
        both = (upright.reshape(-1, SIDE) @ horizontal.T).reshape(-1, len(vertical), columns, len(horizontal))
        for one, (v, u) in zip(found, frequencies, strict=True):
            one[first : first + BAND] = both[:, v, :, u]
    return found


def limited_share(
    pixels: NDArray[np.uint8], shape: tuple[int, ...], step: tuple[int, int], origin: tuple[int, int] = (0, 0)
) -> Floats:
    """Return the share of pixels at 0 or 255, in any channel, of each block.

    Decoding limits such pixels, and what it cuts off is no rounding noise: there the traces of an earlier compression
    are lost, as in parts that never had one.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
    shape : (int, int)
        Rows and columns of blocks.
    step, origin : (int, int)
        Height and width of a block, and where the first one begins, in pixels.

    Returns
    -------
    (rows, columns) float64
        Pixels beyond the photo's border count as not limited.
    """
    rows, columns = shape
    limited = np.zeros((rows * step[0], columns * step[1]), np.bool_)
    seen = pixels[origin[0] :, origin[1] :][: limited.shape[0], : limited.shape[1]]
    for channel in range(pixels.shape[2]):
        values = seen[..., channel]
        limited[: seen.shape[0], : seen.shape[1]] |= (values == 0) | (values == 255)
    return np.asarray(limited.reshape(rows, step[0], columns, step[1]).mean(axis=(1, 3)))


def _some_rows(part: JpegComponent, judged: JpegComponent) -> NDArray[np.int64]:
    """Choose rows of blocks of interleaved units that hold about `ROUNDED_BLOCKS` blocks of the component judged."""
    rows, columns = judged.coefficients.shape[:2]
    units = -(-rows // judged.sampling[1])
    stride = max(1, round(rows * columns / ROUNDED_BLOCKS))
    chosen = np.arange(0, units, stride)[:, None] * part.sampling[1] + np.arange(part.sampling[1])
    return chosen[chosen < len(part.coefficients)]


def _rows_of(plane: Floats, rows: NDArray[np.int64]) -> Floats:
    """Choose rows of blocks of a plane."""
    if len(rows) * SIDE == len(plane):
        return plane
    return plane.reshape(-1, SIDE, plane.shape[1])[rows].reshape(-1, plane.shape[1])


def _colour_error(luma: Floats, judged: JpegComponent, chroma: list[JpegComponent]) -> Floats:
    """Luma less that of R, G and B after rounding and limiting them to [0, 255]; like ``luma``."""
    decoded = [samples(part) for part in chroma]
    error = luma.copy()
    for top in range(0, len(error), BAND * SIDE):
        band = slice(top, min(top + BAND * SIDE, len(error)))
        planes = [
            _stretched(plane, part, judged, band, error.shape[1]) for plane, part in zip(decoded, chroma, strict=True)
        ]
        for weight, factors in zip(LUMA, RGB_FROM_CHROMA, strict=True):
            colour = luma[band] + (0.5 + TIE)
            for factor, plane in zip(factors, planes, strict=True):
                if factor:
                    colour += factor * plane
            np.floor(colour, out=colour)
            np.clip(colour, 0, 255, out=colour)
            colour *= weight
            error[band] -= colour
    return error


def _stretched(plane: Floats, part: JpegComponent, judged: JpegComponent, band: slice, width: int) -> Floats:
    """Repeat the samples of a subsampled component to the rows of the judged one, less 128."""
    rows = np.arange(band.start, band.stop) * part.sampling[1] // judged.sampling[1]
    columns = np.arange(width) * part.sampling[0] // judged.sampling[0]
    rows, columns = (np.minimum(places, side - 1) for places, side in zip((rows, columns), plane.shape, strict=True))
    return np.asarray(plane[rows][:, columns] - LEVEL)
