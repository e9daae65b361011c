"""Seconds from the start of a process to what a person waits for, with their limits.

    python benchmarks/startup.py PHOTO.jpg

The photo is cut to one megapixel from its top left corner, with its own quantization tables. Each line is the best of
some fresh processes, with the disk cache warm: seconds by the clock, and of processor time, which other programs
disturb less. The first heat map comes from the default method that leads. The last line is the very first photo of an
installation: Python compiles every module that it imports.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

SIDE = 1000
"""Pixels: the photo becomes SIDE x SIDE."""

RUNS = 5
"""Of each, after one that fills caches."""


def main() -> None:
    """Print a line for each way to start."""
    print("                                 limit, s    clock  processor")  # noqa: T201
    for what, limit, clock, processor in measured(Path(sys.argv[1])):
        print(f"{what:32} {limit:9.2f} {clock:8.2f} {processor:10.2f}", flush=True)  # noqa: T201


def measured(source: Path) -> Iterator[tuple[str, float, float, float]]:
    """Give each way to start, its limit, and the best seconds by the clock and of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        photo = _megapixel(source, Path(folder) / "photo.jpg")
        look = f"import unseam; unseam.METHODS[unseam.DEFAULT_METHODS[0]](unseam.load_photo({str(photo)!r}))"
        command = shutil.which("unseam", path=str(Path(sys.executable).parent)) or "unseam"
        ways = {
            "`import unseam`": (0.25, [sys.executable, "-c", "import unseam"]),
            "`unseam --help`": (0.3, [command, "--help"]),
            "first heat map of 1 megapixel": (3.0, [sys.executable, "-c", look]),
            "`unseam localize`, 1 megapixel": (3.0, [command, "localize", str(photo), "--out", f"{folder}/out"]),
            "`unseam localize --fast`": (3.0, [command, "localize", str(photo), "--fast", "--out", f"{folder}/out"]),
        }
        for what, (limit, way) in ways.items():
            _timed(way)
            runs = [_timed(way) for _ in range(RUNS)]
            yield what, limit, min(run[0] for run in runs), min(run[1] for run in runs)
        fresh = {"PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        yield "the first of an installation", 8.0, *_timed(ways["`unseam localize`, 1 megapixel"][1], fresh)


def _megapixel(source: Path, target: Path) -> Path:
    """Cut a photo and store it as it was stored: as JPEG, with its own tables and subsampling where it has them."""
    with Image.open(source) as photo:
        if min(photo.size) < SIDE:
            raise SystemExit(f"{source} has {photo.width} x {photo.height} pixels; expected at least {SIDE} x {SIDE}")
        tables = getattr(photo, "quantization", None)
        photo.convert("RGB").crop((0, 0, SIDE, SIDE)).save(target, "JPEG", qtables=tables or "web_high")
    return target


def _timed(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Run a command to its end and give the seconds by the clock and of processor time that it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    clock, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
