import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command import recorder, run

from unseam.evaluation import run as evaluation_run


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
