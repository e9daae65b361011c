import pytest

from unseam.errors import DataError
from unseam.scanning.rows import FACTS, PER_METHOD, blank_row, columns, failed_row, in_lots
from unseam.system.text import encodable


def test_each_method_adds_its_columns_after_those_of_the_file() -> None:
    names = list(columns(["block-grid", "m@1a2b"]))
    assert names[: len(FACTS)] == list(FACTS)
    assert names[len(FACTS) :] == [f"{kind}_{stem}" for stem in ("block_grid", "m_1a2b") for kind in PER_METHOD]


def test_two_methods_that_would_share_columns_are_refused() -> None:
    with pytest.raises(DataError, match="'a_b'"):
        columns(["a-b", "a_b"])


def test_a_failed_row_has_all_columns_and_its_error_on_one_line() -> None:
    row = failed_row("x/y.jpg", ["m"], "two\nlines")
    assert row.keys() == columns(["m"]).keys()
    assert {key: value for key, value in row.items() if value is not None} == {
        "path": "x/y.jpg",
        "status": "failed",
        "error": "two lines",
    }


def test_a_name_that_is_no_text_can_be_written() -> None:
    assert encodable("a\udcff/é.jpg") == "a\\xff/é.jpg"
    assert blank_row("a\udcff", [])["path"] == "a\\xff"


def test_lots_are_read_as_they_are_needed() -> None:
    numbers = iter(range(5))
    lots = in_lots(numbers, 2)
    assert next(lots) == [0, 1]
    assert next(numbers) == 2
    assert list(lots) == [[3, 4]]
