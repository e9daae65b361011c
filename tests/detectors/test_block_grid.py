"""Block grid: equal to the reference, finds a region off the grid, calm elsewhere."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import median_filter
from sklearn.metrics import f1_score, roc_auc_score

from support.places import SHARED
from unseam.detectors import block_grid as module
from unseam.detectors.block_grid import METHOD, block_grid, block_grid_llr, block_grid_statistic
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
PYIFD = ("t0_authentic_hubble", "t1_adq_china", "t2_nadq_coffee", "t3_copymove_flower_odd", "t4_noise_astro")


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours and fine grain, like a photograph of clouds."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(40, 215, (height // 24, width // 24, 3)), (width, height))
    grain = cv2.GaussianBlur(rng.normal(0, 12, (height, width, 1)), (0, 0), 1.0)[..., None]
    return np.clip(coarse + grain, 0, 255).astype(np.uint8)


def compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


@pytest.fixture(scope="module")
def moved() -> tuple[Photo, NDArray[np.bool_]]:
    """A region moved by 3 rows and 5 columns off the grid, within a photo of quality 70."""
    host = compressed(scene(512, 640), 70).copy()
    mask = np.zeros(host.shape[:2], bool)
    mask[160:400, 200:480] = True
    host[160:400, 200:480] = host[3:243, 5:285].copy()
    return load_photo(host), mask


def test_it_equals_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    stored = scipy_io.loadmat(str(folder / "168_BLK.mat"))
    expected = next(value for key, value in stored.items() if not key.startswith("__"))
    found = block_grid_statistic(load_photo(folder / "168_image.jpg"))
    assert found.step == (8, 8)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12 * np.ptp(expected))


@pytest.mark.parametrize("name", PYIFD)
def test_it_equals_pyifd_when_given_its_luma(name: str) -> None:
    if not (REFERENCE / "BLK.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "BLK.npz") as maps:
        expected = maps[f"{name}__out0"].astype(np.float64)
    bgr = load_photo(REFERENCE / f"{name}.jpg").pixels[..., ::-1].astype(np.float32)
    luma = cv2.cvtColor(bgr, cv2.COLOR_BGR2YCR_CB)[..., 0].astype(np.float64)  # float32: ties at 50 go as there
    found = module._block_features(module._grid_lines(luma, module.DEFAULT))
    rows, columns = luma.shape[0] // 8, luma.shape[1] // 8
    whole = (slice(rows), slice(columns))
    np.testing.assert_allclose(found[whole], expected[whole], rtol=0, atol=1e-6 * np.ptp(expected))


def test_blocks_cut_by_the_border_are_measured_where_pyifd_leaves_zero() -> None:
    photo = load_photo(scene(131, 141))
    found = block_grid_statistic(photo).values
    lines = module._grid_lines(module._luma(photo), module.DEFAULT)
    assert found.shape == (17, 18)
    corner = np.zeros((8, 8))
    corner[:3, :5] = lines[128:, 136:]
    down, across = corner[1:7].sum(0), corner[:, 1:7].sum(1)
    by_hand = down[1:7].max() - min(down[0], down[7]) + across[1:7].max() - min(across[0], across[7])
    assert found[-1, -1] == pytest.approx(by_hand, rel=1e-12)
    assert found[-1, -1] != 0


def test_the_running_medians_equal_numpys_median_of_every_window() -> None:
    values = np.random.default_rng(1).normal(size=(5, 90)).round(1)  # with ties
    padded = np.pad(values, ((0, 0), (16, 16)), "symmetric")
    slow = np.median(np.lib.stride_tricks.sliding_window_view(padded, 33, axis=1), -1)
    np.testing.assert_array_equal(module._median_across(values, 33), slow)
    shifted = np.stack([padded[:, k : k + 90] for k in range(0, 33, 8)])
    np.testing.assert_array_equal(module._median_of_period(values), np.median(shifted, 0))


def test_it_finds_a_region_moved_off_the_grid(moved: tuple[Photo, NDArray[np.bool_]]) -> None:
    photo, mask = moved
    found = block_grid(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_it_finds_the_region_after_the_photo_was_cropped_off_its_own_grid(
    moved: tuple[Photo, NDArray[np.bool_]],
) -> None:
    photo, mask = moved
    found = block_grid(load_photo(photo.pixels[3:, 6:]))
    assert f1_score(mask[3:, 6:].ravel(), found.mask.ravel()) >= 0.5


@pytest.mark.parametrize("quality", [60, 90, None])
def test_it_is_calm_on_an_untouched_photo(quality: int | None) -> None:
    pixels = scene(400, 520, seed=3)
    found = block_grid(load_photo(pixels if quality is None else compressed(pixels, quality)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_a_photo_with_next_to_no_lines_says_nothing() -> None:
    pixels = np.zeros((96, 120, 3), np.uint8)
    pixels[5, 5] = 1
    assert (block_grid(load_photo(pixels)).heat == 0.5).all()


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert np.isfinite(METHOD(photo).heat).all()
    assert block_grid_llr(photo).values.shape == (size[0] // 8, size[1] // 8)


@pytest.mark.parametrize(
    ("pixels", "reason"), [(scene(48, 300), "300 x 48"), (np.full((80, 80, 3), 9, np.uint8), "flat")]
)
def test_it_says_why_it_does_not_apply(pixels: NDArray[np.uint8], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        block_grid_statistic(load_photo(pixels))
    with pytest.raises(NotApplicable, match=reason):
        METHOD(load_photo(pixels))


@pytest.mark.parametrize("columns", [1, 17, 90])
def test_the_running_median_is_scipys_with_mirrored_values_beyond_the_ends(columns: int) -> None:
    values = np.random.default_rng(0).integers(0, 40, (5, columns)) / 7  # many equal values
    found = module._median_across(values, 33)
    padded = np.pad(values, ((0, 0), (16, 16)), "symmetric")
    np.testing.assert_array_equal(found, median_filter(padded, (1, 33))[:, 16:-16])
