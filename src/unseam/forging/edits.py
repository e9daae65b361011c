"""The three forgeries: pure functions from arrays to (pixels, mask).

Photographs are (H, W, 3) uint8 RGB, masks (H, W) bool; offsets are rows before columns. The mask marks the pixels that
the edit changed by design; for a copy-move that is the pasted copy, not its source.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.errors import DataError
from unseam.forging.completion import completion_layer
from unseam.forging.exemplar import exemplar_layer
from unseam.forging.matting import foreground, matte
from unseam.forging.seams import blend, matted

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

INPAINT = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
"""OpenCV's two fills: Telea 2004 (10.1080/10867651.2004.10487596), Bertalmio et al. 2001 (10.1109/CVPR.2001.990497)."""

FROM_PATCHES = ("exemplar", "content-aware")
"""Fills that copy patches of the photograph."""

CUT_MARGIN = 6
"""Surroundings that a copied region keeps, in pixels, for soft seams."""

INPAINT_RADIUS = 4.0
"""Neighbourhood that OpenCV's fills look at, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A part of a photograph, ready to be pasted: ``pixels`` (H, W, 3) uint8 and ``mask`` (H, W) bool."""

    pixels: Pixels
    mask: Mask


def transformed(cutout: Cutout, scale: float, angle: float, flip: bool) -> Cutout:
    """Mirror, scale and turn (degrees) a cutout; nothing is resampled when scale is 1 and angle is 0."""
    pixels, mask = cutout.pixels, cutout.mask
    if flip:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    if scale == 1 and angle == 0:
        return Cutout(np.ascontiguousarray(pixels), np.ascontiguousarray(mask))
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos))
    matrix = matrix + np.array([[0, 0, (size[0] - width) / 2], [0, 0, (size[1] - height) / 2]])
    if scale < 1:  # the interpolation below looks at few neighbours: take away what would alias
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 0.01), np.uint8)
    turned = cv2.warpAffine(
        np.ascontiguousarray(pixels), matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    inside = cv2.warpAffine(mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    return Cutout(np.asarray(turned, np.uint8), np.asarray(inside) >= 0.5)


def tone_matched(pixels: Pixels, mask: Mask, target: Pixels) -> Pixels:
    """Give the masked pixels half of the way to the target's mean and standard deviation, per channel."""
    inside, around = pixels[mask].astype(np.float32), target.reshape(-1, 3).astype(np.float32)
    mean, goal = inside.mean(axis=0), around.mean(axis=0)
    gain = np.clip(around.std(axis=0) / np.maximum(inside.std(axis=0), 4.0), 0.5, 2.0)
    moved = (pixels - mean) * (1 + gain) / 2 + (mean + goal) / 2
    return np.asarray(np.clip(np.rint(moved), 0, 255), np.uint8)


def laid(host: Pixels, cutout: Cutout, top: int, left: int) -> tuple[Pixels, Mask]:
    """Lay a cutout on a copy of the host, its corner at (top, left); what hangs over the border is dropped."""
    there, here = _overlap(host, cutout, top, left)
    layer, mask = host.copy(), np.zeros(host.shape[:2], bool)
    layer[there], mask[there] = cutout.pixels[here], cutout.mask[here]
    return layer, mask


def _overlap(host: Pixels, cutout: Cutout, top: int, left: int) -> tuple[Window, Window]:
    """Return where a cutout's visible part lies in the host, and in itself."""
    height, width = host.shape[:2]
    rows = slice(max(top, 0), min(top + cutout.mask.shape[0], height))
    columns = slice(max(left, 0), min(left + cutout.mask.shape[1], width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise DataError(f"a cutout at ({top}, {left}) lies outside the {height} x {width} host; place it inside")
    here = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return (rows, columns), here


def splice(
    host: Pixels, cutout: Cutout, top: int, left: int, *, seam: str = "hard", width: float = 2.0, tone: bool = False
) -> tuple[Pixels, Mask]:
    """Paste a cutout of another photograph with its corner at (top, left).

    See ``seams`` for the seams; ``matte`` is one more, for which the cutout needs some surroundings.

    Returns
    -------
    (H, W, 3) uint8 and (H, W) bool
    """
    layer, mask = laid(host, cutout, top, left)
    if not mask.any():
        raise DataError(f"nothing of the cutout at ({top}, {left}) is visible in the {host.shape[:2]} host")
    if tone:
        rows, columns = np.nonzero(mask)
        around = host[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        cutout = Cutout(tone_matched(cutout.pixels, cutout.mask, around), cutout.mask)
        layer, mask = laid(host, cutout, top, left)
    if seam == "matte":
        pixels, changed = _matted(host, cutout, top, left, width)
        return (pixels, changed) if changed.any() else blend(host, layer, mask, "hard", width)
    return blend(host, layer, mask, seam, width)


def _matted(host: Pixels, cutout: Cutout, top: int, left: int, width: float) -> tuple[Pixels, Mask]:
    """Paste a cutout along its own soft outline."""
    there, here = _overlap(host, cutout, top, left)
    soft = matte(cutout.pixels, cutout.mask, width)
    layer, alpha = host.copy(), np.zeros(host.shape[:2], np.float32)
    layer[there], alpha[there] = foreground(cutout.pixels, soft, width)[here], soft[here]
    return matted(host, layer, alpha)


def copy_move(
    host: Pixels,
    region: Mask,
    top: int,
    left: int,
    *,
    scale: float = 1.0,
    angle: float = 0.0,
    flip: bool = False,
    seam: str = "hard",
    width: float = 2.0,
) -> tuple[Pixels, Mask]:
    """Paste a region ((H, W) bool) of the host a second time, the corner of its box at (top, left)."""
    return splice(host, transformed(cut(host, region), scale, angle, flip), top, left, seam=seam, width=width)


def cut(photo: Pixels, region: Mask, margin: int = CUT_MARGIN) -> Cutout:
    """Cut a region's box out of a photograph, with a margin for soft seams."""
    rows, columns = np.nonzero(region)
    if not rows.size:
        raise DataError("the region is empty; expected at least one pixel")
    box = np.s_[
        max(rows.min() - margin, 0) : rows.max() + margin + 1,
        max(columns.min() - margin, 0) : columns.max() + margin + 1,
    ]
    return Cutout(photo[box], region[box])


def inpainted(host: Pixels, region: Mask, method: str) -> tuple[Pixels, Mask]:
    """Fill a region by diffusion from its border (``telea`` or ``navier-stokes``); every other pixel is the host's."""
    rows, columns = np.nonzero(region)
    margin = 2 * int(INPAINT_RADIUS)
    box = np.s_[
        max(rows.min() - margin, 0) : rows.max() + margin + 1,
        max(columns.min() - margin, 0) : columns.max() + margin + 1,
    ]
    window = np.ascontiguousarray(host[box])
    filled = cv2.inpaint(window, region[box].astype(np.uint8), INPAINT_RADIUS, INPAINT[method])
    out = host.copy()
    out[box][region[box]] = np.asarray(filled, np.uint8)[region[box]]
    return out, region


def filled_from_patches(
    host: Pixels, region: Mask, method: str, rng: np.random.Generator, *, seam: str = "hard", width: float = 2.0
) -> tuple[Pixels, Mask] | None:
    """Fill a region with patches of its photograph, by a method of ``FROM_PATCHES``; None if it leaves no patch."""
    seed = int(rng.integers(1 << 31))
    layer = exemplar_layer(host, region) if method == "exemplar" else completion_layer(host, region, seed)
    return None if layer is None else blend(host, layer, region, seam, width)


def patched(
    host: Pixels, region: Mask, rng: np.random.Generator, *, seam: str = "feather", width: float = 3.0, tries: int = 24
) -> tuple[Pixels, Mask]:
    """Fill a region with the nearby area whose surroundings fit best, as a clone stamp does.

    Of ``tries`` shifts of the region's box, the one is taken whose pixels agree best with the host along a ring
    around the region.
    """
    grey = region.astype(np.uint8)
    ring = cv2.dilate(grey, np.ones((13, 13), np.uint8)).astype(bool) & ~region
    shifts = _shifts(region, rng, tries)
    where = np.argwhere(ring)[:: max(1, int(ring.sum()) // 2000)]
    errors = [_mismatch(host, where, region, shift) for shift in shifts]
    down, right = shifts[int(np.argmin(errors))]
    layer = host.copy()
    rows, columns = np.nonzero(cv2.dilate(grey, np.ones((13, 13), np.uint8)))
    height, width_ = region.shape
    layer[rows, columns] = host[np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width_ - 1)]
    return blend(host, layer, region, seam, width)


def _shifts(region: Mask, rng: np.random.Generator, tries: int) -> NDArray[np.int64]:
    """Draw (tries, 2) shifts in pixels that keep the region's box inside the frame and off itself if possible."""
    rows, columns = np.nonzero(region)
    height, width = region.shape
    low = np.array([-rows.min(), -columns.min()])
    high = np.array([height - 1 - rows.max(), width - 1 - columns.max()])
    drawn = rng.integers(low, high + 1, size=(4 * tries, 2))
    size = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    clear = (np.abs(drawn) / size).max(axis=1)  # 1 and more: the shifted box does not touch the region's
    nearest_first = np.argsort(np.where(clear >= 1, clear, 100 - clear), kind="stable")
    return np.asarray(drawn[nearest_first[:tries]])


def _mismatch(host: Pixels, where: NDArray[np.int64], region: Mask, shift: NDArray[np.int64]) -> float:
    """Return the mean squared difference along the ring; places that the region itself covers count as misfits."""
    height, width = region.shape
    rows, columns = where[:, 0], where[:, 1]
    there = np.clip(rows + shift[0], 0, height - 1), np.clip(columns + shift[1], 0, width - 1)
    error = (host[rows, columns].astype(np.float32) - host[there]) ** 2
    return float(error.mean() + 255.0**2 * region[there].mean())
