"""Pixels of broken JPEGs are those of Pillow and OpenCV, or there is an error: never a third picture."""

import io
import warnings
from random import Random

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fuzzing import jpeg_mutations
from fuzzing.originals import MAKERS, original
from fuzzing.photo_cases import mutated_jpeg
from unseam.errors import PhotoError
from unseam.photo.photo import Photo, load_photo

MAX_PIXELS = 1_000_000

CMYK_ROUNDING = 2
"""Grey levels: Pillow and OpenCV convert CMYK to RGB with other roundings."""


def _loaded(data: bytes) -> Photo | None:
    try:
        return load_photo(data, max_pixels=MAX_PIXELS)
    except PhotoError:
        return None


def _opencv(data: bytes) -> NDArray[np.uint8] | None:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def _agree(data: bytes, photo: Photo) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data))
            same = np.array_equal(photo.pixels, np.asarray(image.convert("RGB")))
            rounding = CMYK_ROUNDING if image.mode == "CMYK" else 0
        except (OSError, ValueError, SyntaxError, IndexError):
            same, rounding = True, 0
    opencv = _opencv(data)
    return same and (opencv is None or np.allclose(photo.pixels, opencv, rtol=0, atol=rounding))


@pytest.mark.parametrize("seed", range(0, 600, 100))
def test_a_broken_jpeg_gives_the_pixels_of_pillow_and_opencv_or_an_error(seed: int) -> None:
    loaded = 0
    for number in range(seed, seed + 100):
        data = mutated_jpeg(Random(number))
        photo = _loaded(data)
        if photo is not None and photo.format == "JPEG":
            loaded += 1
            assert _agree(data, photo), f"case {number}"
    assert loaded > 20


@pytest.mark.parametrize("number", range(len(MAKERS["JPEG"])))
def test_a_jpeg_with_junk_markers_in_its_scan_gives_the_pixels_of_pillow_and_opencv(number: int) -> None:
    for seed in range(30):
        data = jpeg_mutations.add_junk_markers(original("JPEG", number), Random(seed))
        photo = _loaded(data)
        assert photo is None or _agree(data, photo), f"case {seed}"
