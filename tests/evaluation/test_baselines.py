import numpy as np
import pytest

from unseam.evaluation.baselines import BASELINES
from unseam.method import Method
from unseam.photo.photo import load_photo


def noisy_left_half() -> np.ndarray:
    pixels = np.full((64, 96, 3), 120, np.uint8)
    pixels[:, :48] = np.random.default_rng(0).integers(0, 255, (64, 48, 3))
    return pixels


@pytest.mark.parametrize("name", ["centre", "texture"])
@pytest.mark.parametrize("shape", [(64, 96, 3), (1, 1, 3), (7, 33, 3)])
def test_a_baseline_is_a_method_with_a_map_of_the_photos_size(name: str, shape: tuple[int, int, int]) -> None:
    baseline = BASELINES[name]
    heatmap = baseline(load_photo(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)))
    assert isinstance(baseline, Method)
    assert baseline.info.name == name
    assert heatmap.heat.shape == shape[:2]
    assert heatmap.heat.dtype == np.float32
    assert heatmap.heat.min() >= 0
    assert heatmap.heat.max() <= 1
    assert heatmap.score is None


def test_centre_is_hottest_in_the_middle() -> None:
    heat = BASELINES["centre"](load_photo(noisy_left_half())).heat
    assert np.unravel_index(heat.argmax(), heat.shape) == (32, 48)
    assert heat[0, 0] == heat.min()


def test_texture_is_hotter_where_the_picture_is_busy() -> None:
    heat = BASELINES["texture"](load_photo(noisy_left_half())).heat
    assert heat[:, :40].min() > 0.9
    assert heat[:, 60:].max() < 0.01
