"""The model of two compressions: equal to the references, finds what was compressed once, calm elsewhere."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from support.jpeg_scenes import mixed, resaved, saved, scene
from support.places import SHARED
from unseam.detectors import dct_model as module
from unseam.detectors.block_dct import ZIGZAG, block_dct
from unseam.detectors.dct_model import (
    METHOD,
    dct_model,
    dct_model_llr,
    dct_model_statistic,
)
from unseam.detectors.detector import stored_luma
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
PYIFD = ("t0_authentic_hubble", "t1_adq_china", "t2_nadq_coffee", "t3_copymove_flower_odd", "t4_noise_astro")


def pasted(first: int, last: int, mode: str = "RGB", **options: object) -> tuple[Photo, NDArray[np.bool_]]:
    """A photo saved twice, with a region that was put in between, never compressed before."""
    return mixed(resaved(scene(387, 515), first), scene(387, 515, seed=1), last, mode, **options)


def first_steps(photo: Photo) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """First step and share of each frequency that the statistic looks at, 0 elsewhere."""
    component, _ = stored_luma(photo)
    steps, shares = np.zeros((8, 8), np.int64), np.zeros((8, 8))
    for found in module._examine(photo, component, module.DEFAULT.statistic_diagonals, module.DEFAULT):
        steps[found.frequency], shares[found.frequency] = found.first, found.share
    return steps, shares


def test_it_equals_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    expected = scipy_io.loadmat(str(folder / "168_ADQ2.mat"))["OutputMap"]
    found = dct_model_statistic(load_photo(folder / "168_image.jpg"))
    assert found.step == (8, 8)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PYIFD)
def test_it_equals_pyifd_down_to_the_steps_and_shares(name: str) -> None:
    if not (REFERENCE / "ADQ2.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "ADQ2.npz") as maps:
        expected, steps, shares = (maps[f"{name}__out{k}"].astype(np.float64) for k in range(3))
    photo = load_photo(REFERENCE / f"{name}.jpg")
    np.testing.assert_allclose(dct_model_statistic(photo).values, expected, rtol=0, atol=1e-7)  # stored as float32
    found, found_shares = first_steps(photo)
    traced = (steps > 1) & (steps < 100)  # 100 stands there for not looked at, 1 for no trace
    np.testing.assert_array_equal(found, np.where(traced, steps, 0))
    np.testing.assert_allclose(found_shares, np.where(traced, shares, 0), rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("first", "last", "mode", "options"),
    [
        (70, 95, "RGB", {"subsampling": 0}),
        (60, 90, "RGB", {"subsampling": 2}),
        (80, 95, "RGB", {"subsampling": 1, "progressive": True}),
        (70, 92, "L", {}),
        (70, 95, "CMYK", {}),
    ],
)
def test_it_finds_what_was_compressed_once(first: int, last: int, mode: str, options: dict[str, object]) -> None:
    photo, mask = pasted(first, last, mode, **options)
    found = dct_model(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_after_a_stronger_last_compression_the_region_is_still_the_hottest() -> None:
    photo, mask = pasted(85, 75)
    assert roc_auc_score(mask.ravel(), dct_model(photo).heat.ravel()) >= 0.8


def test_the_statistic_finds_it_too() -> None:
    photo, mask = pasted(70, 95)
    values = dct_model_statistic(photo).values
    assert values.shape == (49, 65)  # blocks that the border cuts are included
    whole = values[:48, :64]
    assert roc_auc_score(mask[:384, :512][4::8, 4::8].ravel(), whole.ravel()) >= 0.95


def test_it_finds_the_table_of_the_first_compression() -> None:
    pixels = resaved(scene(384, 512), 70)
    photo = load_photo(saved(pixels, 95))
    table = np.array(Image.open(io.BytesIO(saved(pixels, 70))).quantization[0]).reshape(8, 8)  # type: ignore[attr-defined]
    steps, shares = first_steps(photo)
    looked_at = np.zeros((8, 8), bool)
    for v, u in ZIGZAG[:15]:
        looked_at[v, u] = True
    assert (steps[~looked_at] == 0).all()
    assert (steps[looked_at] == table[looked_at]).mean() > 0.85
    assert (shares[looked_at] > 0.7).all()


@pytest.mark.parametrize("history", [(90,), (70,), (98,), (70, 95), (60, 92), (90, 75), (85, 85)])
def test_it_is_calm_on_an_untouched_photo(history: tuple[int, ...]) -> None:
    pixels = scene(400, 520, seed=3)
    for quality in history:
        data = saved(pixels, quality, subsampling=0)
        pixels = np.array(Image.open(io.BytesIO(data)))
    found = dct_model(load_photo(data))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_a_photo_without_a_sign_of_an_earlier_compression_says_nothing() -> None:
    photo = load_photo(saved(scene(384, 512), 100))  # steps of 1 and no first step: nothing to find
    assert np.isnan(dct_model_llr(photo).values).all()
    found = METHOD(photo)
    assert (found.heat == 0.5).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_flat_jpeg_says_nothing_where_pyifd_fails(mode: str) -> None:
    photo = load_photo(saved(np.full((80, 120, 3), 90, np.uint8), 90, mode))
    assert (dct_model_statistic(photo).values[2:-2, 2:-2] == 0.5).all()
    assert (METHOD(photo).heat == 0.5).all()


def test_one_quantization_table_for_all_components_is_enough() -> None:
    pixels = resaved(scene(128, 160), 70)
    photo = load_photo(saved(pixels, 95, qtables=[[3] * 64]))
    assert (first_steps(photo)[0] > 0).sum() > 5


def test_an_rgb_jpeg_is_judged_by_its_green() -> None:
    pixels = scene(256, 256)
    again = Image.open(io.BytesIO(saved(pixels, 70, keep_rgb=True)))
    photo = load_photo(saved(np.array(again), 95, keep_rgb=True))
    assert (first_steps(photo)[0] > 0).sum() > 5


@pytest.mark.parametrize("side", [1, 3, 5])
def test_the_median_is_that_of_every_square_with_the_least_value_outside(side: int) -> None:
    values = np.random.default_rng(4).normal(size=(9, 13)).round(1)  # with ties
    padded = np.pad(values, side // 2, constant_values=-np.inf)
    squares = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(9, 13, -1)
    np.testing.assert_array_equal(module._median(values, side), np.sort(squares, -1)[..., side * side // 2])


def test_corners_of_the_statistic_are_too_low_as_in_the_reference() -> None:
    photo = load_photo(saved(np.full((80, 120, 3), 90, np.uint8), 90))
    assert dct_model_statistic(photo).values[0, 0] == 0


def test_a_png_that_once_was_a_jpeg_cannot_be_judged() -> None:
    photo = load_photo(resaved(scene(128, 128), 70))
    for judge in (METHOD, dct_model_statistic, dct_model_llr):
        with pytest.raises(NotApplicable, match="not stored as JPEG"):
            judge(photo)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 8), (9, 17), (16, 300)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(saved(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8), 85))
    found = METHOD(photo)
    assert found.heat.shape == size
    assert np.isfinite(found.heat).all()
    assert np.isfinite(dct_model_statistic(photo).values).all()


def test_the_model_counts_the_multiples_that_fall_into_an_interval() -> None:
    noiseless = module._Model(2, 0.0, 0.0)
    six, five = noiseless.ratio(np.array([6, 5]), 0, 5)
    np.testing.assert_allclose(six, [3, 0, 0, 3, 0, 0])
    np.testing.assert_allclose(five, [2.5, 0, 1.25, 1.25, 0, 2.5])  # 5 lies on a limit: half for each


def test_an_offset_decides_on_which_side_of_a_limit_a_multiple_falls() -> None:
    up = module._Model(2, 0.0, 0.1).ratio(np.array([5]), 0, 5)
    np.testing.assert_allclose(up, [[2.5, 0, 0, 2.5, 0, 2.5]])


def test_noise_blurs_the_model_and_keeps_its_sum() -> None:
    sharp, blurred = (module._Model(1, noise, 0.0).ratio(np.array([4]), -30, 30)[0] for noise in (0.0, 0.6))
    assert 0 < blurred[29] < blurred[30] < sharp[30] == 4
    assert blurred[10:50].sum() == pytest.approx(sharp[10:50].sum(), rel=1e-6)


def test_halves_are_rounded_by_one_order_of_sums_and_all_else_to_the_nearest() -> None:
    plane = np.kron(np.random.default_rng(2).integers(0, 200, (9, 12)), np.ones((8, 8)))
    table = np.full((8, 8), 4, np.uint16)
    frequencies = list(ZIGZAG[:15])
    exact = block_dct(plane, frequencies, (1, 1))
    exact[0] -= 1024
    halves = 0
    for quotient, found in zip(exact / 4, module._moved(plane, table, frequencies), strict=True):
        half = np.abs(quotient - np.floor(quotient) - 0.5) < 1e-9
        halves += int(half.sum())
        np.testing.assert_array_equal(found[~half], np.rint(quotient[~half]))
        assert (np.abs(found[half] - quotient[half]) < 0.5 + 1e-9).all()
    assert halves > 0
