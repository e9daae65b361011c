"""A wall clock that jumps by years: nothing that is measured, waited for or resumed may depend on it."""

from __future__ import annotations

import ast
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pyarrow import parquet

import unseam
from support.command import run

SOURCE = Path(unseam.__file__).parent
WALL_CLOCK = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
YEARS = 3e8
"""Seconds, nearly ten years."""


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    real, jumps = time.time, itertools.cycle((YEARS, -YEARS))
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ".".join(ast.unparse(node.func).split(".")[-2:])
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"time.{alias.name}" for alias in node.names)


def test_the_wall_clock_is_read_for_the_date_of_a_report_and_for_nothing_else() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), call)
        for path in SOURCE.rglob("*.py")
        for call in calls(ast.parse(path.read_text(encoding="utf-8")))
        if call in WALL_CLOCK
    }
    assert found == {("report/document.py", "datetime.now")}


def test_localize_measures_durations_whatever_the_clock_says(
    jumping: None, photos: Path, model: Path, tmp_path: Path
) -> None:
    result = run("localize", photos / "0.png", "--method", model, "--json")
    assert result.exit_code == 0
    (method,) = json.loads(result.stdout)["methods"]
    assert 0 <= method["seconds"] < 600


def test_scan_is_done_and_resumed_whatever_the_clock_says(
    jumping: None, photos: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    for more in ((), ("--resume",)):
        assert run("scan", photos, "--method", model, "--out", out, "--workers", "1", *more).exit_code == 0
    rows = parquet.read_table(out).to_pylist()
    assert len(rows) == 6
    assert all(0 <= row["seconds"] < 600 for row in rows)


def test_serve_answers_and_measures_whatever_the_clock_says(jumping: None, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the service needs unseam[web]")
    from support.web_methods import obedient
    from support.web_scenes import png, spots
    from support.web_service import LIMITS, running
    from unseam.web.service import Service

    with running(Service(obedient(tmp_path), ["bright"], LIMITS)) as client:
        answers: list[httpx.Response] = [
            client.post("/v1/analyze", files={"photo": ("spots.png", png(spots()))}) for _ in range(3)
        ]
        seconds = client.get("/metrics").text
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    sums = [float(line.split()[-1]) for line in seconds.splitlines() if "seconds_sum" in line]
    assert sums
    assert all(0 <= value < 600 for value in sums)
