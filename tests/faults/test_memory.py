"""Memory that runs out, or a process that is ended on account of it: what is finished stays, the rest can be done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from support.synthetic import textured
from unseam.errors import DataError
from unseam.forging import ForgeConfig, forge_folder

LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from unseam.cli import main

small, large, model, out = sys.argv[1:]
sys.argv = ["unseam", "localize", small, "--method", model, "--out", out]
try:
    main()  # loads what judging needs
except SystemExit:
    pass
status = Path("/proc/self/status").read_text().splitlines()
used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + 90_000_000, resource.RLIM_INFINITY))
sys.argv = ["unseam", "localize", large, small, "--method", model, "--out", out]
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_photo_that_takes_too_much_memory_costs_localize_that_photo_only(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    large, small = tmp_path / "large.png", photos / "0.png"
    Image.new("RGB", (8000, 8000)).save(large)  # 192 MB of pixels
    command = [sys.executable, "-c", LITTLE_MEMORY, small, large, model, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr == f"unseam: {large}: it takes more memory than there is; try fewer methods\n"
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("/")] == [str(small)] * 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_worker_of_forge_that_the_system_ends_is_one_error_and_the_rest_is_done_later(tmp_path: Path) -> None:
    photographs, out = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    for number in range(4):
        Image.fromarray(textured(240, 300, number)).save(photographs / f"{number}.png")
    config = ForgeConfig(sides=(160, 224), object_share=0.0)
    rows = out / ".work" / "rows"

    def end_a_worker() -> None:
        while not rows.is_dir() or len(list(rows.iterdir())) < 4:
            time.sleep(0.005)
        workers = [child.pid for child in multiprocessing.active_children() if child.pid]
        os.kill(next(pid for pid in workers if os.getpgid(pid) == pid), signal.SIGKILL)  # one that has begun to work

    threading.Thread(target=end_a_worker, daemon=True).start()
    with pytest.raises(DataError, match=r"a worker process died .*; run again: it does the rest"):
        forge_folder([photographs], [], out, count=150, seed=1, workers=2, config=config)
    assert not (out / "manifest.csv").exists()
    summary = forge_folder([photographs], [], out, count=150, seed=1, config=config)
    assert 4 <= summary.found < 150
    assert summary.found + summary.made == 150
