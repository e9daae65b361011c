import io
from pathlib import Path

import cv2
import jpeglib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.exif_blocks import scene
from unseam.jpeg.coefficients import read_coefficients
from unseam.jpeg.displacement import find_displacement
from unseam.photo.photo import load_photo

HEIGHT, WIDTH = 240, 320


def _encoded(pixels: NDArray[np.uint8], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, **options)
    return buffer.getvalue()


def shifted(data: bytes, folder: Path, component: str, row: int, column: int, steps: int) -> bytes:
    """Shift the means of a component from a unit on, as a wrong difference in the coded data does."""
    path = folder / "shifted.jpg"
    path.write_bytes(data)
    file = jpeglib.read_dct(str(path))
    luma, plane = file.Y, getattr(file, component)
    sides = [16 if file.has_chrominance and luma.shape[i] > file.Cb.shape[i] else 8 for i in (0, 1)]
    factors = [side * plane.shape[i] // (8 * luma.shape[i]) for i, side in enumerate(sides)]
    rows, columns = (np.arange(plane.shape[i]) // factors[i] for i in (0, 1))
    behind = (rows[:, None] > row) | ((rows[:, None] == row) & (columns >= column))
    plane[..., 0, 0] += (steps * behind).astype(plane.dtype)
    file.write_dct(str(path))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("options", "component"),
    [({"subsampling": 2}, "Y"), ({"subsampling": 2}, "Cb"), ({"subsampling": 0}, "Cr"), ({"progressive": True}, "Y")],
)
@pytest.mark.parametrize(("row", "column"), [(3, 5), (9, 10), (10, 16)])
def test_a_shift_of_the_means_is_found_where_it_begins(
    options: dict[str, object], component: str, row: int, column: int, tmp_path: Path
) -> None:
    data = shifted(_encoded(scene(HEIGHT, WIDTH), **options), tmp_path, component, row, column, 30)
    found = find_displacement(read_coefficients(data))
    assert found is not None
    assert found.row == row
    assert abs(found.column - column) <= 2


def test_a_shift_without_a_complaint_of_libjpeg_is_damage_from_its_row_on(tmp_path: Path) -> None:
    photo = load_photo(shifted(_encoded(scene(HEIGHT, WIDTH), subsampling=2), tmp_path, "Y", 6, 9, 12))
    assert photo.jpeg is not None
    assert not photo.jpeg.complaint
    damage = photo.damage
    assert damage is not None
    assert damage.first_row == 6 * 16
    assert damage.is_relevant
    assert damage.sentence.startswith("the JPEG data are damaged from row 96 on, 60 % of the photo is lost (the means")


def test_a_grey_photo_is_searched_block_by_block(tmp_path: Path) -> None:
    data = shifted(_encoded(scene(HEIGHT, WIDTH)[..., 1]), tmp_path, "Y", 20, 11, 12)
    found = find_displacement(read_coefficients(data))
    assert found is not None
    assert found.row == 20


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_bar_on_the_block_grid_is_no_shift(subsampling: int) -> None:
    pixels = scene(HEIGHT, WIDTH).copy()
    pixels[:64] = 0
    assert find_displacement(read_coefficients(_encoded(pixels, subsampling=subsampling))) is None


@pytest.mark.parametrize("drop", [8, 16, 40])
def test_an_edge_that_is_not_quite_horizontal_is_no_shift(drop: int) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    corners = np.array([(0, 100 + drop), (WIDTH, 100), (WIDTH, HEIGHT), (0, HEIGHT)], np.int32)
    cv2.fillPoly(pixels, [corners], (150, 140, 120), lineType=cv2.LINE_AA)
    assert find_displacement(read_coefficients(_encoded(pixels))) is None


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (40, 16), (64, 48), (17, 400), (400, 17)])
def test_small_and_narrow_photos_have_no_seam(size: tuple[int, int]) -> None:
    assert find_displacement(read_coefficients(_encoded(scene(*size)))) is None
