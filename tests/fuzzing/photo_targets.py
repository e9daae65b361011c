"""Targets that read photos: decoding, coefficients, every method, reports."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from fuzzing.photo_cases import mutated_jpeg, mutated_photo
from fuzzing.target import Target, written
from unseam.analyze import analyze
from unseam.errors import NotApplicable, PhotoError
from unseam.method import Heatmap
from unseam.methods import METHODS
from unseam.photo.orientation import upright
from unseam.photo.photo import Photo, load_photo
from unseam.report.files import report_files, to_json

MOST_PIXELS = 1_000_000
"""Larger photos are refused; that what is refused was not allocated before shows in the memory."""

PIXELS_TO_JUDGE = 100_000
"""Methods are given small photos, so that there are many."""

HEAVY = ("fusion", "cnn-lstm")
REPORTED = ("dct-model", "block-grid", "noise-level")


def load(data: bytes, folder: Path) -> str:
    """Load from bytes, or from a file of a name that says nothing."""
    source = written(folder, "photo.bin", data) if len(data) % 2 else data
    photo = load_photo(source, max_pixels=MOST_PIXELS)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.ndim == 3
    assert photo.pixels.shape[2] == 3
    assert 0 < photo.height * photo.width <= MOST_PIXELS
    assert upright(photo.pixels, photo.orientation).size == photo.pixels.size
    return f"photo {photo.format}"


def read_jpeg(data: bytes, folder: Path) -> str:
    photo = load_photo(data, max_pixels=MOST_PIXELS)
    if photo.jpeg is None:
        return "no JPEG"
    damage = photo.damage
    assert damage is None or damage.rows.shape == (photo.height,)
    for component in photo.jpeg.components:
        assert component.coefficients.shape[2:] == component.table.shape == (8, 8)
        assert component.coefficients.dtype == np.int16
        assert component.coefficients.size
    return "coefficients"


def photo_to_judge(draw: Random) -> bytes:
    return mutated_jpeg(draw) if draw.random() < 0.75 else mutated_photo(draw, "PNG", "BMP", "GIF", "WEBP")


def judging(name: str) -> Callable[[bytes, Path], str]:
    def judge(data: bytes, folder: Path) -> str:
        photo = load_photo(data, max_pixels=PIXELS_TO_JUDGE)
        check_map(METHODS[name](photo), photo)
        return "heat map"

    return judge


def check_map(heatmap: Heatmap, photo: Photo) -> None:
    size = (photo.height, photo.width)
    for grid in (heatmap.heat, heatmap.confidence):
        if grid is not None:
            assert (grid.shape, grid.dtype) == (size, np.float32)
            assert grid.min() >= 0
            assert grid.max() <= 1  # false for NaN, too
    assert heatmap.score is None or 0 <= heatmap.score <= 1
    if heatmap.mask is not None:
        assert (heatmap.mask.shape, heatmap.mask.dtype) == (size, np.bool_)


def report(data: bytes, folder: Path) -> str:
    found = analyze(data, REPORTED, max_pixels=PIXELS_TO_JUDGE)
    document = found.document()
    assert json.loads(to_json(document)) == document
    for make in report_files(found, document).values():
        assert make()
    return str(found.verdict)


TARGETS = (
    Target("load-photo", mutated_photo, load, (PhotoError,), 44),
    Target("coefficients", mutated_jpeg, read_jpeg, (PhotoError,), 24),
    *(
        Target(f"method-{name}", photo_to_judge, judging(name), (PhotoError, NotApplicable), 2 if name in HEAVY else 3)
        for name in METHODS
    ),
    Target("report", photo_to_judge, report, (PhotoError,), 4),
)
