from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from support.synthetic import textured
from unseam.forging.history import (
    LOSSLESS,
    SUBSAMPLING,
    Compression,
    ProcessingHistory,
    compressed,
    encoded,
    with_history,
)
from unseam.jpeg.quantization import camera_tables

PHOTO = textured(96, 120, 1)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("number", range(0, 159, 13))
def test_a_file_saved_with_camera_tables_has_them_as_they_are(number: int) -> None:
    camera = camera_tables()[number]
    with opened(encoded(PHOTO, Compression.by_tables(camera, f"camera-{number}"))) as image:
        tables = [tuple(table) for table in image.quantization.values()]  # type: ignore[attr-defined]
        assert tables[0] == camera.luma
        assert tables[-1] == camera.chroma
        assert JpegImagePlugin.get_sampling(image) == SUBSAMPLING.index(camera.subsampling)


def test_an_ijg_quality_has_the_tables_that_pillow_gives_it() -> None:
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, "JPEG", quality=77, subsampling=1)
    assert encoded(PHOTO, Compression(quality=77, subsampling="4:2:2")) == buffer.getvalue()


def test_lossless_is_a_png_of_the_same_pixels_and_no_compression() -> None:
    with opened(encoded(PHOTO, LOSSLESS)) as image:
        assert image.format == "PNG"
        assert (np.asarray(image) == PHOTO).all()
    assert compressed(PHOTO, LOSSLESS) is PHOTO
    by_camera = Compression.by_tables(camera_tables()[4], "camera-4")
    assert (LOSSLESS.name, Compression(quality=9).name, by_camera.name) == ("", "ijg", "camera-4")
    assert [c.lossless for c in (LOSSLESS, Compression(quality=9), by_camera)] == [True, False, False]


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 5), (7, 7)])
def test_a_compression_leaves_its_8_x_8_grid_shifted_by_as_much_as_the_history_says(row: int, column: int) -> None:
    """Compressed coarsely, neighbours across a block's border differ most: the grid shows where it was."""
    history = ProcessingHistory(Compression(quality=12), row, column)
    grey = with_history(PHOTO, history, np.random.default_rng(0)).astype(float).mean(axis=2)
    assert grey.shape == (88, 112)
    steps = [np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis) for axis in (0, 1)]
    folded = [np.bincount(np.arange(len(s)) % 8, s) / np.bincount(np.arange(len(s)) % 8) for s in steps]
    assert [int(np.argmax(f)) for f in folded] == [(7 - row) % 8, (7 - column) % 8]
