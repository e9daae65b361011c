"""Regions to paste, copy or remove: random smooth blobs and polygons, and the geometry of masks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_VISIBLE = 0.35
"""Share of a placed region that must lie inside the frame."""

MOVED_SHARE, MOVED_SLOPE = 0.3, 1.5
"""How often a region that would hang too far over a border is moved in rather than placed anew: ``MOVED_SLOPE`` times
the share of the frame that it covers, at most ``MOVED_SHARE``.

Less leaves the borders of the frame empty, more crowds them. With these a map that only knows where the centre is has
an AUC of about 0.5 for small and for large regions (docs/forging.md).
"""

PLACE_TRIES = 64

BLOB_HARMONICS = 5
"""Waves around a blob's outline; more make it jagged."""


def blob(height: int, width: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a smooth random blob that fills most of a (height, width) box, bool."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angle)
    for harmonic in range(1, BLOB_HARMONICS + 1):
        radius += rng.uniform(0, 0.35) / harmonic * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    return _outline(angle, np.maximum(radius, 0.15), height, width)


def polygon(height: int, width: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a random star-shaped polygon of 3 to 9 corners that fills most of a (height, width) box, bool."""
    corners = int(rng.integers(3, 10))
    angle = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners
    return _outline(angle, rng.uniform(0.6, 1.0, corners), height, width)


def _outline(angle: NDArray[np.float64], radius: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """Fill the outline given in polar coordinates, stretched to its box."""
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    points -= points.min(axis=0)
    points *= np.array([width - 1, height - 1]) / np.maximum(points.max(axis=0), 1e-6)
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], 1)
    return canvas.astype(bool)


def shape_of_area(kind: str, area: float, limit: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a blob or polygon of about ``area`` pixels inside a box no larger than ``limit`` (rows, columns)."""
    draw = polygon if kind == "polygon" else blob
    aspect = float(np.exp(rng.uniform(-0.7, 0.7)))
    drawn = draw(128, 128, rng)
    box = area / max(float(drawn.mean()), 0.05)
    height = int(np.clip(np.sqrt(box * aspect), 8, limit[0]))
    width = int(np.clip(box / height, 8, limit[1]))
    return cv2.resize(drawn.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5


def place(
    mask: NDArray[np.bool_], frame: tuple[int, int], min_area: float, rng: np.random.Generator
) -> tuple[int, int]:
    """Draw the top left corner of a mask anywhere in a frame, borders included.

    Every position is as likely as any other, those where the mask hangs over a border among them, as long as
    ``MIN_VISIBLE`` of it and ``min_area`` of the frame's area are visible.

    Parameters
    ----------
    mask : (h, w) bool
        Not empty; may be larger than the frame.
    frame : (H, W)
        In pixels.
    min_area : float
        Share of the frame; a mask that is smaller than that must be visible as a whole.

    Returns
    -------
    top, left : int
        Negative where the mask hangs over the upper or left border.
    """
    total = int(mask.sum())
    wanted = min(max(MIN_VISIBLE * total, min_area * frame[0] * frame[1]), total)
    moved_share = min(MOVED_SHARE, MOVED_SLOPE * total / (frame[0] * frame[1]))
    for _ in range(PLACE_TRIES):
        corner = tuple(int(rng.integers(1 - side, room)) for side, room in zip(mask.shape, frame, strict=True))
        if _visible(mask, frame, corner) >= wanted:
            return corner[0], corner[1]
        if rng.random() < moved_share:
            return _moved_in(mask, frame, corner, wanted)
    return _moved_in(mask, frame, corner, wanted)


def _moved_in(
    mask: NDArray[np.bool_], frame: tuple[int, int], corner: tuple[int, ...], wanted: float
) -> tuple[int, int]:
    """Move a mask towards the frame until enough of it is visible; wholly if it must."""
    goal = [
        int(np.clip(start, min(0, room - side), max(0, room - side)))
        for start, side, room in zip(corner, mask.shape, frame, strict=True)
    ]
    for share in (0.25, 0.5, 0.75):
        moved = [round(start + share * (end - start)) for start, end in zip(corner, goal, strict=True)]
        if _visible(mask, frame, moved) >= wanted:
            return moved[0], moved[1]
    if not _visible(mask, frame, goal):  # larger than the frame, and empty just there
        row, column = np.argwhere(mask)[0]
        return frame[0] // 2 - int(row), frame[1] // 2 - int(column)
    return goal[0], goal[1]


def _visible(mask: NDArray[np.bool_], frame: tuple[int, int], corner: Sequence[int]) -> int:
    """Count the pixels of a mask that lie inside the frame."""
    top, left = corner
    return int(mask[max(-top, 0) : max(frame[0] - top, 0), max(-left, 0) : max(frame[1] - left, 0)].sum())
