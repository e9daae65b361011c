"""Draw a heat map over its photo, upright, with outlined regions, a title and a printed colour bar.

The colours are matplotlib's "inferno" as OpenCV ships it: perceptually uniform, in order of luma, and told apart
with every kind of colour blindness. They always span heat from 0 to 1: a map is never stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unseam.method import Region
from unseam.photo.photo import upright

T = TypeVar("T", np.uint8, np.float32)

LONGEST_SIDE = 2048
"""Pixels: larger photos are drawn on a reduced copy."""

ENLARGED_SIDE = 480
"""Pixels: smaller photos are enlarged by a whole factor up to here, so that their pixels can be seen."""

LEAST_WIDTH = 560
"""Pixels: narrower pictures get a margin, so that title and colour bar fit."""

COLOUR_SHARE = 0.65
"""Share of the colour in the picture; the rest is the photo in grey."""

GREY_FLOOR, GREY_SPAN = 40, 170
"""The grey photo is drawn from 40 to 210, so that neither black nor white drowns the colour."""

NUMBERED_REGIONS = 9
"""Regions from the largest on that carry their number; more would cover the picture."""

BACKGROUND = (24, 24, 27)
INK = (244, 244, 245)
BAR_GREY = GREY_FLOOR + GREY_SPAN // 2
"""The colour bar is mixed with this middle grey, so that its colours are those of the picture."""


def draw_overlay(
    pixels: NDArray[np.uint8],
    heat: NDArray[np.float32],
    mask: NDArray[np.bool_],
    regions: Sequence[Region],
    *,
    orientation: int,
    threshold: float,
    title: str,
) -> NDArray[np.uint8]:
    """Draw the picture that a person looks at.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The photo as stored, RGB.
    heat : (H, W) float32
        In [0, 1].
    mask : (H, W) bool
        Outlined in white.
    regions : sequence of Region
        Numbered from 1, in this order.
    orientation : int
        How a viewer turns the photo, 1 to 8 as in EXIF; the picture is drawn upright.
    threshold : float
        Marked on the colour bar.
    title : str
        One line above the picture, in Latin letters.

    Returns
    -------
    (h, w, 3) uint8
        RGB, with title and colour bar.
    """
    picture = draw_map(pixels, heat, mask, regions, orientation=orientation)
    return _framed(Image.fromarray(picture), title, threshold)


def draw_map(
    pixels: NDArray[np.uint8],
    heat: NDArray[np.float32],
    mask: NDArray[np.bool_],
    regions: Sequence[Region],
    *,
    orientation: int,
    longest_side: int = LONGEST_SIDE,
) -> NDArray[np.uint8]:
    """Draw the same picture without title and colour bar: (h, w, 3) uint8 RGB, of the size of the drawn photo."""
    height, width = drawn_size(heat.shape[0], heat.shape[1], longest_side)
    picture = upright(_mixed(_grey(resized(pixels, height, width)), resized(heat, height, width)), orientation)
    picture = np.ascontiguousarray(picture)
    edges = upright(resized(mask.astype(np.uint8) * 255, height, width), orientation)
    draw_outline(picture, np.ascontiguousarray(edges) >= 128)
    canvas = Image.fromarray(picture)
    _number(canvas, upright(_number_map(regions, heat.shape, (height, width)), orientation))
    return np.asarray(canvas)


def draw_bar(threshold: float, height: int = 14, width: int = 512) -> NDArray[np.uint8]:
    """Draw the colours of heat from 0 to 1, with a white line at the threshold: (height, width, 3) uint8 RGB."""
    heat = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (height, width))
    bar = _mixed(np.full(heat.shape, BAR_GREY, dtype=np.uint8), heat)
    place = round(min(max(threshold, 0.0), 1.0) * (width - 1))
    bar[:, max(place - 3, 0) : place + 4] = 0
    bar[:, max(place - 1, 0) : place + 2] = 255
    return bar


def drawn_size(height: int, width: int, longest_side: int = LONGEST_SIDE) -> tuple[int, int]:
    """Give the size at which a photo of this size is drawn, before it is turned."""
    longest = max(height, width)
    if longest > longest_side:
        factor = longest_side / longest
        return max(round(height * factor), 1), max(round(width * factor), 1)
    factor = max(ENLARGED_SIDE // longest, 1)
    return height * factor, width * factor


def resized(array: NDArray[T], height: int, width: int) -> NDArray[T]:
    """Reduce by averaging, or enlarge by repeating pixels."""
    smaller = height < array.shape[0] or width < array.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    drawn = cv2.resize(np.ascontiguousarray(array), (width, height), interpolation=method)
    return np.asarray(drawn, dtype=array.dtype).reshape(height, width, *array.shape[2:])


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lifted: NDArray[np.uint8] = np.rint(GREY_FLOOR + grey * (GREY_SPAN / 255)).astype(np.uint8)
    return lifted


def _mixed(grey: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay the colour of the heat (H, W) over a grey picture (H, W)."""
    index = np.rint(np.clip(heat, 0, 1) * 255).astype(np.uint8)
    colour = cv2.cvtColor(cv2.applyColorMap(index, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    mixed = COLOUR_SHARE * colour.reshape(*heat.shape, 3) + (1 - COLOUR_SHARE) * grey[..., None]
    return np.rint(mixed).astype(np.uint8)


def draw_outline(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
    """Draw the border of the mask into the picture: white on black, to be seen on any colour."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thin = max(round(max(picture.shape[:2]) / 700), 1)
    cv2.drawContours(picture, contours, -1, (0, 0, 0), 3 * thin)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), thin)


def _number_map(regions: Sequence[Region], stored: tuple[int, ...], drawn: tuple[int, int]) -> NDArray[np.int32]:
    """Mark the middle of each region's box with its number; turned with the photo, the marks stay in place."""
    marks = np.zeros(drawn, dtype=np.int32)
    for number, region in reversed(list(enumerate(regions[:NUMBERED_REGIONS], start=1))):
        row = (region.top + region.bottom) * drawn[0] // (2 * stored[0])
        column = (region.left + region.right) * drawn[1] // (2 * stored[1])
        marks[min(row, drawn[0] - 1), min(column, drawn[1] - 1)] = number
    return marks


def _number(canvas: Image.Image, marks: NDArray[np.int32]) -> None:
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(max(max(canvas.size) / 50, 14))
    for row, column in np.argwhere(marks):
        place, text = (int(column), int(row)), str(marks[row, column])
        pen.text(place, text, fill="white", font=font, anchor="mm", stroke_width=2, stroke_fill="black")


def _framed(picture: Image.Image, title: str, threshold: float) -> NDArray[np.uint8]:
    """Put the picture between its title and its colour bar."""
    width = max(picture.width, LEAST_WIDTH)
    size = max(round(width / 48), 16)  # of the letters, in pixels
    canvas = Image.new("RGB", (width, picture.height + 7 * size), BACKGROUND)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size)
    pen.text((size, 1.25 * size), title, fill=INK, font=font, anchor="lm")
    canvas.paste(picture, ((width - picture.width) // 2, round(2.5 * size)))
    _colour_bar(canvas, pen, font, size, threshold)
    return np.asarray(canvas)


def _colour_bar(
    canvas: Image.Image,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: int,
    threshold: float,
) -> None:
    """Draw the bar with 0, 0.5 and 1 below it and the threshold above it."""
    length, left = canvas.width - 4 * size, 2 * size
    top, bottom = canvas.height - 3 * size, canvas.height - 2 * size
    heat = np.broadcast_to(np.linspace(0, 1, length, dtype=np.float32), (size, length))
    canvas.paste(Image.fromarray(_mixed(np.full(heat.shape, BAR_GREY, dtype=np.uint8), heat)), (left, top))
    for value, text in ((0.0, "0 authentic"), (0.5, "0.5 no evidence"), (1.0, "1 manipulated")):
        x, anchor = left + value * (length - 1), {0.0: "lt", 0.5: "mt", 1.0: "rt"}[value]
        pen.line([(x, bottom), (x, bottom + size / 4)], fill=INK, width=2)
        pen.text((x, bottom + size / 2.5), text, fill=INK, font=font, anchor=anchor)
    x = left + threshold * (length - 1)
    pen.line([(x, top - size / 4), (x, bottom)], fill=INK, width=2)
    anchor = "ls" if threshold < 0.2 else "rs" if threshold > 0.8 else "ms"
    pen.text((x, top - size / 3), f"threshold {threshold:.2f}", fill=INK, font=font, anchor=anchor)
