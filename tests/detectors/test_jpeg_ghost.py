"""JPEG ghosts: equal to resaving, finds a region compressed at a lower quality before, calm elsewhere."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from unseam.detectors import jpeg_ghost as module
from unseam.detectors.jpeg_ghost import (
    METHOD,
    JpegGhostConfig,
    jpeg_ghost,
    jpeg_ghost_differences,
    jpeg_ghost_llr,
    jpeg_ghost_statistic,
)
from unseam.errors import NotApplicable
from unseam.photo.photo import Photo, load_photo


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours and fine grain, like a photograph of clouds."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(40, 215, (height // 24, width // 24, 3)), (width, height))
    grain = cv2.GaussianBlur(rng.normal(0, 12, (height, width, 1)), (0, 0), 1.0)[..., None]
    return np.clip(coarse + grain, 0, 255).astype(np.uint8)


def compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def pasted(host_quality: int | None, shift: int = 0) -> tuple[Photo, NDArray[np.bool_]]:
    """A region of quality 65 in a photo of a higher quality, on its grid of blocks or shifted against it."""
    pixels = scene(512, 640)
    host = pixels.copy() if host_quality is None else compressed(pixels, host_quality).copy()
    mask = np.zeros(host.shape[:2], bool)
    mask[160:400, 200:480] = True
    host[160:400, 200:480] = compressed(pixels, 65)[160 + shift : 400 + shift, 200 + shift : 480 + shift]
    return load_photo(host), mask


@pytest.mark.parametrize("quality", [51, 75, 92, 100])
def test_the_differences_are_those_of_rounding_each_block_and_decoding_it(quality: int) -> None:
    photo = load_photo(scene(72, 64))
    found = jpeg_ghost_differences(photo)[quality - 51]
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
    table = np.array(Image.open(buffer).quantization[0], np.float64).reshape(8, 8)  # type: ignore[attr-defined]
    luma = photo.pixels @ np.array([0.299, 0.587, 0.114]) - 128
    for row, column in np.ndindex(9, 8):
        block = luma[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        again = cv2.idct(np.rint(cv2.dct(block) / table) * table)
        assert found[row, column] == pytest.approx(((block - again) ** 2).mean(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("quality", [60, 80, 90])
def test_the_differences_are_those_of_really_saving_the_photo_but_for_whole_pixels(quality: int) -> None:
    grey = np.repeat(scene(256, 320)[..., 1:2], 3, axis=2)
    buffer = io.BytesIO()
    Image.fromarray(grey[..., 0]).save(buffer, "JPEG", quality=quality)
    saved = np.asarray(Image.open(buffer), np.float64)
    resaved = ((saved - grey[..., 0]) ** 2).reshape(32, 8, 40, 8).mean((1, 3))
    found = jpeg_ghost_differences(load_photo(grey))[quality - 51]
    assert np.corrcoef(found.ravel(), resaved.ravel())[0, 1] > 0.9
    assert found.mean() == pytest.approx(resaved.mean(), abs=0.15)  # rounding to whole pixels adds 1 / 12


def test_the_statistic_is_least_in_the_region_and_between_zero_and_one() -> None:
    photo, mask = pasted(90)
    found = jpeg_ghost_statistic(photo)
    inside = mask[4::8, 4::8]
    assert found.values.shape == inside.shape
    assert found.values.min() >= 0
    assert found.values.max() <= 1
    assert np.median(found.values[inside]) < 0.1 < np.median(found.values[~inside])


@pytest.mark.parametrize("host_quality", [None, 90, 95])
def test_it_finds_a_region_of_lower_quality(host_quality: int | None) -> None:
    photo, mask = pasted(host_quality)
    found = jpeg_ghost(photo)
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


@pytest.mark.parametrize("last", [None, 95])
def test_it_finds_a_region_that_lacks_the_past_of_the_rest(last: int | None) -> None:
    pixels = scene(512, 640)
    mask = np.zeros(pixels.shape[:2], bool)
    mask[160:320, 200:360] = True
    host = compressed(pixels, 70).copy()
    host[mask] = pixels[mask]
    found = jpeg_ghost(load_photo(host if last is None else compressed(host, last)))
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95
    assert f1_score(mask.ravel(), found.mask.ravel()) >= 0.5


def test_a_region_off_the_grid_shows_only_where_the_rest_has_a_ghost() -> None:
    assert not jpeg_ghost(pasted(None, shift=3)[0]).mask.any()
    photo, mask = pasted(75, shift=3)
    assert f1_score(mask.ravel(), jpeg_ghost(photo).mask.ravel()) >= 0.5


@pytest.mark.parametrize("quality", [60, 75, 90, None])
def test_it_is_calm_on_an_untouched_photo(quality: int | None) -> None:
    pixels = scene(400, 520, seed=3)
    pixels[:, :200] = cv2.GaussianBlur(pixels[:, :200], (0, 0), 4)  # a calm part and a lively one
    found = jpeg_ghost(load_photo(pixels if quality is None else compressed(pixels, quality)))
    assert np.quantile(found.heat, 0.99) < METHOD.config.curve.threshold
    assert not found.mask.any()


def test_a_photo_that_compression_leaves_as_it_is_says_nothing() -> None:
    pixels = np.full((96, 120, 3), 128, np.uint8)
    pixels[95, 119] = 129  # in a whole block, smaller than any step but at the highest qualities
    found = jpeg_ghost(load_photo(pixels))
    assert np.isfinite(found.heat).all()
    assert not found.mask.any()
    pixels = np.full((97, 121, 3), 128, np.uint8)
    pixels[96, 120] = 200  # beyond the last whole block
    assert (jpeg_ghost(load_photo(pixels)).heat == 0.5).all()


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (64, 301)])
def test_small_and_odd_photos_have_a_finite_map(size: tuple[int, int]) -> None:
    photo = load_photo(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert np.isfinite(METHOD(photo).heat).all()
    assert jpeg_ghost_llr(photo).values.shape == (size[0] // 8, size[1] // 8)


def test_fewer_qualities_can_be_asked_for() -> None:
    photo, mask = pasted(90)
    found = jpeg_ghost(photo, JpegGhostConfig(qualities=tuple(range(60, 81))))
    assert roc_auc_score(mask.ravel(), found.heat.ravel()) >= 0.95


@pytest.mark.parametrize(
    ("pixels", "reason"), [(scene(48, 300), "300 x 48"), (np.full((80, 80, 3), 9, np.uint8), "flat")]
)
def test_it_says_why_it_does_not_apply(pixels: NDArray[np.uint8], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        jpeg_ghost_statistic(load_photo(pixels))
    with pytest.raises(NotApplicable, match=reason):
        METHOD(load_photo(pixels))


def test_texture_that_dips_on_any_grid_is_no_ghost() -> None:
    rows, columns = np.indices((512, 640))
    pixels = scene(512, 640, seed=2)
    stripes = 24 * np.cos(np.pi * (rows + columns) / 8)[..., None]  # few frequencies, so few coefficients, in any block
    pixels[160:400, 200:480] = np.clip(128 + stripes, 0, 255).astype(np.uint8)[160:400, 200:480]
    found = jpeg_ghost(load_photo(compressed(pixels, 92)))
    assert not found.mask.any()


def test_the_majoritys_dip_is_taken_among_blocks_of_like_texture() -> None:
    texture = np.repeat(np.arange(3.0), 300).reshape(30, 30)
    dips = texture.copy()
    dips[15, 15] = 3  # one of 300 moves no median
    found = module._from_majority(dips, texture, JpegGhostConfig(groups=2, unrest=0.5, common=9))
    assert found[12, 3] == pytest.approx(0)
    assert found[15, 15] == pytest.approx((3 - 1) / 0.5)
    assert found[29, 0] == pytest.approx(0)
    assert found[0, 0] == pytest.approx(-2)  # the flattest third has no say: seen as the least of the others


def test_where_most_blocks_dip_those_that_do_not_stand_out_unless_they_are_too_flat() -> None:
    texture, dips = np.repeat(np.arange(3.0), 300).reshape(30, 30), np.full((30, 30), 0.8)
    dips[12, 3] = dips[0, 0] = -1
    found = module._from_majority(dips, texture, JpegGhostConfig(groups=2, unrest=0.5, common=0.1))
    assert found[12, 3] == pytest.approx(0.8 / 0.5)  # how far below zero texture went does not count
    assert found[0, 0] == pytest.approx(0)
    assert found[15, 15] == pytest.approx(0)
