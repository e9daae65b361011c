"""The block DCT: OpenCV's of every block, libjpeg's pixels, the standard's zig-zag."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from unseam.detectors.block_dct import ZIGZAG, block_dct, cosines, samples
from unseam.jpeg.coefficients import read_coefficients


def test_the_cosines_are_orthonormal() -> None:
    np.testing.assert_allclose(cosines() @ cosines().T, np.eye(8), atol=1e-14)


def test_the_order_is_the_standards_zigzag() -> None:
    place = {frequency: number for number, frequency in enumerate(ZIGZAG)}
    table = [[place[v, u] for u in range(8)] for v in range(8)]
    assert table[0] == [0, 1, 5, 6, 14, 15, 27, 28]  # ITU-T T.81, figure A.6
    assert table[1] == [2, 4, 7, 13, 16, 26, 29, 42]
    assert table[7] == [35, 36, 48, 49, 57, 58, 62, 63]


@pytest.mark.parametrize("origin", [(0, 0), (3, 5)])
def test_each_block_is_transformed_as_opencv_does(origin: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).uniform(0, 255, (8 * 18 + 4, 37))
    found = block_dct(plane, origin=origin)
    assert found.shape == (64, (plane.shape[0] - origin[0]) // 8, (37 - origin[1]) // 8)
    for row, column in ((0, 0), (17, 1), (17, 3)):
        top, left = origin[0] + 8 * row, origin[1] + 8 * column
        block = plane[top : top + 8, left : left + 8]
        expected = cv2.dct(np.ascontiguousarray(block))
        np.testing.assert_allclose(found[:, row, column], [expected[f] for f in ZIGZAG], atol=1e-11)


def test_only_the_wanted_frequencies_are_given_in_their_order() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (40, 48), dtype=np.uint8)
    np.testing.assert_allclose(block_dct(plane, [(7, 2), (0, 1)]), block_dct(plane)[[ZIGZAG.index((7, 2)), 1]])


def test_a_plane_smaller_than_a_block_has_none() -> None:
    assert block_dct(np.zeros((7, 30))).shape == (64, 0, 3)


def test_samples_are_libjpegs_pixels_before_rounding() -> None:
    grey = np.random.default_rng(2).integers(60, 190, (150, 43), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=90)
    found = samples(read_coefficients(buffer.getvalue()).components[0])
    assert found.shape == (152, 48)
    decoded = np.asarray(Image.open(buffer), np.float64)
    assert np.abs(found[:150, :43] - decoded).max() < 1.01  # libjpeg's own transform is not exact
    assert np.abs(found[:150, :43] - decoded).mean() == pytest.approx(0.25, abs=0.01)  # rounding alone


@pytest.mark.parametrize("shape", [(64, 8), (8, 64), (8, 8)])
def test_a_plane_without_a_whole_block_behind_the_origin_has_none(shape: tuple[int, int]) -> None:
    found = block_dct(np.zeros(shape), [(0, 0), (1, 0)], (1, 1))
    assert found.shape == (2, (shape[0] - 1) // 8, (shape[1] - 1) // 8)
