"""Whether a frame is a screenshot or graphic rather than a photograph.

Programs draw areas of one exact colour, with straight edges along rows and columns. Photographs have flat areas too
(clipped skies, night), but nothing in them ends along one row of pixels for long. Both must hold, and the flat areas
must be a large part of the frame: a photo with a caption or a border stays a photo.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIDE = 16
"""Pixels: side of the squares that are flat or not; two JPEG blocks."""

FLAT = 2
"""Grey levels: largest range of each channel within a flat square; a JPEG of drawn areas stays within it."""

MIN_FLAT_SHARE = 0.4
"""Of the squares. One in twenty authentic photographs has more, most of them skies."""

EDGE, QUIET = 12, 10
"""Grey levels: smallest step across a drawn edge, and largest difference of the rows on both sides of it."""

BORDER = 6
"""Grey levels by which pixels of a border may differ from the frame's first one."""

RUN = 32
"""Pixels: an edge must run along a row or column for so long to count."""

MIN_EDGES = 0.1
"""Pixels of such edges for each pixel of the frame's height and width together."""

REASON = (
    "this is a screenshot or graphic, not a photograph; drawn areas hold none of the traces that the method compares"
)


def graphic_reason(pixels: Pixels) -> str | None:
    """Say in plain words that a frame (H, W, 3) uint8 is a screenshot or graphic; None where it is a photograph."""
    pixels = without_border(pixels)
    if flat_share(pixels) < MIN_FLAT_SHARE:
        return None
    return REASON if straight_edges(pixels) >= MIN_EDGES else None


def without_border(pixels: Pixels) -> Pixels:
    """Cut off a border of one colour that goes all around a frame; return frames without one as they are."""
    if not _of_one_colour(pixels[:1]) or not _of_one_colour(pixels[:, :1]):
        return pixels
    other = _apart(pixels) > BORDER
    rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
    if not len(rows) or not rows[0] or not columns[0]:
        return pixels
    bottom, right = int(rows[-1]) + 1, int(columns[-1]) + 1
    if bottom == pixels.shape[0] or right == pixels.shape[1]:
        return pixels
    return pixels[rows[0] : bottom, columns[0] : right]


def _of_one_colour(pixels: Pixels) -> bool:
    return not bool((_apart(pixels) > BORDER).any())


def _apart(pixels: Pixels) -> NDArray[np.uint8]:
    """Return how far each pixel is from the first one, in its channel that differs most."""
    apart = cv2.absdiff(pixels, np.full_like(pixels, pixels[0, 0]))
    return np.asarray(np.asarray(apart).reshape(pixels.shape).max(axis=2), np.uint8)


def flat_share(pixels: Pixels) -> float:
    """Return the share of squares that have one colour; 0 in a frame smaller than a square."""
    rows, columns = (side // SIDE for side in pixels.shape[:2])
    if not rows or not columns:
        return 0.0
    bands = pixels[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns * SIDE * 3)
    highest, lowest = (
        extreme(bands, axis=1).reshape(rows, columns, SIDE, 3) for extreme in (np.max, np.min)
    )  # of the columns of a band first: long runs of memory
    spread = highest.max(axis=2).astype(np.int16) - lowest.min(axis=2)
    return float(np.mean(spread.max(axis=2) <= FLAT))


def straight_edges(pixels: Pixels) -> float:
    """Return how long the drawn edges along rows and columns are, for each pixel of height and width together."""
    length = sum(_edge_pixels(view) for view in (pixels, np.ascontiguousarray(pixels.transpose(1, 0, 2))))
    return float(length / (pixels.shape[0] + pixels.shape[1]))


def _edge_pixels(pixels: Pixels) -> int:
    """Count pixels in whose place an edge along the row has run for `RUN` pixels."""
    if len(pixels) < 4 or pixels.shape[1] < RUN:
        return 0
    step = np.asarray(cv2.absdiff(pixels[1:], pixels[:-1]), np.uint8).max(axis=2)
    around = np.maximum(step[:-2], step[2:])
    edge = ((step[1:-1] >= EDGE) & (around <= QUIET)).astype(np.uint8)
    runs = cv2.erode(edge, np.ones((1, RUN), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return int(np.count_nonzero(runs))
