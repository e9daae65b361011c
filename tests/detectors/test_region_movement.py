"""The movement of a region, refined in the picture that was not reduced."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.copied_regions import Picture, Region, likeness_of, picture_of
from unseam.detectors.region_movement import finer, refined

Floats = NDArray[np.float64]
TURNED = np.array([[1.04, -0.15, 130.0], [0.15, 1.04, 40.0]])


def copied(movement: Floats, height: int = 220, width: int = 320) -> Picture:
    """Grain in which each pixel of the top left is what the movement's place held."""
    noise = np.random.default_rng(0).normal(size=(height, width)).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), 1.5)
    grain = np.asarray(128 + 30 * grain / grain.std(), np.float32)
    copy = cv2.warpAffine(grain, movement, (120, 120), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    grain[:120, :120] = copy
    return picture_of(grain)


def half(movement: Floats) -> Floats:
    """The same movement in pixels of a picture of half the size."""
    centre = np.array([0.5, 0.5])
    return np.column_stack([movement[:, :2], (movement[:, 2] - centre + movement[:, :2] @ centre) / 2])


def test_a_finer_region_covers_the_same_places_and_moves_them_alike() -> None:
    coarse = Region(10, 15, np.array([[True, False], [True, True]]), half(TURNED))
    fine = finer(coarse, 2)
    assert (fine.top, fine.left) == (20, 30)
    np.testing.assert_array_equal(fine.inside, np.kron(coarse.inside, np.ones((2, 2))))
    np.testing.assert_allclose(fine.movement, TURNED)


@pytest.mark.parametrize("wrong", [(0.0, 0.0), (0.8, -0.6), (-1.0, 1.0)])
def test_a_movement_that_is_off_by_a_pixel_is_set_right(wrong: tuple[float, float]) -> None:
    picture = copied(TURNED)
    movement = TURNED.copy()
    movement[:, 2] += wrong
    region = Region(15, 15, np.ones((30, 30), np.bool_), half(movement))
    found = refined(region, picture, 2)
    corners = np.array([[15, 45, 15, 45], [15, 15, 45, 45], [1, 1, 1, 1]])
    np.testing.assert_allclose(found.movement @ corners, half(TURNED) @ corners, atol=0.05)
    assert likeness_of(finer(found, 2), picture) > 0.99


def test_a_movement_is_kept_where_no_step_makes_both_sides_more_alike() -> None:
    picture = Picture(*(np.zeros((120, 240), np.float32) for _ in range(2)))
    region = Region(10, 10, np.ones((20, 20), np.bool_), half(TURNED))
    np.testing.assert_allclose(refined(region, picture, 2).movement, region.movement)
