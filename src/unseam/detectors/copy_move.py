"""Regions that were copied from elsewhere in the same photo: Cozzolino, Poggi and Verdoliva 2015.

Every pixel is described by Zernike moments of its surroundings, PatchMatch finds for each the most similar place
elsewhere, and where a copy was made the offsets of neighbours agree: a linear function fits them. Offsets agree in
facades and skies, too: `copied_regions` measures for each region whether its match is the same detail. The search takes
place in the photo at half its size, the measurements at its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.copied_regions import (
    Picture,
    Region,
    both_sides,
    disc,
    likeness_around,
    likeness_of,
    measures_of,
    picture_of,
    regions_of,
    sides,
)
from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.patch_match import median_field, nearest_field
from unseam.detectors.region_movement import finer, refined
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.detectors.zernike import zernike_magnitudes
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]
Reals = NDArray[np.float32]

MIN_SIDE = 128
"""Minimum height and width of a photo, in pixels: below, there is no room for a region and its copy."""

LONGEST_SIDE = 30_000
"""Pixels of the searched picture: offsets are stored in 16 bits."""

SEED = 20150616
"""Of PatchMatch's random numbers: the same photo always has the same map."""

NOTHING, HINT = -6.0, 3.0
"""Log-likelihood ratio where no region was found, and the maximum added where single pixels resemble theirs."""

MIN_STRENGTH, MAX_STRENGTH = NOTHING + HINT, 6.0
"""Log-likelihood ratio of a region: from hardly a region to a certain copy."""

WEIGHTS, CONSTANT = (0.359, -1.128, 0.816, -3.436), -3.436
"""Of `MEASURES`: likeness, level, area, recurrence.

Logistic regression of 196 regions in constructed copies against 396 regions of 591 authentic files and 60 facades, both
weighing the same: ``python benchmarks/copy_move.py fit PHOTOS --authentic FOLDER --authentic FOLDER``. The matches were
searched at full size then.
"""

CURVE = LlrCurve(slope=1.0, middle=0.0, threshold=0.818)
"""The regression gives a log-likelihood ratio already, of classes that weigh the same: heat is its probability.

The threshold is a ratio of 1.5: of 79 authentic files 1 has a marked region there, 3 at a ratio of 1, and the F1 on two
development sets of copy-moves is the same at both; at a ratio of 2 it is lower (docs/methods/copy-move.md).
"""


@dataclass(frozen=True, slots=True)
class CopyMoveConfig:
    """Parameters of `copy_move`; lengths in pixels of the picture that is searched, half as large as the measured one.

    Attributes
    ----------
    largest : int
        Maximum pixels of the picture that is measured: larger photos are reduced by an integer. Not in the paper.
    reduction : int
        Pixels of the measured picture in one of the searched picture. Not in the paper.
    order : int
        Highest order of the Zernike moments; 5 in the paper (12 of them).
    side : int
        Diameter of the disc that they describe; 16 in the paper, in pixels of the photo.
    passes : int
        Of PatchMatch; 8 in the paper, which starts from random matches.
    min_offset : int
        Minimum offset that PatchMatch considers; 8 pixels of the photo in the paper's reference implementation.
    median : int
        Radius of the median filter of the offsets; 4 in the paper.
    fit : int
        Radius of the disc over which offsets are fitted; 6 in the paper.
    error : float
        Maximum sum of squared errors of the fit over the disc, in square pixels; 300 in the paper, over four times as
        many pixels of half the size.
    distance : float
        Minimum distance between source and copy; 50 in the paper.
    region : int
        Minimum area of a region, in pixels; 1200 in the paper, which has no other check.
    dilation : int
        Radius by which regions are widened: what `median` and `fit` take away. 10 in the paper.
    window : int
        Side of the square over which single pixels are compared with their matches; odd. Not in the paper.
    half : float
        Error of the fit, in square pixels, at which the likeness of single pixels counts half. Not in the paper.
    flat : float
        Detail weaker than this, as standard deviation in grey levels, says nothing. Not in the paper.
    likeness : float
        Minimum correlation of a region's detail with that of its match. Not in the paper.
    weights, constant : (4,) floats, float
        Of a region's measures, to its log-odds of being a copy; see `WEIGHTS`. Not in the paper.
    curve : LlrCurve
        From the raw value to the log-likelihood ratio; see `CURVE`.
    """

    largest: int = 1_500_000
    reduction: int = 2
    order: int = 5
    side: int = 8
    passes: int = 2
    min_offset: int = 4
    median: int = 2
    fit: int = 3
    error: float = 48.0
    distance: float = 12.0
    region: int = 40
    dilation: int = 5
    window: int = 9
    half: float = 20.0
    flat: float = 0.5
    likeness: float = 0.5
    weights: tuple[float, ...] = WEIGHTS
    constant: float = CONSTANT
    curve: LlrCurve = CURVE


DEFAULT = CopyMoveConfig()


@dataclass(frozen=True, slots=True, eq=False)
class _Matches:
    """Where the surroundings of each pixel were found again.

    Attributes
    ----------
    offsets : (H, W, 2) int16
        Rows down and columns right, median filtered; pixels of the searched picture.
    error : (H, W) float64
        Of the linear fit, summed over the disc; square pixels.
    """

    offsets: NDArray[np.int16]
    error: Floats


def copy_move_statistic(photo: Photo, config: CopyMoveConfig = DEFAULT) -> Statistic:
    """Measure how badly a linear function fits the offsets around each pixel.

    Parameters
    ----------
    photo : Photo
        At least 128 x 128 pixels and not flat.

    Returns
    -------
    Statistic
        (H // k // 2, W // k // 2) float64, in square pixels summed over the disc; near 0 where a region was copied. k
        is the smallest integer by which the photo must be reduced to have at most ``config.largest`` pixels.

    Notes
    -----
    DOI 10.1109/TIFS.2015.2455334, sections II and III. Deliberate differences: how matches are found (`patch_match`),
    and in a photo of half the size; large photos are reduced by averaging k x k pixels.
    """
    _check(photo)
    return Statistic(_matches(_reduced(_luma(photo, config), config.reduction), config).error, _step(photo, config))


def copy_move_regions(photo: Photo, config: CopyMoveConfig = DEFAULT) -> list[tuple[Region, Floats]]:
    """List the regions whose matches move as one and resemble them, true copies or not; searched once per photo.

    Returns
    -------
    list of (Region, (4,) float64)
        Each, in pixels of the searched picture, with what `measures_of` measures; the largest first.
    """
    _check(photo)
    luma = _luma(photo, config)
    return photo.once(
        _key(config), lambda: _regions(_matches(_reduced(luma, config.reduction), config), picture_of(luma), config)
    )


def _key(config: CopyMoveConfig) -> tuple[str, CopyMoveConfig]:
    return "regions of copy-move", config


def copy_move_llr(photo: Photo, config: CopyMoveConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of a place in a region that was copied, or in the source of a copy.

    Regions are found as in the paper (error of the fit, distance, area), down to smaller ones, and must resemble their
    matches; then a logistic regression on what `measures_of` measures says how likely each is a copy rather than a
    pattern that repeats. Both sides are widened and marked, as in the paper.

    Returns
    -------
    Statistic
        On the grid of `copy_move_statistic`, float64: -3 to 6 in regions and their sources; -6 to -3
        elsewhere, more where single pixels resemble their matches; NaN where there is no detail to compare.
    """
    _check(photo)
    luma = _luma(photo, config)
    coarse = _reduced(luma, config.reduction)
    matches = _matches(coarse, config)
    ratio = _hints(matches, picture_of(coarse, config.reduction), config)
    for region, measures in photo.once(_key(config), lambda: _regions(matches, picture_of(luma), config)):
        strength = _strength(measures, config)
        marked = both_sides(region, ratio.shape, config.dilation)
        ratio[marked] = np.fmax(ratio[marked], np.clip(strength, MIN_STRENGTH, MAX_STRENGTH))
    return config.curve.llr(Statistic(ratio, _step(photo, config)))


def _strength(measures: Floats, config: CopyMoveConfig) -> float:
    """Return the log-odds that a region is a copy."""
    return config.constant + float(np.dot(config.weights, measures))


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """Two places of a photo of which one was probably copied from the other; which one, the match cannot tell.

    Attributes
    ----------
    sides : two of (rows, columns) bool
        Both places, in cells of ``step`` x ``step`` stored pixels.
    step : int
    log_odds : float
        That it is a copy rather than a pattern that repeats.
    likeness, recurrence : float
        Correlation of the detail of both places, and the largest one with any third place around, in [-1, 1].
    """

    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    step: int
    log_odds: float
    likeness: float
    recurrence: float


def copies_of(photo: Photo, config: CopyMoveConfig = DEFAULT) -> list[Copy]:
    """List the probable copies within a photo, the largest first; errors as `copy_move_regions`."""
    step, _ = _step(photo, config)
    size = _reduced(_luma(photo, config), config.reduction).shape
    found = []
    for region, measures in copy_move_regions(photo, config):
        likeness, recurrence = float(np.tanh(measures[0])), float(np.tanh(measures[3]))
        log_odds = _strength(measures, config)
        found.append(Copy(sides(region, size, config.dilation), step, log_odds, likeness, recurrence))
    return found


def copy_move(photo: Photo, config: CopyMoveConfig = DEFAULT) -> Heatmap:
    """Find regions that were copied within the photo, and their sources: Cozzolino et al. 2015, calibrated."""
    return heatmap_of(copy_move_llr(photo, config), photo, config.curve)


def _check(photo: Photo) -> None:
    if min(photo.height, photo.width) < MIN_SIDE:
        wanted = f"{MIN_SIDE} x {MIN_SIDE}"
        raise NotApplicable(f"the photo is {photo.width} x {photo.height} pixels; expected at least {wanted}")
    if bool((photo.pixels == photo.pixels[0, 0]).all()):
        raise NotApplicable("the photo is of one flat colour; there is nothing to compare")


def _factor(photo: Photo, config: CopyMoveConfig) -> int:
    """Find the smallest integer by which to reduce for at most ``largest`` pixels, and `LONGEST_SIDE` a side."""
    longest = max(photo.height, photo.width) / LONGEST_SIDE
    return int(np.ceil(max(np.sqrt(photo.height * photo.width / config.largest), longest, 1.0)))


def _step(photo: Photo, config: CopyMoveConfig) -> tuple[int, int]:
    """Return the stored pixels, down and across, in one pixel of the searched picture."""
    step = _factor(photo, config) * config.reduction
    return step, step


def _luma(photo: Photo, config: CopyMoveConfig) -> Reals:
    """Return the grey levels of the picture that is measured."""
    grey = np.asarray(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY))
    return _reduced(grey.astype(np.float32), _factor(photo, config))


def _reduced(luma: Reals, factor: int) -> Reals:
    """Average factor x factor pixels; what is left over at the far borders is not searched."""
    rows, columns = (side // factor for side in luma.shape)
    whole = luma[: rows * factor, : columns * factor]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _matches(luma: Reals, config: CopyMoveConfig) -> _Matches:
    features = zernike_magnitudes(luma, config.order, config.side)
    offsets = median_field(nearest_field(features, config.passes, config.min_offset, SEED), config.median)
    error = sum(_error_of_fit(offsets[..., k], config.fit) for k in (0, 1))
    return _Matches(offsets, np.asarray(error))


def _error_of_fit(offsets: NDArray[np.int16], radius: int) -> Floats:
    """Sum the squared errors of the plane through the offsets in the disc around each pixel; (H, W) float64.

    On a disc the functions 1, x and y are orthogonal: what each explains is subtracted from the sum of squares.
    """
    values = offsets.astype(np.float64)
    whole = disc(radius).astype(np.float64)
    across = whole * np.arange(-radius, radius + 1)
    error = _sum(values**2, whole)
    for function in (whole, across, across.T):
        error -= _sum(values, function) ** 2 / (function**2).sum()
    return np.asarray(np.maximum(error, 0))


def _sum(values: Floats, kernel: Floats) -> Floats:
    return np.asarray(cv2.filter2D(values, cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT), np.float64)


def _hints(matches: _Matches, picture: Picture, config: CopyMoveConfig) -> Floats:
    """Ratio from single pixels: how much each resembles its match, where neighbours agree; (H, W) float64."""
    likeness, energy = likeness_around(picture, matches.offsets, config.window)
    hint = np.maximum(likeness, 0) / (1 + matches.error / config.half)
    widened = np.asarray(cv2.dilate(hint, disc(config.dilation).astype(np.uint8)), np.float64)
    return np.where(energy < config.flat**2, np.nan, NOTHING + HINT * widened)


def _regions(matches: _Matches, picture: Picture, config: CopyMoveConfig) -> list[tuple[Region, Floats]]:
    down, right = (matches.offsets[..., k].astype(np.float32) for k in (0, 1))
    moves_as_one = (matches.error <= config.error) & (np.hypot(down, right) >= config.distance)
    found = []
    for coarse in regions_of(matches.offsets, moves_as_one, config.region):
        region = refined(coarse, picture, config.reduction)
        fine = finer(region, config.reduction)
        if likeness_of(fine, picture) >= config.likeness:
            found.append((region, measures_of(fine, picture)))
    return found


METHOD = Detector(
    info=MethodInfo(
        name="copy-move",
        paper="D. Cozzolino, G. Poggi, L. Verdoliva, 2015, Efficient dense-field copy-move forgery detection, DOI "
        "10.1109/TIFS.2015.2455334",
        detects="regions that were copied within the photo, also turned or slightly scaled, together with their "
        "sources",
        blind_spots="where the copied region is flat or small, was scaled by more than a quarter, or came from "
        "another photo",
        needs=frozenset({"detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=copy_move_llr,
)
