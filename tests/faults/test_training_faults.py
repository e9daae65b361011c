"""Training on a full disk, without memory, with a clock that jumps, and where nothing can be written."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from support.faults import READ_ONLY, full_disk, read_only
from support.tiny_run import TinySource, metrics_of, train_tiny
from unseam.errors import RunError
from unseam.training.checkpoint import BEST, LAST, load_checkpoint

pytestmark = pytest.mark.xdist_group("training faults")

TIMES = ("seconds", "patches_per_second")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed")
    train_tiny(run)
    return run


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Failing(TinySource):
    """Does something at one step."""

    def __init__(self, step: int, act: Any) -> None:
        super().__init__()
        self._step, self._act = step, act

    def batch(self, step: int, rank: int, world: int) -> Any:
        if step == self._step:
            self._act()
        return super().batch(step, rank, world)


def metrics(run: Path) -> list[dict[str, Any]]:
    return [{key: line[key] for key in line if key not in TIMES} for line in metrics_of(run)]


def assert_same_run(run: Path, other: Path) -> None:
    for name in (LAST, BEST):
        mine, theirs = load_checkpoint(run / name)["network"], load_checkpoint(other / name)["network"]
        assert all(torch.equal(mine[key], theirs[key]) for key in theirs)
    assert metrics(run) == metrics(other)


def test_a_disk_that_fills_up_keeps_the_checkpoint_before(undisturbed: Path, tmp_path: Path) -> None:
    disk = full_disk(2000)
    try:
        with pytest.raises(RunError, match=r"cannot write \(File too large\); the last complete checkpoint"):
            train_tiny(tmp_path, source=Failing(33, disk.__enter__))
    finally:
        disk.__exit__(None, None, None)
    assert load_checkpoint(tmp_path / LAST)["state"]["step"] in (30, 32)
    assert not list(tmp_path.glob("*.partial"))
    assert train_tiny(tmp_path, resume=True).reason == "finished"
    assert_same_run(tmp_path, undisturbed)


@pytest.mark.parametrize("ask", [lambda: torch.empty(2**50), lambda: bytearray(2**62)], ids=["torch", "Python"])
def test_memory_that_runs_out_is_one_error_and_keeps_the_checkpoint_before(
    undisturbed: Path, tmp_path: Path, ask: Any
) -> None:
    with pytest.raises(RunError, match=r"out of memory; the last complete checkpoint is intact: resume"):
        train_tiny(tmp_path, source=Failing(33, ask))
    assert load_checkpoint(tmp_path / LAST)["state"]["step"] in (30, 32)
    assert train_tiny(tmp_path, resume=True).reason == "finished"
    assert_same_run(tmp_path, undisturbed)


def test_an_error_that_is_not_about_memory_stays_itself(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        train_tiny(tmp_path, source=Failing(3, fail))


def test_a_clock_that_jumps_by_years_changes_neither_weights_nor_durations(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, years = time.time, itertools.cycle((3e8, -3e8))
    monkeypatch.setattr(time, "time", lambda: real() + next(years))
    train_tiny(tmp_path)
    assert_same_run(tmp_path, undisturbed)
    seconds = [float(line["seconds"] or 0) for line in metrics_of(tmp_path) if "seconds" in line]
    assert seconds == sorted(seconds)
    assert 0 < seconds[-1] < 600


@pytest.mark.parametrize("kind", READ_ONLY)
def test_a_run_where_nothing_can_be_written_is_refused_before_the_first_step(kind: str, tmp_path: Path) -> None:
    def never() -> None:
        raise AssertionError("a step was done")

    with read_only(kind, tmp_path) as place, pytest.raises(RunError, match="cannot write"):
        train_tiny(place, source=Failing(0, never))
