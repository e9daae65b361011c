"""What happens to a photograph before and after it is forged: compression, reduction, mild processing, saving."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.jpeg.quantization import camera_tables

Pixels = NDArray[np.uint8]

SUBSAMPLING = ("4:4:4", "4:2:2", "4:2:0")
"""Chroma subsamplings in Pillow's order (its option is the index)."""

GRID = 8
"""Side of a JPEG block in pixels."""


@dataclass(frozen=True, slots=True)
class Compression:
    """How pixels are saved, or were saved once.

    Attributes
    ----------
    quality : int
        IJG quality of a JPEG; 0 where camera tables are used or nothing is compressed.
    camera : int
        Number of the camera tables of a JPEG (`unseam.jpeg.quantization.camera_tables`); -1 for none.
    subsampling : str
        Of the chroma of a JPEG, one of ``SUBSAMPLING``.
    """

    quality: int = 0
    camera: int = -1
    subsampling: str = "4:4:4"

    @property
    def lossless(self) -> bool:
        """Whether nothing is compressed: a PNG."""
        return not self.quality and self.camera < 0

    @property
    def tables(self) -> str:
        """Name of the quantization tables: ``ijg``, ``camera-NUMBER``, or empty."""
        return f"camera-{self.camera}" if self.camera >= 0 else "ijg" if self.quality else ""


LOSSLESS = Compression()


@dataclass(frozen=True, slots=True)
class Past:
    """One compression and one mild touch, before the forgery (or after it, without shifts).

    Attributes
    ----------
    compression : Compression
        Lossless: not compressed again.
    shift_row, shift_column : int
        How far the 8 x 8 grid of that compression is moved against the crop, 0 to 7.
    touch : str
        ``none``, ``blur``, ``sharpen``, ``noise``, ``gamma`` or ``resize``.
    strength : float
        Blur: sigma in pixels; sharpen: amount; noise: standard deviation in grey levels; gamma: exponent;
        resize: factor.
    """

    compression: Compression = LOSSLESS
    shift_row: int = 0
    shift_column: int = 0
    touch: str = "none"
    strength: float = 0.0


STRENGTHS: dict[str, tuple[float, float]] = {
    "blur": (0.4, 1.0),
    "sharpen": (0.2, 1.0),
    "noise": (0.5, 4.0),
    "gamma": (0.8, 1.25),
    "resize": (0.6, 1.4),
}
"""Range of each touch's strength: mild, so that a person would not object."""


def encoded(pixels: Pixels, compression: Compression) -> bytes:
    """Return the bytes of a saved file of (H, W, 3) uint8 RGB: JPEG, or PNG when the compression is lossless."""
    buffer, image = io.BytesIO(), Image.fromarray(pixels)
    if compression.lossless:
        # Run lengths alone: on photographs as small as the usual search for repetitions, in two thirds of the time.
        image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
        return buffer.getvalue()
    subsampling = SUBSAMPLING.index(compression.subsampling)
    if compression.camera < 0:
        image.save(buffer, "JPEG", quality=compression.quality, subsampling=subsampling)
    else:
        tables = camera_tables()[compression.camera]
        image.save(buffer, "JPEG", qtables=[tables.luma, tables.chroma], subsampling=subsampling)
    return buffer.getvalue()


def compressed(pixels: Pixels, compression: Compression) -> Pixels:
    """Return what is left of (H, W, 3) uint8 RGB after one compression."""
    if compression.lossless:
        return pixels
    with Image.open(io.BytesIO(encoded(pixels, compression))) as image:
        return np.asarray(image)


def touched(pixels: Pixels, touch: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Apply one mild operation to (H, W, 3) uint8 RGB; ``resize`` changes the size."""
    if touch == "blur":
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), strength), np.uint8)
    if touch == "sharpen":
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.0)
        return np.asarray(cv2.addWeighted(pixels, 1 + strength, soft, -strength, 0), np.uint8)
    if touch == "noise":
        noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(strength)
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
    if touch == "gamma":
        curve = np.rint(255 * (np.arange(256) / 255) ** strength).astype(np.uint8)
        return curve[pixels]
    if touch == "resize":
        height, width = (max(8, round(side * strength)) for side in pixels.shape[:2])
        return resized(pixels, height, width)
    return pixels


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample (H, W, 3) uint8: area averages when reducing, cubic when enlarging."""
    if pixels.shape[:2] == (height, width):
        return pixels
    method = cv2.INTER_AREA if height < pixels.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def resized_mask(mask: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Resample an (H, W) mask; a pixel is set when at least half of it was."""
    if mask.shape == (height, width):
        return mask
    method = cv2.INTER_AREA if height < mask.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=method)) >= 0.5


def with_past(pixels: Pixels, past: Past, rng: np.random.Generator) -> Pixels:
    """Give pixels their past; the result is smaller by ``GRID`` rows and columns, the room for the grid's shift."""
    old = compressed(pixels, past.compression)
    height, width = old.shape[0] - GRID, old.shape[1] - GRID
    crop = old[past.shift_row : past.shift_row + height, past.shift_column : past.shift_column + width]
    return touched(np.ascontiguousarray(crop), past.touch, past.strength, rng)
