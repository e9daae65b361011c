"""SIGKILL while localize writes its reports: what has the name of a finished file is whole."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.command import run

KILLS = 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_reports_of_a_killed_localize_are_whole_or_absent_and_the_next_run_makes_the_rest(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    out, chance = tmp_path / "out", random.Random(3)
    command = [sys.executable, "-m", "unseam", "localize", photos, "--method", model, "--out", out]
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        before = finished(out)
        while process.poll() is None and finished(out) == before and not list(out.glob("*/*.npy")):
            time.sleep(0.001)
        time.sleep(0.03 * chance.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        check_files(out)
    assert run(*command[3:]).exit_code == 0
    check_files(out)
    assert finished(out) == 6


def finished(out: Path) -> int:
    """Count the reports whose last file is there."""
    return len(list(out.glob("*/report.json")))


def check_files(out: Path) -> None:
    for path in (path for path in out.glob("*/*") if not path.name.startswith(".")):
        content = path.read_bytes()
        if path.suffix == ".png":
            Image.open(io.BytesIO(content)).load()
        elif path.suffix == ".npy":
            assert np.load(io.BytesIO(content), allow_pickle=False).shape == (160, 192)
        elif path.suffix == ".json":
            (method,) = json.loads(content)["methods"]
            assert all((path.parent / name).exists() for name in method["files"].values())
        else:
            assert content.rstrip().endswith(b"</html>")
