"""Non-aligned double JPEG: follows the references, finds parts of another history, calm elsewhere."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from support.jpeg_scenes import Pixels, mixed, resaved, saved, scene
from support.places import SHARED
from unseam.detectors import nonaligned_jpeg as module
from unseam.detectors.block_dct import block_dct
from unseam.detectors.jpeg_mixture import histogram
from unseam.detectors.nonaligned_jpeg import (
    METHOD,
    nonaligned_jpeg,
    nonaligned_jpeg_llr,
    nonaligned_jpeg_statistic,
)
from unseam.detectors.statistic import spread
from unseam.errors import NotApplicable
from unseam.photo.photo import load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
SHIFT = (3, 5)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("t0_authentic_hubble", 0.9999),
        ("t1_adq_china", 0.998),  # 4 % of two frequencies half-way between whole numbers: there pyIFD goes by chance
        ("t2_nadq_coffee", 0.999999),
        ("t3_copymove_flower_odd", 0.999),
        ("t4_noise_astro", 0.999),
    ],
)
def test_the_statistic_follows_pyifds(name: str, least: float) -> None:
    if not (REFERENCE / "NADQ.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "NADQ.npz") as maps:
        expected = maps[f"{name}__out0"].astype(np.float64)
    found = nonaligned_jpeg_statistic(load_photo(REFERENCE / f"{name}.jpg")).values
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > least


def test_the_statistic_follows_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    stored = scipy_io.loadmat(str(folder / "168_NADQ.mat"))
    expected = next(value for key, value in stored.items() if not key.startswith("__"))
    found = nonaligned_jpeg_statistic(load_photo(folder / "168_image.jpg")).values
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999


def test_it_finds_the_region_of_the_reference_photograph() -> None:
    if not (REFERENCE / "t2_nadq_coffee.jpg").is_file():
        pytest.skip(f"no reference photographs in {REFERENCE}")
    mask = np.asarray(Image.open(REFERENCE / "t2_nadq_coffee_mask.png")) > 127
    photo = load_photo(REFERENCE / "t2_nadq_coffee.jpg")
    statistic = nonaligned_jpeg_statistic(photo)
    assert statistic.origin == (3, 5)
    values = spread(statistic.values, statistic.step, statistic.origin, (mask.shape[0], mask.shape[1]))
    assert roc_auc_score(mask.ravel(), values.ravel()) > 0.99
    assert f1_score(mask.ravel(), nonaligned_jpeg(photo).mask.ravel()) > 0.8


def test_histograms_of_means_are_those_of_the_transform_on_every_grid() -> None:
    plane = np.random.default_rng(0).normal(0, 60, (48 + 7, 40 + 7))
    counts = module.mean_histograms(plane)
    for row, column in [(0, 0), (3, 5), (7, 7)]:
        np.testing.assert_array_equal(counts[8 * row + column], histogram(block_dct(plane, [(0, 0)], (row, column))[0]))


def test_the_statistic_finds_the_grid_of_a_photo_that_was_cropped_and_saved_again() -> None:
    found = nonaligned_jpeg_statistic(load_photo(saved(resaved(scene(384, 512), 60, SHIFT), 95)))
    assert found.origin == SHIFT
    assert np.median(found.values) > 0


@pytest.mark.parametrize(("first", "last"), [(50, 90), (60, 95), (75, 97)])
def test_it_finds_a_region_that_was_a_jpeg_on_another_grid(first: int, last: int) -> None:
    pixels = scene(384, 512)
    photo, mask = mixed(pixels, resaved(pixels, first, SHIFT), last)
    found = nonaligned_jpeg(photo)
    assert nonaligned_jpeg_llr(photo).origin == SHIFT
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_it_finds_a_region_in_a_photo_that_was_a_jpeg_on_its_own_grid() -> None:
    pixels = scene(384, 512)
    photo, mask = mixed(resaved(pixels, 80), resaved(pixels, 60, SHIFT), 95)
    assert roc_auc_score(mask.ravel(), nonaligned_jpeg(photo).heat.ravel()) >= 0.95


@pytest.mark.parametrize("quality", [None, 75])
def test_in_a_photo_cropped_and_saved_again_it_finds_what_was_not(quality: int | None) -> None:
    pixels = scene(384, 512)
    inside = pixels if quality is None else resaved(pixels, quality)
    photo, mask = mixed(resaved(pixels, 60, SHIFT), inside, 95)
    found = nonaligned_jpeg(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_a_photo_that_was_only_cropped_and_saved_again_is_calm() -> None:
    found = nonaligned_jpeg(load_photo(saved(resaved(scene(400, 520, seed=3), 60, SHIFT), 95)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_saturated_parts_of_a_photo_cropped_and_saved_again_are_unknown() -> None:
    pixels = scene(384, 512)
    pixels[:, :200] = np.clip(pixels[:, :200].astype(int) + 120, 0, 255)
    photo = load_photo(saved(resaved(pixels, 60, SHIFT), 95))
    found = nonaligned_jpeg(photo)
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert np.isnan(nonaligned_jpeg_llr(photo).values[:, :20]).mean() > 0.5


@pytest.mark.parametrize("quality", [50, 75, 90, 98])
def test_a_photo_compressed_once_says_nothing(quality: int) -> None:
    found = nonaligned_jpeg(load_photo(saved(scene(400, 520, seed=3), quality)))
    assert (found.heat == 0.5).all()
    assert not found.mask.any()


def test_a_photo_compressed_twice_on_one_grid_says_nothing() -> None:
    pixels = scene(384, 512)
    photo, _ = mixed(resaved(pixels, 65), pixels, 92)
    assert (nonaligned_jpeg(photo).heat == 0.5).all()


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("L", {}),
        ("CMYK", {}),
        ("RGB", {"subsampling": 1}),
        ("RGB", {"subsampling": 2}),
        ("RGB", {"keep_rgb": True}),
        ("RGB", {"progressive": True}),
        ("RGB", {"qtables": [[1 + k // 16 for k in range(64)]]}),
    ],
)
def test_every_kind_of_jpeg_is_judged(mode: str, options: dict[str, object]) -> None:
    pixels = _grey(scene(379, 509))
    photo, mask = mixed(pixels, resaved(pixels, 55, SHIFT), 95, mode, **options)
    statistic = nonaligned_jpeg_statistic(photo)
    assert statistic.values.shape == (48, 64)
    values = spread(statistic.values, statistic.step, statistic.origin, (mask.shape[0], mask.shape[1]))
    assert roc_auc_score(mask.ravel(), values.ravel()) >= 0.9
    assert roc_auc_score(mask.ravel(), nonaligned_jpeg(photo).heat.ravel()) >= 0.95


def _grey(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[..., 1:2], 3, axis=2)


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301)])
def test_small_and_odd_photos_have_a_map_of_their_blocks(size: tuple[int, int]) -> None:
    photo = load_photo(saved(scene(*size), 80))
    assert nonaligned_jpeg_statistic(photo).values.shape == (-(-size[0] // 8), -(-size[1] // 8))
    assert np.isfinite(METHOD(photo).heat).all()


def test_a_flat_photo_says_nothing() -> None:
    photo = load_photo(saved(np.full((96, 120, 3), 90, np.uint8), 85))
    assert np.isfinite(nonaligned_jpeg_statistic(photo).values).all()
    assert (nonaligned_jpeg(photo).heat == 0.5).all()


def test_a_very_low_quality_is_judged() -> None:
    photo = load_photo(saved(scene(128, 160), 1))
    assert np.isfinite(nonaligned_jpeg_statistic(photo).values).all()
    assert np.isfinite(nonaligned_jpeg(photo).heat).all()


@pytest.mark.parametrize(
    ("photo", "reason"),
    [(scene(96, 120), "not stored as JPEG"), (saved(scene(48, 300), 80), "300 x 48")],
)
def test_it_says_why_it_does_not_apply(photo: NDArray[np.uint8] | bytes, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        nonaligned_jpeg_statistic(load_photo(photo))
    with pytest.raises(NotApplicable, match=reason):
        nonaligned_jpeg_llr(load_photo(photo))
