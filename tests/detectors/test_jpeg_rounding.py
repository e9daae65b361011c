"""The noise of rounding pixels: equal to what rounding them does."""

import numpy as np
import pytest

from support.jpeg_scenes import saved, scene
from unseam.detectors import jpeg_rounding as module
from unseam.detectors.block_dct import ZIGZAG, block_dct, samples
from unseam.detectors.jpeg_rounding import Noise, limited_share, low_block_dct, noise_kernel, rounding_noise
from unseam.jpeg.coefficients import JpegCoefficients
from unseam.photo.photo import load_photo

FREQUENCIES = ZIGZAG[:6]


def coefficients(quality: int = 90, mode: str = "RGB", bright: int = 0, **options: object) -> JpegCoefficients:
    pixels = np.clip(scene(203, 251).astype(int) + bright, 0, 255).astype(np.uint8)
    found = load_photo(saved(pixels, quality, mode, **options)).jpeg
    assert found is not None
    return found


@pytest.mark.parametrize("bright", [0, 90])
@pytest.mark.parametrize(("subsampling", "across", "down"), [(0, 1, 1), (1, 2, 1), (2, 2, 2)])
def test_the_noise_is_that_of_rounding_red_green_and_blue(
    bright: int, subsampling: int, across: int, down: int
) -> None:
    file = coefficients(bright=bright, subsampling=subsampling)
    y, cb, cr = (samples(part) for part in file.components)
    cb, cr = (np.repeat(np.repeat(plane, down, 0), across, 1)[: y.shape[0], : y.shape[1]] - 128 for plane in (cb, cr))
    red, green, blue = y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb
    limited = [np.clip(np.floor(plane + 0.5), 0, 255) for plane in (red, green, blue)]
    error = y - (0.299 * limited[0] + 0.587 * limited[1] + 0.114 * limited[2])
    expected = block_dct(error, FREQUENCIES)
    found = rounding_noise(file, file.components[0], y, FREQUENCIES)
    np.testing.assert_allclose([noise.variance for noise in found], expected.var(axis=(1, 2)), rtol=2e-3)
    assert found[0].mean == pytest.approx(expected[0].mean(), abs=2e-3)
    assert [noise.mean for noise in found[1:]] == [0] * 5


@pytest.mark.parametrize(("mode", "number"), [("L", 0), ("CMYK", 0)])
def test_the_noise_of_one_component_is_that_of_rounding_it(mode: str, number: int) -> None:
    file = coefficients(mode=mode)
    plane = samples(file.components[number])
    expected = block_dct(plane - np.clip(np.floor(plane + 0.5), 0, 255), FREQUENCIES).var(axis=(1, 2))
    found = rounding_noise(file, file.components[number], plane, FREQUENCIES)
    np.testing.assert_allclose([noise.variance for noise in found], expected, rtol=2e-3)


def test_of_a_large_photo_a_part_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    file = coefficients(subsampling=2)
    plane = samples(file.components[0])
    whole = rounding_noise(file, file.components[0], plane, FREQUENCIES)
    monkeypatch.setattr(module, "ROUNDED_BLOCKS", 300)
    part = rounding_noise(file, file.components[0], plane, FREQUENCIES)
    assert part != whole
    np.testing.assert_allclose([n.variance for n in part], [n.variance for n in whole], rtol=0.2)


def test_few_frequencies_are_those_of_the_whole_transform() -> None:
    plane = np.random.default_rng(0).normal(0, 60, (61, 83))
    for origin in [(0, 0), (3, 5), (7, 7)]:
        found = low_block_dct(plane, ZIGZAG[:15], origin)
        np.testing.assert_allclose(found, block_dct(plane, ZIGZAG[:15], origin), atol=1e-10)


def test_the_kernel_of_noise_has_its_mean_and_variance() -> None:
    offsets, weights = noise_kernel(Noise(0.4, 2.0))
    assert weights.sum() == pytest.approx(1)
    assert weights @ offsets == pytest.approx(-0.4)
    assert weights @ (offsets + 0.4) ** 2 == pytest.approx(2.0, rel=1e-4)
    offsets, weights = noise_kernel(Noise(0.0, 0.0))
    assert weights[offsets == 0] == 1


def test_limited_pixels_are_counted_in_blocks_of_the_grid() -> None:
    pixels = np.full((20, 27, 3), 100, np.uint8)
    pixels[3:11, 5:9, 1] = 255
    pixels[12, 14] = 0
    found = limited_share(pixels, (2, 3), (8, 8), (3, 5))
    np.testing.assert_allclose(found, [[0.5, 0, 0], [0, 1 / 64, 0]])


@pytest.mark.parametrize("noise", [Noise(-4414.0, 1.3e7), Noise(4414.0, 1.0), Noise(0.0, 1e12)])
def test_the_kernel_of_absurd_noise_is_bounded_and_defined(noise: Noise) -> None:
    offsets, weights = noise_kernel(noise)
    assert len(offsets) < 2000
    assert weights.sum() == pytest.approx(1)
