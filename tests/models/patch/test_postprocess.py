import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from unseam.models.patch.postprocess import calibrate, network_mask, photo_score


def square(height: int = 100, width: int = 120, top: int = 20, left: int = 30, side: int = 40) -> np.ndarray:
    heat = np.zeros((height, width), dtype=np.float32)
    heat[top : top + side, left : left + side] = 0.9
    return heat


@given(st.lists(st.floats(0, 1, width=32), min_size=1), st.floats(0.1, 5), st.floats(-4, 4))
def test_calibration_stays_in_range_and_keeps_the_order(values: list[float], slope: float, intercept: float) -> None:
    probability = np.sort(np.array(values, dtype=np.float32))
    heat = calibrate(probability, slope, intercept)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() <= 1
    assert (np.diff(heat) >= -1e-6).all()


def test_calibration_without_slope_and_intercept_changes_nothing() -> None:
    probability = np.linspace(0.001, 0.999, 99, dtype=np.float32)
    np.testing.assert_allclose(calibrate(probability, 1, 0), probability, atol=1e-6)


def test_calibration_is_a_line_in_the_logit() -> None:
    heat = calibrate(np.array([0.5, 0.731058579], dtype=np.float32), 2.0, -1.0)  # logits 0 and 1
    np.testing.assert_allclose(heat, [0.268941421, 0.731058579], atol=1e-6)


def test_the_score_is_read_from_the_quantile_of_the_heat() -> None:
    heat = np.linspace(0, 1, 101, dtype=np.float32).reshape(1, 101)
    assert photo_score(heat, 0.9, 1, 0) == pytest.approx(0.9, abs=1e-6)
    assert photo_score(heat, 0.5, 3, 0) == pytest.approx(0.5, abs=1e-6)


def test_the_score_of_extreme_heat_is_finite() -> None:
    assert 0 <= photo_score(np.zeros((3, 3), dtype=np.float32), 0.99, 4, 0) < 1e-3
    assert photo_score(np.ones((3, 3), dtype=np.float32), 0.99, 4, 0) > 0.999


def test_without_smoothing_and_labels_the_mask_is_the_heat_above_the_threshold() -> None:
    heat = square()
    np.testing.assert_array_equal(network_mask(heat, None, 0.5, 0.0), heat >= 0.5)


def test_smoothing_rounds_corners_and_drops_single_pixels_as_scipy_does() -> None:
    heat = square()
    heat[5, 5] = 1.0
    mask = network_mask(heat, None, 0.5, 2.0)
    assert not mask[5, 5]
    assert not mask[20, 30]
    assert mask[40, 50]
    smoothed = gaussian_filter((heat >= 0.5).astype(np.float64), 2.0, mode="mirror")
    clear = np.abs(smoothed - 0.5) > 1e-3
    np.testing.assert_array_equal(mask[clear], (smoothed >= 0.5)[clear])


def test_patches_labelled_authentic_leave_the_mask() -> None:
    heat, labels = square(), np.ones((100, 120), dtype=np.float32)
    labels[:, :50] = 0.4
    mask = network_mask(heat, labels, 0.5, 2.0)
    assert not mask[:, :50].any()
    assert mask[40, 60]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 2)])
def test_masks_of_the_smallest_photos_have_their_size(shape: tuple[int, int]) -> None:
    heat = np.ones(shape, dtype=np.float32)
    assert network_mask(heat, heat, 0.5, 2.0).shape == shape
    assert network_mask(heat, heat, 0.5, 2.0).all()
