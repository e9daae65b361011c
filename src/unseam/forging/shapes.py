"""Regions to paste, copy or remove: random smooth blobs and polygons, and the geometry of masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BORDER_SHARE = 0.25
"""Share of the boxes, along each axis, that touch a border or hang over it."""

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
    frame: tuple[int, int], box: tuple[int, int], rng: np.random.Generator, overhang: float = 0.5
) -> tuple[int, int]:
    """Draw the top left corner of a box anywhere in a frame, borders included.

    Up to ``overhang`` of the box's side may lie outside, and along each axis ``BORDER_SHARE`` of the boxes hang over a
    border on purpose, so that pixels there are covered about as often as in the middle.
    """
    return _along(frame[0], box[0], rng, overhang), _along(frame[1], box[1], rng, overhang)


def _along(room: int, side: int, rng: np.random.Generator, overhang: float) -> int:
    """Draw where a box of ``side`` pixels begins along an axis of ``room`` pixels."""
    hidden = side * overhang
    if rng.random() < BORDER_SHARE:
        outside = rng.uniform(0, hidden)
        return int(np.floor(-outside if rng.random() < 0.5 else room - side + outside))
    if side - 2 * hidden >= room:
        return (room - side) // 2
    return int(np.floor(rng.uniform(-hidden, room - side + hidden + 1)))
