"""What is measured of each block, against hand-made photos whose answer is known."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.detectors.statistic import Statistic
from unseam.models.fusion import features as module
from unseam.models.fusion.features import block_features, detector_of, feature_names, group_of, quantization_steps
from unseam.photo.photo import load_photo

NAMES = feature_names()
QUICK = frozenset({"copy-move"})


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(30, 220, (6, 8, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def plane(photo: object, name: str) -> NDArray[np.float32]:
    values = block_features(load_photo(photo), without=QUICK).values  # type: ignore[arg-type]
    return values[NAMES.index(name)]


def test_every_feature_has_a_name_of_its_own_and_a_group() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {group_of(name) for name in NAMES} == {
        "spectrum",
        "residual",
        "quarter",
        "resave",
        "colour",
        "file",
        "detector",
    }
    assert detector_of("detector: dct-model, applies") == "dct-model"
    assert detector_of("spectrum: 0, 1") == ""


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 8), (65, 90), (64, 128)])
def test_there_is_one_finite_value_for_each_block_that_the_photo_needs(size: tuple[int, int]) -> None:
    values = block_features(load_photo(scene(*size)), without=QUICK).values
    assert values.shape == (len(NAMES), -(-size[0] // 8), -(-size[1] // 8))
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


def test_features_do_not_depend_on_the_number_of_threads() -> None:
    data = jpeg(scene(96, 128), 90)
    one, two = (block_features(load_photo(data), threads=count, without=QUICK) for count in (1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    assert one.left_out == two.left_out


def test_the_spectrum_is_the_dct_of_the_block() -> None:
    pixels = scene(64, 64)
    luma = pixels.astype(np.float64) @ module.LUMA
    expected = cv2.dct(luma[8:16, 16:24])
    for v, u in ((0, 0), (0, 3), (5, 2)):
        found = plane(pixels, f"spectrum: {v}, {u}")[1, 2]
        assert found == pytest.approx(np.log(abs(expected[v, u]) + 0.5), abs=1e-3)


def test_a_noisier_block_has_larger_residuals() -> None:
    pixels = np.full((64, 64, 3), 120, np.uint8)
    rng = np.random.default_rng(1)
    pixels[16:24, 32:40] = rng.integers(100, 140, (8, 8, 1))
    noise = plane(pixels, "residual: square 5")
    assert noise.argmax() == 2 * 8 + 4
    assert plane(pixels, "residual: none")[0, 0] == 1
    assert plane(pixels, "residual: none")[2, 4] < 0.2


def test_a_quarter_is_where_its_noise_is() -> None:
    pixels = np.full((64, 64, 3), 120, np.uint8)
    pixels[20:24, 32:36] = np.random.default_rng(1).integers(60, 180, (4, 4, 1))  # lower left of block (2, 4)
    quarters = {place: plane(pixels, f"quarter: noise {place}")[2, 4] for place in ("0, 0", "0, 1", "1, 0", "1, 1")}
    assert max(quarters, key=lambda place: quarters[place]) == "1, 0"


def test_what_was_a_jpeg_changes_less_on_its_own_grid_when_saved_again() -> None:
    once = np.asarray(Image.open(io.BytesIO(jpeg(scene(128, 128), 75))))
    own = plane(once, "resave: quality 75, own grid over another")
    never = plane(scene(128, 128), "resave: quality 75, own grid over another")
    assert np.median(own) < np.median(never) - 0.5


def test_rows_that_were_interpolated_alternate_with_those_that_were_not() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    woven = pixels.copy()
    woven[1:-1:2] = (woven[:-2:2].astype(int) + woven[2::2]) // 2  # every other row is the mean of its neighbours
    found = {name: np.median(plane(woven, f"residual: {name} alternate")) for name in ("rows", "columns")}
    assert found["rows"] > 1 > 4 * found["columns"]


def test_colours_and_clipping_are_shares() -> None:
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, 8:] = (255, 128, 64)
    assert plane(pixels, "colour: red")[0].tolist() == [-0.5, 0.5]
    assert plane(pixels, "colour: black")[0].tolist() == [1, 0]
    assert plane(pixels, "colour: white")[0].tolist() == [0, 1]


def test_the_file_is_described_where_there_is_one() -> None:
    pixels = scene(64, 64)
    assert plane(jpeg(pixels, 80), "file: JPEG").all()
    assert not plane(pixels, "file: JPEG").any()
    coarse, fine = (plane(jpeg(pixels, quality), "file: quantization")[0, 0] for quality in (50, 95))
    assert coarse > fine + 1


def test_a_detector_that_does_not_apply_is_zero_with_its_reason() -> None:
    found = block_features(load_photo(scene(96, 96)), without=QUICK)
    assert "no JPEG coefficients" in found.left_out["dct-model"]
    assert not found.values[NAMES.index("detector: dct-model, applies")].any()
    assert not found.values[NAMES.index("detector: dct-model")].any()
    assert found.values[NAMES.index("detector: error-level, applies")].all()
    assert "copy-move" in found.left_out


def test_ratios_come_onto_the_blocks_from_any_grid() -> None:
    fine = np.zeros((64, 64))
    fine[16:24, 40:48] = 3
    found = module._in_blocks(Statistic(fine, (1, 1)), (8, 8))
    assert np.unravel_index(found.argmax(), found.shape) == (2, 5)
    assert found.max() > 2.5
    coarse = np.arange(16.0).reshape(4, 4) - 8
    spread = module._in_blocks(Statistic(coarse, (16, 16)), (8, 8))
    np.testing.assert_array_equal(spread, np.clip(coarse, -8, 8).repeat(2, 0).repeat(2, 1).astype(np.float32))
    unknown = module._in_blocks(Statistic(np.full((8, 8), np.nan), (8, 8)), (8, 8))
    assert not unknown.any()


def test_steps_are_the_ijgs() -> None:
    assert quantization_steps(50)[0] == 16
    assert quantization_steps(90)[0] == 3
    assert (quantization_steps(100) == 1).all()
