import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.provenance.png_text import MAX_TEXT_BYTES, raw_profile, read_texts

BOMB = zlib.compress(bytes(200_000_000), 9)


def test_all_three_kinds_of_text_are_read() -> None:
    chunks = [
        (b"tEXt", b"Software\0Caf\xe9"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"packed")),
        (b"iTXt", b"Title\0\0\0en\0Titel\0" + "Ü".encode()),
        (b"iTXt", b"More\0\1\0\0\0" + zlib.compress("ß".encode())),
        (b"IDAT", b"Software\0not a text"),
    ]
    assert read_texts(iter(chunks)) == [
        ("Software", "Café".encode()),
        ("Comment", b"packed"),
        ("Title", "Ü".encode()),
        ("More", "ß".encode()),
    ]


def test_utf_8_where_latin_1_is_due_is_read_as_it_is_meant() -> None:
    assert read_texts(iter([(b"tEXt", b"parameters\0" + "雪".encode())])) == [("parameters", "雪".encode())]


@pytest.mark.parametrize(
    "chunk", [(b"zTXt", b"a\0\0" + BOMB), (b"iTXt", b"a\0\1\0\0\0" + BOMB), (b"zTXt", b"a\0\0junk"), (b"iTXt", b"a\0")]
)
def test_bombs_and_junk_are_left_out_without_unpacking_them(chunk: tuple[bytes, bytes]) -> None:
    tracemalloc.start()
    texts = read_texts(iter([chunk, (b"tEXt", b"b\0c")]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts == [("b", b"c")]
    assert peak < 4 * MAX_TEXT_BYTES


def test_all_texts_together_are_limited() -> None:
    half = b"x" * (MAX_TEXT_BYTES // 2 + 1)
    assert [len(text) for _, text in read_texts(iter([(b"tEXt", b"a\0" + half)] * 3))] == [len(half)]


def test_a_raw_profile_is_hexadecimal() -> None:
    assert raw_profile(b"\nexif\n       4\n4d4d\n002a\n") == b"MM\0*"
    assert raw_profile(b"\nexif\n4\nxyz") == b""
    assert raw_profile(b"") == b""


@given(st.binary(max_size=100))
def test_nothing_raises(junk: bytes) -> None:
    read_texts(iter([(b"tEXt", junk), (b"zTXt", junk), (b"iTXt", junk)]))
    raw_profile(junk)
