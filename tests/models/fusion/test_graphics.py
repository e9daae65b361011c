"""Screenshots and graphics, and photographs that only look a little like them."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.models.fusion.graphics import graphic_reason


def drawn() -> NDArray[np.uint8]:
    """Return a screen with a title bar, boxes and a photograph inside."""
    pixels = np.full((600, 400, 3), (236, 229, 221), np.uint8)
    pixels[:50] = (7, 94, 84)
    for top in (80, 150, 480):
        pixels[top : top + 40, 20:260] = 255
    pixels[220:400, 120:380] = photograph(180, 260)
    return pixels


def photograph(height: int, width: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(2)
    slope = np.linspace(60, 180, width)[None, :, None]
    return np.clip(slope + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)


def saved(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def test_a_drawn_frame_is_a_graphic_even_after_jpeg() -> None:
    assert "screenshot or graphic" in str(graphic_reason(drawn()))
    for quality in (95, 85, 75):
        assert graphic_reason(saved(drawn(), quality))


def test_a_photograph_is_none_with_a_border_a_caption_or_a_clipped_sky() -> None:
    photo = photograph(300, 400)
    bordered = np.full((460, 560, 3), 255, np.uint8)
    bordered[80:380, 80:480] = photo
    captioned = np.concatenate([photo, np.zeros((70, 400, 3), np.uint8)])
    captioned[320:340, 60:300] = 255
    sky = photo.copy()
    rows = np.arange(300)[:, None] < 180 + 20 * np.sin(np.arange(400) / 25)
    sky[rows] = 255
    for pixels in (photo, bordered, captioned, sky):
        assert graphic_reason(pixels) is None


@pytest.mark.parametrize("size", [(1, 1), (15, 200), (200, 15), (20, 20)])
def test_frames_of_any_size_and_of_one_colour_are_let_through(size: tuple[int, int]) -> None:
    assert graphic_reason(np.full((*size, 3), 90, np.uint8)) is None
