import io
import struct

import numpy as np
import pytest
from PIL import Image

from support.exif_blocks import scene
from unseam.errors import DamagedPhoto, PhotoTooLarge, TruncatedPhoto, UnsupportedPhoto
from unseam.photo.photo import load_photo

PIXELS = scene(9, 13)


def _bmp(masks: tuple[int, int, int], bits: int, *, upward: bool = True, header: int = 40) -> bytes:
    """Write PIXELS with bit fields."""
    channels = [((1 << bin(mask).count("1")) - 1, (mask & -mask).bit_length() - 1) for mask in masks]
    values = sum(
        (
            np.round(PIXELS[..., i] / 255 * largest).astype(np.uint32) << shift
            for i, (largest, shift) in enumerate(channels)
        ),
        np.uint32(0),
    ).astype(f"<u{bits // 8}")
    line = -(-13 * bits // 32) * 4
    rows = [row.tobytes().ljust(line, b"\0") for row in (values[::-1] if upward else values)]
    start = 14 + header + (12 if header == 40 else 0)
    info = struct.pack("<IiiHHIIiiII", header, 13, 9 if upward else -9, 1, bits, 3, 9 * line, 0, 0, 0, 0)
    info += struct.pack("<III", *masks) + bytes(max(header - 52, 0))
    return b"BM" + struct.pack("<IHHI", start + 9 * line, 0, 0, start) + info + b"".join(rows)


LAYOUTS = [
    ((0xF00, 0xF0, 0xF), 16),
    ((0x7C00, 0x3E0, 0x1F), 16),
    ((0xF800, 0x7E0, 0x1F), 16),
    ((0x1F, 0x7E0, 0xF800), 16),
    ((0xFF0000, 0xFF00, 0xFF), 32),
    ((0xFF, 0xFF00, 0xFF0000), 32),
    ((0x3FF00000, 0xFFC00, 0x3FF), 32),
]


@pytest.mark.parametrize(("masks", "bits"), LAYOUTS)
@pytest.mark.parametrize("upward", [True, False])
def test_any_layout_of_bit_fields_is_decoded(masks: tuple[int, int, int], bits: int, upward: bool) -> None:
    photo = load_photo(_bmp(masks, bits, upward=upward))

    for i, mask in enumerate(masks):
        step = 255 / ((1 << bin(mask).count("1")) - 1)
        assert np.abs(photo.pixels[..., i] - PIXELS[..., i].astype(float)).max() <= step / 2 + 1


@pytest.mark.parametrize(("masks", "bits"), [LAYOUTS[2], LAYOUTS[4]])
def test_layouts_that_pillow_reads_give_its_pixels(masks: tuple[int, int, int], bits: int) -> None:
    data = _bmp(masks, bits)

    assert np.array_equal(load_photo(data).pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_newer_headers_are_read() -> None:
    assert np.array_equal(load_photo(_bmp(*LAYOUTS[0], header=108)).pixels, load_photo(_bmp(*LAYOUTS[0])).pixels)


def test_cut_contradicting_and_large_files_are_refused() -> None:
    data = _bmp(*LAYOUTS[0])
    with pytest.raises(TruncatedPhoto):
        load_photo(data[:-20])
    with pytest.raises(DamagedPhoto, match="bit masks"):
        load_photo(_bmp((0xF0F, 0xF0, 0xF), 16))
    with pytest.raises(PhotoTooLarge, match="13 x 9"):
        load_photo(data, max_pixels=100)


def test_a_compression_that_no_decoder_reads_is_unsupported() -> None:
    data = bytearray(_bmp(*LAYOUTS[0]))
    data[28:34] = struct.pack("<HI", 24, 4)
    with pytest.raises(UnsupportedPhoto, match="BMP of a kind"):
        load_photo(bytes(data))
