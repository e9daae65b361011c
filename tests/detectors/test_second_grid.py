"""The search for the grid of an earlier compression."""

import numpy as np
import pytest

from support.jpeg_scenes import mixed, resaved, saved, scene
from unseam.detectors import second_grid as module
from unseam.detectors.block_dct import ZIGZAG, block_dct, samples
from unseam.detectors.jpeg_mixture import ZERO
from unseam.detectors.jpeg_rounding import Noise
from unseam.detectors.second_grid import (
    GridSearch,
    SecondGrid,
    block_log_ratio,
    coefficient_histograms,
    find_second_grid,
    outstanding,
    periodic,
)
from unseam.photo.photo import Photo, load_photo

FREQUENCIES = ZIGZAG[:6]
NOISES = [Noise(0.0, 0.2)] * 6


def found_in(photo: Photo) -> SecondGrid | None:
    assert photo.jpeg is not None
    component = photo.jpeg.components[0]
    return find_second_grid(samples(component) - 128, FREQUENCIES, NOISES, component.table)


@pytest.mark.parametrize("grid", [(3, 5), (0, 2), (7, 1), (4, 6)])
def test_it_finds_grid_and_steps_of_a_photo_cropped_and_saved_again(grid: tuple[int, int]) -> None:
    found = found_in(load_photo(saved(resaved(scene(256, 320), 60, grid), 96)))
    assert found is not None
    assert found.grid == grid
    assert found.steps == (13, 9, 10, 11, 10, 8)  # the standard table at quality 60, in zig-zag order


def test_it_finds_a_small_part() -> None:
    pixels = scene(256, 320)
    small = np.array(pixels)
    small[80:144, 96:176] = resaved(pixels, 60, (3, 5))[80:144, 96:176]  # 6 % of the frame
    found = found_in(load_photo(saved(small, 96)))
    assert found is not None
    assert found.grid == (3, 5)


def test_it_finds_nothing_in_photos_compressed_once_or_on_one_grid() -> None:
    pixels = scene(256, 320)
    for quality in (60, 80, 95):
        assert found_in(load_photo(saved(pixels, quality))) is None
    assert found_in(mixed(resaved(pixels, 60), pixels, 95)[0]) is None


def test_steps_coarser_than_those_of_quality_50_leave_nothing_to_find() -> None:
    assert found_in(load_photo(saved(scene(128, 160), 2))) is None


def _score(**at: float) -> np.ndarray:
    score = np.full((8, 8), 3.0)
    for place, value in at.items():
        score[int(place[1]), int(place[2])] = value
    return score


def test_a_grid_stands_out_from_its_mirror_images_and_from_others() -> None:
    assert outstanding(_score(k35=40.0)) == (3, 5)
    assert outstanding(_score(k35=40.0, k25=30.0)) == (3, 5)  # a neighbour
    assert outstanding(_score(k35=40.0, k16=30.0)) is None  # another one leads nearly as much
    assert outstanding(_score(k35=40.0, k55=35.0)) is None  # a mirror image
    assert outstanding(_score(k35=17.0)) is None  # leads by less than 15
    assert outstanding(_score(k07=900.0, k01=880.0)) is None
    assert outstanding(_score(k44=40.0)) is None  # its own mirror image


def test_histograms_are_those_of_the_transform_on_every_grid() -> None:
    plane = np.random.default_rng(0).normal(0, 60, (71, 83))
    plane[:, 40:] = 7.0  # flat: not counted, but for blocks that reach over the edge
    counts = coefficient_histograms(plane, FREQUENCIES, 2.0)
    for row, column in [(0, 0), (3, 5), (7, 7)]:
        seen = block_dct(plane, FREQUENCIES, (row, column))
        lively = (np.abs(seen[1:]) >= 2).any(axis=0)
        for count, values in zip(counts, seen, strict=True):
            expected = np.bincount(np.floor(values[lively] + 0.5).astype(int) + ZERO, minlength=2 * ZERO)
            assert np.abs(count[8 * row + column] - expected).sum() <= 4  # ties and 32 bits
    assert counts[0, 0].sum() < 8 * 10


def test_the_periodic_likelihood_is_one_on_average_and_highest_at_multiples() -> None:
    likely = periodic(9, Noise(0.0, 1.0))
    assert likely.mean() == pytest.approx(1)
    assert likely.argmax() == 0
    assert likely[1] == pytest.approx(likely[8])
    np.testing.assert_allclose(periodic(5, Noise(0.0, 400.0)), 1, atol=1e-3)


def test_blocks_that_lie_on_the_lattice_speak_for_it_and_flat_ones_do_not_speak() -> None:
    found = SecondGrid((3, 5), (12, 0, 8, 0, 0, 0))
    coefficients = np.zeros((4, 4, 8, 8))
    coefficients[..., 0, 0], coefficients[..., 1, 0] = 24, 16
    coefficients[0, 0] = 0  # flat
    coefficients[1, 1, 0, 0], coefficients[1, 1, 1, 0] = 30, 12  # half-way between multiples
    coefficients[2, 2, 1, 0] = 3  # nearer to 0 than to another multiple
    transform = module.cosines()
    blocks = np.einsum("vy,rcvu,ux->rycx", transform, coefficients, transform).reshape(32, 32)
    plane = np.zeros((40, 40))
    plane[3:35, 5:37] = blocks
    ratio = block_log_ratio(plane, FREQUENCIES, NOISES, found)[:4, :4]
    assert ratio[0, 0] == 0
    assert ratio[3, 3] > 2 > ratio[2, 2] > 0
    assert ratio[1, 1] < -2


def test_outliers_limit_what_one_block_says_against() -> None:
    found, plane = SecondGrid((0, 0), (12, 0, 0, 0, 0, 0)), np.tile(np.arange(8.0), (8, 1)) + 6 / 8
    assert block_log_ratio(plane, FREQUENCIES, NOISES, found, GridSearch(outliers=0.2))[0, 0] >= np.log(0.2)
