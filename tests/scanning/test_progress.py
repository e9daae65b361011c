from collections.abc import Iterator

import pytest

from unseam.scanning.progress import RateColumn, progress


def test_without_a_terminal_results_pass_and_nothing_is_shown_or_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> Iterator[object]:
        raise AssertionError("counted")

    assert list(progress(iter("abc"), 2, never)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_all_results_pass_and_the_count_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take any stream for a terminal
    assert list(progress(iter("abc"), 2, lambda: iter(range(5)))) == ["a", "b", "c"]
    assert "5/" in capsys.readouterr().err


def test_a_rate_that_is_not_known_yet_is_a_dash() -> None:
    class Unknown:
        speed = None

    assert RateColumn().render(Unknown()).plain == "- files/s"  # type: ignore[arg-type]
