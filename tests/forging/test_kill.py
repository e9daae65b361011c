"""kill -9 in the middle of a run, for real; what is there afterwards is what an undisturbed run would have made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from support.synthetic import SMALL
from unseam.forging import forge_folder

if os.name == "nt":
    pytest.skip("Windows has no SIGKILL", allow_module_level=True)

COUNT = 120
PROGRAM = """
import sys
from pathlib import Path
from unseam.forging import ForgeConfig, forge_folder

if __name__ == "__main__":
    photos, objects, out = map(Path, sys.argv[1:])
    config = ForgeConfig(sides=(160, 224), laundered_share=0.3)
    forge_folder([photos], [objects], out, count=%d, seed=3, workers=2, config=config)
"""


def files_of(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def until(condition: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def holds(folder: Path, count: int) -> bool:
    return folder.is_dir() and len(list(folder.iterdir())) >= count


def children(process: int) -> list[int]:
    """Processes that a process began, from Linux's /proc; none elsewhere."""
    tasks = Path(f"/proc/{process}/task")
    found = [path.read_text().split() for path in tasks.glob("*/children")] if tasks.exists() else []
    return [int(child) for part in found for child in part]


def alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def all_gone(processes: list[int]) -> bool:
    return not any(map(alive, processes))


def test_a_run_killed_twice_ends_with_the_bytes_of_an_undisturbed_one(
    photos: Path, objects: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM % COUNT)
    out = tmp_path / "killed"
    command = [sys.executable, str(program), str(photos), str(objects), str(out)]
    for finished in (15, 60):
        process = subprocess.Popen(command, start_new_session=True)
        until(partial(holds, out / ".work" / "rows", finished))
        workers = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until(partial(all_gone, workers), 20)
        assert not (out / "manifest.csv").exists()
        for path in (out / "images").glob("[0-9]*"):
            Image.open(path).load()  # what has its name is whole
    summary = forge_folder([photos], [objects], out, count=COUNT, seed=3, config=SMALL)
    assert summary.found >= 60
    assert summary.made + summary.found == COUNT
    forge_folder([photos], [objects], tmp_path / "whole", count=COUNT, seed=3, config=SMALL)
    assert files_of(out) == files_of(tmp_path / "whole")
