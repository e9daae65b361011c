"""The windows that a network learns from and is measured on: the paper's data preparation.

Bappy et al., "Exploiting Spatial Structure for Localizing Manipulated Image Regions", ICCV 2017, section 4, "Data
Preparation", DOI 10.1109/ICCV.2017.532: bounding boxes of the truth mask's regions by contours, each enlarged so that
the region sits in its centre among authentic pixels, and slid versions that hold part of the region; a window is
manipulated if more than 12.5 % of its pixels are.

Unsaid there, decided here: an enlarged box has at least one window side of surroundings, so that every window that
touches a region lies in a box; a box is slid by half its own size in eight directions; windows are cut at native
resolution; tops and lefts are multiples of ``grid`` = 8, so that a window sees the photo's own 8 x 8 JPEG grid just as
the patches of a whole-photo inference (stride 32) do; labels are balanced 1 : 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW_SIDE = 64
"""Side of a window in pixels (the paper's patch)."""

WINDOW_GRID = 8
"""Tops and lefts are multiples of this many pixels: the block size of JPEG."""

MANIPULATED_SHARE = 0.125
"""A window is manipulated if more than this share of its pixels is (the paper's 12.5 %)."""

POSITIVE_SHARE = 0.5
"""Share of manipulated windows in a draw: balanced 1 : 1."""

NEAR_SHARE = 0.5
"""Share of the authentic windows that come from the boxes around a region; the others lie anywhere else."""

SLIDES = tuple((dy, dx) for dy in (-0.5, 0.0, 0.5) for dx in (-0.5, 0.0, 0.5))
"""Where a box is slid to, in units of its own height and width; (0, 0) is the enlarged box itself."""

Cells = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows drawn from one or several photos.

    Attributes
    ----------
    photos : (N,) intp
        Index of the photo that each window is cut from (all 0 for the draw of one table).
    tops, lefts : (N,) intp
        The window's first row and column in stored pixels.
    labels : (N,) bool
        Whether more than the rule's share of the window is manipulated.
    """

    photos: NDArray[np.intp]
    tops: NDArray[np.intp]
    lefts: NDArray[np.intp]
    labels: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class WindowTable:
    """Every window position of one photo on the grid, sorted into three kinds; built once, drawn from often.

    Attributes
    ----------
    positives : (P,) int32
        Cells whose manipulated share is above the rule. Cell ``row * columns + column`` is the window whose top left
        pixel is ``(row * grid, column * grid)``.
    near : (M,) int32
        Cells at or below the rule inside an enlarged or slid box.
    far : (K,) int32
        All other cells; not one of their pixels is manipulated.
    columns : int
        Window positions per row of the grid.
    side, grid : int
        In pixels.
    """

    positives: Cells
    near: Cells
    far: Cells
    columns: int
    side: int = WINDOW_SIDE
    grid: int = WINDOW_GRID

    @property
    def kinds(self) -> tuple[Cells, Cells, Cells]:
        """The three kinds of cells: positives, negatives near a region, negatives elsewhere."""
        return self.positives, self.near, self.far

    def __len__(self) -> int:
        return sum(len(cells) for cells in self.kinds)

    def draw(
        self,
        rng: np.random.Generator,
        count: int,
        *,
        positive_share: float = POSITIVE_SHARE,
        near_share: float = NEAR_SHARE,
        distinct: bool = False,
    ) -> Windows:
        """Draw windows of this photo at random, balanced as far as the photo allows.

        Parameters
        ----------
        rng : numpy.random.Generator
            The only source of chance.
        count : int
            How many windows. A photo without any (smaller than a window) gives none.
        positive_share : float
            Share of manipulated windows, where the photo has both kinds; 1 : 1 by default.
        near_share : float
            Share of the authentic windows taken near a region, where the photo has both kinds.
        distinct : bool
            Draw without replacement: no window twice, and therefore fewer than ``count`` where a kind is exhausted.

        Returns
        -------
        Windows
            In random order.
        """
        available = tuple(len(cells) > 0 for cells in self.kinds)
        counts = _counts_per_kind(rng, count, available, positive_share, near_share)
        picked = [_pick(rng, cells, n, distinct) for cells, n in zip(self.kinds, counts, strict=True)]
        cells = np.concatenate(picked).astype(np.intp)
        labels = np.arange(len(cells)) < len(picked[0])
        order = rng.permutation(len(cells))
        rows, columns = np.divmod(cells[order], self.columns)
        return Windows(np.zeros(len(cells), np.intp), rows * self.grid, columns * self.grid, labels[order])


def window_table(
    mask: NDArray[np.bool_],
    *,
    side: int = WINDOW_SIDE,
    grid: int = WINDOW_GRID,
    rule: float = MANIPULATED_SHARE,
) -> WindowTable:
    """Sort every window position of a photo into manipulated, near a region, and elsewhere.

    Parameters
    ----------
    mask : (H, W) bool
        The truth; all False for an authentic photo, which gives authentic windows only.
    side, grid : int
        Window side and spacing of positions, in pixels.
    rule : float
        A window is manipulated if more than this share of its pixels is.

    Returns
    -------
    WindowTable
        Empty for a photo that is smaller than a window.
    """
    height, width = mask.shape
    if height < side or width < side:
        none = np.empty(0, np.int32)
        return WindowTable(none, none, none, columns=1, side=side, grid=grid)
    positive = _manipulated_pixels(mask, side, grid) > rule * side**2
    near = np.zeros_like(positive)
    for top, left, bottom, right in region_boxes(mask, margin=side):
        rows = slice(-(-top // grid), max(bottom - side, -1) // grid + 1)
        columns = slice(-(-left // grid), max(right - side, -1) // grid + 1)
        near[rows, columns] = True
    return WindowTable(
        positives=_cells(positive),
        near=_cells(near & ~positive),
        far=_cells(~near & ~positive),
        columns=positive.shape[1],
        side=side,
        grid=grid,
    )


def _cells(where: NDArray[np.bool_]) -> Cells:
    return np.flatnonzero(where).astype(np.int32)


def region_boxes(mask: NDArray[np.bool_], *, margin: int = WINDOW_SIDE) -> NDArray[np.intp]:
    """Boxes around each region of a truth mask: enlarged with the region in the centre, and slid.

    Parameters
    ----------
    mask : (H, W) bool
        The truth.
    margin : int
        Minimum surroundings on each side of a region, in pixels; a region larger than that gets half its own size.

    Returns
    -------
    (9 R, 4) intp
        Top, left, bottom, right (the last two exclusive) of the nine boxes of each of R outer contours, clipped to
        the photo; the fifth of each nine is the enlarged box in its place.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [box for contour in contours for box in _boxes_of_region(cv2.boundingRect(contour), margin)]
    limits = (*mask.shape, *mask.shape)
    return np.clip(np.array(boxes, np.intp).reshape(-1, 4), 0, limits)


def _boxes_of_region(rectangle: Sequence[int], margin: int) -> list[tuple[int, int, int, int]]:
    left, top, width, height = rectangle
    dy, dx = max(margin, height // 2), max(margin, width // 2)
    box_height, box_width = height + 2 * dy, width + 2 * dx
    corners = ((top - dy + round(y * box_height), left - dx + round(x * box_width)) for y, x in SLIDES)
    return [(y, x, y + box_height, x + box_width) for y, x in corners]


def _manipulated_pixels(mask: NDArray[np.bool_], side: int, grid: int) -> NDArray[np.int32]:
    """Count the manipulated pixels of the window at every grid position, by an integral image."""
    total = cv2.integral(mask.astype(np.uint8))
    corners = total[:-side:grid, :-side:grid], total[side::grid, side::grid]
    counts = corners[0] + corners[1] - total[:-side:grid, side::grid] - total[side::grid, :-side:grid]
    return np.asarray(counts, np.int32)


class WindowPool:
    """The window tables of many photos as flat arrays, so that a batch is drawn without a loop over photos.

    Each kind of window is drawn uniformly over the photos that have it, and uniformly inside the photo, so that a
    large photo counts no more than a small one.
    """

    def __init__(self, tables: Sequence[WindowTable]) -> None:
        self._columns = np.array([table.columns for table in tables], np.intp)
        self._grid = np.array([table.grid for table in tables], np.intp)
        self._kinds = tuple(_Ragged([table.kinds[kind] for table in tables]) for kind in range(3))

    @property
    def counts(self) -> tuple[int, int, int]:
        """Number of positives, negatives near a region, and negatives elsewhere, over all photos."""
        positives, near, far = (len(kind.cells) for kind in self._kinds)
        return positives, near, far

    def draw(
        self,
        rng: np.random.Generator,
        count: int,
        *,
        positive_share: float = POSITIVE_SHARE,
        near_share: float = NEAR_SHARE,
    ) -> Windows:
        """Draw windows of all photos at random, with replacement; parameters as in `WindowTable.draw`."""
        available = tuple(len(kind.cells) > 0 for kind in self._kinds)
        counts = _counts_per_kind(rng, count, available, positive_share, near_share)
        picked = [kind.draw(rng, n) for kind, n in zip(self._kinds, counts, strict=True)]
        photos = np.concatenate([photo for photo, _ in picked])
        cells = np.concatenate([cell for _, cell in picked])
        order = rng.permutation(len(cells))
        labels = (np.arange(len(cells)) < counts[0])[order]
        photos = photos[order]
        rows, columns = np.divmod(cells[order], self._columns[photos])
        return Windows(photos, rows * self._grid[photos], columns * self._grid[photos], labels)


class _Ragged:
    """The cells of one kind, photo after photo, with where each photo's begin and how many it has."""

    def __init__(self, cells: Sequence[Cells]) -> None:
        self.cells = np.concatenate([np.empty(0, np.int32), *cells])
        self.lengths = np.array([len(part) for part in cells], np.intp)
        self.starts = np.cumsum(self.lengths) - self.lengths
        self.photos = np.flatnonzero(self.lengths)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if not count:
            return np.empty(0, np.intp), np.empty(0, np.intp)
        photos = self.photos[rng.integers(len(self.photos), size=count)]
        cells = self.cells[self.starts[photos] + rng.integers(self.lengths[photos])]
        return photos, cells.astype(np.intp)


def _counts_per_kind(
    rng: np.random.Generator, count: int, available: Sequence[bool], positive_share: float, near_share: float
) -> tuple[int, int, int]:
    """Share out a draw between the kinds that exist; a fraction of a window is settled by chance."""
    has_positive, has_near, has_far = available
    if not any(available):
        return 0, 0, 0
    positives = _round_by_chance(rng, count * positive_share) if has_near or has_far else count
    positives = positives if has_positive else 0
    negatives = count - positives
    near = _round_by_chance(rng, negatives * near_share) if has_far else negatives
    near = near if has_near else 0
    return positives, near, negatives - near


def _round_by_chance(rng: np.random.Generator, number: float) -> int:
    return int(number + rng.random())


def _pick(rng: np.random.Generator, cells: Cells, count: int, distinct: bool) -> Cells:
    if distinct:
        return rng.choice(cells, min(count, len(cells)), replace=False, shuffle=False)
    return cells[rng.integers(len(cells), size=count)] if count else cells[:0]
