import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jpeg.test_displacement import shifted
from support.exif_blocks import scene
from unseam.jpeg.damage import IMPOSSIBLE, SHIFTED, Damage
from unseam.jpeg.segments import START_OF_SCAN, cut_into_segments
from unseam.photo.photo import Photo, load_photo

HEIGHT, WIDTH = 240, 320
CHROMA_SPREAD = 2
"""Rows by which the interpolation of subsampled chroma carries damage into sound rows."""


def _encoded(**options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(scene(HEIGHT, WIDTH)).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def _changed(data: bytes, part: float, junk: bytes, replaced: int = 0) -> bytes:
    """Put junk into the first scan at a part of its length."""
    scan = next(segment for segment in cut_into_segments(data).segments if segment.marker == START_OF_SCAN)
    place = scan.start + 14 + int(part * (scan.end - scan.start - 14))
    while data[place - 1] == 0xFF:  # between the two bytes of a stuffed zero it would be another marker
        place += 1
    return data[:place] + junk + data[place + replaced :]


def _wrong_rows(photo: Photo, sound: bytes) -> NDArray[np.bool_]:
    return (photo.pixels != load_photo(sound).pixels).any(axis=(1, 2))


def _located(data: bytes, sound: bytes) -> Damage:
    """Check that the damage covers the wrong rows, and no more than the coded units that hold them."""
    photo = load_photo(data)
    wrong = np.flatnonzero(_wrong_rows(photo, sound))
    found = np.flatnonzero(photo.damage.rows)
    assert abs(found[0] - wrong[0]) <= 16
    assert abs(found[-1] - wrong[-1]) <= 16 + CHROMA_SPREAD
    assert not photo.damage.rows.flags.writeable
    return photo.damage


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 7}]
)
def test_sound_file_has_no_damage(options: dict[str, object]) -> None:
    assert load_photo(_encoded(**options)).damage is None


def test_photo_that_is_not_a_jpeg_has_no_damage() -> None:
    assert load_photo(scene()).damage is None


@pytest.mark.parametrize("code", [0x01, 0x02, 0x9F, 0xBF])
def test_a_junk_marker_costs_its_restart_interval_and_nothing_else(code: int) -> None:
    sound = _encoded(restart_marker_rows=1)
    data = _changed(sound, 0.5, bytes([0xFF, code]))

    damage = _located(data, sound)

    assert damage.rows.sum() == 16
    assert "premature end" in damage.reason
    pillow = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(load_photo(data).pixels, pillow)
    assert _wrong_rows(load_photo(data), sound).sum() <= 16 + 2 * CHROMA_SPREAD


def test_coefficients_are_those_of_the_pixels_around_a_junk_marker() -> None:
    sound = _encoded(restart_marker_rows=1)
    ours = load_photo(_changed(sound, 0.5, b"\xff\x9f")).jpeg.luma.coefficients
    theirs = load_photo(sound).jpeg.luma.coefficients

    assert 0 < (ours != theirs).any(axis=(1, 2, 3)).sum() <= 2


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_an_end_of_image_inside_the_scan_costs_all_rows_below(part: float) -> None:
    sound = _encoded()

    damage = _located(_changed(sound, part, b"\xff\xd9"), sound)

    assert damage.share == pytest.approx(1 - part, abs=0.15)
    assert damage.first_row == HEIGHT - damage.rows.sum()


def test_two_bad_intervals_are_both_found() -> None:
    sound = _encoded(restart_marker_rows=1)

    damage = load_photo(_changed(_changed(sound, 0.7, b"\xff\x02"), 0.2, b"\xff\x02")).damage

    assert damage.rows.sum() == 32
    assert damage.first_row < HEIGHT // 2 < np.flatnonzero(damage.rows)[-1]


def test_a_code_that_is_none_is_located_in_a_progressive_file() -> None:
    sound = _encoded(progressive=True)
    broken = next(
        data
        for part in np.linspace(0.2, 0.8, 50)
        if (data := _changed(sound, part, b"\xfe\xfd" * 8, 16)) and "bad Huffman" in load_photo(data).jpeg.complaint
    )

    assert "bad Huffman code" in _located(broken, sound).reason


def _with_silent_damage(**options: object) -> tuple[bytes, bytes]:
    """Change a few bytes so that libjpeg finds nothing wrong, and blocks leave their range."""
    sound = _encoded(**options)
    for number in range(400):
        data = _changed(sound, 0.2 + 0.001 * number, np.random.default_rng(number).bytes(4).replace(b"\xff", b"\0"), 4)
        photo = load_photo(data)
        if not photo.jpeg.complaint and photo.damage is not None:
            return data, sound
    raise AssertionError("no such bytes")


def test_wrong_bits_that_libjpeg_does_not_notice_show_in_the_means() -> None:
    data, sound = _with_silent_damage()

    damage = load_photo(data).damage

    wrong = np.flatnonzero(_wrong_rows(load_photo(data), sound))
    assert damage.reason in (SHIFTED, IMPOSSIBLE)
    assert wrong[0] - 16 <= damage.first_row <= wrong[-1]
    assert damage.rows[damage.first_row :].all()


def test_means_out_of_their_range_are_damage_even_without_a_notch(tmp_path: Path) -> None:
    damage = load_photo(shifted(_encoded(), tmp_path, "Y", 6, 0, 300)).damage

    assert damage.reason == IMPOSSIBLE
    assert 6 * 16 <= damage.first_row < 8 * 16
    assert damage.rows[damage.first_row :].all()


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_are_in_range(level: int) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), level, np.uint8)).save(buffer, "JPEG", quality=5)

    assert load_photo(buffer.getvalue()).damage is None


def test_bytes_that_no_block_needs_are_named_and_cost_no_rows() -> None:
    sound = _encoded()
    damage = load_photo(sound[:-2] + bytes(9) + sound[-2:]).damage

    assert "extraneous bytes" in damage.reason
    assert damage.first_row is None
    assert damage.share == 0


def test_an_odd_header_is_no_damage() -> None:
    data = _encoded()
    odd = data[:20] + b"junk" + data[20:]  # behind the JFIF segment

    assert load_photo(odd).jpeg.complaint
    assert load_photo(odd).damage is None


def test_height_may_be_stated_behind_the_first_scan() -> None:
    sound = _encoded()
    frame = next(segment for segment in cut_into_segments(sound).segments if segment.marker == 0xC0)
    lines = struct.pack(">BBHH", 0xFF, 0xDC, 4, HEIGHT)
    data = sound[: frame.start + 5] + b"\0\0" + sound[frame.start + 7 : -2] + lines + sound[-2:]

    photo = load_photo(data)

    assert np.array_equal(photo.pixels, load_photo(sound).pixels)
    assert np.array_equal(photo.jpeg.luma.coefficients, load_photo(sound).jpeg.luma.coefficients)
