"""The outlines of regions as paths in pixels of the upright photo: sharp at any zoom, on screen and in print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.method import Region
from unseam.photo.orientation import upright, upright_box

MAX_OUTLINES = 200
"""Outlined regions, the largest first; a restless mask has thousands, which nobody can tell apart."""

TOLERANCE = 0.5
"""Drawn pixels by which an outline may leave the border of the mask."""

Ring = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Outline:
    """One region's outline, upright.

    Attributes
    ----------
    number : int
        Of the region in its list, from 1.
    rings : tuple of (N, 2) int32
        Columns and rows of the border's pixels: the outer ring first, then the holes.
    box : (int, int, int, int)
        Left, top, width, height.
    badge : (int, int)
        Column and row of the pixel of the outer ring that is nearest to the box's top left corner: a number there
        covers neither the region nor much around it.
    """

    number: int
    rings: tuple[Ring, ...]
    box: tuple[int, int, int, int]
    badge: tuple[int, int]

    @property
    def path(self) -> str:
        """The rings as an SVG path through the middles of their pixels."""
        return "".join(_path(ring) for ring in self.rings)


def outlines_of(
    mask: NDArray[np.bool_], regions: Sequence[Region], orientation: int, longest_side: int
) -> tuple[Outline, ...]:
    """Trace the regions of a mask.

    Parameters
    ----------
    mask : (H, W) bool
        In stored pixels.
    regions : sequence of Region
        Its components, in the order of their numbers.
    orientation : int
        1 to 8, as in EXIF.
    longest_side : int
        Pixels: the longer side of the photo as drawn; what cannot be seen there is simplified away.

    Returns
    -------
    tuple of Outline
        At most `MAX_OUTLINES`, by number.
    """
    numbers = _numbers_by_box(regions, mask.shape, orientation)
    turned = np.ascontiguousarray(upright(mask, orientation)).astype(np.uint8)
    tolerance = TOLERANCE * max(max(turned.shape) / longest_side, 1.0)
    contours, tree = cv2.findContours(turned, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: dict[int, Outline] = {}
    for index, contour in enumerate(contours):
        box = cv2.boundingRect(contour)
        waiting = numbers.get((box[0], box[1], box[2], box[3]))
        if tree[0][index][_PARENT] >= 0 or not waiting:  # a hole, or a region beyond the last that is outlined
            continue
        outer_and_holes = (contour, *(contours[hole] for hole in _holes(tree[0], index)))
        rings = tuple(_simple(np.asarray(ring, np.int32), tolerance) for ring in outer_and_holes)
        number = waiting.pop(0)
        found[number] = Outline(number, rings, (box[0], box[1], box[2], box[3]), _badge(rings[0]))
    return tuple(found[number] for number in sorted(found))


@dataclass(frozen=True, slots=True)
class Link:
    """Where a copied region comes from, upright.

    Attributes
    ----------
    number : int
        Of the copied region.
    box : (int, int, int, int)
        Left, top, width, height of the source.
    ends : ((float, float), (float, float))
        Column and row of the middles of source and region, as far as their boxes let the line between both be seen.
    """

    number: int
    box: tuple[int, int, int, int]
    ends: tuple[tuple[float, float], tuple[float, float]]

    @property
    def path(self) -> str:
        """The source's box and the line from it to the region, as an SVG path."""
        left, top, width, height = self.box
        (x, y), (to_x, to_y) = self.ends
        return f"M{left} {top}h{width}v{height}h{-width}ZM{x:g} {y:g}L{to_x:g} {to_y:g}"


def links_of(regions: Sequence[Region], height: int, width: int, orientation: int) -> tuple[Link, ...]:
    """Link the copied ones among the regions of a stored photo (height, width) with their sources."""
    links = []
    for number, region in enumerate(regions[:MAX_OUTLINES], start=1):
        source = next((trace.source for trace in region.traces if trace.source is not None), None)
        if source is None:
            continue
        own = (region.top, region.left, region.bottom, region.right)
        here, there = (upright_box(box, height, width, orientation) for box in (own, source))
        top, left, bottom, right = there
        links.append(
            Link(number, (left, top, right - left, bottom - top), (_towards(there, here), _towards(here, there)))
        )
    return tuple(links)


def _towards(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[float, float]:
    """Return where the line from the middle of a box (top, left, bottom, right) to that of another leaves it."""
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    down, right = (other[0] + other[2]) / 2 - y, (other[1] + other[3]) / 2 - x
    reach = min(
        (box[2] - box[0]) / 2 / abs(down) if down else float("inf"),
        (box[3] - box[1]) / 2 / abs(right) if right else float("inf"),
        1.0,
    )
    return x + reach * right, y + reach * down


def _numbers_by_box(
    regions: Sequence[Region], stored: tuple[int, ...], orientation: int
) -> dict[tuple[int, int, int, int], list[int]]:
    """Return the numbers of the regions by upright box (left, top, width, height); two may share one."""
    numbers: dict[tuple[int, int, int, int], list[int]] = {}
    for number, region in enumerate(regions[:MAX_OUTLINES], start=1):
        box = (region.top, region.left, region.bottom, region.right)
        top, left, bottom, right = upright_box(box, stored[0], stored[1], orientation)
        numbers.setdefault((left, top, right - left, bottom - top), []).append(number)
    return numbers


_NEXT, _CHILD, _PARENT = 0, 2, 3
"""Places in OpenCV's tree of contours."""


def _holes(tree: NDArray[np.int32], index: int) -> Iterator[int]:
    hole = int(tree[index][_CHILD])
    while hole >= 0:
        yield hole
        hole = int(tree[hole][_NEXT])


def _simple(contour: NDArray[np.int32], tolerance: float) -> Ring:
    return np.asarray(cv2.approxPolyDP(contour, tolerance, True), np.int32).reshape(-1, 2)


def _badge(ring: Ring) -> tuple[int, int]:
    nearest = int((ring - ring.min(axis=0)).sum(axis=1).argmin())
    return int(ring[nearest, 0]), int(ring[nearest, 1])


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{x + 0.5:g} {y + 0.5:g}" for x, y in ring.tolist()) + "Z"
