"""Zernike moments around every pixel: their sizes, and that they stay when the picture is turned."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.zernike import LARGEST, SCALE, zernike_kernel, zernike_magnitudes, zernike_orders

ORDERS = zernike_orders(5)


def scene(side: int = 81, seed: int = 0, blur: float = 2.0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.asarray(128 + 40 * smooth / smooth.std(), np.float32)


def test_there_are_twelve_moments_up_to_order_five() -> None:
    assert len(ORDERS) == 12
    assert all(0 <= m <= n <= 5 and (n - m) % 2 == 0 for n, m in ORDERS)


def test_a_constant_has_the_moment_of_its_own_size_and_no_other() -> None:
    features = zernike_magnitudes(np.full((40, 50), 200, np.float32), 5, 16)
    assert features.shape == (40, 50, 12)
    assert features.dtype == np.int16
    np.testing.assert_array_equal(features[..., 0], round(200 * SCALE))
    assert features[..., 1:].max() <= 0.02 * 200 * SCALE  # the polar grid has 26 radii, not infinitely many


@pytest.mark.parametrize("direction", [0.0, 0.4, 1.2])
def test_a_ramp_has_the_moment_that_integration_by_hand_gives_whatever_its_direction(direction: float) -> None:
    rows, columns = np.indices((61, 61)) - 30.0
    ramp = 128 + 2.0 * (columns * np.cos(direction) + rows * np.sin(direction))
    found = zernike_magnitudes(ramp.astype(np.float32), 5, 16)[30, 30] / SCALE
    # mean over the disc of 2 r cos(a) * exp(-i a) * r / 8, by the root mean square of r / 8, which is 1 / sqrt(2)
    by_hand = 2.0 * 8 / 4 * np.sqrt(2)
    assert found[ORDERS.index((0, 0))] == pytest.approx(128, abs=0.1)
    assert found[ORDERS.index((1, 1))] == pytest.approx(by_hand, rel=0.1)
    others = [k for k, order in enumerate(ORDERS) if order not in ((0, 0), (1, 1)) and order[0] % 2]
    assert found[others].max() < 0.05 * by_hand


def test_white_noise_gives_all_moments_the_same_size() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (200, 200)).astype(np.float32)
    sizes = []
    for order in ORDERS:
        kernel = zernike_kernel(*order, 16)
        parts = [cv2.filter2D(noise, cv2.CV_64F, part) for part in (kernel.real, kernel.imag)]
        sizes.append((parts[0] ** 2 + parts[1] ** 2).mean())
    assert max(sizes) < 1.4 * min(sizes)


def test_a_quarter_turn_changes_nothing() -> None:
    picture = scene()
    turned = zernike_magnitudes(np.ascontiguousarray(np.rot90(picture)), 5, 16)
    straight = np.rot90(zernike_magnitudes(picture, 5, 16)).astype(int)
    assert np.abs(turned - straight).max() <= 1  # rounding


@pytest.mark.parametrize("degrees", [10, 45, 100])
def test_turning_changes_the_moments_of_a_place_little_beside_those_of_other_places(degrees: int) -> None:
    picture = scene(121)
    movement = cv2.getRotationMatrix2D((60, 60), degrees, 1)
    turned = cv2.warpAffine(picture, movement, (121, 121), flags=cv2.INTER_CUBIC)
    before, after = (zernike_magnitudes(values, 5, 16).astype(float) for values in (picture, turned))
    change = np.linalg.norm(after[60, 60] - before[60, 60])
    elsewhere = np.linalg.norm(before[40:80, 40:80] - before[60, 60], axis=-1)
    assert change < 0.05 * np.median(elsewhere)


def test_the_brightest_picture_stays_within_what_the_search_allows() -> None:
    checks = (np.indices((64, 64)) // 8).sum(0) % 2 * 255
    features = zernike_magnitudes(checks.astype(np.float32), 5, 16)
    assert features.min() >= 0
    assert features.max() <= LARGEST


def test_a_kernel_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        zernike_kernel(2, 0, 16)[0, 0] = 1
