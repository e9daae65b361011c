import io

import numpy as np
import pytest
from PIL import Image

from support.exif_blocks import scene
from support.tiff_files import picture, stored, tiff
from unseam.errors import DamagedPhoto, TruncatedPhoto, UnsupportedPhoto
from unseam.photo.photo import load_photo

LARGE, SMALL = scene(60, 80), scene(15, 20)
DATA = LARGE.tobytes() + SMALL.tobytes()
AT_LARGE, AT_SMALL = 16, 16 + LARGE.nbytes
REDUCED = {254: (4, [1])}


@pytest.mark.parametrize("marks", [({}, {}), (REDUCED, {}), (REDUCED, REDUCED)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_largest_full_picture_is_judged_wherever_it_stands(marks: tuple[dict, dict], order: str) -> None:
    first, second = picture(SMALL, AT_SMALL) | marks[0], picture(LARGE, AT_LARGE) | marks[1]

    photo = load_photo(tiff(first, second, order=order, data=DATA))

    assert np.array_equal(photo.pixels, LARGE)
    assert (photo.number, photo.count) == (2, 2)


def test_a_reduced_picture_gives_way_to_a_smaller_full_one() -> None:
    photo = load_photo(tiff(picture(LARGE, AT_LARGE) | REDUCED, picture(SMALL, AT_SMALL), data=DATA))

    assert np.array_equal(photo.pixels, SMALL)


def test_a_transparency_mask_is_not_judged() -> None:
    mask = np.zeros((100, 100), np.uint8)
    data = tiff(picture(mask, 16 + len(DATA)) | {254: (4, [4])}, picture(SMALL, AT_SMALL), data=DATA + mask.tobytes())

    assert np.array_equal(load_photo(data).pixels, SMALL)


def test_of_pages_of_one_size_the_first_is_judged() -> None:
    buffer = io.BytesIO()
    Image.fromarray(LARGE).save(buffer, "TIFF", save_all=True, append_images=[Image.new("RGB", (80, 60))])

    photo = load_photo(buffer.getvalue())

    assert np.array_equal(photo.pixels, LARGE)
    assert (photo.number, photo.count) == (1, 2)


RAW = {
    "mosaic in a sub-directory": picture(SMALL, AT_SMALL) | {330: (4, [0])},
    "DNG": picture(LARGE, AT_LARGE) | {50706: (1, [1, 4, 0, 0])},
    "mosaic": picture(LARGE, AT_LARGE) | {262: (3, [32803])},
    "linear raw": picture(LARGE, AT_LARGE) | {262: (3, [34892])},
    "compressed by Nikon": picture(LARGE, AT_LARGE) | {259: (3, [34713])},
}


@pytest.mark.parametrize("name", RAW)
def test_raw_files_are_unsupported_with_the_advice_to_develop_them(name: str) -> None:
    behind = tiff({256: (3, [4000]), 262: (3, [32803])})  # its own directory lies at byte 16
    entries = RAW[name]
    data = tiff(entries, data=DATA + behind[16:])
    if 330 in entries:
        entries = entries | {330: (4, [16 + len(DATA)])}
        data = tiff(entries, data=DATA + behind[16:])

    with pytest.raises(UnsupportedPhoto, match=r"raw file.*Develop it"):
        load_photo(data)


def test_canons_raw_files_are_known_by_their_mark() -> None:
    data = bytearray(tiff(picture(SMALL, AT_SMALL), data=DATA))
    data[8:10] = b"CR"
    with pytest.raises(UnsupportedPhoto, match="raw file"):
        load_photo(bytes(data))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3)])
def test_floats_of_0_to_1_become_8_bits(dtype: type, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).random(shape).astype(dtype)
    values.flat[:2] = 0, 1

    photo = load_photo(tiff(picture(values, sample_format=3), data=values.tobytes()))

    expected = np.round(255 * values.astype(np.float64)).astype(np.uint8)
    assert np.array_equal(photo.pixels, np.broadcast_to(expected.reshape(30, 40, -1), (30, 40, 3)))


@pytest.mark.parametrize("wrong", [-0.1, 1.5, np.nan, np.inf])
def test_floats_of_another_range_are_unsupported(wrong: float) -> None:
    values = np.full((30, 40), 0.5, np.float32)
    values[3, 4] = wrong
    with pytest.raises(UnsupportedPhoto, match="outside 0 to 1"):
        load_photo(tiff(picture(values, sample_format=3), data=values.tobytes()))


@pytest.mark.parametrize("order", ["<", ">"])
def test_32_bit_integers_keep_their_highest_byte(order: str) -> None:
    values = np.random.default_rng(0).integers(0, 2**32, (30, 40), np.uint32)

    photo = load_photo(tiff(picture(values), order=order, data=stored(values, order)))

    assert np.array_equal(photo.pixels[..., 0], values >> 24)


def test_32_bit_integers_that_are_all_dark_or_signed_are_unsupported() -> None:
    values = np.arange(1200, dtype=np.uint32).reshape(30, 40)
    with pytest.raises(UnsupportedPhoto, match="32-bit integers below"):
        load_photo(tiff(picture(values), data=values.tobytes()))
    with pytest.raises(UnsupportedPhoto, match="signed"):
        load_photo(tiff(picture(values, sample_format=2), data=values.tobytes()))


def test_a_compression_without_a_decoder_is_unsupported_and_named() -> None:
    with pytest.raises(UnsupportedPhoto, match="compressed as JPEG XL"):
        load_photo(tiff(picture(LARGE, AT_LARGE) | {259: (3, [50002])}, data=DATA))


@pytest.mark.parametrize("big", [False, True])
def test_a_cut_file_is_truncated_and_a_broken_one_damaged(big: bool) -> None:
    data = tiff(picture(LARGE, AT_LARGE), big=big, data=DATA)
    with pytest.raises(TruncatedPhoto):
        load_photo(data[:-100])
    buffer = io.BytesIO()
    Image.fromarray(LARGE).save(buffer, "TIFF", compression="tiff_lzw", big_tiff=big)
    broken = bytearray(buffer.getvalue())
    broken[400:700] = b"\xff" * 300
    with pytest.raises(DamagedPhoto):
        load_photo(bytes(broken))
