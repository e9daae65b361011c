from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from support.synthetic import textured
from unseam.forging.completion import BAND, completion_layer
from unseam.forging.edits import filled_from_patches


def square(top: int, left: int, side: int, shape: tuple[int, int] = (200, 240)) -> NDArray[np.bool_]:
    region = np.zeros(shape, bool)
    region[max(top, 0) : top + side, max(left, 0) : left + side] = True
    return region


def filled(photo: NDArray[np.uint8], region: NDArray[np.bool_], seed: int = 3) -> NDArray[np.uint8]:
    layer = completion_layer(photo, region, seed)
    assert layer is not None
    return layer


def test_a_pattern_continues_through_the_region_whatever_stood_there() -> None:
    rows, columns = np.indices((200, 240)) // 10 % 2
    photo = np.where((rows ^ columns)[..., None], (220, 180, 60), (40, 60, 120)).astype(np.uint8)
    region = square(70, 90, 50)
    ruined = photo.copy()
    ruined[region] = (255, 0, 255)
    layer = filled(ruined, region)
    assert not (layer[region] == (255, 0, 255)).all(axis=1).any()
    assert (layer[region] == photo[region]).all(axis=1).mean() > 0.9


def test_the_border_of_two_grounds_continues_through_the_region() -> None:
    photo = textured(200, 240, 4) // 8 + np.uint8(60)
    photo[100:] += np.uint8(100)
    region = square(75, 95, 50)
    ruined = photo.copy()
    ruined[region] = 0
    layer = filled(ruined, region).mean(axis=2)
    assert layer[77:95, 95:145].max() < 130 < layer[105:123, 95:145].min()


def test_every_filled_pixel_is_copied_from_the_photograph() -> None:
    photo, region = textured(200, 240, 5), square(60, 80, 60)
    kept = {tuple(pixel) for pixel in photo[~region]}
    assert all(tuple(pixel) in kept for pixel in filled(photo, region)[region])


def test_neighbouring_pixels_are_copied_from_neighbouring_places() -> None:
    """Sixteen bits of the place stand in red and green: what is filled is pieces of the photograph, not noise."""
    rows, columns = np.indices((200, 240))
    photo = np.stack([rows, columns, textured(200, 240, 6)[..., 2] // 4], axis=2).astype(np.uint8)
    layer = filled(photo, square(70, 90, 50))[70:120, 90:140].astype(int)
    steps = np.diff(layer[..., :2], axis=1)
    assert (steps == (0, 1)).all(axis=2).mean() > 0.6


@pytest.mark.parametrize("corner", [(-10, -10), (-20, 90), (160, 200), (60, 60)])
@pytest.mark.parametrize("seam", ["hard", "smooth", "poisson"])
def test_nothing_changes_outside_the_mask(corner: tuple[int, int], seam: str) -> None:
    photo, region = textured(200, 240, 7), square(*corner, 50)
    rng = np.random.default_rng(1)
    made = filled_from_patches(photo, region, "content-aware", rng, seam=seam, width=2.0)
    assert made is not None
    pixels, mask = made
    assert (pixels[~mask] == photo[~mask]).all()
    assert (mask & region).sum() == region.sum()
    assert (pixels[region] != photo[region]).any(axis=1).mean() > 0.9


def test_the_filling_continues_beyond_the_region_for_soft_seams() -> None:
    photo, region = textured(200, 240, 8), square(70, 90, 40)
    changed = (filled(photo, region) != photo).any(axis=2) & ~region
    near = cv2.dilate(region.astype(np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
    assert not changed[~near].any()
    assert changed[near & ~region].mean() > 0.3


def test_a_region_that_leaves_no_patch_is_not_filled() -> None:
    region = np.ones((160, 160), bool)
    region[:6] = False
    assert completion_layer(textured(160, 160, 8), region, 1) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (60, 2)])
def test_thin_regions_are_filled(shape: tuple[int, int]) -> None:
    photo, region = textured(200, 240, 9), np.zeros((200, 240), bool)
    region[80 : 80 + shape[0], 100 : 100 + shape[1]] = True
    assert filled(photo, region).shape == photo.shape


def test_the_same_seed_fills_the_same_way_and_another_does_not() -> None:
    photo, region = textured(200, 240, 5), square(50, 60, 60)
    assert (filled(photo, region) == filled(photo, region)).all()
    assert (filled(photo, region) != filled(photo, region, seed=4)).any()


def test_the_callers_arrays_are_left_alone() -> None:
    photo, region = textured(200, 240, 9), square(40, 40, 40)
    before = photo.copy(), region.copy()
    filled(photo, region)
    assert (photo == before[0]).all()
    assert (region == before[1]).all()
