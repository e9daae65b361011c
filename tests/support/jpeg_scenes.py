"""Synthetic scenes with a JPEG history, for the tests of the detectors of JPEG histories."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.photo.photo import Photo, load_photo

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def scene(height: int, width: int, seed: int = 0) -> Pixels:
    """Smooth colours and fine grain, like a photograph of clouds."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(60, 200, (height // 24, width // 24, 3)), (width, height))
    grain = cv2.GaussianBlur(rng.normal(0, 14, (height, width, 1)), (0, 0), 1.0)[..., None]
    return np.clip(coarse + grain, 0, 255).astype(np.uint8)


def saved(pixels: Pixels, quality: int, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def resaved(pixels: Pixels, quality: int, shift: tuple[int, int] = (0, 0)) -> Pixels:
    """Give the pixels after a JPEG compression whose blocks begin at a row and column."""
    above, before = (-offset % 8 for offset in shift)
    wide = cv2.copyMakeBorder(pixels, above, 0, before, 0, cv2.BORDER_REFLECT)
    decoded = np.asarray(Image.open(io.BytesIO(saved(wide, quality, subsampling=0))).convert("RGB"))
    return decoded[above:, before:]


def rectangle(shape: tuple[int, ...]) -> Mask:
    """About a sixth of the frame, off its centre."""
    mask = np.zeros(shape[:2], bool)
    mask[shape[0] // 4 : shape[0] * 2 // 3, shape[1] // 5 : shape[1] * 3 // 5] = True
    return mask


def mixed(outside: Pixels, inside: Pixels, quality: int, mode: str = "RGB", **options: object) -> tuple[Photo, Mask]:
    """Put the rectangle of one picture into another and save."""
    mask = rectangle(outside.shape)
    pixels = np.where(mask[..., None], inside, outside).astype(np.uint8)
    return load_photo(saved(pixels, quality, mode, **options)), mask
