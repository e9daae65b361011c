"""Small image files of every format, made on the spot."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 37, 53


def scene_pixels(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(3 * np.arange(HEIGHT), 2 * np.arange(WIDTH))[..., None] + np.array([0, 20, 40])
    return np.clip(ramp + rng.integers(-9, 9, ramp.shape), 0, 255).astype(np.uint8)


def scene_image(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(scene_pixels()).convert(mode)


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def exif_with_orientation(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(scene_image(), "JPEG"),
    "progressive": lambda: encoded(scene_image(), "JPEG", progressive=True),
    "restarts": lambda: encoded(scene_image(), "JPEG", restart_marker_rows=1),
    "png": lambda: encoded(scene_image(), "PNG"),
    "webp": lambda: encoded(scene_image(), "WEBP", lossless=True),
    "tiff": lambda: encoded(scene_image(), "TIFF"),
    "tiff-lzw": lambda: encoded(scene_image(), "TIFF", compression="tiff_lzw"),
    "bmp": lambda: encoded(scene_image(), "BMP"),
    "gif": lambda: encoded(scene_image(), "GIF"),
    "avif": lambda: encoded(scene_image(), "AVIF"),
}
