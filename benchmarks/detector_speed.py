"""Seconds per megapixel and peak memory of every detector, compared with pyIFD where it has the method.

    python benchmarks/detector_speed.py PHOTO.jpg [--pyifd PYTHON] [--method NAME]... [--repeats 3] [--threads 1]

Each measurement is a process of its own, one after the other; the shortest wall-clock time counts. ``statistic`` is the
paper's quantity alone, from a decoded photo whose JPEG coefficients are not read yet (as pyIFD starts from a path);
``heat map`` is the whole call. Peak memory is that of the process less what it held before
the first timed call, and the process' own.
pyIFD 0.0.3 runs in an environment of its own: numpy 1.23.5, scipy 1.10.1, scikit-image 0.21.0, opencv-python 4.8.1.78.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

PYIFD = {
    "dct-histogram": "from pyIFD.ADQ1 import detectDQ as run; call = lambda: run(path)",
    "dct-model": "from pyIFD.ADQ2 import getJmap as run; call = lambda: run(path, 1, 1, 15)",
    "nonaligned-jpeg": "from pyIFD.NADQ import NADQ as run; call = lambda: run(path)",
    "error-level": "from pyIFD.ELA import ELA as run; call = lambda: run(path, 90, 15, True)",
    "block-grid": "from pyIFD.BLK import GetBlockGrid as run; call = lambda: run(path)",
    "noise-level": "from pyIFD.NOI1 import GetNoiseMap as run; call = lambda: run(path, 8)",
    "demosaicing": "from pyIFD.CFA1 import CFA1 as run; call = lambda: run(path)",
    "jpeg-ghost": "from pyIFD.GHOST import GHOST as run; call = lambda: run(path)",
}
"""What to run in pyIFD's environment: the parameters of its own defaults or tests."""

HARNESS = """
import json, resource, sys, tempfile, os, time
path = os.path.abspath({path!r})
os.chdir(tempfile.mkdtemp())
{setup}
rss = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = rss()
times = []
for _ in range({repeats}):
    {reset}
    start = time.perf_counter(); cpu = time.process_time()
    call()
    times.append((time.perf_counter() - start, time.process_time() - cpu))
print(json.dumps([min(t[0] for t in times), min(t[1] for t in times), rss() - before, rss()]))
"""
OURS = """
from unseam.methods import METHODS
from unseam.photo.photo import load_photo
import importlib, cv2
cv2.setNumThreads({threads})
room = importlib.import_module({module!r})
name = {name!r}
statistic = getattr(room, name.replace("-", "_") + "_statistic")
judge = METHODS[name] if {whole} else statistic
photo = load_photo(path)
try:  # compiles what is compiled on first use
    judge(load_photo(photo.pixels[:256, :256].copy()))
except Exception:
    pass
call = lambda: judge(photo)
"""
RESET = "photo = load_photo(path)"


def main() -> None:
    """Print one line per detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--pyifd", help="the Python of pyIFD's environment")
    parser.add_argument("--method", action="append")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    detectors = importlib.import_module("unseam.methods").DETECTORS
    photo = importlib.import_module("unseam.photo.photo").load_photo(options.photo)
    size = photo.height * photo.width / 1e6
    print(f"{options.photo.name}, {size:.2f} megapixels, {options.threads} threads; seconds per megapixel")  # noqa: T201
    head = ("detector", "statistic", "heat map", "B/px", "peak MB", "pyIFD", "peak MB", "factor")
    print("{:16} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>7}".format(*head))  # noqa: T201
    for name in options.method or list(detectors):
        print(line(name, options, size))  # noqa: T201


def line(name: str, options: argparse.Namespace, size: float) -> str:
    """Measure one detector."""
    alone, whole = (ours(name, options, is_whole) for is_whole in (False, True))
    text = (
        f"{name:16} {alone[0] / size:9.3f} {whole[0] / size:9.3f} {whole[2] * 2**20 / size / 1e6:7.0f} {whole[3]:8.0f}"
    )
    if not options.pyifd or name not in PYIFD:
        return text
    peer = run(options.pyifd, PYIFD[name], options, "pass")
    return f"{text} {peer[0] / size:8.3f} {peer[3]:8.0f} {peer[0] / alone[0]:6.1f}x"


def ours(name: str, options: argparse.Namespace, whole: bool) -> list[float]:
    """Measure the statistic, or the whole call."""
    module = f"unseam.detectors.{name.replace('-', '_')}"
    setup = OURS.format(threads=options.threads, module=module, name=name, whole=whole)
    return run(sys.executable, setup, options, RESET)


def run(python: str, setup: str, options: argparse.Namespace, reset: str) -> list[float]:
    """Give wall-clock and CPU seconds, and memory in MiB: added by the call, and the whole process."""
    code = HARNESS.format(path=str(options.photo), setup=setup, repeats=options.repeats, reset=reset)
    limits = {f"{library}_NUM_THREADS": str(options.threads) for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **limits}
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
