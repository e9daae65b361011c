"""How fast a scan is, held against the bare method on the same photos.

    python benchmarks/scan_speed.py PHOTOS [--method NAME]... [--workers 1 2] [--count 200] [--megapixels 0.05 1]

Cuts JPEG photos of each size out of those in PHOTOS, judges them one after the other in this process on one thread
(loading included), then lets ``unseam scan`` judge the same files. Prints for each size and method: photos a second,
bare and scanned, by the clock with the start left out (a tenth of the files is judged before, or the time of a scan of
them is taken off), as a share of the bare rate and of a scan with the first number of workers, what the start costs,
and processor seconds per photo, which the load of the machine disturbs least.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from unseam.scanning.plan import ScanPlan
from unseam.system.cores import SINGLE_THREADED

QUALITY = 90
"""Of the JPEG files that are cut."""


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processors."""

    clock: float
    processor: float


class Rate(NamedTuple):
    """Photos a second of a scan, processor seconds of each, and seconds that the start takes."""

    photos: float
    processor: float
    start: float


def main() -> None:
    """Print one block per size and method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--method", action="append")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.05, 1.0])
    options = parser.parse_args()
    for size in options.megapixels:
        with tempfile.TemporaryDirectory() as folder:
            few, many = cut_both(options.photos, Path(folder), options.count, size)
            for method in options.method or ["block-grid", "cnn-lstm"]:
                compare(few, many, method, options.workers, size)


def cut_both(photos: Path, folder: Path, count: int, megapixels: float) -> tuple[Path, Path]:
    """Write photos of this size, and a tenth of them into a folder of its own; give that one and the whole."""
    few, many = folder / "few", folder / "many"
    cut(photos, many, count, megapixels)
    few.mkdir()
    for path in sorted(many.iterdir())[: max(1, count // 10)]:
        shutil.copy(path, few)
    return few, many


def rates(few: Path, many: Path, method: str, workers: list[int]) -> tuple[Spent, dict[int, Rate]]:
    """Measure the bare method on many photos, and a scan of them with each number of workers."""
    count, some = len(list(many.iterdir())), len(list(few.iterdir()))
    judge(few, method)  # imports, compilation and the model's file are no part of the bare rate, either
    bare, found = spent(partial(judge, many, method), resource.RUSAGE_SELF), {}
    for number in workers:
        short, long = (spent(partial(scan, at, method, number), resource.RUSAGE_CHILDREN) for at in (few, many))
        rate = (count - some) / (long.clock - short.clock)
        each = (long.processor - short.processor) / (count - some)
        found[number] = Rate(rate, each, short.clock - some / rate)
    return Spent(bare.clock / count, bare.processor / count), found


def compare(few: Path, many: Path, method: str, workers: list[int], size: float) -> None:
    """Print the bare rate, and that of a scan with each number of workers."""
    bare, found = rates(few, many, method, workers)
    print(f"{method}, {len(list(many.iterdir()))} photos of {size:g} megapixels, load {os.getloadavg()[0]:.1f}")  # noqa: T201
    line = "  {:12} {:8.2f} photos/s  {:.4f} processor s/photo"
    print(line.format("bare", 1 / bare.clock, bare.processor))  # noqa: T201
    line += "  {:6.1%} of bare  {:.2f} times {} worker(s)  start {:.1f} s"
    for number, (rate, each, start) in found.items():
        shares = (rate * bare.clock, rate / found[workers[0]].photos, workers[0], start)
        print(line.format(f"{number} worker(s)", rate, each, *shares))  # noqa: T201


def spent(work: Callable[[], None], who: int) -> Spent:
    """Measure what a piece of work costs."""
    before, started = resource.getrusage(who), time.perf_counter()
    work()
    clock, after = time.perf_counter() - started, resource.getrusage(who)
    return Spent(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def judge(folder: Path, method: str) -> None:
    """Judge the photos of a folder in this process, as a worker does, but with nothing around it."""
    from unseam.methods import find_method
    from unseam.photo.photo import load_photo

    plan = ScanPlan(str(folder), "", {method: find_method(method)})
    (bare,) = plan.task(plan.source()).methods.values()
    for path in sorted(folder.iterdir()):
        bare(load_photo(path))


def scan(folder: Path, method: str, workers: int) -> None:
    """Run the command."""
    out = folder.with_name("out.parquet")
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "unseam", "scan", str(folder), "--out", str(out), "--method", method]
    subprocess.run([*command, "--workers", str(workers)], check=True, stdout=subprocess.DEVNULL)


def cut(photos: Path, folder: Path, count: int, megapixels: float) -> None:
    """Write this many photos of this size, 4 : 3; a source that is smaller is repeated around itself."""
    import numpy as np
    from PIL import Image

    height = max(8, round((megapixels * 1e6 * 3 / 4) ** 0.5))
    width = height * 4 // 3
    random = np.random.default_rng(0)
    sources = sorted(path for path in photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    folder.mkdir(parents=True)
    for number, path in enumerate(islice(cycle(sources), count)):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        more = ((0, max(0, height - len(pixels))), (0, max(0, width - pixels.shape[1])), (0, 0))
        pixels = np.pad(pixels, more, mode="symmetric")
        top, left = (
            int(random.integers(0, have - want + 1)) for have, want in zip(pixels.shape, (height, width), strict=False)
        )
        Image.fromarray(pixels[top : top + height, left : left + width]).save(
            folder / f"{number:06d}.jpg", quality=QUALITY
        )


if __name__ == "__main__":
    os.environ.update(SINGLE_THREADED)
    main()
