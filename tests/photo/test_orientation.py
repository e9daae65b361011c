from __future__ import annotations

import numpy as np
import pytest

from unseam.photo.orientation import as_stored, exif_orientation, upright, upright_box, valid_orientation

ORIENTATIONS = range(1, 9)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_what_was_turned_upright_is_turned_back(orientation: int) -> None:
    pixels = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    np.testing.assert_array_equal(as_stored(upright(pixels, orientation), orientation), pixels)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_box_is_turned_with_its_pixels(orientation: int) -> None:
    mask = np.zeros((5, 7), bool)
    mask[1:3, 2:6] = True
    top, left, bottom, right = upright_box((1, 2, 3, 6), 5, 7, orientation)
    turned = np.zeros_like(upright(mask, orientation))
    turned[top:bottom, left:right] = True
    np.testing.assert_array_equal(turned, upright(mask, orientation))


def test_every_orientation_shows_another_picture() -> None:
    pixels = np.arange(4).reshape(2, 2)
    assert len({upright(pixels, orientation).tobytes() for orientation in ORIENTATIONS}) == 8


def test_a_photo_turned_to_the_right_has_its_first_row_on_the_right() -> None:
    pixels = np.array([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(upright(pixels, 6)[:, -1], pixels[0])


@pytest.mark.parametrize("value", [0, 9, -1, None, "6", 6.0])
def test_anything_else_than_one_to_eight_counts_as_upright(value: object) -> None:
    assert valid_orientation(value) == 1


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_does_not_exist_is_refused(orientation: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 8"):
        upright(np.zeros((2, 2)), orientation)


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_an_unreadable_block_counts_as_upright(exif: bytes) -> None:
    assert exif_orientation(exif) == 1
