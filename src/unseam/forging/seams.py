"""How a pasted layer meets the host: pure functions from arrays to (pixels, mask).

Everywhere ``host`` and ``layer`` are (H, W, 3) uint8 RGB of one size, ``mask`` is (H, W) bool and says where the layer
goes; outside what was pasted the layer holds the host's own pixels. The returned mask marks the pixels that the edit
changed by design.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_CLONE_BORDER = 4
"""Frame of replicated pixels around a Poisson blend, so that a region may touch the border of the photo."""


def hard(host: Pixels, layer: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Cut without any transition: outside the mask every pixel is the host's."""
    return np.where(mask[..., None], layer, host), mask


def feather(host: Pixels, layer: Pixels, mask: Mask, width: float) -> tuple[Pixels, Mask]:
    """Blend over about ``width`` pixels; the returned mask is alpha >= 0.5."""
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), width / 2)
    mixed = host + alpha[..., None] * (layer.astype(np.float32) - host)
    return np.rint(mixed).astype(np.uint8), alpha >= 0.5


def smooth(host: Pixels, layer: Pixels, mask: Mask, width: float) -> tuple[Pixels, Mask]:
    """Cut hard, then blur the band of ``width`` pixels on either side; the band belongs to the returned mask."""
    pasted, _ = hard(host, layer, mask)
    size = 2 * max(1, round(width)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grey = mask.astype(np.uint8)
    near = cv2.dilate(grey, kernel).astype(bool)
    band = near & ~cv2.erode(grey, kernel, borderType=cv2.BORDER_REPLICATE).astype(bool)
    blurred = cv2.GaussianBlur(pasted, (0, 0), max(0.6, width / 2))
    return np.where(band[..., None], blurred, pasted), near


def poisson(host: Pixels, layer: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Keep the layer's gradients and the host's boundary values (Perez, Gangnet, Blake 2003, 10.1145/882262.882269)."""
    rows, columns = np.nonzero(mask)
    margin = 2 * _CLONE_BORDER
    top, left = max(int(rows.min()) - margin, 0), max(int(columns.min()) - margin, 0)
    window = np.s_[top : int(rows.max()) + margin + 1, left : int(columns.max()) + margin + 1]
    around, inner = _framed(host[window], cv2.BORDER_REPLICATE), _framed(layer[window], cv2.BORDER_REPLICATE)
    where = _framed(mask[window].astype(np.uint8) * 255, cv2.BORDER_CONSTANT)
    x, y, width, height = cv2.boundingRect(where)
    cloned = cv2.seamlessClone(inner, around, where, (x + width // 2, y + height // 2), cv2.NORMAL_CLONE)
    out = host.copy()
    inside = mask[window]
    out[window][inside] = cloned[_CLONE_BORDER:-_CLONE_BORDER, _CLONE_BORDER:-_CLONE_BORDER][inside]
    return out, mask


def _framed(pixels: Pixels, border: int) -> Pixels:
    side = _CLONE_BORDER
    framed: Pixels = cv2.copyMakeBorder(np.ascontiguousarray(pixels), side, side, side, side, border, value=0)  # type: ignore[assignment,call-overload,unused-ignore]
    return framed


def blend(host: Pixels, layer: Pixels, mask: Mask, seam: str, width: float) -> tuple[Pixels, Mask]:
    """Blend by the seam's name: ``hard``, ``feather``, ``smooth`` or ``poisson``."""
    if seam == "feather":
        pixels, changed = feather(host, layer, mask, width)
        return (pixels, changed) if changed.any() else hard(host, layer, mask)
    if seam == "smooth":
        return smooth(host, layer, mask, width)
    if seam == "poisson":
        return poisson(host, layer, mask)
    return hard(host, layer, mask)
