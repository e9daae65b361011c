"""Noise level: equal to both references, finds a noisier region, calm elsewhere."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import pywt
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import f1_score, roc_auc_score

from support.places import SHARED
from support.pyifd_maps import STEMS, pyifd_map, pyifd_photo
from unseam.detectors import noise_level as module
from unseam.detectors.noise_level import METHOD, merge, noise_level, noise_level_llr, noise_level_statistic
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
PYIFD = ("t0_authentic_hubble", "t1_adq_china", "t2_nadq_coffee", "t3_copymove_flower_odd", "t4_noise_astro")


def scene(height: int, width: int, seed: int = 0, noise: float = 2.0) -> NDArray[np.uint8]:
    """Smooth colours with textured parts among them, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(50, 200, (height // 48, width // 48, 3)), (width, height))
    texture = cv2.GaussianBlur(rng.normal(0, 40, (height, width, 1)), (0, 0), 2.0)[..., None]
    where = cv2.resize(rng.uniform(0, 1, (height // 96 + 1, width // 96 + 1)), (width, height))[..., None]
    return np.clip(coarse + texture * where + rng.normal(0, noise, (height, width, 3)), 0, 255).astype(np.uint8)


def patched(inside: NDArray[np.uint8], outside: NDArray[np.uint8]) -> tuple[Photo, NDArray[np.bool_]]:
    mask = np.zeros(outside.shape[:2], bool)
    mask[150:350, 200:430] = True
    return load_photo(np.where(mask[..., None], inside, outside).astype(np.uint8)), mask


def full_range(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The luma that pyIFD takes."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2YCR_CB)[..., 0].astype(np.float64)


def test_it_equals_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    expected = scipy_io.loadmat(str(folder / "168_NOI1.mat"))["OutputMap"]
    found = noise_level_statistic(load_photo(folder / "168_image.jpg"))
    assert found.step == (16, 16)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-9 * np.ptp(expected))


@pytest.mark.parametrize("name", PYIFD)
def test_it_equals_pyifd_when_given_its_luma(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (REFERENCE / "NOI1.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "NOI1.npz") as maps:
        expected = maps[f"{name}__out0"].astype(np.float64)
    monkeypatch.setattr(module, "_luma", full_range)
    found = noise_level_statistic(load_photo(REFERENCE / f"{name}.jpg")).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.ptp(expected))


@pytest.mark.parametrize("stem", STEMS)
def test_it_equals_pyifds_committed_maps_when_given_its_luma(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = pyifd_map(stem, "NOI1")
    monkeypatch.setattr(module, "_luma", full_range)
    found = noise_level_statistic(pyifd_photo(stem)).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.ptp(expected))


def test_luma_is_rounded_and_of_video_range() -> None:
    pixels = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [10, 20, 30]]], np.uint8)
    by_hand = [16, 235, 81, 32]  # 81.481; 16 + 2.568 + 10.083 + 2.937 = 31.588
    np.testing.assert_array_equal(module._luma(pixels), [by_hand])


@pytest.mark.parametrize("size", [(64, 64), (65, 95), (127, 81), (303, 194)])
def test_it_is_the_median_of_pywavelets_diagonal_details(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    luma = np.floor(16.5 + pixels @ np.array([65.481, 128.553, 24.966]) / 255)
    details = np.abs(pywt.dwt2(luma, "db8", "symmetric")[1][2])
    found = noise_level_statistic(load_photo(pixels)).values
    assert found.shape == (details.shape[0] // 8, details.shape[1] // 8)
    for row, column in np.ndindex(found.shape):
        block = details[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        assert found[row, column] == pytest.approx(np.median(block) / 0.6745, rel=1e-9)


def test_every_pixel_but_two_at_the_border_lies_in_a_cell() -> None:
    for side in range(64, 96):
        cells = noise_level_statistic(load_photo(scene(96, 96)[:side])).values.shape[0]
        assert side - 2 <= 16 * cells + module.ORIGIN[0] < side + 16


def test_it_measures_the_standard_deviation_of_white_noise() -> None:
    noise = np.random.default_rng(2).normal(0, 10, (512, 512, 1))
    grey = np.rint(128 + np.repeat(noise, 3, axis=2)).astype(np.uint8)
    assert np.median(noise_level_statistic(load_photo(grey)).values) == pytest.approx(10 * 219 / 255, rel=0.03)


def test_a_noisy_spot_is_hottest_in_its_own_cell() -> None:
    pixels = np.full((256, 256, 3), 120, np.uint8)
    top, left = 16 * 6 + module.ORIGIN[0], 16 * 9 + module.ORIGIN[1]
    spot = np.random.default_rng(3).integers(60, 180, (16, 16, 1), dtype=np.uint8)
    pixels[top : top + 16, left : left + 16] = spot
    found = noise_level_statistic(load_photo(pixels)).values
    assert np.unravel_index(found.argmax(), found.shape) == (6, 9)


def test_it_finds_a_noisier_region() -> None:
    photo, mask = patched(scene(512, 640, noise=12), scene(512, 640, noise=2))
    found = noise_level(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_it_is_calm_where_noise_is_the_same_though_texture_is_not(seed: int) -> None:
    found = noise_level(load_photo(scene(480, 640, seed=seed)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_texture_alone_is_not_hot() -> None:
    smooth = scene(512, 640)
    texture = cv2.GaussianBlur(np.random.default_rng(9).normal(0, 60, smooth.shape[:2]), (0, 0), 0.9)[..., None]
    photo, mask = patched(np.clip(smooth + texture, 0, 255).astype(np.uint8), smooth)
    statistic = noise_level_statistic(photo).values
    inside = mask[8::16, 8::16][: statistic.shape[0], : statistic.shape[1]]
    found = noise_level(photo)
    assert np.median(statistic[: inside.shape[0], : inside.shape[1]][inside]) > 1.2 * np.median(statistic)
    assert not found.mask.any()


def test_it_is_blind_to_a_region_of_less_noise() -> None:
    photo, _ = patched(scene(512, 640, noise=2), scene(512, 640, noise=12))
    found = noise_level(photo)
    assert not found.mask.any()


def test_clipped_and_flat_cells_know_nothing() -> None:
    pixels = scene(320, 320)
    pixels[40:120, 40:120] = 255
    pixels[200:280, 40:120] = np.random.default_rng(0).integers(0, 2, (80, 80, 3))
    pixels[40:120, 200:280] = 90
    found = noise_level_llr(load_photo(pixels)).values
    for rows, columns in ((slice(4, 7), slice(4, 7)), (slice(14, 17), slice(4, 7)), (slice(4, 7), slice(14, 17))):
        assert np.isnan(found[rows, columns]).all()
    assert np.isfinite(found[9:12]).all()


def test_a_photo_with_next_to_no_detail_says_nothing() -> None:
    pixels = np.zeros((96, 120, 3), np.uint8)
    pixels[5, 5] = 1
    assert (noise_level(load_photo(pixels)).heat == 0.5).all()


def test_similar_neighbours_are_merged_and_others_are_not() -> None:
    level = np.array([[0.0, 0.1, 5.0], [0.1, 0.2, 5.1], [9.0, 9.0, 0.1]])
    labels = merge(level, 0.5)
    assert len(np.unique(labels)) == 4
    assert (labels[:2, :2] == labels[0, 0]).all()
    assert labels[0, 2] == labels[1, 2]
    assert labels[2, 0] == labels[2, 1]
    assert labels[2, 2] != labels[0, 0]  # as quiet, but no neighbour


def test_segments_are_compared_by_their_means() -> None:
    level = np.array([[0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.0]])
    np.testing.assert_array_equal(merge(level, 0.9), [[0, 0, 0, 0, 1, 2, 2]])
    np.testing.assert_array_equal(merge(level, 1.4), [[0, 0, 0, 0, 1, 1, 1]])  # 0 and 5 / 3
    assert (merge(level, 1.7) == 0).all()


def test_unknown_cells_belong_to_no_segment_and_divide() -> None:
    np.testing.assert_array_equal(merge(np.array([[1.0, np.nan, 1.0]]), 1.0), [[0, -1, 1]])
    np.testing.assert_array_equal(merge(np.array([[1.0]]), 1.0), [[0]])


def test_small_segments_are_drawn_towards_the_majority() -> None:
    segments = np.zeros((10, 10), np.int64)
    segments[0, 0], segments[5:] = 1, 2
    level = np.array([0.0, 4.0, 4.0])[segments]
    found = module._of_segments(level, segments, 0.01)
    assert found[0, 0] == pytest.approx(2.0)
    assert found[9, 9] == pytest.approx(4 * 50 / 51)


def test_the_median_is_that_of_the_known_neighbours() -> None:
    values = np.random.default_rng(4).normal(size=(9, 11))
    values[3:6, 4:7] = np.nan
    found = module._median_around(values, 3)
    assert np.isnan(found[4, 5])
    assert found[2, 5] == np.nanmedian(values[1:4, 4:7])
    assert found[0, 0] == np.median(values[:2, :2])


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert np.isfinite(METHOD(photo).heat).all()


def test_a_grey_photo_is_judged_like_a_coloured_one() -> None:
    grey = [np.repeat(scene(512, 640, noise=noise)[..., :1], 3, axis=2) for noise in (12, 2)]
    photo, mask = patched(*grey)
    assert roc_auc_score(mask.ravel(), noise_level(photo).heat.ravel()) >= 0.95


@pytest.mark.parametrize(
    ("pixels", "reason"), [(scene(96, 300)[:48], "300 x 48"), (np.full((80, 80, 3), 9, np.uint8), "flat")]
)
def test_it_says_why_it_does_not_apply(pixels: NDArray[np.uint8], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        noise_level_statistic(load_photo(pixels))
    with pytest.raises(NotApplicable, match=reason):
        noise_level(load_photo(pixels))


def test_its_filters_are_those_of_pywavelets() -> None:
    wavelet = pywt.Wavelet("db8")
    np.testing.assert_array_equal(module.LOW_PASS, wavelet.dec_lo)
    np.testing.assert_array_equal(module.HIGH_PASS, wavelet.dec_hi)


@pytest.mark.parametrize("seed", range(5))
def test_connected_parts_are_numbered_as_by_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 300, (2, 40 + 60 * seed))
    links = coo_array((np.ones(one.size), (one, other)), shape=(300, 300))
    expected = connected_components(links, directed=False)[1]
    np.testing.assert_array_equal(module._connected(300, one, other), expected)
