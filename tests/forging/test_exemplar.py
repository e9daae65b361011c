from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from support.synthetic import textured
from unseam.forging.edits import filled_from_patches
from unseam.forging.exemplar import BAND, exemplar_layer

RNG = np.random.default_rng(0)


def square(shape: tuple[int, int], top: int, left: int, side: int) -> NDArray[np.bool_]:
    region = np.zeros(shape, bool)
    region[max(top, 0) : top + side, max(left, 0) : left + side] = True
    return region


def stripes(height: int, width: int, period: int) -> NDArray[np.uint8]:
    bright = np.arange(width) % period < period // 2
    return np.broadcast_to(np.where(bright, 220, 40)[None, :, None], (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("side", [20, 90], ids=["at full size", "reduced"])
def test_stripes_go_on_through_the_region(side: int) -> None:
    photo = stripes(240, 300, 24)
    region = square((240, 300), 60, 100, side)
    ruined = photo.copy()
    ruined[region] = (255, 0, 0)
    layer = exemplar_layer(ruined, region)
    assert layer is not None
    assert (layer[region] == photo[region]).all(axis=1).mean() > 0.97


def test_a_slanted_line_is_drawn_through_the_region_as_if_nothing_had_been_there() -> None:
    """What the paper's order is for: by confidence alone the ground closes over a line that runs askew."""
    shares = []
    for seed in range(4):
        photo = np.clip(textured(160, 160, seed) // 12 + 100, 0, 255).astype(np.uint8)
        cv2.line(photo, (10, 20), (150, 140), (20, 60, 200), 5)
        region = square((160, 160), 50, 55, 60)
        region[:, 105:] = False
        ruined = photo.copy()
        ruined[region] = 0
        layer = exemplar_layer(ruined, region)
        assert layer is not None
        wanted, found = ((p[..., 2].astype(int) - p[..., 0] > 100) & region for p in (photo, layer))
        shares.append((wanted & found).sum() / (wanted | found).sum())
    assert np.mean(shares) > 0.97


def test_every_filled_pixel_is_one_of_the_photographs_own() -> None:
    photo = textured(180, 200, 5)
    region = square((180, 200), 50, 60, 60)
    layer = exemplar_layer(photo, region)
    assert layer is not None
    kept = {tuple(pixel) for pixel in photo[~region]}
    assert all(tuple(pixel) in kept for pixel in layer[region])


@pytest.mark.parametrize("corner", [(-10, -10), (-20, 90), (150, 170), (60, 60)])
@pytest.mark.parametrize("seam", ["hard", "smooth", "poisson"])
def test_nothing_changes_outside_the_mask(corner: tuple[int, int], seam: str) -> None:
    photo = textured(200, 220, 6)
    region = square((200, 220), *corner, 50)
    filled = filled_from_patches(photo, region, "exemplar", RNG, seam=seam, width=2.0)
    assert filled is not None
    pixels, mask = filled
    assert (pixels[~mask] == photo[~mask]).all()
    assert (mask & region).sum() == region.sum()
    assert (pixels[region] != photo[region]).any(axis=1).mean() > 0.9


def test_the_patches_reach_beyond_the_region_for_soft_seams() -> None:
    photo, region = textured(200, 220, 7), square((200, 220), 70, 80, 40)
    layer = exemplar_layer(photo, region)
    assert layer is not None
    changed = (layer != photo).any(axis=2) & ~region
    near = cv2.dilate(region.astype(np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
    assert not changed[~near].any()
    assert changed[near & ~region].mean() > 0.3


def test_a_region_that_leaves_no_patch_is_not_filled() -> None:
    region = np.ones((160, 160), bool)
    region[:4] = False
    assert filled_from_patches(textured(160, 160, 8), region, "exemplar", RNG) is None


def test_the_same_region_is_filled_the_same_way_again() -> None:
    photo, region = textured(180, 200, 5), square((180, 200), 50, 60, 60)
    assert np.array_equal(exemplar_layer(photo, region), exemplar_layer(photo, region))  # type: ignore[arg-type]


def test_the_callers_arrays_are_left_alone() -> None:
    photo, region = textured(160, 160, 9), square((160, 160), 40, 40, 40)
    before = photo.copy(), region.copy()
    exemplar_layer(photo, region)
    assert (photo == before[0]).all()
    assert (region == before[1]).all()
