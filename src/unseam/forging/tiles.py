"""Tiles of one frame with different compression histories, as in the exports of some phones.

Photographs that iPhones export were found to consist of tiles of 256 x 256 pixels: in some, the DCT coefficients have
the gaps of an earlier and coarser quantization on the file's own grid, in others they have none. Textured tiles lose
the gaps more often than flat ones. To anything that compares compression histories such a tile is an insertion, yet the
lattice shows that it is how the file was written.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.forging.history import GRID, Compression, compressed
from unseam.forging.rendering import Rendering, rendered

Pixels = NDArray[np.uint8]

SIDES = (256, 256, 512)
"""Sides of a tile in pixels, each as likely: 256 as seen, 512 as HEIC files of phones are divided."""

TEXTURE_WEIGHT = 0.8
"""How much more often the most textured tile is rendered anew than the flattest; 0: chance alone."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How the tiles of a frame differ.

    Attributes
    ----------
    side : int
        Of a tile, in pixels.
    top, left : int
        Where the lattice lies: row and column of the first corner, from 0 to ``side`` - 1.
    share : float
        Of the tiles that are rendered anew.
    kept : Compression
        What the other tiles went through, on the lattice's own grid.
    anew : Compression
        What the tiles that are rendered anew are compressed with; mostly lossless.
    rendering : Rendering
        And how they are rendered.
    """

    side: int
    top: int
    left: int
    share: float
    kept: Compression
    anew: Compression
    rendering: Rendering


def tiled(pixels: Pixels, tiles: Tiles, rng: np.random.Generator) -> Pixels:
    """Give the tiles of (H, W, 3) uint8 RGB their histories."""
    origin = tiles.top % GRID, tiles.left % GRID
    kept = _compressed_from(pixels, tiles.kept, origin)
    anew = _compressed_from(rendered(pixels, tiles.rendering), tiles.anew, origin)
    chosen = _chosen(pixels, tiles, rng)
    rows = (np.arange(pixels.shape[0]) - tiles.top) // tiles.side + 1
    columns = (np.arange(pixels.shape[1]) - tiles.left) // tiles.side + 1
    return np.where(chosen[np.ix_(rows, columns)][..., None], anew, kept)


def _compressed_from(pixels: Pixels, compression: Compression, origin: tuple[int, int]) -> Pixels:
    """Compress with the 8 x 8 grid moved to an origin inside the first block."""
    if compression.lossless:
        return pixels
    top, left = (-origin[0]) % GRID, (-origin[1]) % GRID
    padded = cv2.copyMakeBorder(pixels, top, 0, left, 0, cv2.BORDER_REFLECT_101)
    return compressed(np.asarray(padded, np.uint8), compression)[top:, left:]


def _chosen(pixels: Pixels, tiles: Tiles, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which tiles are rendered anew, textured ones more often; (tile rows, tile columns) bool.

    There are some of either kind wherever the lattice has more than one tile in the frame.
    """
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    texture = np.abs(np.asarray(cv2.Laplacian(grey, cv2.CV_32F)))
    rows, columns = (
        (np.arange(length) - start) // tiles.side + 1
        for length, start in zip(grey.shape, (tiles.top, tiles.left), strict=True)
    )
    shape = int(rows[-1]) + 1, int(columns[-1]) + 1
    numbers = (rows[:, None] * shape[1] + columns).ravel()
    counts = np.maximum(np.bincount(numbers, minlength=shape[0] * shape[1]), 1)
    mean = np.bincount(numbers, texture.ravel(), shape[0] * shape[1]) / counts
    present = np.unique(numbers)
    rank = np.empty(present.size)
    rank[np.argsort(mean[present], kind="stable")] = np.linspace(-0.5, 0.5, present.size)
    order = np.argsort(TEXTURE_WEIGHT * rank + rng.uniform(-0.5, 0.5, present.size))[::-1]
    anew = int(np.clip(round(tiles.share * present.size), 1, max(present.size - 1, 1)))
    chosen = np.zeros(shape[0] * shape[1], bool)
    chosen[present[order[:anew]]] = True
    return chosen.reshape(shape)
