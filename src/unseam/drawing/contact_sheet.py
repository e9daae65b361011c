"""A contact sheet: small pictures with captions in rows, to see what masks, boxes and windows are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unseam.drawing.overlay import BACKGROUND, INK, draw_outline, resized

TILE_SIDE = 240
"""Pixels: pictures are reduced to fit a square of this side, or enlarged by a whole factor."""

GAP = 12
"""Pixels between tiles and around the sheet."""

LETTERS = 13
"""Height of the captions' letters, in pixels."""

ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a contact sheet.

    Attributes
    ----------
    pixels : (H, W, 3) uint8 or (H, W) uint8 or bool
        RGB; or grey; or a mask, drawn black and white.
    caption : str
        Written below, a line for each of its own lines; what does not fit the tile's width is cut.
    outline : (H, W) bool, optional
        Drawn over the picture as a white line on black, after the picture was brought to the tile's size.
    """

    pixels: NDArray[np.uint8] | NDArray[np.bool_]
    caption: str = ""
    outline: NDArray[np.bool_] | None = None


def contact_sheet(rows: Sequence[Sequence[Tile]], *, title: str = "", side: int = TILE_SIDE) -> Image.Image:
    """Draw rows of captioned pictures.

    Parameters
    ----------
    rows : sequence of sequences of Tile
        From top to bottom, each from left to right; rows may differ in length.
    title : str
        One line above the sheet; empty for none.
    side : int
        Side of the square that each picture is brought to, in pixels.

    Returns
    -------
    PIL.Image.Image
        RGB; as wide as the longest row, each row as high as its own pictures and captions need.
    """
    font = ImageFont.load_default(LETTERS)
    drawn = [[_drawn(tile, side) for tile in row] for row in rows]
    tops, bottom = [], GAP + (_line_height() if title else 0)
    for row, pictures in zip(rows, drawn, strict=True):
        tops.append(bottom)
        lines = max((len(tile.caption.splitlines()) for tile in row), default=0)
        bottom += max((picture.height for picture in pictures), default=0) + lines * _line_height() + GAP
    width = GAP + max((len(row) for row in rows), default=1) * (side + GAP)
    sheet = Image.new("RGB", (width, bottom), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), _cut(title, width - 2 * GAP, font), fill=INK, font=font, anchor="lt")
    for top, row, pictures in zip(tops, rows, drawn, strict=True):
        height = max((picture.height for picture in pictures), default=0)
        for column, (tile, picture) in enumerate(zip(row, pictures, strict=True)):
            left = GAP + column * (side + GAP)
            sheet.paste(picture, (left, top))
            for number, line in enumerate(tile.caption.splitlines()):
                place = (left, top + height + 4 + number * _line_height())
                pen.text(place, _cut(line, side, font), fill=INK, font=font, anchor="lt")
    return sheet


def _line_height() -> int:
    return LETTERS + 4


def _drawn(tile: Tile, side: int) -> Image.Image:
    """Bring a picture to the tile's size first, so that outlines are as thin on a large photo as on a small one."""
    pixels = _as_rgb(tile.pixels)
    height, width = _tile_size(pixels.shape[0], pixels.shape[1], side)
    picture = resized(pixels, height, width)
    if tile.outline is not None:
        white: NDArray[np.uint8] = tile.outline.astype(np.uint8) * np.uint8(255)
        draw_outline(picture, resized(white, height, width) >= 128)
    return Image.fromarray(picture)


def _as_rgb(pixels: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a copy, (H, W, 3) uint8."""
    white = 255 if pixels.dtype == np.bool_ else 1
    values: NDArray[np.uint8] = pixels.astype(np.uint8) * np.uint8(white)
    return np.repeat(values[..., None], 3, axis=2) if values.ndim == 2 else values


def _tile_size(height: int, width: int, side: int) -> tuple[int, int]:
    longest = max(height, width)
    if longest <= side:
        factor = side // longest
        return height * factor, width * factor
    return max(round(height * side / longest), 1), max(round(width * side / longest), 1)


def _cut(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Shorten a line from its front: the ends of file names tell them apart."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(ELLIPSIS + text) > width:
        text = text[1:]
    return ELLIPSIS + text
