"""Draw what a method found over its photo, upright: the whole photo, a layer of heat, regions outlined and numbered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unseam.drawing.heat_layer import lay_over, lay_whole_scale, layer_bar
from unseam.drawing.outlines import Link, Outline, links_of, outlines_of
from unseam.method import Region
from unseam.photo.photo import upright

T = TypeVar("T", np.uint8, np.float32)

Point = tuple[float, float]
"""Column and row."""

LONGEST_SIDE = 2048
"""Pixels: larger photos are drawn on a reduced copy."""

ENLARGED_SIDE = 960
"""Pixels: smaller photos are enlarged by an integer factor up to here, so that their pixels can be seen."""

MIN_WIDTH = 560
"""Pixels: narrower pictures get a margin, so that title and colour bar fit."""

NUMBERED_REGIONS = 9
"""Regions that carry their number, the largest first; more would cover the picture."""

LINE_SHARE, BADGE_SHARE = 1 / 260, 1 / 44
"""Width of an outline and radius of a number's disc, as shares of the picture's longer side: at 390 pixels, the width
of a phone, they are still 1.5 and 9 pixels."""

BACKGROUND = (24, 24, 27)
INK = (244, 244, 245)
OUTLINE = (255, 224, 51)
"""Yellow, always on black: visible on any photo, and the lighter of two greys on paper."""

SOURCE = (92, 214, 255)
"""Light blue and dashed, on black: where a copied region comes from."""

DASH = 4
"""Length of a dash and of a gap, in widths of the line."""


def draw_overlay(
    pixels: NDArray[np.uint8],
    heat: NDArray[np.float32],
    mask: NDArray[np.bool_],
    regions: Sequence[Region],
    *,
    orientation: int,
    title: str,
) -> NDArray[np.uint8]:
    """Draw the picture that a person looks at first.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The photo as stored, RGB.
    heat : (H, W) float32
        In [0, 1]; a translucent layer above 0.5.
    mask : (H, W) bool
        Its regions are outlined.
    regions : sequence of Region
        The components of the mask, numbered from 1 in this order.
    orientation : int
        How a viewer turns the photo, 1 to 8 as in EXIF; the picture is drawn upright.
    title : str
        One line above the picture, in Latin letters.

    Returns
    -------
    (h, w, 3) uint8
        RGB, with title and colour bar.
    """
    height, width = drawn_size(heat.shape[0], heat.shape[1])
    picture = lay_over(resized(pixels, height, width), resized(heat, height, width))
    return _framed(_outlined(picture, mask, regions, orientation), title)


def draw_map(
    pixels: NDArray[np.uint8],
    heat: NDArray[np.float32],
    mask: NDArray[np.bool_],
    regions: Sequence[Region],
    *,
    orientation: int,
    longest_side: int = LONGEST_SIDE,
) -> NDArray[np.uint8]:
    """Draw the whole scale of the heat over the photo in grey, upright: (h, w, 3) uint8 RGB, without title and bar."""
    height, width = drawn_size(heat.shape[0], heat.shape[1], longest_side)
    picture = lay_whole_scale(resized(pixels, height, width), resized(heat, height, width))
    return np.asarray(_outlined(picture, mask, regions, orientation))


def drawn_size(height: int, width: int, longest_side: int = LONGEST_SIDE) -> tuple[int, int]:
    """Return the size at which a photo of this size is drawn, before it is turned."""
    longest = max(height, width)
    if longest > longest_side:
        factor = longest_side / longest
        return max(round(height * factor), 1), max(round(width * factor), 1)
    factor = max(min(ENLARGED_SIDE, longest_side) // longest, 1)
    return height * factor, width * factor


def resized(array: NDArray[T], height: int, width: int) -> NDArray[T]:
    """Reduce by averaging, or enlarge by repeating pixels."""
    smaller = height < array.shape[0] or width < array.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    drawn = cv2.resize(np.ascontiguousarray(array), (width, height), interpolation=method)
    return np.asarray(drawn, dtype=array.dtype).reshape(height, width, *array.shape[2:])


def draw_outline(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
    """Draw the border of a mask of the picture's size into it: white on black, which shows on any colour."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thin = max(round(max(picture.shape[:2]) / 700), 1)
    cv2.drawContours(picture, contours, -1, (0, 0, 0), 3 * thin)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), thin)


def _outlined(
    stored: NDArray[np.uint8], mask: NDArray[np.bool_], regions: Sequence[Region], orientation: int
) -> Image.Image:
    """Turn a picture of the stored photo upright, and draw its regions into it."""
    picture = np.ascontiguousarray(upright(stored, orientation))
    outlines = outlines_of(mask, regions, orientation, max(stored.shape[:2]))
    scale = max(stored.shape[:2]) / max(mask.shape)
    thin = max(max(picture.shape[:2]) * LINE_SHARE, 1.5)
    for colour, width in (((0, 0, 0), round(2.4 * thin)), (OUTLINE, round(thin))):
        for outline in outlines:
            rings = [np.rint((ring + 0.5) * scale - 0.5).astype(np.int32) for ring in outline.rings]
            cv2.polylines(picture, rings, isClosed=True, color=colour, thickness=width, lineType=cv2.LINE_AA)
    canvas = Image.fromarray(picture)
    for link in links_of(regions, mask.shape[0], mask.shape[1], orientation):
        _link(canvas, link, scale, thin)
    _number(canvas, outlines[:NUMBERED_REGIONS], scale)
    return canvas


def _link(canvas: Image.Image, link: Link, scale: float, thin: float) -> None:
    """Outline a source with dashes, and draw a dashed line from it to its copy."""
    pen = ImageDraw.Draw(canvas)
    left, top, width, height = (scale * value for value in link.box)
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height), (left, top)]
    ends = [(scale * x, scale * y) for x, y in link.ends]
    for start, end in (*pairwise(corners), (ends[0], ends[1])):
        pen.line([start, end], fill="black", width=round(2.4 * thin))
        for dash in _dashes(start, end, DASH * thin):
            pen.line(dash, fill=SOURCE, width=round(thin))


def _dashes(start: Point, end: Point, length: float) -> list[tuple[Point, Point]]:
    """Cut a line into dashes of a length, with gaps as long."""
    whole = math.dist(start, end)
    places = [min(length * step / whole, 1.0) for step in range(math.ceil(whole / length) + 1)] if whole else []
    points = [(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in places]
    return list(zip(points[::2], points[1::2], strict=False))


def _number(canvas: Image.Image, outlines: Sequence[Outline], scale: float) -> None:
    """Draw each number in a disc on its outline, whole inside the picture; the largest region's on top."""
    pen = ImageDraw.Draw(canvas)
    radius = min(max(max(canvas.size) * BADGE_SHARE, 10), min(canvas.size) / 2)
    font = ImageFont.load_default(1.35 * radius)
    for outline in reversed(outlines):
        x, y = (
            min(max((place + 0.5) * scale, radius), side - radius)
            for place, side in zip(outline.badge, canvas.size, strict=True)
        )
        box = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(box, fill="black", outline=OUTLINE, width=max(round(radius / 6), 1))
        pen.text((x, y), str(outline.number), fill="white", font=font, anchor="mm")


def _framed(picture: Image.Image, title: str) -> NDArray[np.uint8]:
    """Put the picture between its title and its colour bar."""
    width = max(picture.width, MIN_WIDTH)
    size = max(round(width / 48), 16)  # of the letters, in pixels
    canvas = Image.new("RGB", (width, picture.height + 6 * size), BACKGROUND)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size)
    pen.text((size, 1.25 * size), title, fill=INK, font=font, anchor="lm")
    canvas.paste(picture, ((width - picture.width) // 2, round(2.5 * size)))
    _colour_bar(canvas, pen, font, size)
    return np.asarray(canvas)


def _colour_bar(
    canvas: Image.Image, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, size: int
) -> None:
    """Draw the layer's bar with 0, 0.5 and 1 below it."""
    length, left = canvas.width - 4 * size, 2 * size
    top, bottom = canvas.height - 3 * size, canvas.height - 2 * size
    canvas.paste(Image.fromarray(layer_bar(size, length)), (left, top))
    for value, text, anchor in ((0.0, "heat 0", "lt"), (0.5, "0.5 no evidence", "mt"), (1.0, "1 manipulated", "rt")):
        x = left + value * (length - 1)
        pen.line([(x, bottom), (x, bottom + size / 4)], fill=INK, width=2)
        pen.text((x, bottom + size / 2.5), text, fill=INK, font=font, anchor=anchor)
