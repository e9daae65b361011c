import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command import recorder, run

from unseam.evaluation import run as evaluation_run


def test_evaluate_hands_over_and_prints_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(evaluation_run, "run_evaluation", recorder(calls, SimpleNamespace(markdown=lambda: "# Tables")))
    monkeypatch.setattr(sys, "argv", ["unseam", "evaluate", "--root", "a b"])
    result = run("evaluate", "--method", "x", "--method", "y.onnx", "--root", "a b", "--out", "c", "--split", "test")
    assert result.stdout == "# Tables\n"
    ((arguments, options),) = calls
    assert arguments == (["x", "y.onnx"], Path("a b"), Path("c"))
    assert options["split"] == "test"
    assert options["dataset"] == "folder"
    assert options["command"] == "unseam evaluate --root 'a b'"


def test_evaluate_on_a_folder_of_another_layout_is_one_line(tmp_path: Path, model: Path) -> None:
    result = run("evaluate", "--method", model, "--root", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"unseam: {tmp_path}")
    assert len(result.stderr.splitlines()) == 1
