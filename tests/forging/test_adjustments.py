from __future__ import annotations

import numpy as np
import pytest

from support.synthetic import textured
from unseam.forging.adjustments import STRENGTHS, adjusted, resized, resized_mask


@pytest.mark.parametrize("name", sorted(STRENGTHS))
def test_an_adjustment_is_mild_changes_something_and_is_the_same_from_the_same_seed(name: str) -> None:
    pixels = textured(64, 96, 3)
    before = pixels.copy()
    for strength in STRENGTHS[name]:
        done = adjusted(pixels, name, strength, np.random.default_rng(5))
        again = adjusted(pixels, name, strength, np.random.default_rng(5))
        assert done.dtype == np.uint8
        np.testing.assert_array_equal(done, again)
        np.testing.assert_array_equal(pixels, before)
        if name == "resize":
            assert done.shape == (round(64 * strength), round(96 * strength), 3)
        else:
            assert 0 < np.abs(done.astype(int) - pixels).mean() < 40


def test_without_an_adjustment_the_pixels_stay() -> None:
    pixels = textured(32, 32, 1)
    assert adjusted(pixels, "none", 0.0, np.random.default_rng(0)) is pixels
    assert resized(pixels, 32, 32) is pixels


def test_a_mask_keeps_its_share_of_the_frame_when_it_is_resized() -> None:
    mask = np.zeros((60, 80), bool)
    mask[12:36, 20:60] = True
    for height, width in ((30, 40), (90, 120), (41, 53)):
        assert resized_mask(mask, height, width).mean() == pytest.approx(mask.mean(), abs=0.02)


def test_a_mask_thinner_than_a_pixel_is_not_lost() -> None:
    mask = np.zeros((80, 80), bool)
    mask[40, :] = True
    small = resized_mask(mask, 10, 10)
    assert small.sum() == 10
    assert small[5].all()
