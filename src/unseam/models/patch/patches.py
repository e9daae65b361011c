"""Cut a photo into patches, and blend the maps of patches into one map of the photo: exact inverses.

Patches lie at multiples of the stride counted from the photo's top left corner, never shifted to fit, so that with a
stride that is a multiple of 8 every patch lies on the photo's own 8 x 8 JPEG grid. The last row and column of patches
may extend beyond the photo; what lies outside is the photo mirrored at its border (as often as needed: a photo of 1 x 1
fills a whole patch).

Overlaps are averaged with a triangular window, so that the seams between patches do not show. Its weights are the
integers 1 to S / 2: all sums of weighted 8-bit values are then exact in float32, and blending what was cut returns
the same values. At a stride of half a patch the weights of all patches add up to the same number everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """Where the patches of a photo lie, in reading order.

    Attributes
    ----------
    height, width : int
        Size of the photo in pixels.
    side : int
        Height and width S of a patch in pixels.
    stride : int
        Distance between neighbouring patches in pixels, at most ``side`` (else pixels would be left out).
    """

    height: int
    width: int
    side: int
    stride: int

    def __post_init__(self) -> None:
        if min(self.height, self.width, self.side, self.stride) < 1:
            raise ValueError(f"expected sizes of at least one pixel, found {self}")
        if self.stride > self.side:
            raise ValueError(f"a stride of {self.stride} leaves gaps between patches of {self.side} pixels")

    def __len__(self) -> int:
        return len(self.tops) * len(self.lefts)

    @property
    def tops(self) -> NDArray[np.intp]:
        """First row of each row of patches."""
        return _starts(self.height, self.side, self.stride)

    @property
    def lefts(self) -> NDArray[np.intp]:
        """First column of each column of patches."""
        return _starts(self.width, self.side, self.stride)

    def corners(self) -> NDArray[np.intp]:
        """Top and left of every patch: (N, 2)."""
        tops, lefts = np.meshgrid(self.tops, self.lefts, indexing="ij")
        return np.stack([tops.ravel(), lefts.ravel()], axis=1)

    def boxes(self) -> NDArray[np.int32]:
        """Top, left, bottom, right of every patch, clipped to the photo: (N, 4), bottom and right exclusive."""
        corners = self.corners()
        ends = np.minimum(corners + self.side, [self.height, self.width])
        return np.concatenate([corners, ends], axis=1).astype(np.int32)


def _starts(length: int, side: int, stride: int) -> NDArray[np.intp]:
    return np.arange(0, max(length - side, 0) + stride, stride, dtype=np.intp)


def _mirrored(count: int, length: int) -> NDArray[np.intp]:
    """Return the positions 0 .. count - 1 of an axis of ``length`` pixels that is mirrored at its ends infinitely."""
    period = max(2 * (length - 1), 1)
    position = np.arange(count, dtype=np.intp) % period
    return np.minimum(position, period - position)


def window(side: int) -> NDArray[np.float32]:
    """Weights along one axis of a patch: 1, 2, .. to the middle and back, (S,), never zero."""
    rising = np.arange(1, side + 1)
    return np.minimum(rising, rising[::-1]).astype(np.float32)


def cut_batches(
    pixels: NDArray[np.uint8], grid: PatchGrid, batch: int, numbers: NDArray[np.intp] | None = None
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]]:
    """Yield the patches of a photo in reading order, few at a time, so that a photo of any size needs little memory.

    Parameters
    ----------
    pixels : (H, W, C) uint8
        The photo; it is only read.
    grid : PatchGrid
        Where the patches lie; its size must be the photo's.
    batch : int
        Most patches at a time.
    numbers : (N,) int, optional
        Which patches, by their place in reading order; all unless given.

    Yields
    ------
    ((N,) int, (N, S, S, C) uint8)
        The numbers of the patches of this batch, and the patches.
    """
    if pixels.shape[:2] != (grid.height, grid.width):
        raise ValueError(f"expected pixels of {grid.height} x {grid.width}, found {pixels.shape[:2]}")
    rows = _mirrored(int(grid.tops[-1]) + grid.side, grid.height)
    columns = _mirrored(int(grid.lefts[-1]) + grid.side, grid.width)
    corners = grid.corners()
    numbers = np.arange(len(corners)) if numbers is None else numbers
    for first in range(0, len(numbers), batch):
        chosen = numbers[first : first + batch]
        patches = np.empty((len(chosen), grid.side, grid.side, *pixels.shape[2:]), pixels.dtype)
        for patch, (top, left) in zip(patches, corners[chosen], strict=True):
            down, right = slice(top, top + grid.side), slice(left, left + grid.side)
            overhangs = down.stop > grid.height or right.stop > grid.width
            patch[:] = pixels[np.ix_(rows[down], columns[right])] if overhangs else pixels[down, right]
        yield chosen, patches


def touched(area: NDArray[np.bool_], grid: PatchGrid) -> NDArray[np.bool_]:
    """Say of every patch whether any pixel of an area (H, W) lies in it: (N,)."""
    side = grid.side
    return np.array([area[top : top + side, left : left + side].any() for top, left in grid.corners()])


def cut(pixels: NDArray[np.uint8], side: int, stride: int) -> NDArray[np.uint8]:
    """Cut a photo into patches.

    Parameters
    ----------
    pixels : (H, W, C) uint8
        The photo.
    side, stride : int
        Side S of a patch and distance between patches, in pixels.

    Returns
    -------
    (N, S, S, C) uint8
        All patches in reading order, as a copy.
    """
    grid = PatchGrid(pixels.shape[0], pixels.shape[1], side, stride)
    (_, patches), *_ = cut_batches(pixels, grid, len(grid))
    return patches


class Blend:
    """The windowed average of the values of patches, gathered batch by batch into one (H, W) float32 map."""

    def __init__(self, grid: PatchGrid) -> None:
        self._grid = grid
        self._corners = grid.corners()
        along = window(grid.side)
        self._weights = along[:, None] * along[None, :]  # (S, S)
        self._total = np.zeros((grid.height, grid.width), dtype=np.float32)

    def add(self, numbers: NDArray[np.intp], values: NDArray[np.float32]) -> None:
        """Add the values of the patches of these numbers: (N, S, S), or (N,) for one value a patch."""
        side = self._grid.side
        for (top, left), value in zip(self._corners[numbers], values, strict=True):
            target = self._total[top : top + side, left : left + side]
            height, width = target.shape
            target += (self._weights * value)[:height, :width]

    def finish(self) -> NDArray[np.float32]:
        """Divide by the weights and hand the map over, (H, W) float32; call once. Patches not added count as 0."""
        rows = _weight_along(self._grid.tops, self._grid.height, self._grid.side)
        columns = _weight_along(self._grid.lefts, self._grid.width, self._grid.side)
        self._total /= rows[:, None]
        self._total /= columns[None, :]
        return self._total


def _weight_along(starts: NDArray[np.intp], length: int, side: int) -> NDArray[np.float32]:
    """Sum the window over the patches at ``starts``: the window is separable, so one axis at a time is enough."""
    weight = np.zeros(length, dtype=np.float32)
    for start in starts:
        weight[start : start + side] += window(side)[: length - start]
    return weight
