"""Whether a picture is drawn, as screenshots and graphics are: large areas of exactly one colour.

A camera's noise makes neighbours differ, even in a smooth sky; lossy compression evens them out again, so only files
that keep every pixel are judged. In the photographs in PNG that were looked at, at most 43 % of the pixels equal their
neighbours to the right and below; in screenshots and diagrams 62 to 92 % do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOSSLESS = frozenset({"PNG", "GIF", "BMP"})
MIN_FLAT = 0.55
"""Share of pixels that equal both neighbours; see the top of this file."""
MAX_SIDE = 2048
"""Pixels: a picture larger than this is judged by its middle."""


def is_drawn(pixels: NDArray[np.uint8], kind: str) -> bool:
    """Say whether a picture is drawn.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
    kind : str
        Format of the file; lossy ones are never called drawn.
    """
    if kind not in LOSSLESS or min(pixels.shape[:2]) < 2:
        return False
    top, left = (max((side - MAX_SIDE) // 2, 0) for side in pixels.shape[:2])
    part = pixels[top : top + MAX_SIDE, left : left + MAX_SIDE]
    flat = np.ones((part.shape[0] - 1, part.shape[1] - 1), np.bool_)
    for channel in np.moveaxis(part, 2, 0):
        here = channel[:-1, :-1]
        flat &= (here == channel[:-1, 1:]) & (here == channel[1:, :-1])
    return float(flat.mean()) >= MIN_FLAT
