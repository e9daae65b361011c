import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.drawing.heat_layer import LAYER_OPACITY, lay_over, lay_whole_scale, layer_bar, layer_png, whole_scale_bar

RAMP = np.broadcast_to(np.linspace(0, 1, 400, dtype=np.float32), (20, 400))


def grey(level: int) -> NDArray[np.uint8]:
    return np.full((*RAMP.shape, 3), level, np.uint8)


@pytest.mark.parametrize("level", [0, 90, 160, 255])
def test_the_layer_is_clear_up_to_no_evidence_and_grows_from_there(level: int) -> None:
    drawn = lay_over(grey(level), RAMP)[10].astype(int)
    assert (drawn[:200] == level).all()
    change = np.abs(drawn[200:] - level).sum(axis=1)
    assert (np.diff(change) >= -1).all()
    assert change[-1] > 60


def test_the_photo_stays_readable_under_the_hottest_layer() -> None:
    dark, light = (lay_over(grey(level), np.ones_like(RAMP)).mean() for level in (40, 200))
    assert light - dark == pytest.approx((1 - LAYER_OPACITY) * 160, abs=1)


def test_the_layer_alone_has_the_same_opacity_for_the_same_heat() -> None:
    layer = np.asarray(Image.open(io.BytesIO(layer_png(RAMP))).convert("RGBA"))
    assert (layer[..., 3] == layer[:1, :, 3]).all()
    assert (layer[0, :199, 3] == 0).all()
    assert layer[0, -1, 3] == 255
    assert (np.diff(layer[0, :, 3].astype(int)) >= 0).all()


def test_the_whole_scale_grows_lighter_with_heat() -> None:
    luma = lay_whole_scale(grey(128), RAMP)[10].astype(float) @ (0.299, 0.587, 0.114)
    assert (np.diff(luma) >= -1.5).all()
    assert luma[-1] - luma[0] > 100


def test_bars_show_the_colours_of_the_pictures() -> None:
    assert np.array_equal(layer_bar(3, 400)[0], lay_over(grey(125), RAMP)[0])
    assert np.array_equal(whole_scale_bar(3, 400)[0, -1], whole_scale_bar()[0, -1])
