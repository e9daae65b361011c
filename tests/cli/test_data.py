from pathlib import Path
from typing import Any

import pytest
from command import recorder, run

from unseam.forging import factory


def test_forge_hands_over_and_tells_what_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    summary = factory.ForgeSummary(tmp_path, 3, 1, {"splice": 4}, {"train": 4}, 7, (("tiny.jpg", "too small"),))
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, summary))
    result = run(
        "forge", "a", "b", "--objects", "c", "--objects", "d", "--out", "e", "--count", "4", "--seed", "5", "--easy"
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["splice 4", "train 4", f"3 made, 1 found, from 7 photographs -> {tmp_path}"]
    assert result.stderr == "unseam: tiny.jpg: too small; left out\n"
    ((arguments, options),) = calls
    assert arguments == ([Path("a"), Path("b")], [Path("c"), Path("d")], Path("e"))
    assert options == {"count": 4, "seed": 5, "workers": 1, "config": factory.ForgeConfig.easy()}


def test_forge_without_objects_cuts_out_blobs_and_polygons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())))
    assert run("forge", "a", "--out", "e", "--count", "1").exit_code == 0
    ((arguments, options),) = calls
    assert arguments == ([Path("a")], [], Path("e"))
    assert options["config"].object_share == 0


def test_forge_without_photographs_is_one_line(tmp_path: Path) -> None:
    result = run("forge", tmp_path, "--out", tmp_path / "out", "--count", "1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("unseam: ")
