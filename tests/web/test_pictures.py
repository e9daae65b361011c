import base64
import io
import re
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from support.web_methods import Obedient
from support.web_scenes import spots, turned
from unseam.analyze import Report, analyze
from unseam.drawing.outlines import MAX_OUTLINES
from unseam.photo.orientation import upright, upright_box
from unseam.web.pictures import page_pictures


def picture(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def painted(outlines: list[dict[str, Any]], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Fill outlines, borders and all."""
    canvas = np.zeros(shape, np.uint8)
    for outline in outlines:
        rings = [
            np.array([[float(value) - 0.5 for value in point.split()] for point in ring.split("L")]).astype(np.int32)
            for ring in re.findall(r"M([^Z]*)Z", outline["path"])
        ]
        cv2.fillPoly(canvas, rings, 1)
    return canvas.astype(bool)


@pytest.fixture
def report() -> Report:
    return analyze(turned(1), [Obedient("bright")])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_heat_and_outlines_are_turned_alike(orientation: int) -> None:
    report = analyze(turned(orientation), [Obedient("bright")])
    found = page_pictures(report)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(turned(orientation)))))
    mask = expected[..., 0] > 150
    assert (found["height"], found["width"]) == mask.shape
    outlines = found["methods"]["bright"]["outlines"]
    assert np.array_equal(painted(outlines, mask.shape), mask)
    scale = picture(found["photo"]).height // mask.shape[0]
    assert np.array_equal(np.asarray(picture(found["photo"]))[::scale, ::scale, 0] > 120, mask)
    opacity = np.asarray(picture(found["methods"]["bright"]["heat"]).convert("RGBA"))[..., 3]
    scale = opacity.shape[0] // mask.shape[0]
    assert np.array_equal(opacity[::scale, ::scale] > 0, mask)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_turned_as_the_pixels_in_it(orientation: int) -> None:
    marks = np.zeros((12, 20), np.uint8)
    marks[2:5, 7:16] = 1
    top, left, bottom, right = upright_box((2, 7, 5, 16), 12, 20, orientation)
    turned_marks = upright(marks, orientation)
    assert turned_marks[top:bottom, left:right].all()
    assert turned_marks.sum() == (bottom - top) * (right - left) == 27


def test_outlines_carry_the_numbers_of_their_regions(report: Report) -> None:
    outlines = page_pictures(report)["methods"]["bright"]["outlines"]
    assert [(outline["number"], outline["box"]) for outline in outlines] == [
        (1, [30, 20, 60, 40]),
        (2, [10, 80, 20, 20]),
    ]
    for outline, region in zip(outlines, report.regions, strict=True):
        assert outline["box"] == [region.left, region.top, region.right - region.left, region.bottom - region.top]
        assert outline["badge"] == [region.left, region.top]


def test_holes_are_part_of_an_outline() -> None:
    pixels = spots()
    pixels[30:50, 40:60] = 0
    (first, _) = page_pictures(analyze(pixels, [Obedient("bright")]))["methods"]["bright"]["outlines"]
    assert first["path"].count("M") == 2


def test_specks_are_no_regions_and_have_no_outline() -> None:
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[5:8, 5:8] = 255
    pixels[20:40, 20:40] = 255
    (only,) = page_pictures(analyze(pixels, [Obedient("bright")]))["methods"]["bright"]["outlines"]
    assert only["box"] == [20, 20, 20, 20]


def test_a_restless_mask_makes_no_endless_answer() -> None:
    tile = np.zeros((20, 20, 3), np.uint8)
    tile[2:18, 2:18] = 255
    found = page_pictures(analyze(np.tile(tile, (25, 25, 1)), [Obedient("bright")]))["methods"]["bright"]["outlines"]
    assert len(found) == MAX_OUTLINES < 625


def test_the_scale_has_the_colours_of_the_heat_from_0_to_1(report: Report) -> None:
    found = page_pictures(report)
    colours = np.asarray(picture(found["scale"]).convert("RGBA"))[0]
    assert colours.shape == (256, 4)
    heat = np.asarray(picture(found["methods"]["bright"]["heat"]).convert("RGBA"))
    assert np.array_equal(heat[0, 0], colours[0])
    assert (colours[:128, 3] == 0).all()
    assert heat[..., 3].max() == pytest.approx(colours[round(0.9 * 255), 3], abs=1)
