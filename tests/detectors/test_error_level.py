"""Error level: equal to both references, finds a part that never was a JPEG, calm elsewhere."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from support.places import SHARED
from support.pyifd_maps import STEMS, pyifd_map, pyifd_photo
from unseam.detectors import error_level as module
from unseam.detectors.error_level import METHOD, ErrorLevelConfig, error_level, error_level_llr
from unseam.detectors.error_level import error_level_statistic as statistic
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
PYIFD = ("t0_authentic_hubble", "t1_adq_china", "t2_nadq_coffee", "t3_copymove_flower_odd", "t4_noise_astro")


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours, texture of several scales, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(50, 200, (height // 48 + 1, width // 48 + 1, 3)), (width, height))
    texture = cv2.GaussianBlur(rng.normal(0, 60, (height, width, 1)), (0, 0), 1.5)[..., None]
    where = cv2.resize(rng.uniform(0.2, 1, (height // 96 + 1, width // 96 + 1)), (width, height))[..., None]
    return np.clip(coarse + texture * where + rng.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)


def compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def region(height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), bool)
    mask[150:350, 200:430] = True
    return mask


def pasted(inside: NDArray[np.uint8], outside: NDArray[np.uint8]) -> tuple[Photo, NDArray[np.bool_]]:
    mask = region(*outside.shape[:2])
    return load_photo(np.where(mask[..., None], inside, outside).astype(np.uint8)), mask


def test_it_equals_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    expected = scipy_io.loadmat(str(folder / "168_ELA.mat"))["OutputMap"]
    found = statistic(load_photo(folder / "168_image.jpg"))
    assert found.step == (1, 1)
    np.testing.assert_array_equal(found.values, expected)


@pytest.mark.parametrize("name", PYIFD)
def test_it_equals_pyifd(name: str) -> None:
    if not (REFERENCE / "ELA.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "ELA.npz") as maps:
        expected = maps[f"{name}__out0"].astype(np.float64)
    found = statistic(load_photo(REFERENCE / f"{name}.jpg")).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.ptp(expected))


@pytest.mark.parametrize("stem", STEMS)
def test_it_equals_pyifds_committed_maps(stem: str) -> None:
    np.testing.assert_allclose(statistic(pyifd_photo(stem)).values, pyifd_map(stem, "ELA"), rtol=0, atol=1e-6)


@pytest.mark.parametrize("tile", [(16, 32), (64, 64), (256, 48)])
def test_saving_in_tiles_gives_the_same_numbers_as_saving_the_whole(
    tile: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = load_photo(scene(203, 301))
    bgr = np.ascontiguousarray(photo.pixels[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, 90))
    again = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert again is not None
    whole = 15 * np.abs(bgr.astype(np.float64) - again).mean(2)
    monkeypatch.setattr(module, "TILE", tile)
    np.testing.assert_allclose(statistic(photo).values, whole, rtol=1e-12)


def test_a_photo_wider_than_jpeg_allows_is_judged() -> None:
    row = np.random.default_rng(0).integers(0, 256, (64, 70000, 3), dtype=np.uint8)
    assert statistic(load_photo(row)).values.shape == (64, 70000)


def test_quality_and_gain_are_those_asked_for() -> None:
    photo = load_photo(scene(96, 96))
    usual, tenfold = (statistic(photo, ErrorLevelConfig(gain=gain)).values for gain in (15, 150))
    np.testing.assert_allclose(tenfold, 10 * usual)
    assert statistic(photo, ErrorLevelConfig(quality=60)).values.mean() > 1.2 * usual.mean()


@pytest.mark.parametrize("quality", [75, 85, 92])
def test_it_finds_a_part_that_never_was_a_jpeg(quality: int) -> None:
    photo, mask = pasted(scene(512, 640, seed=1), compressed(scene(512, 640), quality))
    found = error_level(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


@pytest.mark.parametrize("quality", [60, 75, 90, 95, None])
def test_it_is_calm_on_an_untouched_photo(quality: int | None) -> None:
    pixels = scene(480, 640, seed=3)
    pixels[:, :250] = cv2.GaussianBlur(pixels[:, :250], (0, 0), 3)  # a calm part and a lively one
    found = error_level(load_photo(pixels if quality is None else compressed(pixels, quality)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_texture_alone_is_not_hot_though_it_changes_more() -> None:
    smooth = scene(512, 640)
    texture = cv2.GaussianBlur(np.random.default_rng(9).normal(0, 60, smooth.shape[:2]), (0, 0), 0.9)[..., None]
    lively = np.clip(smooth + texture, 0, 255).astype(np.uint8)
    pixels = np.where(region(512, 640)[..., None], lively, smooth).astype(np.uint8)
    photo = load_photo(compressed(pixels, 80))
    values = statistic(photo).values
    assert values[region(512, 640)].mean() > 1.2 * values[~region(512, 640)].mean()
    assert not error_level(photo).mask.any()


def test_it_is_blind_to_a_part_that_was_saved_more_often_than_the_rest() -> None:
    photo, _ = pasted(compressed(scene(512, 640, seed=1), 80), scene(512, 640))
    found = error_level(photo)
    assert not found.mask.any()


def test_a_photo_cropped_off_its_grid_has_no_majority_to_compare_grids_with() -> None:
    photo, _ = pasted(scene(512, 640, seed=1), compressed(scene(512, 640), 80))
    llr = error_level_llr(load_photo(photo.pixels[3:, 6:])).values
    assert np.abs(llr).max() < 2


def test_clipped_blocks_know_nothing() -> None:
    pixels = scene(320, 320)
    pixels[40:120, 40:120] = 255
    pixels[200:280, 40:120] = 0
    llr = error_level_llr(load_photo(pixels)).values
    assert np.isnan(llr[6:14, 6:14]).all()
    assert np.isnan(llr[26:34, 6:14]).all()
    assert np.isfinite(llr[:, 16:]).all()


def test_a_photo_that_saving_leaves_as_it_is_says_nothing() -> None:
    pixels = np.full((96, 120, 3), 128, np.uint8)
    pixels[:, 112:] = 136  # whole blocks
    grey = load_photo(compressed(pixels, 90))
    assert statistic(grey).values.max() == 0
    assert (error_level(grey).heat == 0.5).all()


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301), (71, 79)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert statistic(photo).values.shape == size
    assert np.isfinite(METHOD(photo).heat).all()
    assert error_level_llr(photo).values.shape == (size[0] // 8, size[1] // 8)


def test_a_grey_photo_is_judged_like_a_coloured_one() -> None:
    inside, outside = (np.repeat(scene(512, 640, seed=seed)[..., :1], 3, axis=2) for seed in (1, 0))
    photo, mask = pasted(inside, compressed(outside, 80))
    assert roc_auc_score(mask.ravel(), error_level(photo).heat.ravel()) >= 0.95


def test_the_means_of_blocks_leave_the_rest_out() -> None:
    values = np.random.default_rng(5).normal(size=(35, 52)).astype(np.float32)
    by_hand = values[:32, :48].reshape(4, 8, 6, 8).mean((1, 3))
    np.testing.assert_allclose(module._in_blocks(values), by_hand, atol=1e-6)


def test_the_majoritys_trace_is_found_among_blocks_of_like_texture() -> None:
    rng = np.random.default_rng(6)
    texture = np.repeat(np.arange(2.0), 5000).reshape(100, 100)
    trace = rng.normal(-1 - texture, 0.1)
    trace[25:50, :] = 0  # half of one group has none
    centre, spread = module._of_like_texture(texture, trace, np.ones((100, 100), bool), 2)
    assert centre[0, 0] == pytest.approx(-1, abs=0.06)
    assert centre[99, 0] == pytest.approx(-2.04, abs=0.01)
    assert spread[99, 0] == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("pixels", "reason"), [(scene(48, 300), "300 x 48"), (np.full((80, 80, 3), 9, np.uint8), "flat")]
)
def test_it_says_why_it_does_not_apply(pixels: NDArray[np.uint8], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        statistic(load_photo(pixels))
    with pytest.raises(NotApplicable, match=reason):
        error_level(load_photo(pixels))
