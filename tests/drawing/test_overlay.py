from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.drawing.overlay import ENLARGED_SIDE, LONGEST_SIDE, OUTLINE, SOURCE, draw_overlay, drawn_size, resized
from unseam.method import Trace, find_regions
from unseam.photo.photo import upright

HEIGHT, WIDTH = 600, 800


def draw(heat: NDArray[np.float32], orientation: int = 1, level: int = 128) -> NDArray[np.uint8]:
    pixels = np.full((*heat.shape, 3), level, dtype=np.uint8)
    mask = heat > 0.5
    regions = find_regions(mask, heat)
    return draw_overlay(pixels, heat, mask, regions, orientation=orientation, title="manipulated    score 0.93")


def hot_corner() -> NDArray[np.float32]:
    heat = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    heat[130:330, 140:340] = 1
    return heat


def top_of(picture: NDArray[np.uint8]) -> int:
    """Row at which the photo begins below the title."""
    return round(2.5 * max(round(picture.shape[1] / 48), 16))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_hot_region_is_where_a_viewer_sees_it_in_every_orientation(orientation: int) -> None:
    heat = hot_corner()
    picture = draw(heat, orientation)
    seen = np.ascontiguousarray(upright(heat, orientation))
    inside = picture[top_of(picture) : top_of(picture) + seen.shape[0], : seen.shape[1]].astype(int)
    magenta = inside[..., 0] - inside[..., 1]
    assert magenta[cv2.erode(seen, np.ones((41, 41))) > 0].min() > 80
    assert np.abs(magenta[cv2.dilate(seen, np.ones((81, 81))) == 0]).max() < 5


def test_the_photo_itself_is_drawn_upright_and_in_its_own_colours() -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), (40, 90, 160), dtype=np.uint8)
    pixels[:100, :100] = 255
    heat = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    picture = draw_overlay(pixels, heat, heat > 1, (), orientation=6, title="")
    photo = picture[top_of(picture) :][:WIDTH, :HEIGHT]
    assert np.array_equal(photo, upright(pixels, 6))  # turned by 90 degrees: top left goes to the top right


def test_a_region_is_outlined_in_yellow_on_black_even_where_its_heat_is_low() -> None:
    heat = np.full((HEIGHT, WIDTH), 0.1, dtype=np.float32)
    mask = np.zeros(heat.shape, bool)
    mask[200:400, 200:600] = True
    pixels = np.full((*heat.shape, 3), 128, np.uint8)
    picture = draw_overlay(pixels, heat, mask, find_regions(mask, heat), orientation=1, title="")
    photo = picture[top_of(picture) :][:HEIGHT, :WIDTH]
    border = photo[300, 190:210]
    assert (border == OUTLINE).all(axis=1).any()
    assert (border == 0).all(axis=1).any()
    assert (photo[220:380, 260:580] == 128).all()


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((1, 1), (ENLARGED_SIDE, ENLARGED_SIDE)),
        ((100, 200), (400, 800)),
        ((481, 481), (481, 481)),
        ((2048, 1000), (2048, 1000)),
        ((3000, 4000), (1536, LONGEST_SIDE)),
        ((1, 10_000), (1, LONGEST_SIDE)),
    ],
)
def test_large_photos_are_reduced_and_small_ones_enlarged(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert drawn_size(*size) == drawn
    assert resized(np.zeros((*size, 3), dtype=np.uint8), *drawn).shape == (*drawn, 3)


def test_a_small_photo_is_not_enlarged_beyond_what_is_asked_for() -> None:
    assert drawn_size(100, 200, 420) == (200, 400)


def test_a_copied_region_is_joined_to_its_source_by_dashes() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[100:200, 100:200] = True
    heat = mask.astype(np.float32)
    trace = Trace("copied", 98.0, 41.0, "% alike", "strong", "shows the same", (300, 400, 400, 500))
    (region,) = find_regions(mask, heat)
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    picture = draw_overlay(pixels, heat, mask, [replace(region, traces=(trace,))], orientation=1, title="")
    blue = (picture[top_of(picture) :][:HEIGHT, :WIDTH] == SOURCE).all(axis=2)
    assert 20 < blue[300, 400:500].sum() < 80  # dashes
    assert blue[205:295, 205:395].any()  # the line
    assert not blue[:90].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3000, 200)])
def test_every_size_is_drawn_with_title_and_bar(size: tuple[int, int]) -> None:
    picture = draw(np.full(size, 0.5, dtype=np.float32))
    assert picture.dtype == np.uint8
    assert picture.shape[1] >= 560
    assert picture.shape[0] > drawn_size(*size)[0]


def test_a_region_at_the_very_border_is_drawn_with_its_whole_number() -> None:
    heat = np.zeros((100, 100), dtype=np.float32)
    mask = np.zeros(heat.shape, bool)
    mask[80:, 80:] = mask[:20, :20] = True
    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    regions = find_regions(mask, heat)
    picture = draw_overlay(pixels, heat, mask, regions, orientation=1, title="")
    side, _ = drawn_size(100, 100)
    corner = picture[top_of(picture) :][:side][:40, :40]
    assert (corner == 255).all(axis=2).any()  # the number, in white


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_number_of_a_region_is_on_its_outline_in_every_orientation(orientation: int) -> None:
    heat, mask = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), bool)
    mask[130:330, 140:340] = True
    pixels = np.zeros((*heat.shape, 3), dtype=np.uint8)
    picture = draw_overlay(pixels, heat, mask, find_regions(mask, heat), orientation=orientation, title="")
    photo = picture[top_of(picture) :][: upright(mask, orientation).shape[0]]
    rows, columns = np.nonzero((photo == 255).all(axis=2))
    seen_rows, seen_columns = np.nonzero(upright(mask, orientation))
    assert (rows.min() + rows.max()) / 2 == pytest.approx(seen_rows.min(), abs=4)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(seen_columns.min(), abs=4)
