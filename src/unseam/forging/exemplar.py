"""Fill a region with patches of its own photograph, outlines first, as the removal tools of editors do.

Criminisi, Perez, Toyama, "Region filling and object removal by exemplar-based image inpainting", IEEE Transactions on
Image Processing 2004, DOI 10.1109/TIP.2004.833105. Their order (confidence times strength of the line that runs into
the region) and their search (the patch that fits best on what is known) are followed on a photograph reduced until the
region is small; each step is then made at full size, its offset corrected there, so that what is pasted is the
photograph's own pixels at their own resolution and the time hardly depends on the region's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Grid = NDArray[np.float32]

PATCH_SIDE = 9
"""Side of a patch on the reduced photograph, in pixels (the paper's)."""

REACH = PATCH_SIDE // 2

REDUCED_REGION = 2000
"""The photograph is reduced by the smallest whole factor that leaves the region no more than this many pixels."""

SEARCH_MARGIN = 40
"""How far around the region's box patches are looked for, in reduced pixels."""

LEAST_DATA = 1e-3
"""Strength that a front without any line has, so that confidence still orders it (in units of the grey range)."""

BAND = 6
"""How far the pasted patches reach beyond the region, in pixels: soft seams need them."""

Step = tuple[int, int, int, int]


def exemplar_layer(host: Pixels, region: Mask) -> Pixels | None:
    """Return the photograph with the region filled.

    Parameters
    ----------
    host : (H, W, 3) uint8
        RGB.
    region : (H, W) bool
        What to fill; somewhere there must be as much photograph left as a patch.

    Returns
    -------
    (H, W, 3) uint8 or None
        The host; filled inside the region, and up to ``BAND`` pixels around it replaced by what continues the
        patches. None if no patch of the photograph lies outside the region.
    """
    factor = int(np.ceil(np.sqrt(region.sum() / REDUCED_REGION)))
    pad = [(0, -side % factor) for side in region.shape]
    photo = cv2.copyMakeBorder(host, 0, pad[0][1], 0, pad[1][1], cv2.BORDER_REFLECT)
    hole = np.pad(region, pad)
    steps = _reduced_steps(np.asarray(photo, np.uint8), hole, factor)
    if steps is None:
        return None
    canvas = _Canvas.of(np.asarray(photo, np.uint8), hole)
    for step in steps:
        canvas.paste(step, factor)
    return canvas.layer[: host.shape[0], : host.shape[1]]


def _reduced_steps(photo: Pixels, hole: Mask, factor: int) -> list[Step] | None:
    """Fill the reduced photograph; return (row, column, source row, source column) of each patch's centre."""
    height, width = hole.shape[0] // factor, hole.shape[1] // factor
    open_ = np.asarray(hole.reshape(height, factor, width, factor).any(axis=(1, 3)))
    rows, columns = np.nonzero(open_)
    top, left = max(rows.min() - SEARCH_MARGIN, 0), max(columns.min() - SEARCH_MARGIN, 0)
    window = np.s_[top : rows.max() + SEARCH_MARGIN + 1, left : columns.max() + SEARCH_MARGIN + 1]
    small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    filling = _Filling.of(np.asarray(small, np.uint8)[window], open_[window])
    if not np.isfinite(filling.sources).any():
        return None
    return [(y + top, x + left, v + top, u + left) for y, x, v, u in filling.steps()]


@dataclass(eq=False)
class _Filling:
    """The state of one fill on the reduced photograph, with a border of ``REACH`` pixels that is never known.

    Attributes
    ----------
    pixels : (h, w, 3) float32
    unknown : (h, w) bool
        Not filled yet.
    known : (h, w) float32
        1 where the pixel belongs to the photograph or is filled.
    confidence : (h, w) float32
    sources : (h, w) float32
        0 where a whole patch of the photograph is centred, infinite elsewhere.
    """

    pixels: Grid
    unknown: Mask
    known: Grid
    confidence: Grid
    sources: Grid

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], hole: Mask) -> _Filling:
        padded = np.pad(pixels.astype(np.float32), ((REACH, REACH), (REACH, REACH), (0, 0)))
        padded[np.pad(hole, REACH)] = 0
        known = np.pad(~hole, REACH).astype(np.float32)
        whole = cv2.erode(known, np.ones((PATCH_SIDE, PATCH_SIDE), np.uint8), borderValue=0) > 0
        sources = np.where(whole, np.float32(0), np.float32(np.inf))
        return cls(padded, np.pad(hole, REACH), known, known.copy(), np.asarray(sources, np.float32))

    def steps(self) -> list[Step]:
        """Fill patch after patch; coordinates are those without the border."""
        made = []
        while self.unknown.any():
            row, column = self._next()
            target = _patch(row, column)
            source_row, source_column = self._best(target)
            source = _patch(source_row, source_column)
            new = self.unknown[target].copy()
            self.pixels[target][new] = self.pixels[source][new]
            self.confidence[target][new] = self.confidence[target].mean()
            self.known[target][new] = 1
            self.unknown[target][new] = False
            made.append((row - REACH, column - REACH, source_row - REACH, source_column - REACH))
        return made

    def _next(self) -> tuple[int, int]:
        """Return the pixel of the front with the highest priority (the paper's equation 1)."""
        around = np.asarray(cv2.erode(self.known, np.ones((3, 3), np.uint8), borderValue=1))
        near = np.asarray(cv2.dilate(self.known, np.ones((3, 3), np.uint8)))
        front = np.argwhere(self.unknown & (near > 0))
        at = front[:, 0], front[:, 1]
        size = (PATCH_SIDE, PATCH_SIDE)
        confidence = np.asarray(cv2.boxFilter(self.confidence, -1, size))[at]
        grey = self.pixels.mean(axis=2)
        across, down = (np.asarray(cv2.Sobel(grey, cv2.CV_32F, dx, dy)) * around / 8 for dx, dy in ((1, 0), (0, 1)))
        # The front's tangent, from the blurred border between known and unknown; a line that runs into the region
        # changes along the tangent. Mean squares over the patch rather than one pixel's value: less noise.
        soft = cv2.GaussianBlur(self.known, (0, 0), 1.5)
        slopes = [np.asarray(cv2.Sobel(soft, cv2.CV_32F, dx, dy), np.float32)[at] for dx, dy in ((0, 1), (1, 0))]
        tangent = np.stack([slopes[0], -slopes[1]])
        tangent = tangent / np.maximum(np.linalg.norm(tangent, axis=0), 1e-6)
        squares = [np.asarray(cv2.boxFilter(g, -1, size))[at] for g in (across**2, across * down, down**2)]
        data = squares[0] * tangent[0] ** 2 + 2 * squares[1] * tangent[0] * tangent[1] + squares[2] * tangent[1] ** 2
        priority = confidence * (np.sqrt(np.maximum(data, 0)) / 255 + LEAST_DATA)
        row, column = front[int(np.argmax(priority))]
        return int(row), int(column)

    def _best(self, target: tuple[slice, slice]) -> tuple[int, int]:
        """Return the centre of the patch of the photograph that fits best where the target is known."""
        weight = self.known[target]
        wanted = self.pixels[target] * weight[..., None]
        squares = np.einsum("ijk,ijk->ij", self.pixels, self.pixels)
        error = np.asarray(cv2.filter2D(squares, -1, weight, borderType=cv2.BORDER_CONSTANT)) + self.sources
        for channel in range(3):
            plane = np.ascontiguousarray(self.pixels[..., channel])
            error -= 2 * np.asarray(
                cv2.filter2D(plane, -1, np.ascontiguousarray(wanted[..., channel]), borderType=cv2.BORDER_CONSTANT)
            )
        row, column = divmod(int(np.argmin(error)), error.shape[1])
        return row, column


def _patch(row: int, column: int) -> tuple[slice, slice]:
    return np.s_[row - REACH : row + REACH + 1, column - REACH : column + REACH + 1]


@dataclass(eq=False)
class _Canvas:
    """The photograph at full size while patches are pasted.

    Attributes
    ----------
    layer : (H, W, 3) uint8
        What is filled so far, on the photograph.
    pending : (H, W) bool
        Pixels of the region and of the band around it that no patch has reached yet.
    known : (H, W) uint8
        1 where a pixel is the photograph's or filled: what a patch is compared with.
    hole : (H + 1, W + 1) int32
        Integral image of the region: no patch may be taken from it.
    """

    layer: Pixels
    pending: Mask
    known: Pixels
    hole: NDArray[np.int32]
    photo: Pixels

    @classmethod
    def of(cls, photo: Pixels, region: Mask) -> _Canvas:
        grey = region.astype(np.uint8)
        band = cv2.dilate(grey, np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
        hole = np.asarray(cv2.integral(grey), np.int32)
        return cls(photo.copy(), band, 1 - grey, hole, photo)

    def paste(self, step: Step, factor: int) -> None:
        """Make one step of the reduced photograph at full size."""
        row, column, source_row, source_column = step
        top, left = max((row - REACH) * factor, 0), max((column - REACH) * factor, 0)
        bottom = min((row + REACH + 1) * factor, self.pending.shape[0])
        right = min((column + REACH + 1) * factor, self.pending.shape[1])
        target = np.s_[top:bottom, left:right]
        shift = ((source_row - row) * factor, (source_column - column) * factor)
        down, across = self._corrected((top, left, bottom, right), shift, factor)
        source = np.s_[top + down : bottom + down, left + across : right + across]
        new = self.pending[target].copy()
        self.layer[target][new] = self.photo[source][new]
        self.known[target][new] = 1
        self.pending[target] = False

    def _corrected(self, box: tuple[int, int, int, int], shift: tuple[int, int], factor: int) -> tuple[int, int]:
        """Look for the best offset within one reduced pixel of ``shift``, on what is known of the box."""
        top, left, bottom, right = box
        known = self.known[top:bottom, left:right]
        if factor == 1 or not known.any():
            return shift
        height, width = self.pending.shape
        downs = np.arange(max(shift[0] - factor, -top), min(shift[0] + factor, height - bottom) + 1)
        acrosses = np.arange(max(shift[1] - factor, -left), min(shift[1] + factor, width - right) + 1)
        area = self.photo[top + downs[0] : bottom + downs[-1], left + acrosses[0] : right + acrosses[-1]]
        error = cv2.matchTemplate(
            area, np.ascontiguousarray(self.layer[top:bottom, left:right]), cv2.TM_SQDIFF, mask=known
        )
        rows, columns = np.ix_(top + downs, left + acrosses)
        tall, wide = bottom - top, right - left
        inside = self.hole[rows + tall, columns + wide] - self.hole[rows, columns + wide]
        inside = inside - self.hole[rows + tall, columns] + self.hole[rows, columns]
        best = int(np.argmin(np.where(inside > 0, np.inf, np.asarray(error))))
        return int(downs[best // len(acrosses)]), int(acrosses[best % len(acrosses)])
