import numpy as np
import pytest

from support.exif_blocks import scene
from unseam.provenance.drawn import MAX_SIDE, is_drawn

DRAWN = np.full((100, 120, 3), 255, np.uint8)
DRAWN[20:60, 30:90] = (20, 40, 200)
NOISY = (
    (scene(100, 120).astype(int) + np.random.default_rng(1).integers(-3, 4, (100, 120, 3)))
    .clip(0, 255)
    .astype(np.uint8)
)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_even_areas_are_drawn_and_noise_is_not(kind: str) -> None:
    assert is_drawn(DRAWN, kind)
    assert not is_drawn(NOISY, kind)


def test_a_photo_in_a_large_drawn_frame_is_a_screenshot() -> None:
    shot = np.full((300, 300, 3), 240, np.uint8)
    shot[100:200, 100:220] = NOISY
    assert is_drawn(shot, "PNG")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "array"])
def test_files_that_change_pixels_are_not_judged(kind: str) -> None:
    assert not is_drawn(DRAWN, kind)


def test_tiny_and_huge_pictures_are_judged_or_left() -> None:
    assert not is_drawn(DRAWN[:1], "PNG")
    assert is_drawn(np.zeros((MAX_SIDE + 500, 40, 3), np.uint8), "PNG")
