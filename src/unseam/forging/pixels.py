"""Decoded photographs, kept so that none is decoded once per forgery."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from unseam.forging.adjustments import resized
from unseam.forging.history import GRID, SUBSAMPLING
from unseam.forging.plan import Crop
from unseam.forging.sources import Source
from unseam.jpeg.quantization import CameraTables
from unseam.photo.decoding import DECODER_FAILURES
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing

Pixels = NDArray[np.uint8]

IN_MEMORY = 8
"""Photographs that one process keeps open."""

MAX_STEP = 255
"""Largest quantization step of a baseline JPEG."""


def decode(path: Path) -> Pixels:
    """Decode a photograph to (H, W, 3) uint8 RGB, as stored (never rotated)."""
    return load_photo(path).pixels


def stored_bytes(path: Path) -> int:
    """Return how many bytes a photograph's pixels take, from its header; 0 if it has none that can be read."""
    try:
        with Image.open(path) as image:
            return image.width * image.height * 3
    except DECODER_FAILURES:
        return 0


def jpeg_tables(path: Path) -> tuple[bool, CameraTables | None]:
    """Return whether a file is a JPEG, and the tables that another can be saved with; None where Pillow cannot."""
    try:
        with Image.open(path) as image:
            if image.format not in ("JPEG", "MPO"):
                return False, None
            tables = [tuple(table) for table in getattr(image, "quantization", {}).values()]
            sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else -1
    except DECODER_FAILURES:
        return False, None
    if sampling < 0 or not tables or max(map(max, tables)) > MAX_STEP:
        return True, None
    return True, CameraTables(tables[0], tables[min(1, len(tables) - 1)], SUBSAMPLING[sampling])


class PixelStore:
    """Reads photographs from ``folder`` as memory maps, and decodes those that are not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: OrderedDict[str, Pixels] = OrderedDict()

    def keep(self, source: Source, pixels: Pixels) -> None:
        """Write decoded pixels to the folder."""
        pixels = np.ascontiguousarray(pixels)
        # Two names of one photograph, two processes: each has its own temporary file.
        with replacing(self.folder / f"{source.digest}.npy") as temporary, temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(pixels))
            file.write(pixels.data)  # np.save does not report a full disk

    def pixels(self, source: Source) -> Pixels:
        """Return a photograph as (H, W, 3) uint8 RGB, read-only."""
        if source.digest in self._open:
            self._open.move_to_end(source.digest)
            return self._open[source.digest]
        stored = self.folder / f"{source.digest}.npy"
        pixels = np.load(stored, mmap_mode="r") if stored.exists() else decode(source.path)
        self._open[source.digest] = pixels
        if len(self._open) > IN_MEMORY:
            self._open.popitem(last=False)
        return pixels

    def window(self, source: Source, crop: Crop) -> Pixels:
        """Return a crop with ``GRID`` more rows and columns, which ``with_history`` takes away."""
        height, width = crop.height + GRID, crop.width + GRID
        if crop.reduction == 1:
            return np.array(self.pixels(source)[crop.top : crop.top + height, crop.left : crop.left + width])
        corner = np.array([crop.top, crop.left]) * crop.reduction
        top, left = np.floor(corner).astype(int)
        bottom, right = np.ceil(corner + np.array([height, width]) * crop.reduction).astype(int)
        return resized(np.array(self.pixels(source)[top:bottom, left:right]), height, width)
