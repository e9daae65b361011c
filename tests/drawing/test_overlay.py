import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.drawing.overlay import ENLARGED_SIDE, LONGEST_SIDE, draw_overlay, drawn_size, resized
from unseam.method import Region, find_regions
from unseam.photo.photo import upright

HEIGHT, WIDTH = 600, 800


def draw(heat: NDArray[np.float32], orientation: int = 1, threshold: float = 0.5, grey: int = 128) -> NDArray[np.uint8]:
    pixels = np.full((*heat.shape, 3), grey, dtype=np.uint8)
    mask = heat >= threshold
    regions = find_regions(mask, heat)
    return draw_overlay(
        pixels, heat, mask, regions, orientation=orientation, threshold=threshold, title="manipulated    score 0.93"
    )


def hot_corner() -> NDArray[np.float32]:
    heat = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    heat[30:130, 40:240] = 1
    return heat


def luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_hot_region_is_where_a_viewer_sees_it_in_every_orientation(orientation: int) -> None:
    heat = hot_corner()
    picture = draw(heat, orientation)
    seen = upright(heat, orientation)
    top = round(2.5 * max(round(picture.shape[1] / 48), 16))
    inside = luma(picture)[top : top + seen.shape[0], : seen.shape[1]]
    eroded = cv2.erode(np.ascontiguousarray(seen), np.ones((21, 21)))
    numbered = cv2.dilate(np.ascontiguousarray(seen), np.ones((21, 21)))
    assert np.median(inside[eroded > 0]) > np.median(inside[numbered == 0]) + 60


def test_the_photo_itself_is_drawn_upright() -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:100, :100] = 255
    heat = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    picture = draw_overlay(pixels, heat, heat > 1, (), orientation=6, threshold=0.5, title="")
    column = luma(picture)[60:, :]
    assert column[10, -20] > column[10, 20] + 20  # turned by 90 degrees: top left goes to the top right


def test_colours_grow_lighter_with_heat_and_never_depend_on_other_pixels() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, WIDTH))
    steps = luma(draw(ramp, threshold=1.0))[300, 5:-5].astype(int)
    assert (np.diff(steps) >= -1).all()
    assert steps[-1] - steps[0] > 100
    cool, warm = (draw(np.full((HEIGHT, WIDTH), value, dtype=np.float32), threshold=1.0) for value in (0.3, 0.5))
    assert abs(luma(cool)[300, 400].astype(int) - steps[round(0.3 * WIDTH)]) < 6
    assert abs(luma(warm)[300, 400].astype(int) - steps[round(0.5 * WIDTH)]) < 6


def test_the_region_is_outlined_in_white() -> None:
    heat = np.full((HEIGHT, WIDTH), 0.4, dtype=np.float32)
    heat[200:400, 200:600] = 0.6
    without = np.full((HEIGHT, WIDTH), 0.6, dtype=np.float32)
    assert (draw(heat)[50:600] == 255).all(axis=2).sum() > (draw(without, threshold=0.9)[50:600] == 255).all(
        axis=2
    ).sum() + 800


def test_the_colour_bar_has_its_threshold_where_it_is() -> None:
    low, high = (draw(np.zeros((HEIGHT, WIDTH), dtype=np.float32), threshold=value) for value in (0.3, 0.7))
    bar = slice(low.shape[0] - 3 * 17 - 2, low.shape[0] - 2 * 17)
    differing = np.flatnonzero((low[bar] != high[bar]).any(axis=(0, 2)))
    assert differing.min() == pytest.approx(0.3 * WIDTH, abs=30)
    assert differing.max() == pytest.approx(0.7 * WIDTH, abs=30)


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((1, 1), (ENLARGED_SIDE, ENLARGED_SIDE)),
        ((100, 200), (200, 400)),
        ((480, 480), (480, 480)),
        ((2048, 1000), (2048, 1000)),
        ((3000, 4000), (1536, LONGEST_SIDE)),
        ((1, 10_000), (1, LONGEST_SIDE)),
    ],
)
def test_large_photos_are_reduced_and_small_ones_enlarged(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert drawn_size(*size) == drawn
    assert resized(np.zeros((*size, 3), dtype=np.uint8), *drawn).shape == (*drawn, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3000, 200)])
def test_every_size_is_drawn_with_title_and_bar(size: tuple[int, int]) -> None:
    picture = draw(np.full(size, 0.5, dtype=np.float32))
    assert picture.dtype == np.uint8
    assert picture.shape[1] >= 560
    assert picture.shape[0] > drawn_size(*size)[0]


def test_a_region_at_the_very_border_is_drawn() -> None:
    heat = np.zeros((100, 100), dtype=np.float32)
    regions = [Region(99, 99, 100, 100, 1, 1.0)]
    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    assert draw_overlay(pixels, heat, heat > 1, regions, orientation=3, threshold=0.5, title="t").shape[1] >= 560


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_number_of_a_region_is_in_its_middle_in_every_orientation(orientation: int) -> None:
    heat = hot_corner()
    pixels, mask = np.zeros((*heat.shape, 3), dtype=np.uint8), np.zeros(heat.shape, dtype=bool)
    regions = find_regions(heat > 0.5, heat)
    plain, numbered = (
        draw_overlay(pixels, heat, mask, listed, orientation=orientation, threshold=0.5, title="")
        for listed in ((), regions)
    )
    rows, columns = np.nonzero((plain != numbered).any(axis=2))
    seen_rows, seen_columns = np.nonzero(upright(heat, orientation))
    top = round(2.5 * max(round(plain.shape[1] / 48), 16))
    assert (rows.min() + rows.max()) / 2 - top == pytest.approx(seen_rows.mean(), abs=4)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(seen_columns.mean(), abs=4)
