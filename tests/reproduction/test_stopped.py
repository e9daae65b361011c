"""A reproduction that is interrupted, killed, or out of disk space: what was finished stays, and the rest is done."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from support.killed_run import MOMENTS, SMALL
from support.places import ROOT
from unseam.errors import DataError, RunError
from unseam.reproduction.run import reproduce
from unseam.training.checkpoint import LAST, load_checkpoint
from unseam.training.patch.source import PatchSource

pytestmark = pytest.mark.xdist_group("reproduction stopped")

MEASURED, RUN = Path("measured/seed-1/fcn.json"), Path("runs/seed-1/fcn")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Sums, and so the random weights that a network begins with, depend on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reproduction")
    assert reproduce(SMALL, out).finished
    return out


@pytest.fixture
def forged(finished: Path, tmp_path: Path) -> Path:
    """A folder in which the forgeries are made, and nothing else is."""
    shutil.copytree(finished / "forged", tmp_path / "out" / "forged")
    return tmp_path / "out"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The training steps that are done from now on, in order."""
    done: list[int] = []
    batch = PatchSource.batch

    def counted(self: PatchSource, step: int, rank: int, world: int) -> Any:
        done.append(step)
        return batch(self, step, rank, world)

    monkeypatch.setattr(PatchSource, "batch", counted)
    return done


def metrics(out: Path) -> Any:
    return json.loads((out / MEASURED).read_text(encoding="utf-8"))["metrics"]


def test_ctrl_c_in_a_training_leaves_a_page_and_the_next_run_does_only_the_rest(
    finished: Path, forged: Path, steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cut = PatchSource.batch

        def interrupted(self: PatchSource, step: int, rank: int, world: int) -> Any:
            signal.raise_signal(signal.SIGINT)
            return cut(self, step, rank, world)

        patch.setattr(PatchSource, "batch", interrupted)
        done = reproduce(SMALL, forged)
    assert not done.finished
    assert "Not measured yet: fcn (seed 1)." in done.page.read_text(encoding="utf-8")
    assert steps == [0]

    assert reproduce(SMALL, forged).finished
    assert steps == [0, 1]
    assert metrics(forged) == metrics(finished)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_goes_on_and_measures_what_an_uninterrupted_one_does(
    moment: str, finished: Path, forged: Path, steps: list[int]
) -> None:
    script = ROOT / "tests" / "support" / "killed_run.py"
    process = subprocess.run([sys.executable, script, forged, moment], check=False, capture_output=True, timeout=300)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()[-2000:]
    assert (forged / MEASURED).is_file() == (moment == "writing the page")

    assert reproduce(SMALL, forged).finished
    assert steps == ([0, 1] if moment == "training" else [])
    assert metrics(forged) == metrics(finished)


def full_disk_for(name: str) -> Callable[..., int]:
    write = Path.write_text

    def write_text(self: Path, text: str, *arguments: Any, **options: Any) -> int:
        if name not in self.name:
            return write(self, text, *arguments, **options)
        write(self, text[: len(text) // 2], *arguments, **options)
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    return write_text


@pytest.mark.parametrize(("name", "left"), [("fcn.json", 0), ("index.html", 1), ("tables.md", 1)])
def test_a_full_disk_leaves_nothing_half_written(
    name: str, left: int, finished: Path, forged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk_for(name))
        with pytest.raises(OSError, match="No space left"):
            reproduce(SMALL, forged)
    assert not list(forged.rglob("*.tmp"))
    assert not list(forged.rglob(name)) or name == "fcn.json"
    assert len(list(forged.glob("measured/*/fcn.json"))) == left

    assert reproduce(SMALL, forged).finished
    assert metrics(forged) == metrics(finished)
    assert (forged / "index.html").read_bytes() == (finished / "index.html").read_bytes()


def test_a_full_disk_in_a_training_is_one_clear_error_and_keeps_the_checkpoint_before(
    finished: Path, forged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            "unseam.training.checkpoint.os.fsync", _refuse_after(4)
        )  # metrics, file and folder of the first; metrics
        with pytest.raises(RunError, match=r"cannot write \(No space left on device\); the last complete checkpoint"):
            reproduce(SMALL, forged)
    assert load_checkpoint(forged / RUN / LAST)["state"]["step"] == 0
    assert not list(forged.rglob("*.partial"))

    assert reproduce(SMALL, forged).finished
    assert metrics(forged) == metrics(finished)


def _refuse_after(calls: int) -> Callable[[int], None]:
    left = [calls]

    def fsync(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    return fsync


def test_a_measurement_that_is_damaged_is_named(finished: Path, forged: Path) -> None:
    (forged / MEASURED).parent.mkdir(parents=True)
    (forged / MEASURED).write_text((finished / MEASURED).read_text(encoding="utf-8")[:100], encoding="utf-8")

    with pytest.raises(DataError, match=r"fcn\.json: no measurement of this version .*; delete it"):
        reproduce(SMALL, forged)
