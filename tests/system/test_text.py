from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.system.text import MAX_TEXT, encodable, one_line, plain_text, printable


@given(st.text())
def test_a_printable_text_can_be_printed_and_stays_as_it_is_when_made_printable_again(text: str) -> None:
    made = printable(text)
    assert made.isprintable()
    assert printable(made) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb", r"a\nb"), ("a\udcffb", r"a\xffb"), ("caf\u00e9", "caf\u00e9"), ("\u202e", r"\u202e")],
)
def test_what_cannot_be_printed_becomes_an_escape(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_bytes_that_are_not_utf_8_are_the_only_ones_that_encodable_escapes() -> None:
    assert encodable("a\n\udc80") == "a\n\\x80"


@given(st.text())
def test_an_encodable_text_fits_into_utf_8(text: str) -> None:
    encodable(text + "\udcfe").encode("utf-8")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"  Canon \0\0", "Canon"),
        ("caf\u00e9".encode(), "caf\u00e9"),
        ("caf\u00e9".encode("latin-1"), "caf\u00e9"),
        (b"two\r\n lines", "two lines"),
        (b" \0", None),
    ],
)
def test_bytes_become_one_short_line_whether_utf_8_or_latin_1(data: bytes, expected: str | None) -> None:
    assert plain_text(data) == expected


def test_a_letter_that_the_limit_splits_does_not_make_the_text_latin_1() -> None:
    for longest in range(3, 9):
        text = plain_text(("a" + "\u20ac" * 50).encode(), longest)
        assert text is not None
        assert set(text) <= {"a", "\u20ac", "\u2026"}


@given(st.text(), st.integers(2, 40))
def test_a_line_is_never_longer_than_its_limit(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert line is None or 0 < len(line) <= longest


def test_a_line_that_was_cut_says_so() -> None:
    assert one_line("a" * (MAX_TEXT + 1)) == "a" * (MAX_TEXT - 1) + "\u2026"
    assert one_line("a" * MAX_TEXT) == "a" * MAX_TEXT
