from __future__ import annotations

from unseam.evaluation.markdown import markdown_table


def test_a_table_has_a_line_under_its_header_and_no_cell_can_break_it() -> None:
    assert markdown_table(["set", "F1"], [["a|b", "0.5"]]) == "| set | F1 |\n| --- | --- |\n| a\\|b | 0.5 |"


def test_a_table_without_rows_is_its_header() -> None:
    assert markdown_table(["set"], []) == "| set |\n| --- |"
