from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from support.synthetic import textured
from unseam.forging.edits import Cutout, splice
from unseam.forging.matting import foreground, matte

HOST = textured(200, 240, 1)


def disk(radius: float, row: int = 100, column: int = 120) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[:200, :240]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


def object_on_ground(radius: int = 40) -> NDArray[np.uint8]:
    """A bright red disk on dark green."""
    pixels = np.zeros((200, 240, 3), np.uint8)
    pixels[...] = (20, 60, 20)
    pixels[disk(radius)] = (230, 30, 30)
    return pixels


@pytest.mark.parametrize("width", [0.0, 1.0, 4.0])
def test_alpha_is_full_inside_and_nothing_outside(width: float) -> None:
    alpha = matte(object_on_ground(), disk(40), width)
    assert alpha.dtype == np.float32
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    assert (alpha[disk(40 - 2 * width - 3)] == 1).all()
    assert (alpha[~disk(40 + 2 * width + 3)] == 0).all()


def test_alpha_follows_the_objects_own_edge_where_the_mask_is_coarse() -> None:
    coarse = disk(42)  # two pixels too large all around
    alpha = matte(object_on_ground(), coarse, 3.0)
    rim = coarse & ~disk(40)
    inside = disk(40) & ~disk(38)
    assert alpha[rim].mean() < 0.45
    assert alpha[inside].mean() > 0.75


def test_no_rim_of_the_old_background_comes_along() -> None:
    pixels = object_on_ground()
    soft = np.asarray(cv2.GaussianBlur(disk(40).astype(np.float32), (0, 0), 2.0))
    mixed = np.rint(soft[..., None] * np.array([230, 30, 30]) + (1 - soft[..., None]) * np.array([20, 60, 20]))
    own = foreground(mixed.astype(np.uint8), soft, 2.0)
    rim = (soft > 0.3) & (soft < 0.9)
    assert np.abs(own[rim].astype(int) - (230, 30, 30)).max() < 12
    assert np.abs(mixed[rim] - (230, 30, 30)).max() > 100
    assert (pixels == object_on_ground()).all()


def test_a_matted_splice_is_soft_at_its_edge_and_its_mask_the_half() -> None:
    blurred = np.asarray(cv2.GaussianBlur(object_on_ground(), (0, 0), 2.0), np.uint8)
    black = np.zeros_like(HOST)
    pixels, mask = splice(black, Cutout(blurred, disk(40)), 0, 0, seam="matte", width=3.0)
    assert mask.sum() == pytest.approx(disk(40).sum(), rel=0.1)
    red = pixels[100, 120:180, 0].astype(int)
    between = ((red > 25) & (red < 200)).sum()
    assert 2 <= between <= 12
    assert (pixels[~disk(52)] == 0).all()


@pytest.mark.parametrize("corner", [(-60, -80), (90, 130), (0, 0)])
def test_a_matted_splice_may_hang_over_a_border(corner: tuple[int, int]) -> None:
    pixels, mask = splice(HOST, Cutout(object_on_ground(), disk(40)), *corner, seam="matte", width=2.0)
    assert mask.any()
    far = cv2.dilate(mask.astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert (pixels[far] == HOST[far]).all()
