"""How many forgeries a second the factory makes, and what each kind costs.

    python benchmarks/forging_speed.py PHOTOS [--objects DIR] [--preset default] [--count 400] [--workers 2]

Processor seconds are what the factory needs; seconds by the clock also depend on what else the machine does. Both are
given for the frames as they are (0.33 megapixel on average) and for 0.25 megapixel.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

FRAME = 0.25
"""Megapixels of the frame that the goal of 20 forgeries a second on two cores is set for."""


def whole_command(photos: list[Path], objects: list[Path], preset: str, count: int, workers: int) -> None:
    """Run ``unseam forge`` and print its speed, starting the program and reading the photographs included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "forged")
        named = [word for path in objects for word in ("--objects", str(path))]
        options = ["--count", str(count), "--workers", str(workers), "--preset", preset, "--out", str(out)]
        command = [sys.executable, "-m", "unseam", "forge", *map(str, photos), *named, *options]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
            pixels = [int(row["height"]) * int(row["width"]) / 1e6 for row in csv.DictReader(file)]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = statistics.mean(pixels) / FRAME
    print(f"{count} forgeries of {statistics.mean(pixels):.2f} megapixels, {workers} processes")  # noqa: T201
    print(f"by the clock      {count / wall:6.1f} /s, at 0.25 megapixel {size * count / wall:6.1f} /s")  # noqa: T201
    print(f"processor         {cpu / count:6.3f} s each, at 0.25 megapixel {cpu / count / size:6.3f} s")  # noqa: T201
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # noqa: T201


def by_kind(photos: list[Path], objects: list[Path], preset: str, count: int) -> None:
    """Print the processor seconds of each kind, fill and seam, in this process."""
    import cv2

    from unseam.forging.config import PRESETS
    from unseam.forging.factory import load_sources
    from unseam.forging.make import make
    from unseam.forging.pixels import PixelStore
    from unseam.forging.planner import Planner

    cv2.setNumThreads(1)
    config = PRESETS[preset]()
    config = config if objects else replace(config, object_share=0.0)
    sources = load_sources(photos, objects, split_seed=config.split_seed)
    planner = Planner(sources, config, 0)
    plans = sorted((planner.plan(index) for index in range(count)), key=lambda plan: plan.host)
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        store = PixelStore(Path(folder))
        for source in sources:
            store.keep(source, store.pixels(source))
        store = PixelStore(Path(folder))
        for plan in plans:
            started = time.process_time()
            make(plan, sources, store)
            spent = time.process_time() - started
            kind = f"removal, {plan.fill}" if plan.kind == "removal" else plan.kind
            seam = plan.seam if plan.kind != "authentic" else "no seam"
            for name in ("all", kind, seam):
                seconds[name].append(spent)
    for name, spents in sorted(seconds.items()):
        print(f"{name:24} {len(spents):5}  {statistics.mean(spents):.3f} s, at most {max(spents):.3f}")  # noqa: T201


def main() -> None:
    """Print the speed of the command, then what each kind costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--objects", type=Path, action="append", default=[])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    whole_command(options.photos, options.objects, options.preset, options.count, options.workers)
    by_kind(options.photos, options.objects, options.preset, options.count)


if __name__ == "__main__":
    main()
