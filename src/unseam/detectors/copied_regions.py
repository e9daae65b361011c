"""Regions whose matches move as one: how each was moved, and how alike both sides are.

A dense field of matches moves as one inside a copied region, but also wherever a facade, a fence or the sky repeats
itself. What tells the two apart is here: after the movement is undone, the detail of a true copy is the same detail.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MEASURES = ("likeness", "level", "area", "recurrence")
"""What is measured of each region, in this order; see `measures_of`."""

NOISE = 1.0
"""Grey levels: detail below it is rounding and noise, and takes the likeness towards 0."""

SHARP, BROAD = 1.0, 4.0
"""Standard deviations in pixels: detail lies between both, level beyond the second; what JPEG changes, below both."""

MAX_ALIKE = 0.9995
"""Correlations above it count as this: what is left of a copy's difference is rounding."""

INLIER = 2.0
"""Pixels: offsets that differ less from the fitted movement belong to it."""

FITS = 3
"""Fits of the movement: each leaves out what the last did not explain."""

MIN_LAG = 8
"""Pixels: a region shifted by less resembles itself because it is smooth."""

AROUND = 160
"""Pixels on each side of a region in which its pattern may recur."""

MAX_REGIONS = 64
"""That are looked at, the largest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture in two bands, each (H, W) float32 in grey levels."""

    detail: NDArray[np.float32]
    level: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A connected part of a picture whose matches move as one.

    Attributes
    ----------
    top, left : int
        Of its bounding box.
    inside : (h, w) bool
        Which pixels of the bounding box belong to it.
    movement : (2, 3) float64
        Takes (column, row, 1) of the picture to the (column, row) of the match.
    """

    top: int
    left: int
    inside: Bools
    movement: Floats


def picture_of(luma: NDArray[np.float32], reduction: int = 1) -> Picture:
    """Split a picture, (H, W) float32 in grey levels, into its bands.

    Of a reduced picture, `reduction` is the factor: the bands are those of the picture that was reduced.
    """
    widths = (SHARP / reduction, BROAD / reduction)
    smooth, level = (np.asarray(cv2.GaussianBlur(luma, (0, 0), width), np.float32) for width in widths)
    return Picture(smooth - level, level)


def regions_of(offsets: NDArray[np.int16], moves_as_one: Bools, min_area: int) -> list[Region]:
    """Find the connected parts where matches move as one, and how they moved.

    Parameters
    ----------
    offsets : (H, W, 2) int16
        Rows down and columns right, from each pixel to its match.
    moves_as_one : (H, W) bool
    min_area : int
        Pixels that a part must have.

    Returns
    -------
    list of Region
        The largest first, at most `MAX_REGIONS`.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(moves_as_one.astype(np.uint8), connectivity=4)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    largest = np.argsort(-areas, kind="stable")[:MAX_REGIONS] + 1
    regions = []
    for number in largest[areas[largest - 1] >= min_area]:
        left, top, width, height = (int(value) for value in stats[number, :4])
        inside = labels[top : top + height, left : left + width] == number
        movement = _movement(offsets[top : top + height, left : left + width][inside], inside, top, left)
        regions.append(Region(top, left, inside, movement))
    return regions


def _movement(offsets: NDArray[np.int16], inside: Bools, top: int, left: int) -> Floats:
    """Fit an affine movement to the offsets of a region's pixels, outliers left out; (2, 3) float64."""
    rows, columns = np.nonzero(inside)
    places = np.stack([columns + left, rows + top, np.ones(len(rows))], 1).astype(np.float64)
    matches = places[:, :2] + offsets[:, ::-1]
    centre = places.mean(0) * (1, 1, 0)  # keeps the normal equations well conditioned
    fitted = np.ones(len(rows), np.bool_)
    for _ in range(FITS):
        own = (places - centre)[fitted]
        normal = np.einsum("ni,nj->ij", own, own) + 1e-9 * np.eye(3)
        movement = np.linalg.solve(normal, np.einsum("ni,nj->ij", own, matches[fitted])).T
        distance = np.hypot(*(matches - np.einsum("ij,nj->ni", movement, places - centre)).T)
        fitted = distance <= max(INLIER, 2 * float(np.median(distance)))
    movement[:, 2] -= movement @ centre
    return np.asarray(movement)


def measures_of(region: Region, picture: Picture) -> Floats:
    """Measure how much a region and its match look like original and copy.

    Returns
    -------
    (4,) float64
        In the order of `MEASURES`: Fisher's transform of the correlation of the detail of both sides; log2 of the
        root mean square difference of their levels plus a quarter of a grey level; log2 of the area in pixels;
        Fisher's transform of the largest correlation of the region's detail with any other place around.
    """
    apart = (_own(picture.level, region) - moved(picture.level, region))[region.inside]
    return np.array(
        [
            np.arctanh(likeness_of(region, picture)),
            np.log2(np.sqrt(np.mean(apart**2, dtype=np.float64)) + 0.25),
            np.log2(region.inside.sum()),
            np.arctanh(_recurrence(region, picture)),
        ]
    )


def likeness_of(region: Region, picture: Picture) -> float:
    """Correlate the detail of a region with that of its match, in [-`MAX_ALIKE`, `MAX_ALIKE`]; without detail, 0."""
    own, other = (band[region.inside] for band in (_own(picture.detail, region), moved(picture.detail, region)))
    first, second = (np.asarray(values, np.float64) - float(values.mean(dtype=np.float64)) for values in (own, other))
    sizes = ((first**2).mean() + NOISE**2) * ((second**2).mean() + NOISE**2)
    return float(np.clip((first * second).mean() / np.sqrt(sizes), -MAX_ALIKE, MAX_ALIKE))


def _own(band: NDArray[np.float32], region: Region) -> NDArray[np.float32]:
    height, width = region.inside.shape
    return band[region.top : region.top + height, region.left : region.left + width]


def moved(band: NDArray[np.float32], region: Region) -> NDArray[np.float32]:
    """Fetch the match of a region's bounding box, (h, w) float32."""
    inverse = region.movement.copy()
    inverse[:, 2] += inverse[:, :2] @ (region.left, region.top)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = region.inside.shape[::-1]
    return np.asarray(cv2.warpAffine(band, inverse, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def _recurrence(region: Region, picture: Picture) -> float:
    """Return the largest correlation of a region's detail with what lies around it, neither itself nor its match.

    Near 1 where a pattern repeats: then the match is one of many, and no copy is needed to explain it.
    """
    height, width = region.inside.shape
    top, left = max(region.top - AROUND, 0), max(region.left - AROUND, 0)
    around = picture.detail[top : region.top + height + AROUND, left : region.left + width + AROUND]
    likeness = _likeness_slid(_own(picture.detail, region), region.inside, around)
    centre = np.array([region.left + (width - 1) / 2, region.top + (height - 1) / 2, 1.0])
    match = region.movement @ centre - centre[:2]
    down, right = np.ogrid[: likeness.shape[0], : likeness.shape[1]]
    for row, column in ((0.0, 0.0), (match[1], match[0])):
        near = np.hypot(down - row - (region.top - top), right - column - (region.left - left)) < MIN_LAG
        likeness[near] = 0
    return float(np.clip(likeness.max(initial=0), 0, MAX_ALIKE))


def _likeness_slid(own: NDArray[np.float32], inside: Bools, around: NDArray[np.float32]) -> Floats:
    """Correlate the pixels `inside` a box with those beneath them, wherever the box fits into what is around."""
    size = tuple(cv2.getOptimalDFTSize(side) for side in around.shape)
    centred = np.where(inside, own - float(own[inside].mean(dtype=np.float64)), 0)
    template, shape = (np.fft.rfft2(values, size).conj() for values in (centred, inside.astype(np.float64)))
    values, squares = (np.fft.rfft2(around.astype(np.float64) ** power, size) for power in (1, 2))
    fits = tuple(slice(side - part + 1) for side, part in zip(around.shape, inside.shape, strict=True))
    products = (values * template, values * shape, squares * shape)
    product, mean, energy = (np.fft.irfft2(spectrum, size)[fits] / inside.sum() for spectrum in products)
    variance = (centred**2).sum() / inside.sum() + NOISE**2
    return np.asarray(product / np.sqrt(np.maximum(energy - mean**2 + NOISE**2, NOISE**2) * variance))


def likeness_around(
    picture: Picture, offsets: NDArray[np.int16], window: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlate the detail around each pixel with that around its match.

    Parameters
    ----------
    picture : Picture
    offsets : (H, W, 2) int16
    window : int
        Side of the square around each pixel, odd.

    Returns
    -------
    likeness : (H, W) float32
        In [-1, 1].
    energy : (H, W) float32
        Mean square of the pixel's own detail, in square grey levels.
    """
    rows, columns = np.indices(offsets.shape[:2], np.float32)
    other = cv2.remap(
        picture.detail,
        columns + offsets[..., 1],
        rows + offsets[..., 0],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    own, match, both = (
        np.asarray(cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT_101), np.float32)
        for values in (picture.detail**2, other**2, picture.detail * other)
    )
    return np.asarray(both / np.sqrt((own + NOISE**2) * (match + NOISE**2))), own


def both_sides(region: Region, size: tuple[int, int], radius: int) -> Bools:
    """Mark a region, widened by a disc of `radius` pixels, and its match; (H, W) bool."""
    own, match = sides(region, size, radius)
    return own | match


def sides(region: Region, size: tuple[int, int], radius: int) -> tuple[Bools, Bools]:
    """Return a region, widened by a disc of `radius` pixels, and its match; each (H, W) bool."""
    mark = np.zeros(size, np.uint8)
    height, width = region.inside.shape
    mark[region.top : region.top + height, region.left : region.left + width] = region.inside
    wide = np.asarray(cv2.dilate(mark, disc(radius).astype(np.uint8)))
    match = cv2.warpAffine(wide, region.movement, size[::-1], flags=cv2.INTER_NEAREST)
    return wide > 0, np.asarray(match) > 0


def disc(radius: int) -> Bools:
    """Mark the pixels within a radius of the centre; (2 * radius + 1, 2 * radius + 1) bool."""
    place = np.arange(-radius, radius + 1)
    return np.asarray(place[:, None] ** 2 + place**2 <= radius**2)
