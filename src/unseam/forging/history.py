"""What happens to a photograph before it is forged: rendering, compression, tiles, mild adjustments."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.forging.adjustments import adjusted
from unseam.forging.rendering import NO_RENDERING, Rendering, rendered
from unseam.forging.sensor import Sensor, sensed
from unseam.jpeg.quantization import CameraTables

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
        IJG quality of a JPEG; 0 where ``tables`` are used or nothing is compressed.
    subsampling : str
        Of the chroma of a JPEG, one of ``SUBSAMPLING``.
    tables : CameraTables, optional
        Quantization tables of a JPEG, where they are not those of an IJG quality.
    tables_name : str
        Where ``tables`` come from: ``camera-NUMBER``, ``host``.
    """

    quality: int = 0
    subsampling: str = "4:4:4"
    tables: CameraTables | None = None
    tables_name: str = ""

    @property
    def lossless(self) -> bool:
        """Whether nothing is compressed: a PNG."""
        return not self.quality and self.tables is None

    @property
    def name(self) -> str:
        """Name of the quantization tables: ``ijg``, ``tables_name``, or empty."""
        return "ijg" if self.quality else self.tables_name

    @classmethod
    def by_tables(cls, tables: CameraTables, name: str) -> Compression:
        """Return the compression of a camera or file, with its own subsampling."""
        return cls(subsampling=tables.subsampling, tables=tables, tables_name=name)


LOSSLESS = Compression()


def encoded(pixels: Pixels, compression: Compression) -> bytes:
    """Return the bytes of a saved file of (H, W, 3) uint8 RGB: JPEG, or PNG when the compression is lossless."""
    buffer, image = io.BytesIO(), Image.fromarray(pixels)
    if compression.lossless:
        # Run lengths alone: on photographs as small as the usual search for repetitions, in two thirds of the time.
        image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
        return buffer.getvalue()
    subsampling = SUBSAMPLING.index(compression.subsampling)
    if compression.tables is None:
        image.save(buffer, "JPEG", quality=compression.quality, subsampling=subsampling)
    else:
        steps = [compression.tables.luma, compression.tables.chroma]
        image.save(buffer, "JPEG", qtables=steps, subsampling=subsampling)
    return buffer.getvalue()


def compressed(pixels: Pixels, compression: Compression) -> Pixels:
    """Return what is left of (H, W, 3) uint8 RGB after one compression."""
    return pixels if compression.lossless else decoded(encoded(pixels, compression))


def decoded(data: bytes) -> Pixels:
    """Return the pixels of a file that `encoded` made."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@dataclass(frozen=True, slots=True)
class ProcessingHistory:
    """What a host or donor went through before the forgery, in this order.

    Attributes
    ----------
    sensor : Sensor, optional
        Taken anew by a camera: demosaicing and noise.
    rendering : Rendering
        Local tone mapping, noise reduction and sharpening as in phones.
    compression : Compression
        Lossless: not compressed again.
    shift_row, shift_column : int
        How far the 8 x 8 grid of that compression is moved against the crop, 0 to 7.
    adjustment : str
        ``none`` or a key of `STRENGTHS`.
    strength : float
    """

    compression: Compression = LOSSLESS
    shift_row: int = 0
    shift_column: int = 0
    adjustment: str = "none"
    strength: float = 0.0
    rendering: Rendering = field(default=NO_RENDERING)
    sensor: Sensor | None = None


def with_history(pixels: Pixels, history: ProcessingHistory, rng: np.random.Generator) -> Pixels:
    """Process pixels; the result is smaller by ``GRID`` rows and columns, the room for the grid's shift."""
    taken = pixels if history.sensor is None else sensed(pixels, history.sensor, rng)
    old = compressed(rendered(taken, history.rendering), history.compression)
    height, width = old.shape[0] - GRID, old.shape[1] - GRID
    crop = old[history.shift_row : history.shift_row + height, history.shift_column : history.shift_column + width]
    return adjusted(np.ascontiguousarray(crop), history.adjustment, history.strength, rng)
