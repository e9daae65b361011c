import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.exif_blocks import scene
from support.tiff_files import picture, stored, tiff
from unseam.photo.orientation import exif_orientation
from unseam.photo.photo import load_photo
from unseam.photo.tiff import MAX_DIRECTORIES, Tiff

PIXELS = scene(40, 56)
WIDTH = 256


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_byte_order_and_width_is_read_and_decoded(order: str, big: bool) -> None:
    data = tiff(picture(PIXELS) | {274: (3, [6])}, order=order, big=big, data=PIXELS.tobytes())

    photo = load_photo(data)

    assert np.array_equal(photo.pixels, PIXELS)
    assert photo.orientation == 6
    assert Tiff(data).is_big is big


@pytest.mark.parametrize(
    ("kind", "value"),
    [(1, 7), (3, 700), (4, 70_000), (6, -7), (8, -700), (9, -70_000), (13, 8), (16, 9), (17, -9), (18, 9)],
)
@pytest.mark.parametrize("big", [False, True])
def test_integers_of_all_types_are_read(kind: int, value: int, big: bool) -> None:
    file = Tiff(tiff({WIDTH: (kind, [value, 1, 2])}, big=big))

    (directory,) = file.chain()

    assert file.integers(directory, WIDTH) == (value, 1, 2)
    assert file.integer(directory, WIDTH) == value


def test_unknown_types_are_skipped_and_are_not_lost_entries() -> None:
    file = Tiff(tiff({WIDTH: (3, [5]), 300: (99, b"abcd"), 301: (0, b"abcd")}))

    (directory,) = file.chain()

    assert list(directory.entries) == [WIDTH]
    assert directory.lost == 0


def test_values_outside_the_data_are_counted() -> None:
    data = bytearray(tiff({WIDTH: (4, [1, 2, 3])}))
    data[16 + 2 + 8 : 16 + 2 + 12] = struct.pack("<I", 10_000)

    (directory,) = Tiff(bytes(data)).chain()

    assert not directory.entries
    assert directory.lost == 1


def test_a_loop_of_directories_ends() -> None:
    data = bytearray(tiff({WIDTH: (3, [5])}))
    data[16 + 2 + 12 : 16 + 2 + 16] = struct.pack("<I", 16)

    assert len(list(Tiff(bytes(data)).chain())) == 1


def test_directories_beyond_the_limit_are_not_read() -> None:
    assert len(list(Tiff(tiff(*[{WIDTH: (3, [5])}] * (MAX_DIRECTORIES + 5))).chain())) == MAX_DIRECTORIES


@pytest.mark.parametrize("kind", [1, 3, 4, 8, 9, 13])
def test_orientation_of_any_integer_type_counts(kind: int) -> None:
    assert exif_orientation(b"Exif\0\0" + tiff({274: (kind, [8])})) == 8


def test_a_directory_moved_ahead_of_a_big_tiff_is_a_classic_one_of_the_same_picture() -> None:
    reduced = PIXELS[::2, ::2]
    data = tiff(
        picture(reduced, start=16),
        picture(PIXELS, start=16 + reduced.nbytes) | {273: (16, [16 + reduced.nbytes])},
        order=">",
        big=True,
        data=reduced.tobytes() + PIXELS.tobytes(),
    )
    file = Tiff(data)

    moved = file.as_first(list(file.chain())[1])

    assert not Tiff(moved).is_big
    assert np.array_equal(load_photo(moved).pixels, PIXELS)


def test_offsets_that_do_not_fit_into_a_classic_tiff_are_refused() -> None:
    file = Tiff(tiff({273: (16, [2**33])}, big=True))
    with pytest.raises(OverflowError):
        file.as_first(next(file.chain()))


@settings(max_examples=300, deadline=None)
@given(head=st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b""]), rest=st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(head: bytes, rest: bytes) -> None:
    file = Tiff(head + rest)
    for directory in file.chain():
        for tag in directory.entries:
            file.integers(directory, tag)
            file.integer(directory, tag)
        file.below(directory)


def test_stored_order_changes_bytes() -> None:
    assert stored(np.array([[1]], np.uint16), ">") == b"\0\1"
