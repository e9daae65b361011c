from __future__ import annotations

import numpy as np
import pytest

from support.synthetic import textured
from unseam.forging.rendering import NO_RENDERING, Rendering, denoised, rendered, tone_mapped
from unseam.forging.sensor import DEMOSAICING, MOSAICS, Sensor, sensed

PHOTO = textured(160, 200, 3)


def test_without_strengths_nothing_is_rendered() -> None:
    assert rendered(PHOTO, NO_RENDERING) is PHOTO


def test_tone_mapping_lifts_shadows_and_lowers_lights_and_keeps_their_detail() -> None:
    photo = np.clip(PHOTO / 6 + np.where(np.arange(200) < 100, 20, 180)[:, None], 0, 255).astype(np.uint8)
    mapped = tone_mapped(photo, 0.4)
    dark, bright = photo[:, :80].astype(float), photo[:, 120:].astype(float)
    assert mapped[:, :80].mean() > 1.3 * dark.mean()
    assert mapped[:, 120:].mean() < 0.97 * bright.mean()
    assert mapped[:, :80].std() > dark.std()


def test_noise_reduction_smooths_flat_parts_and_leaves_edges() -> None:
    rng = np.random.default_rng(0)
    step = np.where(np.arange(200) < 100, 60.0, 180.0)
    noisy = np.clip(step[None, :, None] + rng.normal(0, 3, (160, 200, 3)), 0, 255).astype(np.uint8)
    clean = denoised(noisy, 4.0)
    assert clean[:, :90].std() < 0.5 * noisy[:, :90].std()
    assert abs(float(clean[:, 99].mean()) - 60) < 6
    assert abs(float(clean[:, 100].mean()) - 180) < 6


def test_sharpening_raises_the_detail() -> None:
    assert np.std(rendered(PHOTO, Rendering(sharpening=1.0))) > np.std(PHOTO)


@pytest.mark.parametrize("mosaic", MOSAICS)
@pytest.mark.parametrize("demosaicing", DEMOSAICING)
def test_a_camera_keeps_the_colours_and_records_each_pixel_in_one_of_them(mosaic: str, demosaicing: str) -> None:
    smooth = np.stack(np.meshgrid(np.arange(64) * 2, np.arange(48) * 3), -1)
    photo = np.concatenate([smooth, 255 - smooth[..., :1]], axis=2).astype(np.uint8)
    taken = sensed(photo, Sensor(mosaic, demosaicing, 0.0, 0.0), np.random.default_rng(0))
    inside = np.s_[4:-4, 4:-4]
    assert np.abs(taken[inside].astype(int) - photo[inside]).max() <= 3
    colour = "RGB".index(mosaic[0])
    assert (taken[4:-4:2, 4:-4:2, colour] == photo[4:-4:2, 4:-4:2, colour]).all()


def test_a_cameras_noise_has_the_variance_that_it_says() -> None:
    grey = np.full((200, 200, 3), 100, np.uint8)
    taken = sensed(grey, Sensor("RG", "bilinear", 0.05, 2.0), np.random.default_rng(0))
    assert np.var(taken[::2, ::2, 0].astype(float)) == pytest.approx(0.05 * 100 + 4.0, rel=0.1)
