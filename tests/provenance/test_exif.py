import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.exif_blocks import block, directory, number, text
from unseam.provenance.exif import read_exif
from unseam.system.text import MAX_TEXT

FULL = block(
    {0x010F: text("Maker"), 0x0110: text("Model 1"), 0x0131: text("Editor 2.0"), 0x0132: text("2020:02:03 04:05:06")},
    {
        0x9003: text("2019:01:02 03:04:05"),
        0x9004: text("2019:01:02 03:04:06"),
        0xA434: text("Lens 50"),
        0xA002: number(4000),
        0xA003: number(3000),
    },
    {2: (5, 3, struct.pack("<6I", 48, 1, 51, 1, 29, 1))},
    b"preview",
)


def test_everything_that_helps_is_read() -> None:
    exif = read_exif(FULL)
    assert (exif.make, exif.model, exif.lens, exif.software) == ("Maker", "Model 1", "Lens 50", "Editor 2.0")
    assert (exif.taken, exif.digitized) == ("2019-01-02 03:04:05", "2019-01-02 03:04:06")
    assert exif.changed == "2020-02-03 04:05:06"
    assert (exif.stated_width, exif.stated_height) == (4000, 3000)
    assert exif.thumbnail == b"preview"
    assert exif.oddities == ()


def test_a_position_is_noted_and_its_coordinates_are_not_kept() -> None:
    exif = read_exif(FULL)
    assert exif.has_position
    assert "48" not in repr(exif)
    assert not read_exif(block({0x010F: text("Maker")}, {}, {0: (1, 4, b"\2\3\0\0")})).has_position


def test_both_byte_orders_are_read() -> None:
    exif = read_exif(block({0x0110: text("Model 1")}, {0xA002: number(40, ">")}, preview=b"tiny", order=">"))
    assert (exif.model, exif.stated_width, exif.thumbnail) == ("Model 1", 40, b"tiny")


def test_the_prefix_of_a_jpeg_segment_does_not_matter() -> None:
    assert read_exif(b"Exif\0\0" + FULL) == read_exif(FULL)


def test_texts_are_made_printable_and_short() -> None:
    exif = read_exif(
        block({0x010F: text(b"a\x1b[31m\n\xff\xe2\x80\xae"), 0x0110: text("x" * 5000), 0x0131: text("  ")})
    )
    assert exif.make == "a\\x1b[31m ÿâ\\x80®"
    assert exif.model is not None
    assert len(exif.model) == MAX_TEXT
    assert exif.software is None


@pytest.mark.parametrize("blank", ["0000:00:00 00:00:00", "    :  :     :  :  ", ""])
def test_a_blank_date_is_not_a_date_and_nothing_odd(blank: str) -> None:
    exif = read_exif(block({0x0132: text(blank)}))
    assert exif.changed is None
    assert exif.oddities == ()


@pytest.mark.parametrize("written", ["yesterday", "2024:13:45 27:61:99", "2023:02:29 00:00:00"])
def test_a_date_that_does_not_exist_is_returned_as_written_and_noted(written: str) -> None:
    exif = read_exif(block({0x0132: text(written)}))
    assert exif.changed == written
    assert exif.oddities == ("the date changed is not a date",)


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2015-06-29T18:19:12+01:00", "2015-06-29 18:19:12"),
        ("2026:07:14 20:19:45   :", "2026-07-14 20:19:45"),
        ("2026: 7:14  9:19:45", "2026-07-14 09:19:45"),
        ("2026:07:14", "2026-07-14"),
    ],
)
def test_dates_in_other_notations_are_read(written: str, date: str) -> None:
    exif = read_exif(block({0x0132: text(written)}))
    assert (exif.changed, exif.oddities) == (date, ())


def test_texts_in_latin_1_are_read() -> None:
    exif = read_exif(block({0x010F: text("Société".encode("latin-1")), 0x0131: text("Bildverbesserer für ®".encode())}))
    assert (exif.make, exif.software) == ("Société", "Bildverbesserer für ®")


def test_signed_integers_and_the_type_of_directories_are_read() -> None:
    exif = read_exif(block({}, {0xA002: (9, 1, struct.pack("<i", 4000)), 0xA003: (13, 1, struct.pack("<I", 3000))}))
    assert (exif.stated_width, exif.stated_height) == (4000, 3000)


def test_a_position_in_the_directory_of_details_is_found() -> None:
    place = 8 + len(directory({0x8769: number(0)}, 8))
    inside = place + len(directory({0x8825: number(0)}, place))
    data = b"II*\0" + struct.pack("<I", 8) + directory({0x8769: number(place)}, 8)
    data += directory({0x8825: number(inside)}, place) + directory({2: (5, 1, struct.pack("<2I", 48, 1))}, inside)
    assert read_exif(data).has_position


def test_types_that_are_not_known_are_skipped_without_a_word() -> None:
    exif = read_exif(block({0x0131: (77, 1, b"\0\0\0\1"), 0x0110: text("Model")}))
    assert (exif.model, exif.software, exif.oddities) == ("Model", None, ())


@pytest.mark.parametrize(
    "comment", [b"ASCII\0\0\0Steps: 20", b"\0" * 8 + b"Steps: 20", b"UNICODE\0" + "Steps: 20".encode("utf-16-be")]
)
def test_a_user_comment_is_read_in_its_character_set(comment: bytes) -> None:
    assert read_exif(block({}, {0x9286: (7, len(comment), comment)})).comment == "Steps: 20"


@pytest.mark.parametrize(
    ("data", "oddity"),
    [
        (b"nonsense", "the EXIF block does not start as one must"),
        (b"II*\0", "the EXIF block does not start as one must"),
        (b"II*\0\xff\xff\xff\xff", "the first EXIF directory is missing"),
        (FULL[:30], "the first EXIF directory is cut"),
        (block({0x8769: number(10**6)}), "the directory of details is missing"),
        (block({0x0131: number(7)}), "the software is not a text"),
        (
            block({0x0131: (2, 10**9, b"\0\0\0\1")}),
            "1 of 1 entries of the first EXIF directory point outside the block",
        ),
    ],
)
def test_a_broken_block_says_what_is_broken(data: bytes, oddity: str) -> None:
    assert oddity in read_exif(data).oddities


def test_an_empty_directory_is_neither_missing_nor_cut() -> None:
    second = directory({0x0201: number(30), 0x0202: number(9)}, 14)
    exif = read_exif(b"II*\0" + struct.pack("<IHI", 8, 0, 14) + second.ljust(40))
    assert (len(exif.thumbnail), exif.oddities) == (9, ())


def test_a_preview_outside_the_block_is_noted() -> None:
    second = directory({0x0201: number(30), 0x0202: number(10**6)}, 14)
    exif = read_exif(b"II*\0" + struct.pack("<IHI", 8, 0, 14) + second)
    assert exif.thumbnail == b""
    assert "the preview lies outside the EXIF block" in exif.oddities


def test_a_directory_that_points_to_itself_ends() -> None:
    first = directory({0x8769: number(8), 0x8825: number(8), 0x0131: text("loop")}, 8, following=8)
    assert read_exif(b"II*\0" + struct.pack("<I", 8) + first).software == "loop"


@given(st.binary(max_size=300), st.integers(0, len(FULL)), st.integers(0, 40))
def test_nothing_that_a_file_can_hold_raises(junk: bytes, place: int, cut: int) -> None:
    for data in (b"II*\0\x08\0\0\0" + junk, FULL[:place] + junk + FULL[place + cut :], junk):
        exif = read_exif(data)
        assert all(isinstance(oddity, str) for oddity in exif.oddities)


@pytest.mark.parametrize("filling", [b"\0", b"A"])
def test_a_thousand_entries_that_each_claim_the_whole_file_take_no_memory(filling: bytes) -> None:
    size = 10_000_000
    entries = b"".join(struct.pack("<HHII", 0x0100 + tag, 2, size, 8) for tag in range(1000))
    data = b"II*\0" + struct.pack("<IH", 8, 1000) + entries + bytes(4) + filling * size

    tracemalloc.start()
    exif = read_exif(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < size
    assert exif.make is not None
