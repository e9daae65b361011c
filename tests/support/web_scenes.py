"""Small photos for the tests of the service."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def spots() -> NDArray[np.uint8]:
    """A dark photo of 120 x 160 with two bright boxes: rows 20-59, columns 30-89, and rows 80-99, columns 10-29."""
    pixels = np.random.default_rng(7).integers(0, 40, (120, 160, 3), dtype=np.uint8)
    pixels[20:60, 30:90] += 200
    pixels[80:100, 10:30] += 200
    return pixels


def png(pixels: NDArray[np.uint8], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    """The photo with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return png(spots(), exif=exif.tobytes())
