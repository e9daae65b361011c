"""A region's movement in a finer picture than the one in which its match was searched."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.copied_regions import Picture, Region, likeness_of, moved

Floats = NDArray[np.float64]
Reals = NDArray[np.float32]

STEPS = 4
"""Of the refinement: it starts at most a pixel away and gains digits with each."""

RIDGE = 1e-3
"""Square grey levels per pixel, added to the normal equations: places without detail do not move."""


def finer(region: Region, factor: int) -> Region:
    """Return a region in pixels of a picture that is larger by an integer factor."""
    inside = np.kron(region.inside, np.ones((factor, factor), np.bool_))
    return Region(region.top * factor, region.left * factor, inside, _rescaled(region.movement, factor))


def refined(region: Region, picture: Picture, factor: int) -> Region:
    """Move a region so that its detail fits that of its match best.

    Parameters
    ----------
    region : Region
        In pixels of the searched picture.
    picture : Picture
        Larger than the searched one by `factor`.
    factor : int

    Returns
    -------
    Region
        The same pixels, with an affine movement from the larger picture, in pixels of the searched one; unchanged
        where no step makes the detail more alike.

    Notes
    -----
    Lucas and Kanade 1981: at each step the difference of both sides is explained by the slopes of the match.
    """
    best = finer(region, factor)
    likeness, movement = likeness_of(best, picture), best.movement
    for _ in range(STEPS):
        movement = _step(replace(best, movement=movement), picture.detail)
        trial = replace(best, movement=movement)
        if (found := likeness_of(trial, picture)) > likeness:
            best, likeness = trial, found
    return replace(region, movement=_rescaled(best.movement, 1 / factor))


def _rescaled(movement: Floats, factor: float) -> Floats:
    """Express a movement in pixels of a larger picture, where pixel x lies at ``factor * (x + 0.5) - 0.5``."""
    shift = np.full(2, (factor - 1) / 2)
    linear = movement[:, :2]
    return np.column_stack([linear, factor * movement[:, 2] + shift - linear @ shift])


def _step(region: Region, detail: Reals) -> Floats:
    """Return the movement after one step of least squares; (2, 3) float64."""
    height, width = region.inside.shape
    own = detail[region.top : region.top + height, region.left : region.left + width]
    other = moved(detail, region)
    across, down = (cv2.Sobel(other, cv2.CV_32F, right, 1 - right, scale=1 / 8)[region.inside] for right in (1, 0))
    place, local = _normalized(region)
    slopes = np.concatenate([across * place, down * place])
    normal = slopes @ slopes.T + RIDGE * slopes.shape[1] * np.eye(len(slopes))
    change = np.linalg.solve(normal, slopes @ (own - other)[region.inside]).reshape(2, 3)
    step = np.eye(3)
    step[:2] += change @ local
    return np.asarray(region.movement @ step)


def _normalized(region: Region) -> tuple[Floats, Floats]:
    """Return (x, y, 1) of a region's pixels around its centre, in units of its extent, and the matrix that does so."""
    rows, columns = np.nonzero(region.inside)
    across, down = columns + region.left, rows + region.top
    centre, extent = (across.mean(), down.mean()), max(float(np.hypot(across.std(), down.std())), 1.0)
    local = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, extent]]) / extent
    return local @ np.stack([across, down, np.ones(len(rows))]), local
