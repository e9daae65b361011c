"""The 8 x 8 DCT of JPEG (ITU-T T.81, A.3.3), both ways, over whole planes: samples of a component, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseam.jpeg.coefficients import JpegComponent

Floats = NDArray[np.float64]

SIDE = 8
"""Pixels: side of a block."""
LEVEL = 128.0
"""Grey level that JPEG takes off 8-bit samples before the transform (ITU-T T.81, A.3.1)."""
BAND = 16
"""Rows of blocks at a time: what is computed in between stays in the processor's cache."""


def _zigzag() -> tuple[tuple[int, int], ...]:
    """Order the 64 frequencies (vertical, horizontal) along diagonals that turn (ITU-T T.81, figure 5)."""
    every = ((v, u) for v in range(SIDE) for u in range(SIDE))
    return tuple(sorted(every, key=lambda f: (sum(f), f[0] if sum(f) % 2 else f[1])))


ZIGZAG = _zigzag()
"""The 64 frequencies (vertical, horizontal) in the order of the file: (0, 0), (0, 1), (1, 0), (2, 0), (1, 1), ..."""


def cosines() -> Floats:
    """Return the matrix (frequency, sample) of the orthonormal DCT-II of 8 samples."""
    sample = np.arange(SIDE)
    matrix = np.cos((2 * sample[None] + 1) * sample[:, None] * np.pi / (2 * SIDE)) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix)


def samples(component: JpegComponent) -> Floats:
    """Decode a component without rounding its samples or limiting them to [0, 255].

    Returns
    -------
    (8 * block rows, 8 * block columns) float64
        Around 128; what overhangs the photo's border is included.
    """
    rows, columns = component.coefficients.shape[:2]
    transform = inverse_transform(component)
    plane = np.empty((rows * SIDE, columns * SIDE))
    for first in range(0, rows, BAND):
        band = component.coefficients[first : first + BAND]
        plane[first * SIDE : (first + BAND) * SIDE] = decoded(band, transform) + LEVEL
    return plane


def inverse_transform(component: JpegComponent) -> Floats:
    """Return the matrix (64 quantized coefficients, 64 samples) of a component, for `decoded`."""
    return np.asarray(np.kron(cosines(), cosines()) * component.table.reshape(-1, 1))


def decoded(coefficients: NDArray[np.int16], transform: Floats) -> Floats:
    """Decode rows of blocks, around 0: (rows, columns, 8, 8) int16 to (8 * rows, 8 * columns) float64."""
    rows, columns = coefficients.shape[:2]
    blocks = coefficients.reshape(-1, SIDE * SIDE).astype(np.float64) @ transform
    return blocks.reshape(rows, columns, SIDE, SIDE).transpose(0, 2, 1, 3).reshape(rows * SIDE, columns * SIDE)


def block_dct(
    plane: NDArray[np.generic], frequencies: Sequence[tuple[int, int]] = ZIGZAG, origin: tuple[int, int] = (0, 0)
) -> Floats:
    """Transform the whole 8 x 8 blocks of a plane.

    Parameters
    ----------
    plane : (H, W)
        Numbers of any type; 128 is not taken off (it moves the frequency (0, 0) by 1024).
    frequencies : sequence of (int, int)
        The (vertical, horizontal) ones wanted.
    origin : (int, int)
        Row and column of the first block's first pixel; what is before it, and after the last whole block, is left
        out.

    Returns
    -------
    (F, block rows, block columns) float64
        One plane for each of ``frequencies``, in their order.
    """
    wanted = np.stack([np.outer(cosines()[v], cosines()[u]).ravel() for v, u in frequencies])
    rows, columns = (max(0, have - first) // SIDE for have, first in zip(plane.shape, origin, strict=True))
    whole = plane[origin[0] : origin[0] + rows * SIDE, origin[1] : origin[1] + columns * SIDE]
    found = np.empty((len(wanted), rows, columns))
    for first in range(0, rows if columns else 0, BAND):
        band = whole[first * SIDE : (first + BAND) * SIDE].reshape(-1, SIDE, columns, SIDE)
        blocks = band.transpose(0, 2, 1, 3).reshape(-1, SIDE * SIDE)
        found[:, first : first + BAND] = (wanted @ blocks.T).reshape(len(wanted), -1, columns)
    return found
