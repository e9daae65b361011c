import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.provenance.iptc import image_resources, read_iptc


def dataset(number: int, value: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def resource(number: int, content: bytes, name: bytes = b"\0\0") -> bytes:
    return (
        b"8BIM" + struct.pack(">H", number) + name + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    )


def test_programs_and_dates_are_read() -> None:
    found = read_iptc(
        dataset(90, b"\x1b%G", record=1)
        + dataset(65, b"Photo Mechanic")
        + dataset(70, b"6.0")
        + dataset(55, b"20240506")
        + dataset(60, b"070809+0200")
        + dataset(62, b"20240507")
    )
    assert found.program == "Photo Mechanic 6.0"
    assert (found.created, found.digitized) == ("2024-05-06 07:08:09", "2024-05-07")
    assert found.oddities == ()


def test_names_of_people_and_captions_are_not_kept() -> None:
    found = read_iptc(dataset(80, b"Jane Roe") + dataset(120, b"a caption") + dataset(90, b"Berlin"))
    assert not any(word in repr(found) for word in ("Jane", "caption", "Berlin"))


def test_the_mark_of_facebook_is_known() -> None:
    assert read_iptc(dataset(40, b"FBMD01000ac6030000")).facebook
    assert not read_iptc(dataset(40, b"Embargo until noon")).facebook


@pytest.mark.parametrize("block", [b"junk", dataset(65, b"x")[:-1], b"\x1c\x02\x41\xff\xff" + b"x" * 99])
def test_a_broken_block_says_so(block: bytes) -> None:
    assert read_iptc(block).oddities == ("the IPTC block is cut or is not one",)


def test_padding_is_no_damage() -> None:
    assert read_iptc(dataset(65, b"Editor") + bytes(7)).oddities == ()


def test_image_resources_are_listed_up_to_the_first_that_is_cut() -> None:
    block = resource(0x0404, b"abc", b"\x03xyz") + resource(0x0406, b"12") + resource(0x0422, b"x" * 50)
    assert list(image_resources(block[:-10])) == [(0x0404, b"abc"), (0x0406, b"12")]


@given(st.binary(max_size=200))
def test_nothing_raises(junk: bytes) -> None:
    read_iptc(junk or b"\0")
    list(image_resources(b"8BIM" + junk))
