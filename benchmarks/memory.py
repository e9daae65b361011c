"""Peak memory of every detector on a photo of 50 megapixels, against the design's limit. Linux only.

    python benchmarks/memory.py PHOTO.jpg [--method NAME]... [--size 8688x5792] [--threads 2]

PHOTO is scaled to the size and saved as JPEG of quality 90. Each detector then judges it in a process of its own, whose
largest resident memory is read at the end (VmHWM of /proc/self/status: with Python, libraries and the decoded photo).
The limit is 250 MB, for Python and libraries, and 60 bytes for each pixel. ``CPU s`` is processor time of the call.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BASE, BYTES_PER_PIXEL = 250e6, 60
"""Bytes, and bytes for each pixel: section 8 of the design."""

QUALITY = 90
"""Of the JPEG that is judged."""

SCALED = """
import cv2, sys
source, target, width, height, quality = sys.argv[1:]
pixels = cv2.resize(cv2.imread(source), (int(width), int(height)), interpolation=cv2.INTER_CUBIC)
cv2.imwrite(target, pixels, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
"""
JUDGED = """
import cv2, json, sys, time
cv2.setNumThreads(int(sys.argv[3]))
from unseam.errors import NotApplicable
from unseam.methods import METHODS
from unseam.photo.photo import load_photo
photo = load_photo(sys.argv[1])
applies, start = True, time.process_time()
try:
    if sys.argv[2]:
        METHODS[sys.argv[2]](photo)
except NotApplicable:
    applies = False
seconds = time.process_time() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([1024 * int(peak.split()[1]), seconds, applies]))
"""
NOTHING = "(loading it)"
"""The row of what is needed before any detector runs."""


def main() -> None:
    """Print one line per detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--method", action="append")
    parser.add_argument("--size", default="8688x5792")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    detectors = importlib.import_module("unseam.methods").DETECTORS
    names = options.method or list(detectors)
    limit = BASE + BYTES_PER_PIXEL * width * height
    print(f"{options.photo.name} at {options.size}, {options.threads} threads; limit {limit / 1e6:.0f} MB")  # noqa: T201
    print(f"{'detector':16} {'peak MB':>8} {'of limit':>9} {'B/px':>6} {'CPU s':>7}")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        large = str(Path(folder) / "large.jpg")
        run(SCALED, options.threads, str(options.photo), large, str(width), str(height), str(QUALITY))
        before = 0.0
        for name in ("", *names):
            peak, seconds, applies = json.loads(run(JUDGED, options.threads, large, name, str(options.threads)))
            before = before or peak
            more = (peak - before) / (width * height)
            line = f"{name or NOTHING:16} {peak / 1e6:8.0f} {peak / limit:9.0%} {more:6.1f} {seconds:7.1f}"
            print(line if applies else f"{line}  not applicable", flush=True)  # noqa: T201


def run(code: str, threads: int, *words: str) -> str:
    """Run a program in a process of its own; what it prints."""
    limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **limits}).stdout


if __name__ == "__main__":
    main()
