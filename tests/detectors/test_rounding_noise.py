"""Rounding noise: that of decoding every pixel, rounding it, and transforming the difference."""

import numpy as np
import pytest
from numpy.typing import NDArray

from support.jpeg_scenes import saved, scene
from unseam.detectors.block_dct import block_dct, samples
from unseam.detectors.detector import stored_luma
from unseam.detectors.rounding_noise import rounding_noise
from unseam.photo.photo import Photo, load_photo


def by_hand(photo: Photo, repeat: tuple[int, int]) -> NDArray[np.float64]:
    """DCT of luma rounded less luma; (64, rows, columns)."""
    assert photo.jpeg is not None
    luma, *chroma = (samples(component) for component in photo.jpeg.components)
    shape = luma.shape
    blue, red = (np.kron(plane, np.ones(repeat))[: shape[0], : shape[1]] - 128 for plane in chroma)
    pixels = (
        luma + 1.402 * red,
        luma - 0.34414 * blue - 0.71414 * red,
        luma + 1.772 * blue,
    )
    error = sum(
        weight * (np.clip(np.rint(plane), 0, 255) - plane)
        for weight, plane in zip((0.299, 0.587, 0.114), pixels, strict=True)
    )
    return block_dct(np.asarray(error))


@pytest.mark.parametrize(("subsampling", "repeat"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 2))])
@pytest.mark.parametrize("contrast", [1, 3])
def test_it_is_that_of_all_pixels(subsampling: int, repeat: tuple[int, int], contrast: int) -> None:
    pixels = np.clip((scene(149, 205).astype(float) - 128) * contrast + 140, 0, 255).astype(np.uint8)
    photo = load_photo(saved(pixels, 80, subsampling=subsampling))
    component, _ = stored_luma(photo)
    found = rounding_noise(photo, component, samples(component))
    expected = by_hand(photo, repeat)
    assert found.deviation == pytest.approx(expected.std(), rel=1e-12)
    assert found.offset == pytest.approx(expected[0].mean(), abs=1e-11)


def test_a_grey_photo_is_rounded_by_itself() -> None:
    photo = load_photo(saved(scene(96, 120), 85, "L"))
    component, _ = stored_luma(photo)
    plane = samples(component)
    expected = block_dct(np.clip(np.rint(plane), 0, 255) - plane)
    found = rounding_noise(photo, component, plane)
    assert found.deviation == pytest.approx(expected.std(), rel=1e-12)
    assert found.deviation == pytest.approx(12**-0.5, rel=0.05)  # of a uniform error


def test_a_flat_photo_of_a_whole_grey_has_none() -> None:
    photo = load_photo(saved(np.full((64, 64, 3), 128, np.uint8), 90))
    component, _ = stored_luma(photo)
    assert rounding_noise(photo, component, samples(component)).deviation < 1e-12
