"""The colours of heat: a translucent layer that leaves the photo readable, and the whole scale over a grey photo.

The layer is clear up to heat 0.5, where nothing speaks for a manipulation, and turns magenta from there to 1: a colour
that photographs rarely have, and that stays apart from the yellow of the outlines with every kind of colour blindness
and on a grey printer. The whole scale is matplotlib's "inferno" as OpenCV ships it, which is perceptually uniform and
ordered by luma. Both always span heat from 0 to 1: a map is never stretched.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.method import NO_EVIDENCE

LAYER_COLOUR = (226, 16, 116)
"""R, G, B of the layer at heat 1."""

LAYER_OPACITY = 0.5
"""Of the layer at heat 1; the rest is the photo."""

COLOUR_SHARE = 0.65
"""Share of the whole scale's colour in a picture; the rest is the photo in grey."""

GREY_FLOOR, GREY_SPAN = 40, 170
"""The grey photo is drawn from 40 to 210, so that neither black nor white drowns the colour."""

BAR_GREY = GREY_FLOOR + GREY_SPAN // 2
"""Colour bars are mixed with this middle grey, so that their colours are those of the pictures."""


def lay_over(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay the translucent layer of the heat (H, W) over a picture (H, W, 3) uint8 RGB."""
    opacity = np.float32(LAYER_OPACITY) * _above(heat)[..., None]
    mixed = opacity * np.array(LAYER_COLOUR, np.float32) + (1 - opacity) * picture
    return np.asarray(np.rint(mixed), np.uint8)


def layer_png(heat: NDArray[np.float32]) -> bytes:
    """Encode the layer of the heat (H, W) alone as a PNG, opaque at heat 1; pages draw it at `LAYER_OPACITY`."""
    image = Image.fromarray(np.rint(255 * _above(heat)).astype(np.uint8))
    image.putpalette(bytes(LAYER_COLOUR) * 256)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=bytes(range(256)))
    return buffer.getvalue()


def _above(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far heat lies above "no evidence", from 0 to 1."""
    above = (np.clip(heat, 0, 1) - np.float32(NO_EVIDENCE)) / np.float32(1 - NO_EVIDENCE)
    return np.asarray(np.maximum(above, 0), np.float32)


def lay_whole_scale(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay the whole scale of the heat (H, W) over the photo (H, W, 3) uint8 RGB in grey."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return _scale_over(np.rint(GREY_FLOOR + grey * (GREY_SPAN / 255)).astype(np.uint8), heat)


def whole_scale_bar(height: int = 14, width: int = 512) -> NDArray[np.uint8]:
    """Draw the whole scale from heat 0 to 1: (height, width, 3) uint8 RGB."""
    heat = _ramp(height, width)
    return _scale_over(np.full(heat.shape, BAR_GREY, np.uint8), heat)


def layer_bar(height: int = 14, width: int = 512) -> NDArray[np.uint8]:
    """Draw the layer over middle grey from heat 0 to 1: (height, width, 3) uint8 RGB."""
    return lay_over(np.full((height, width, 3), BAR_GREY, np.uint8), _ramp(height, width))


def _ramp(height: int, width: int) -> NDArray[np.float32]:
    return np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (height, width))


def _scale_over(grey: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    index = np.rint(np.clip(heat, 0, 1) * 255).astype(np.uint8)
    colour = cv2.cvtColor(cv2.applyColorMap(index, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    mixed = COLOUR_SHARE * colour.reshape(*heat.shape, 3) + (1 - COLOUR_SHARE) * grey[..., None]
    return np.asarray(np.rint(mixed), np.uint8)
