"""The search for the most similar place elsewhere: what it finds, and that it finds it again."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from unseam.detectors import patch_match
from unseam.detectors.patch_match import median_field, nearest_field
from unseam.detectors.zernike import zernike_magnitudes

NEAREST = 8


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray(np.rint(128 + 40 * smooth / smooth.std()), np.float32)


def field_of(picture: NDArray[np.float32], passes: int = 2) -> NDArray[np.int16]:
    return nearest_field(zernike_magnitudes(picture, 5, 16), passes, NEAREST, seed=7)


def costs(features: NDArray[np.int16], field: NDArray[np.int16]) -> NDArray[np.int64]:
    rows, columns = np.indices(field.shape[:2])
    other = features[rows + field[..., 0], columns + field[..., 1]].astype(np.int64)
    return np.asarray(((features - other) ** 2).sum(-1))


def test_a_copied_square_and_its_source_find_each_other() -> None:
    picture = scene(200, 240)
    picture[120:180, 150:210] = picture[20:80, 30:90]
    field = field_of(picture)
    assert (field[30:70, 40:80] == (100, 120)).all(-1).mean() > 0.99
    assert (field[130:170, 160:200] == (-100, -120)).all(-1).mean() > 0.99


def test_a_square_turned_upside_down_is_found_though_every_pixel_has_another_offset() -> None:
    picture = scene(200, 240)
    picture[120:180, 150:210] = np.rot90(picture[20:80, 30:90], 2)
    rows, columns = np.mgrid[30:70, 40:80]
    right = np.stack([199 - 2 * rows, 239 - 2 * columns], -1)  # pixel (r, c) went to (199 - r, 239 - c)
    found = field_of(picture)[30:70, 40:80]
    assert (np.abs(found - right).max(-1) <= 1).mean() > 0.95


def test_matches_are_nearly_as_good_as_the_best_of_all() -> None:
    features = zernike_magnitudes(scene(64, 72, seed=2), 5, 16)
    flat = features.reshape(-1, 12).astype(np.int64)
    rows, columns = np.indices((64, 72)).reshape(2, -1)
    exact = np.empty(len(flat))
    for pixel, values in enumerate(flat):
        apart = np.hypot(rows - rows[pixel], columns - columns[pixel]) >= NEAREST
        exact[pixel] = ((flat - values) ** 2).sum(-1)[apart].min()
    found = costs(features, nearest_field(features, 4, NEAREST, 1)).ravel()
    assert (found >= exact).all()
    assert np.median(found / exact) < 1.2


def test_more_passes_never_make_a_match_worse() -> None:
    features = zernike_magnitudes(scene(96, 96, seed=3), 5, 16)
    sums = [costs(features, nearest_field(features, passes, NEAREST, 1)).sum() for passes in range(4)]
    assert sums == sorted(sums, reverse=True)
    assert sums[2] < sums[0]


@pytest.mark.parametrize("size", [(128, 128), (131, 301), (300, 128)])
def test_every_match_lies_in_the_picture_and_is_not_nearer_than_the_minimum_distance(size: tuple[int, int]) -> None:
    field = field_of(scene(*size)).astype(int)
    rows, columns = np.indices(size)
    assert (rows + field[..., 0] >= 0).all()
    assert (rows + field[..., 0] < size[0]).all()
    assert (columns + field[..., 1] >= 0).all()
    assert (columns + field[..., 1] < size[1]).all()
    assert np.hypot(field[..., 0], field[..., 1]).min() >= NEAREST


def test_the_same_seed_gives_the_same_field_bit_for_bit() -> None:
    picture = scene(300, 260, seed=4)
    first, second = (field_of(picture) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert median_field(first, 2).tobytes() == median_field(second, 2).tobytes()


def test_another_seed_gives_another_field() -> None:
    features = zernike_magnitudes(scene(96, 96), 5, 16)
    first, second = (nearest_field(features, 1, NEAREST, seed) for seed in (1, 2))
    assert (first != second).any()


def test_a_flat_picture_where_all_matches_are_equal_is_no_trouble() -> None:
    field = field_of(np.full((128, 128), 90, np.float32))
    assert np.hypot(field[..., 0].astype(int), field[..., 1]).min() >= NEAREST


@pytest.mark.parametrize(
    "features",
    [
        np.zeros((40, 40, 11), np.int16),
        np.zeros((40, 40, 12), np.int32),
        np.full((40, 40, 12), 8192, np.int16),
        np.full((40, 40, 12), -1, np.int16),
        np.zeros((1, 32768, 12), np.int16),
        np.zeros((16, 16, 12), np.int16),
    ],
)
def test_features_that_do_not_fit_are_refused(features: NDArray[np.int16]) -> None:
    with pytest.raises(ValueError, match="expected"):
        nearest_field(features, 1, NEAREST, 1)


def test_the_median_equals_scipys_over_the_same_square() -> None:
    field = np.random.default_rng(0).integers(-300, 300, (70, 45, 2)).astype(np.int16)
    slow = [median_filter(field[..., k], size=5, mode="nearest") for k in (0, 1)]
    np.testing.assert_array_equal(median_field(field, 2), np.stack(slow, -1))


def test_pixels_with_equal_features_follow_each_other_when_sorted() -> None:
    rng = np.random.default_rng(0)
    features = rng.integers(0, 8000, (2000, 12)).astype(np.int16)
    features[1630] = features[125]
    levels = patch_match._levels(features)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        order = patch_match._sorted(features, levels, rng.permutation(12)[:6], rng.integers(0, 256, 6))
        places = np.flatnonzero(np.isin(order, (1630, 125)))
        assert sorted(order) == list(range(2000))
        assert places[1] - places[0] == 1
