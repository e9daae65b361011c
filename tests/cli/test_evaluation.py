import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.command import recorder, run
from unseam.datasets.splits import DataSet
from unseam.evaluation import run as evaluation_run
from unseam.reproduction import run as reproduction


def test_evaluate_hands_over_and_prints_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(
        evaluation_run, "run_evaluation", recorder(calls, SimpleNamespace(markdown=lambda: "# Tables", failures=()))
    )
    monkeypatch.setattr(sys, "argv", ["unseam", "evaluate", "--root", "a b"])
    result = run("evaluate", "--method", "x", "--method", "y.onnx", "--root", "a b", "--out", "c", "--split", "test")
    assert result.stdout == "# Tables\n"
    ((arguments, options),) = calls
    *places, plan = arguments
    assert places == [["x", "y.onnx"], Path("a b"), Path("c")]
    assert (plan.split, plan.dataset, plan.limit, plan.degrade, plan.seed) == ("test", "folder", None, (), 0)
    assert plan.workers >= 1
    assert options["command"] == "unseam evaluate --root 'a b'"


def test_evaluate_on_a_folder_of_another_layout_is_one_line(tmp_path: Path, model: Path) -> None:
    result = run("evaluate", "--method", model, "--root", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"unseam: {tmp_path}")
    assert len(result.stderr.splitlines()) == 1


def test_photos_that_failed_are_told_one_a_line_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = SimpleNamespace(markdown=lambda: "# Tables", failures=("a.png, x: bad", "b.png, x: bad"))
    monkeypatch.setattr(evaluation_run, "run_evaluation", recorder([], outcome))
    result = run("evaluate", "--method", "x", "--root", "r", "--out", "o", "--workers", "1")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["unseam: a.png, x: bad", "unseam: b.png, x: bad"]
    assert result.stdout == "# Tables\n"


def test_an_unknown_degradation_is_one_line(tmp_path: Path) -> None:
    result = run("evaluate", "--method", "all", "--root", tmp_path, "--out", tmp_path / "out", "--degrade", "fire")
    assert result.exit_code == 1
    assert result.stderr.startswith("unseam: no degradation 'fire'; there are: jpeg, resize")


def test_reproduce_hands_over_and_tells_where_the_page_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    done = SimpleNamespace(page=tmp_path / "index.html", finished=True, failures=())
    monkeypatch.setattr(reproduction, "reproduce", recorder(calls, done))

    result = run("reproduce", "--dataset", "casia1", "--root", "a", "--out", "b", "--seeds", "2", "--only", "fcn")

    assert result.exit_code == 0
    assert result.stdout == f"Open {tmp_path / 'index.html'}\n"
    ((settings, out),) = (arguments for arguments, _ in calls)
    assert out == Path("b")
    assert settings.dataset == DataSet(Path("a"), "casia1")
    assert (settings.seeds, settings.only, settings.smoke) == (2, ("fcn",), False)


def test_an_interrupted_reproduction_exits_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = SimpleNamespace(page=tmp_path / "index.html", finished=False)
    monkeypatch.setattr(reproduction, "reproduce", recorder([], done))

    result = run("reproduce", "--smoke", "--out", "b")

    assert result.exit_code == 130
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("unseam: interrupted; what was finished before is on disk")


def test_failures_of_a_reproduction_are_told_and_exit_with_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = SimpleNamespace(page=tmp_path / "index.html", finished=True, failures=("a.jpg: damaged",))
    monkeypatch.setattr(reproduction, "reproduce", recorder([], done))

    result = run("reproduce", "--smoke", "--out", "b")

    assert result.exit_code == 1
    assert result.stderr == "unseam: a.jpg: damaged\n"


@pytest.mark.parametrize("alone", [["--dataset", "casia1"], ["--objects", "a"], ["--count", "9"], ["--easy"]])
def test_an_option_of_reproduce_without_the_one_it_goes_with_is_wrong_usage(alone: list[str]) -> None:
    result = run("reproduce", "--smoke", *alone, "--out", "b")

    assert result.exit_code == 2
    assert "go together" in result.stderr or "go with --photos" in result.stderr


def test_a_smoke_run_has_the_seeds_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    done = SimpleNamespace(page=tmp_path / "index.html", finished=True, failures=())
    monkeypatch.setattr(reproduction, "reproduce", recorder(calls, done))

    for asked in ((), ("--seeds", "2")):
        run("reproduce", "--smoke", *asked, "--out", "b")
    run("reproduce", "--photos", "a", "--out", "b")

    assert [arguments[0].seeds for arguments, _ in calls] == [1, 2, 3]


def test_a_reproduction_without_data_is_one_line(tmp_path: Path) -> None:
    result = run("reproduce", "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert result.stderr.startswith("unseam: name one: a data set")
