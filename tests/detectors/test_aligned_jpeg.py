"""Aligned double JPEG: finds what was compressed once in a photo compressed twice, calm elsewhere."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from support.jpeg_scenes import Pixels, mixed, resaved, saved, scene
from support.places import SHARED
from unseam.detectors.aligned_jpeg import METHOD, aligned_jpeg, aligned_jpeg_llr, aligned_jpeg_statistic
from unseam.detectors.statistic import spread
from unseam.errors import NotApplicable
from unseam.photo.photo import load_photo

REFERENCE = Path(os.environ.get("UNSEAM_REFERENCE", SHARED / "reference"))


@pytest.mark.parametrize("name", ["t1_adq_china", "t3_copymove_flower_odd"])
def test_it_finds_the_single_compressed_region_of_the_reference_photographs(name: str) -> None:
    if not (REFERENCE / f"{name}.jpg").is_file():
        pytest.skip(f"no reference photographs in {REFERENCE}")
    mask = np.asarray(Image.open(REFERENCE / f"{name}_mask.png")) > 127
    found = aligned_jpeg_statistic(load_photo(REFERENCE / f"{name}.jpg"))
    values = spread(found.values, found.step, found.origin, (mask.shape[0], mask.shape[1]))
    assert roc_auc_score(mask.ravel(), values.ravel()) >= 0.99


@pytest.mark.parametrize(("first", "last"), [(60, 90), (75, 95), (70, 85), (85, 97)])
def test_it_finds_a_region_that_was_never_compressed_before(first: int, last: int) -> None:
    pixels = scene(384, 512)
    photo, mask = mixed(resaved(pixels, first), pixels, last)
    found = aligned_jpeg(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_it_finds_a_region_that_was_a_jpeg_on_another_grid() -> None:
    pixels = scene(384, 512)
    photo, mask = mixed(resaved(pixels, 65), resaved(pixels, 70, (3, 5)), 92)
    assert roc_auc_score(mask.ravel(), aligned_jpeg(photo).heat.ravel()) >= 0.95


def test_the_statistic_is_high_inside_and_low_outside() -> None:
    pixels = scene(384, 512)
    photo, mask = mixed(resaved(pixels, 65), pixels, 92)
    values, inside = aligned_jpeg_statistic(photo).values, mask[4::8, 4::8]
    assert np.median(values[~inside]) < 0 < np.median(values[inside])


@pytest.mark.parametrize("quality", [50, 75, 90, 98])
def test_a_photo_compressed_once_says_nothing(quality: int) -> None:
    found = aligned_jpeg(load_photo(saved(scene(400, 520, seed=3), quality)))
    assert (found.heat == 0.5).all()
    assert not found.mask.any()


@pytest.mark.parametrize(("first", "last"), [(60, 90), (85, 95)])
def test_a_photo_that_was_compressed_twice_as_a_whole_is_calm(first: int, last: int) -> None:
    found = aligned_jpeg(load_photo(saved(resaved(scene(400, 520, seed=3), first), last)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_saturated_parts_are_unknown_and_not_hot() -> None:
    pixels = scene(384, 512)
    pixels[:, :200] = np.clip(pixels[:, :200].astype(int) + 120, 0, 255)  # limited here and there, after decoding too
    found = aligned_jpeg(load_photo(saved(resaved(pixels, 60), 92)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    llr = aligned_jpeg_llr(load_photo(saved(resaved(pixels, 60), 92))).values
    assert np.isnan(llr[:, :20]).mean() > 0.5
    assert np.isfinite(llr[:, 30:]).all()


def test_a_small_part_compressed_twice_is_no_evidence_against_the_rest() -> None:
    pixels = scene(384, 512)
    photo, _ = mixed(pixels, resaved(pixels, 60), 92)
    assert not aligned_jpeg(photo).mask.any()


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("L", {}),
        ("CMYK", {}),
        ("RGB", {"subsampling": 1}),
        ("RGB", {"subsampling": 2}),
        ("RGB", {"keep_rgb": True}),
        ("RGB", {"progressive": True}),
        ("RGB", {"qtables": [[3 + k // 8 for k in range(64)]]}),
    ],
)
def test_every_kind_of_jpeg_is_judged(mode: str, options: dict[str, object]) -> None:
    pixels = scene(379, 509)
    before = Image.fromarray(pixels).convert("L").convert("RGB") if mode == "CMYK" else Image.fromarray(pixels)
    grey = np.asarray(before)
    photo, mask = mixed(resaved(grey, 60), grey, 92, mode, **options)
    found = aligned_jpeg(photo)
    assert found.heat.shape == (379, 509)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.9


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301)])
def test_small_and_odd_photos_have_a_map_of_their_blocks(size: tuple[int, int]) -> None:
    photo = load_photo(saved(scene(*size), 80))
    assert aligned_jpeg_statistic(photo).values.shape == (-(-size[0] // 8), -(-size[1] // 8))
    assert np.isfinite(METHOD(photo).heat).all()


def test_a_flat_photo_says_nothing() -> None:
    photo = load_photo(saved(np.full((96, 120, 3), 90, np.uint8), 85))
    assert np.isfinite(aligned_jpeg_statistic(photo).values).all()
    assert np.isnan(aligned_jpeg_llr(photo).values).all()
    assert (aligned_jpeg(photo).heat == 0.5).all()


@pytest.mark.parametrize(
    ("photo", "reason"),
    [(scene(96, 120), "not stored as JPEG"), (saved(scene(48, 300), 80), "300 x 48")],
)
def test_it_says_why_it_does_not_apply(photo: Pixels | bytes, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        aligned_jpeg_statistic(load_photo(photo))
