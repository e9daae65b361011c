import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.provenance.dates import parse_date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024:05:06 07:08:09", "2024-05-06 07:08:09"),
        ("2024-05-06T07:08:09.123Z", "2024-05-06 07:08:09"),
        ("2024-05-06T07:08+02:00", "2024-05-06 07:08:00"),
        ("2024: 5: 6  7:08:09", "2024-05-06 07:08:09"),
        ("2024-05-06", "2024-05-06"),
        ("2024:02:30 00:00:00", None),
        ("2024:13:45 27:61:99", None),
        ("6 May 2024", None),
        ("", None),
    ],
)
def test_dates_are_read_in_any_usual_notation(text: str, date: str | None) -> None:
    assert parse_date(text) == date


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert parse_date(text) is None or len(str(parse_date(text))) in (10, 19)
