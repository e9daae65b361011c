"""Regions that move as one: how they moved, how alike both sides are, and what is marked."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.copied_regions import (
    MAX_REGIONS,
    MEASURES,
    Region,
    both_sides,
    disc,
    likeness_around,
    measures_of,
    picture_of,
    regions_of,
)

Bools = NDArray[np.bool_]
Offsets = NDArray[np.int16]
MOVED = np.array([[1.05, -0.2, 90.0], [0.2, 1.05, 40.0]])
STILL = np.array([[1.0, 0.0, 100.0], [0.0, 1.0, 0.0]])


def grain(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray(128 + 30 * smooth / smooth.std(), np.float32)


def moved_by(movement: NDArray[np.float64], height: int, width: int) -> Offsets:
    rows, columns = np.indices((height, width))
    matches = np.einsum("ij,jrc->irc", movement, np.stack([columns, rows, np.ones_like(rows)]))
    return np.rint(np.stack([matches[1] - rows, matches[0] - columns], -1)).astype(np.int16)


def square(top: int, left: int, side: int, shape: tuple[int, int]) -> Bools:
    mask = np.zeros(shape, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def measured(picture: NDArray[np.float32], movement: NDArray[np.float64] = STILL) -> dict[str, float]:
    region = Region(20, 20, np.ones((60, 60), np.bool_), movement)
    return dict(zip(MEASURES, measures_of(region, picture_of(picture)), strict=True))


def test_the_movement_is_recovered_though_some_matches_are_wrong() -> None:
    offsets = moved_by(MOVED, 160, 200)
    offsets[40:44, 30:60] = (-70, 33)
    (region,) = regions_of(offsets, square(20, 20, 60, (160, 200)), 100)
    assert (region.top, region.left, region.inside.sum()) == (20, 20, 3600)
    corner = np.array([[20, 20, 1], [79, 79, 1]])
    np.testing.assert_allclose(region.movement @ corner.T, MOVED @ corner.T, atol=0.1)


def test_regions_come_largest_first_without_the_small_ones() -> None:
    mask = square(10, 10, 20, (160, 200)) | square(60, 60, 40, (160, 200)) | square(120, 10, 5, (160, 200))
    regions = regions_of(moved_by(STILL, 160, 200), mask, 100)
    assert [int(region.inside.sum()) for region in regions] == [1600, 400]


def test_of_very_many_regions_the_largest_are_looked_at() -> None:
    mask = np.kron(np.indices((12, 24)).sum(0) % 2 == 0, np.ones((8, 8), np.bool_))
    mask[:8, :16] = True
    regions = regions_of(moved_by(STILL, 96, 192), mask, 10)
    assert len(regions) == MAX_REGIONS
    assert regions[0].inside.sum() >= 128


def test_a_copy_is_alike_in_detail_and_level_and_what_lies_elsewhere_is_not() -> None:
    picture = grain(120, 240)
    picture[8:92, 108:192] = picture[8:92, 8:92]
    copy = measured(picture)
    assert np.tanh(copy["likeness"]) > 0.99
    assert copy["area"] == pytest.approx(np.log2(3600))
    other = measured(grain(120, 240, seed=1))
    assert abs(np.tanh(other["likeness"])) < 0.2
    assert copy["level"] < other["level"]


def test_a_brighter_copy_differs_in_level_by_what_was_added() -> None:
    picture = grain(120, 240)
    picture[:, 120:] = picture[:, :120] + 5
    moved = np.array([[1.0, 0.0, 120.0], [0.0, 1.0, 0.0]])
    found = measured(picture, moved)
    assert 2 ** found["level"] - 0.25 == pytest.approx(5, abs=0.1)
    assert np.tanh(found["likeness"]) > 0.99


def test_flat_places_are_not_alike() -> None:
    found = measured(np.full((120, 240), 77, np.float32))
    assert found["likeness"] == 0
    assert found["recurrence"] == 0


def test_a_pattern_that_repeats_recurs_and_neither_grain_nor_a_copy_does() -> None:
    columns = np.tile(np.arange(240), (120, 1))
    stripes = (128 + 40 * np.sin(2 * np.pi * columns / 20)).astype(np.float32)
    copied = grain(120, 240)
    copied[8:92, 108:192] = copied[8:92, 8:92]
    assert np.tanh(measured(stripes)["recurrence"]) > 0.95
    assert np.tanh(measured(grain(120, 240))["recurrence"]) < 0.3
    assert np.tanh(measured(copied)["recurrence"]) < 0.3  # the match itself does not count


def test_the_recurrence_is_the_largest_correlation_that_a_search_by_hand_finds() -> None:
    picture = picture_of(grain(120, 240, seed=5))
    inside = np.indices((60, 60)).sum(0) > 40
    found = measures_of(Region(20, 20, inside, STILL), picture)[-1]
    own, best = picture.detail[20:80, 20:80][inside], 0.0
    for row in range(61):
        for column in range(117):
            if min(np.hypot(row - 20, column - 20), np.hypot(row - 20, column - 120)) >= 8:
                other = picture.detail[row : row + 60, column : column + 60][inside]
                best = max(best, np.cov(own, other, bias=True)[0, 1] / np.sqrt((own.var() + 1) * (other.var() + 1)))
    assert np.tanh(found) == pytest.approx(best, abs=1e-4)


def test_both_sides_of_a_region_are_marked_and_widened() -> None:
    region = Region(30, 20, np.ones((20, 30), np.bool_), STILL)
    marked = both_sides(region, (100, 200), 3)
    wide = cv2.dilate(np.pad(np.ones((20, 30), np.uint8), 3), disc(3).astype(np.uint8)) > 0
    by_hand = np.zeros((100, 200), np.bool_)
    by_hand[27:53, 17:53] |= wide
    by_hand[27:53, 117:153] |= wide
    np.testing.assert_array_equal(marked, by_hand)


def test_a_match_beyond_the_border_is_left_out() -> None:
    region = Region(30, 150, np.ones((20, 30), np.bool_), STILL)
    assert both_sides(region, (100, 200), 0).sum() == 600


def test_single_pixels_are_compared_with_their_matches() -> None:
    picture = grain(120, 240)
    picture[8:92, 108:192] = picture[8:92, 8:92]
    likeness, energy = likeness_around(picture_of(picture), moved_by(STILL, 120, 240), 17)
    assert likeness[35:65, 35:65].min() > 0.95
    assert likeness[95:, :100].mean() < 0.4
    assert energy.min() > 0
    flat = likeness_around(picture_of(np.full((90, 90), 9, np.float32)), moved_by(STILL, 90, 90), 17)
    assert np.abs(flat).max() < 1e-9
