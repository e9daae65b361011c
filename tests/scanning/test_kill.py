"""kill -9 in the middle of a scan, ten times, for real: the table is that of a scan that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from support.scan_work import save

if os.name == "nt":
    pytest.skip("Windows has no SIGKILL", allow_module_level=True)

FILES, KILLS = 300, 10
PROGRAM = """
import sys
from pathlib import Path
from support.scan_work import Red
from unseam.scanning.local import scan_locally
from unseam.scanning.plan import ScanPlan

if __name__ == "__main__":
    folder, out = sys.argv[1:]
    print(scan_locally(ScanPlan(folder, out, {"red": Red(seconds=0.02)}, resume=True, workers=2)).found_before)
"""


def command(program: Path, folder: Path, out: Path) -> dict[str, Any]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {
        "args": [sys.executable, str(program), str(folder), str(out)],
        "env": {**os.environ, "PYTHONPATH": paths},
        "stdout": subprocess.PIPE,
    }


def rows(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def comparable(out: Path) -> list[dict[str, Any]]:
    found = parquet.read_table(out).to_pylist()
    return [{name: value for name, value in row.items() if not name.startswith("seconds")} for row in found]


def test_a_scan_killed_ten_times_ends_with_the_table_of_an_undisturbed_one(tmp_path: Path) -> None:
    folder, program = tmp_path / "photos", tmp_path / "program.py"
    program.write_text(PROGRAM)
    for number in range(FILES - 2):
        save(folder / f"{number % 7}" / f"{number % 10}-{number}.png", red=number % 64 * 4)
    save(folder / "crash.png", "crash")
    (folder / "empty.png").touch()
    out, chance = tmp_path / "killed.parquet", random.Random(5)
    journal = tmp_path / "killed.parquet.unfinished" / "rows.jsonl"
    kept = 0
    for _ in range(KILLS):
        process = subprocess.Popen(**command(program, folder, out))
        until = rows(journal) + chance.randint(0, 20)
        while rows(journal) < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert rows(journal) >= kept
        kept = rows(journal)
    assert 0 < kept < FILES
    assert not out.exists()
    last = subprocess.run(**command(program, folder, out), check=True, timeout=300)
    assert int(last.stdout) >= kept
    subprocess.run(**command(program, folder, tmp_path / "whole.parquet"), check=True, timeout=300)
    assert comparable(out) == comparable(tmp_path / "whole.parquet")
    assert len(comparable(out)) == FILES
    assert not journal.exists()
