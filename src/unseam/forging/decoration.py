"""Borders, captions and collages: what people add around a photograph, forged or not. No mask marks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.forging.adjustments import resized

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Sides = tuple[int, int, int, int]

KINDS = ("border", "letterbox", "caption", "band", "collage")
"""A frame on four sides; bars on two opposite ones; text over the photograph; text on a band; a second photograph."""

THICKNESS = (0.015, 0.10)
"""Range of a border's or gap's thickness, as a share of the shorter side."""

BAND = (0.08, 0.20)
"""Range of a caption band's height, as a share of the frame's height."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,!?"

COLOURS = ((255, 255, 255), (0, 0, 0), (32, 32, 36), (240, 236, 226), (250, 204, 21), (29, 78, 216))
"""White, black and a few that posts use."""

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)


@dataclass(frozen=True, slots=True)
class Decoration:
    """What is added.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    size : float
        Thickness of a border, bar or gap, as a share of the shorter side; height of a band or of the text's line, as a
        share of the frame's height.
    colour : (int, int, int)
        RGB of border, bar, band or text.
    text : str
        Of a caption or band.
    place : float
        Where text lies, from 0 (top or left) to 1; a collage's second photograph lies to the right below 0.5, else
        underneath.
    font : int
        Of OpenCV.
    """

    kind: str
    size: float
    colour: tuple[int, int, int]
    text: str
    place: float
    font: int


def draw_decoration(rng: np.random.Generator) -> Decoration:
    """Draw what is added to a frame."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    size = float(rng.uniform(*(BAND if kind in ("caption", "band") else THICKNESS)))
    text = "".join(rng.choice(list(LETTERS), int(rng.integers(4, 28))))
    colour = COLOURS[int(rng.integers(len(COLOURS)))]
    return Decoration(kind, size, colour, text, float(rng.random()), FONTS[int(rng.integers(len(FONTS)))])


def decorated(
    pixels: Pixels, masks: Sequence[Mask | None], decoration: Decoration, panel: Pixels | None
) -> tuple[Pixels, list[Mask | None]]:
    """Decorate (H, W, 3) uint8 RGB and move the (H, W) bool masks along; ``panel`` is a collage's second photograph.

    Where text covers a mask, the mask is cleared: those pixels show no edit.
    """
    if decoration.kind == "caption":
        written, text = _captioned(pixels, decoration)
        return written, [None if mask is None else mask & ~text for mask in masks]
    if decoration.kind == "collage" and panel is not None:
        return _joined(pixels, masks, decoration, panel)
    sides = _added(pixels, decoration)
    framed = _padded(pixels, sides, decoration.colour)
    if decoration.kind == "band":
        height, row = max(sides[0], sides[1]), 0 if sides[0] else pixels.shape[0]
        _write(framed[row : row + height], decoration, _contrast(decoration.colour), 0.6)
    return framed, [None if mask is None else _padded_mask(mask, sides) for mask in masks]


def _added(pixels: Pixels, decoration: Decoration) -> Sides:
    """Return how many rows and columns are added at the top, bottom, left and right."""
    height, width = pixels.shape[:2]
    thick = max(2, round(decoration.size * min(height, width)))
    if decoration.kind == "band":
        band = max(16, round(decoration.size * height))
        return (band, 0, 0, 0) if decoration.place < 0.5 else (0, band, 0, 0)
    if decoration.kind == "letterbox":
        return (thick, thick, 0, 0) if decoration.place < 0.5 else (0, 0, thick, thick)
    return thick, thick, thick, thick


def _padded(pixels: Pixels, sides: Sides, colour: tuple[int, int, int]) -> Pixels:
    return np.asarray(cv2.copyMakeBorder(pixels, *sides, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def _padded_mask(mask: Mask, sides: Sides) -> Mask:
    return np.pad(mask, (sides[:2], sides[2:]))


def _contrast(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return black on bright colours and white on dark ones."""
    return (0, 0, 0) if sum(colour) > 3 * 128 else (255, 255, 255)


def _captioned(pixels: Pixels, decoration: Decoration) -> tuple[Pixels, Mask]:
    """Write over the photograph, with an outline as in memes; return the pixels and where they were written on."""
    out = pixels.copy()
    line = max(16, round(decoration.size * pixels.shape[0]))
    row = round(decoration.place * (pixels.shape[0] - line))
    for colour, extra in ((_contrast(decoration.colour), 2), (decoration.colour, 0)):
        _write(out[row : row + line], decoration, colour, 0.8, extra)
    return out, (out != pixels).any(axis=2)


def _write(area: Pixels, decoration: Decoration, colour: tuple[int, int, int], share: float, extra: int = 0) -> None:
    """Write the text into an area of the frame, centred, as high as ``share`` of it and no wider than it."""
    (width, height), _ = cv2.getTextSize(decoration.text, decoration.font, 1.0, 1)
    scale = min(share * area.shape[0] / max(height, 1), 0.95 * area.shape[1] / max(width, 1))
    thick = max(1, round(1.5 * scale))
    corner = int((area.shape[1] - scale * width) / 2), int((area.shape[0] + scale * height) / 2)
    canvas = np.ascontiguousarray(area)
    cv2.putText(canvas, decoration.text, corner, decoration.font, scale, colour, thick + 2 * extra, cv2.LINE_AA)
    area[:] = canvas


def _joined(
    pixels: Pixels, masks: Sequence[Mask | None], decoration: Decoration, panel: Pixels
) -> tuple[Pixels, list[Mask | None]]:
    """Put another photograph to the right or underneath, as high or as wide as this one, with a gap."""
    height, width = pixels.shape[:2]
    gap = round(decoration.size * min(height, width)) if decoration.size > sum(THICKNESS) / 2 else 0
    if decoration.place < 0.5:
        other = resized(panel, height, max(8, round(panel.shape[1] * height / panel.shape[0])))
        sides = (0, 0, 0, gap + other.shape[1])
    else:
        other = resized(panel, max(8, round(panel.shape[0] * width / panel.shape[1])), width)
        sides = (0, gap + other.shape[0], 0, 0)
    out = _padded(pixels, sides, decoration.colour)
    out[-other.shape[0] :, -other.shape[1] :] = other
    return out, [None if mask is None else _padded_mask(mask, sides) for mask in masks]
