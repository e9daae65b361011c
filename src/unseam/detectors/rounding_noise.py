"""What rounding decoded pixels to integers from 0 to 255 adds to the DCT coefficients of a photo's luma."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import SIDE, cosines, decoded, inverse_transform
from unseam.detectors.detector import stored_coefficients
from unseam.jpeg.coefficients import JpegComponent
from unseam.jpeg.colour import LUMA
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]

TO_RGB = ((0.0, 1.402), (-0.34414, -0.71414), (1.772, 0.0))
"""What Cb and Cr add to Y in R, G and B, as JFIF defines it."""
ROWS = 4 * SIDE
"""Rows of pixels at a time: what is computed in between stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class RoundingNoise:
    """The error of rounding, and of limiting to [0, 255], in the DCT of 8 x 8 blocks (orthonormal, grey levels).

    Attributes
    ----------
    deviation : float
        Standard deviation over the coefficients of all frequencies.
    offset : float
        Mean over the coefficients of frequency (0, 0), rounded less unrounded; those of the others have none.
    """

    deviation: float
    offset: float


def rounding_noise(photo: Photo, component: JpegComponent, plane: Floats) -> RoundingNoise:
    """Decode the pixels of a JPEG once more, and measure what rounding changes in its luma.

    Parameters
    ----------
    photo : Photo
        A JPEG.
    component : JpegComponent
        Its luma; rounded as a part of R, G and B where it is the Y of a colour photo, and else by itself.
    plane : (8 * block rows, 8 * block columns) float64
        Its unrounded `samples`.

    Notes
    -----
    Colours that are stored with fewer samples are enlarged by repeating them, as pyIFD does, for any sampling
    (pyIFD's 4:2:2 is stretched).
    """
    stored = stored_coefficients(photo).components if component.name == "Y" else ()
    chroma = [other for other in stored if other.name in ("Cb", "Cr")]
    colours = [_Enlarged(other, component) for other in chroma]
    squares, sums = 0.0, np.zeros((SIDE, plane.shape[1]))
    for first in range(0, len(plane), ROWS):
        luma = plane[first : first + ROWS]
        error = _error(luma, [colour.rows(first, luma.shape) for colour in colours])
        squares += float(np.vdot(error, error))
        sums += error.reshape(-1, SIDE, plane.shape[1]).sum(0)
    by_place = sums.reshape(SIDE, -1, SIDE).sum(1) / (plane.size / SIDE**2)
    all_waves = cosines().sum(0)
    mean = all_waves @ by_place @ all_waves / SIDE**2  # over the coefficients of all 64 frequencies
    return RoundingNoise(float(np.sqrt(max(0.0, squares / plane.size - mean**2))), float(-SIDE * by_place.mean()))


class _Enlarged:
    """A colour component that is decoded band by band, in luma' rows and columns, its samples repeated."""

    def __init__(self, component: JpegComponent, luma: JpegComponent) -> None:
        self.coefficients = component.coefficients
        self.transform = inverse_transform(component)
        self.down, self.across = (
            (component.sampling[axis], luma.sampling[axis]) for axis in (1, 0)
        )  # samples of the component relative to those of luma

    def rows(self, first: int, shape: tuple[int, ...]) -> Floats:
        """Return as many rows and columns as a shape has, from luma' row ``first`` on; around 0."""
        have = [SIDE * blocks for blocks in self.coefficients.shape[:2]]
        down = np.minimum((first + np.arange(shape[0])) * self.down[0] // self.down[1], have[0] - 1)
        across = np.minimum(np.arange(shape[1]) * self.across[0] // self.across[1], have[1] - 1)
        start = int(down[0]) // SIDE
        band = decoded(self.coefficients[start : int(down[-1]) // SIDE + 1], self.transform)
        if self.down[0] != self.down[1] or len(band) != len(down):
            band = band[down - start * SIDE]
        return band if band.shape == shape and self.across[0] == self.across[1] else band.take(across, axis=1)


def _error(luma: Floats, colours: list[Floats]) -> Floats:
    """Return how much luma is above what it becomes when the pixels are rounded; (rows, columns)."""
    if len(colours) < 2:
        return np.asarray(luma - np.clip(np.rint(luma), 0, 255))
    error = luma.copy()
    part = np.empty_like(error)
    for number, colour in enumerate(colours):  # nothing but for the decimals of the constants
        error += np.multiply(colour, sum(w * mix[number] for w, mix in zip(LUMA, TO_RGB, strict=True)), out=part)
    for weight, (blue, red) in zip(LUMA, TO_RGB, strict=True):
        first, second = ((colours[0], blue), (colours[1], red))[:: 1 if not red else -1]
        base = np.add(luma, np.multiply(second[0], second[1], out=part), out=part) if second[1] else luma
        pixels = cv2.addWeighted(base, 1, first[0], first[1], 0, dtype=cv2.CV_8U)
        error -= np.multiply(pixels, weight, out=part)
    return error
