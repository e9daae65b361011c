"""Periods of DCT histograms: equal to the references, finds what breaks the period, calm elsewhere."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from support.jpeg_scenes import mixed, resaved, saved, scene
from support.places import SHARED
from unseam.detectors import dct_histogram as module
from unseam.detectors.dct_histogram import (
    DEFAULT,
    METHOD,
    dct_histogram,
    dct_histogram_llr,
    dct_histogram_statistic,
)
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))
PYIFD = ("t0_authentic_hubble", "t1_adq_china", "t2_nadq_coffee", "t3_copymove_flower_odd", "t4_noise_astro")


def pasted(first: int, last: int, mode: str = "RGB", **options: object) -> tuple[Photo, NDArray[np.bool_]]:
    """A photo saved twice, with a region that was put in between, never compressed before."""
    return mixed(resaved(scene(387, 515), first), scene(387, 515, seed=1), last, mode, **options)


def test_it_equals_the_matlab_toolbox() -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = REFERENCE / "matlab_168"
    if not folder.is_dir():
        pytest.skip(f"no reference maps in {folder}")
    expected = scipy_io.loadmat(str(folder / "168_ADQ1.mat"))["OutputMap"]
    found = dct_histogram_statistic(load_photo(folder / "168_image.jpg"))
    assert found.step == (8, 8)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PYIFD)
def test_it_equals_pyifd_in_whole_blocks(name: str) -> None:
    if not (REFERENCE / "ADQ1.npz").is_file():
        pytest.skip(f"no reference maps in {REFERENCE}")
    with np.load(REFERENCE / "ADQ1.npz") as maps:
        expected = maps[f"{name}__out0"].astype(np.float64)
    found = dct_histogram_statistic(load_photo(REFERENCE / f"{name}.jpg")).values
    rows, columns = expected.shape
    np.testing.assert_allclose(found[:rows, :columns], expected, rtol=0, atol=1e-7)  # stored as float32


@pytest.mark.parametrize(
    ("first", "last", "mode", "options"),
    [
        (70, 95, "RGB", {"subsampling": 0}),
        (60, 92, "RGB", {"subsampling": 2, "progressive": True}),
        (70, 95, "L", {}),
        (70, 95, "CMYK", {}),
    ],
)
def test_it_finds_what_breaks_the_period(first: int, last: int, mode: str, options: dict[str, object]) -> None:
    photo, mask = pasted(first, last, mode, **options)
    found = dct_histogram(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_blocks_cut_by_the_border_are_judged_by_the_histograms_of_whole_ones() -> None:
    photo, mask = pasted(70, 95)
    values = dct_histogram_statistic(photo).values
    assert values.shape == (49, 65)
    assert np.ptp(values[:, 64]) > 0.5
    whole = values[:48, :64]
    assert roc_auc_score(mask[:384, :512][4::8, 4::8].ravel(), whole.ravel()) >= 0.9


@pytest.mark.parametrize("history", [(90,), (70,), (98,), (70, 95), (60, 92), (90, 75)])
def test_it_is_calm_on_an_untouched_photo(history: tuple[int, ...]) -> None:
    pixels = scene(400, 520, seed=3)
    for quality in history[:-1]:
        pixels = resaved(pixels, quality)
    found = dct_histogram(load_photo(saved(pixels, history[-1])))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_without_a_period_nothing_is_said() -> None:
    photo = load_photo(saved(scene(384, 512), 90))
    assert (dct_histogram_statistic(photo).values == 0.5).all()
    assert np.isnan(dct_histogram_llr(photo).values).all()
    assert (METHOD(photo).heat == 0.5).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 8), (9, 17), (16, 300)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(saved(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8), 85))
    assert METHOD(photo).heat.shape == size
    assert np.isfinite(METHOD(photo).heat).all()
    assert np.isfinite(dct_histogram_statistic(photo).values).all()


def test_a_png_that_once_was_a_jpeg_cannot_be_judged() -> None:
    photo = load_photo(resaved(scene(128, 128), 70))
    for judge in (METHOD, dct_histogram_statistic, dct_histogram_llr):
        with pytest.raises(NotApplicable, match="not stored as JPEG"):
            judge(photo)


@pytest.mark.parametrize("period", [2, 3, 5, 8])
def test_the_period_of_a_comb_under_a_bell_is_found(period: int) -> None:
    place = np.arange(-60, 61)
    histogram = np.where(place % period == 0, 1000 * np.exp(-np.abs(place) / 15), 10).astype(np.intp)
    assert module._period(histogram, DEFAULT) == period


def test_a_bell_alone_and_a_single_bin_have_no_period() -> None:
    bell = (1000 * np.exp(-np.abs(np.arange(-60, 61)) / 15)).astype(np.intp)
    assert module._period(bell, DEFAULT) == 0
    assert module._period(np.array([0, 500, 0]), DEFAULT) == 0


def test_periods_run_away_from_the_highest_bin_and_stay_inside() -> None:
    histogram = np.array([0, 1, 2, 4, 8, 100, 16, 32, 64, 0])
    in_first = 100 + 16 + 32  # of the highest bin; those less than a period before it count there too
    expected = [1 + 2] * 3 + [in_first] * 5 + [32 + 64] * 2  # the last one would reach beyond the end
    np.testing.assert_array_equal(module._in_period(histogram, 3), expected)
