"""Measure everything with a limit of speed or memory in one run, as one table.

    make bench
    python benchmarks/bench.py [PHOTO.jpg] [--pyifd PYTHON] [--only PART]... [--large MEGAPIXELS]... [--out TABLE.md]

Parts: installation, startup, localizer, fusion, detectors, scan, training, memory. Every measurement is a separate
process, one after the other, on a machine that should be idle otherwise; the shortest wall-clock time counts. Limits:
of networks the time that their multiply-adds take as one large matrix product here; of a detector the time that pyIFD
takes on the same photo (with ``--pyifd``, the Python of pyIFD's environment), or seconds per megapixel; of memory
250 MB and 60 bytes per pixel. ``memory`` takes minutes; ``--large`` sets the sizes of its photos.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import detector_speed
import memory
import startup

ROOT = Path(__file__).resolve().parents[1]
PHOTO = ROOT / "examples/originals/houseboat.jpg"

LEAST_FACTOR = {"error-level": 2.0, "noise-level": 2.0}
"""Times as fast as pyIFD; 10 for all others."""

MOST_SECONDS = {"aligned-jpeg": 0.2, "jpeg-error": 0.2, "copy-move": 0.5}
"""Per megapixel, where there is no peer."""

LEAST_SHARE = 0.8
"""Of the matrix product's speed, for a network that judges every patch."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``holds`` is None where there is no limit."""

    what: str
    measured: str
    limit: str
    ratio: str
    holds: bool | None


def main() -> None:
    """Print the rows as they come, then the table."""
    options = _options()
    rows: list[Row] = []
    for part in options.only or PARTS:
        for row in PARTS[part](options):
            print(f"{row.what}: {row.measured} ({row.limit}) {row.ratio}", file=sys.stderr, flush=True)  # noqa: T201
            rows.append(row)
    table = _table(rows)
    print(table)  # noqa: T201
    if options.out is not None:
        options.out.write_text(table + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", default=PHOTO)
    parser.add_argument("--pyifd")
    parser.add_argument("--only", action="append", choices=list(PARTS))
    parser.add_argument("--large", type=float, action="append", help="megapixels; 50 unless given")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.photo = options.photo.resolve()
    return options


def _table(rows: list[Row]) -> str:
    import numpy
    import onnxruntime

    marks = {True: "yes", False: "**no**", None: ""}
    versions = f"Python {platform.python_version()}, numpy {numpy.__version__}, onnxruntime {onnxruntime.__version__}"
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [f"{os.cpu_count()} processors ({platform.machine()}); {versions}; load at the end {load}.", ""]
    lines += ["| what | measured | limit or peer | ratio | holds |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.limit} | {row.ratio} | {marks[row.holds]} |" for row in rows]
    return "\n".join(lines)


def _ask(code: str, *words: str, threads: int | None = None) -> list[float]:
    """Run a program whose last line is a JSON list of numbers, on this many threads, or as the command line does."""
    libraries = ("OMP", "OPENBLAS", "MKL") if threads else ()
    limits = {f"{library}_NUM_THREADS": str(threads) for library in libraries}
    limits["PYTHONPATH"] = str(Path(__file__).resolve().parent)  # the other benchmarks
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **limits})
    return list(json.loads(done.stdout.splitlines()[-1]))


def _cores() -> int:
    from unseam.system.cores import cores

    return cores()


# --- the paper's network -----------------------------------------------------------------------------------------

MATRIX = """
import json, time
import numpy as np
side = 2048
a, b = (np.random.default_rng(seed).random((side, side), np.float32) for seed in (0, 1))
out = np.empty_like(a)
best = float("inf")
for _ in range(6):
    start = time.perf_counter(); np.matmul(a, b, out=out); best = min(best, time.perf_counter() - start)
print(json.dumps([2 * side**3 / best]))
"""

PATCHES = """
import json, sys, time
import numpy as np
from dataclasses import replace
from unseam.models.network import NetworkOptions
from unseam.methods import METHODS
localizer = METHODS["cnn-lstm"].load()
localizer = replace(localizer, options=NetworkOptions(threads=int(sys.argv[1])))
patches = np.random.default_rng(0).integers(0, 256, (256 * int(sys.argv[1]), 64, 64, 3), dtype=np.uint8)
localizer.judge(patches[:64])
best = float("inf")
for _ in range(3):
    start = time.perf_counter(); localizer.judge(patches); best = min(best, time.perf_counter() - start)
from unseam.models.model_file import PATCH_OUTPUT, open_session
session = open_session(localizer.path, localizer.digest, PATCH_OUTPUT)
fed, labels = {"patches": patches[:32].astype(np.float32).transpose(0, 3, 1, 2) / 255 - 0.5}, float("inf")
for _ in range(20):
    start = time.perf_counter(); session.run([PATCH_OUTPUT], fed); labels = min(labels, time.perf_counter() - start)
from unseam.training.patch.network import NetworkConfig
table = localizer.settings.recipe["network"]
network = NetworkConfig(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
print(json.dumps([len(patches) / best, 2 * network.multiply_adds, 32 / labels]))
"""

WHOLE = """
import json, sys, time
from unseam.system.cores import multiply_on_one_thread
multiply_on_one_thread()  # as the command line does
from dataclasses import replace
from unseam.models.network import NetworkOptions
from unseam.methods import METHODS
from unseam.photo.photo import load_photo
photo = load_photo(sys.argv[1])
stride = int(sys.argv[3]) or None
method = replace(METHODS[sys.argv[2]], options=NetworkOptions(stride=stride, fast=sys.argv[4] == "fast"))
method(load_photo(photo.pixels[:256, :256].copy()))
start = time.perf_counter(); heatmap = method(photo)
print(json.dumps([time.perf_counter() - start, float(heatmap.mask.mean()), photo.height * photo.width / 1e6]))
"""


def localizer_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Patches a second against the matrix product; photos of 12 megapixels, all patches and fast."""
    for threads in sorted({1, _cores()}):
        (speed,) = _ask(MATRIX, threads=threads)
        patches, operations, labels = _ask(PATCHES, str(threads), threads=threads)
        share = patches * operations / speed
        limit = f"{speed / operations:.0f} patches/s: {operations / 1e9:.3f} GFLOP at {speed / 1e9:.0f} GFLOP/s"
        name = f"`cnn-lstm`, every patch, {threads} thread{'s' if threads > 1 else ''}"
        yield Row(name, f"{patches:.0f} patches/s", limit, f"{share:.0%}", share >= LEAST_SHARE)
        if threads == 1:
            whole = f"all of it: {patches:.0f} patches/s"
            yield Row("`cnn-lstm`, labels alone", f"{labels:.0f} patches/s", whole, f"{labels / patches:.1f}x", None)
    with _scaled(options.photo, 12) as photo:
        for name, stride, fast, most in (("stride 32", 32, "", 80), ("fast", 0, "fast", 10)):
            seconds, share, size = _ask(WHOLE, photo, "cnn-lstm", str(stride), fast)
            what = f"`cnn-lstm`, {size:.0f} megapixels, {name} ({share:.1%} marked)"
            yield Row(what, f"{seconds:.1f} s", f"{most} s", f"{seconds / most:.2f}", seconds <= most)


def fusion_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Seconds a megapixel, with copied regions and without: 1.5 s for one megapixel, 8 s for twelve; 0.2 s for 0.1."""
    with _scaled(options.photo, 0.1) as small:
        seconds, _, size = _ask(WHOLE, small, "fusion", "0", "")
        yield Row(
            f"`fusion`, {size:.1f} megapixels", f"{seconds:.2f} s", "0.2 s", f"{seconds / 0.2:.2f}", seconds <= 0.2
        )
    with _scaled(options.photo, 12) as large:
        for path, whole in ((str(options.photo), 1.5), (large, 0.67)):
            for fast, most in (("", whole), ("fast", 0.9)):
                seconds, _, size = _ask(WHOLE, path, "fusion", "0", fast)
                what = f"`fusion`{', ' + fast if fast else ''}, {size:.1f} megapixels"
                each = seconds / size
                yield Row(what, f"{each:.2f} s/MP", f"{most} s/MP", f"{each / most:.2f}", each <= most)


# --- detectors ---------------------------------------------------------------------------------------------------


def detector_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Seconds per megapixel of each statistic on one thread, compared with pyIFD's."""
    from unseam.methods import DETECTORS
    from unseam.photo.photo import load_photo

    photo = load_photo(options.photo)
    size = photo.height * photo.width / 1e6
    for name in DETECTORS:
        yield _detector_row(name, size, options)


def _detector_row(name: str, size: float, options: argparse.Namespace) -> Row:
    asked = argparse.Namespace(photo=options.photo, repeats=3, threads=1)
    whole = detector_speed.ours(name, asked, whole=True)[0] / size
    if name in MOST_SECONDS:
        most = MOST_SECONDS[name]
        return Row(f"`{name}`", f"{whole:.3f} s/MP", f"{most} s/MP", f"{whole / most:.2f}", whole <= most)
    statistic = detector_speed.ours(name, asked, whole=False)[0] / size
    measured = f"{statistic:.3f} s/MP (heat map {whole:.3f})"
    if not options.pyifd:
        return Row(f"`{name}`", measured, "pyIFD: not asked", "", None)
    peer = detector_speed.run(options.pyifd, detector_speed.PYIFD[name], asked, "pass")[0] / size
    factor, least = peer / statistic, LEAST_FACTOR.get(name, 10.0)
    return Row(
        f"`{name}`", measured, f"pyIFD {peer:.3f} s/MP", f"{factor:.1f}x (at least {least:.0f}x)", factor >= least
    )


def memory_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Peak memory of every method on large photos."""
    from unseam.methods import METHODS
    from unseam.photo.photo import load_photo

    for megapixels in options.large or [50.0]:
        with _scaled(options.photo, megapixels) as photo:
            size = math.prod(load_photo(photo).pixels.shape[:2])
            for name in METHODS:
                peak, _, applies = json.loads(memory.run(memory.JUDGED, _cores(), photo, name, str(_cores())))
                limit = memory.BASE + memory.BYTES_PER_PIXEL * size
                what = f"memory of `{name}`, {size / 1e6:.0f} megapixels{'' if applies else ' (not applicable)'}"
                ratio = f"{peak / limit:.0%}"
                yield Row(what, f"{peak / 1e6:.0f} MB", f"{limit / 1e6:.0f} MB", ratio, peak <= limit)


# --- scan, training, start ---------------------------------------------------------------------------------------

SCANNED = 40
"""Photos of one megapixel."""

SCAN = """
import json, sys, tempfile
from pathlib import Path
import scan_speed as room
with tempfile.TemporaryDirectory() as folder:
    few, many = room.cut_both(Path(sys.argv[1]), Path(folder), int(sys.argv[2]), 1.0)
    bare, found = room.rates(few, many, "block-grid", [1, 2])
print(json.dumps([1 / bare.clock, found[1].photos, found[2].photos]))
"""


def scan_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Photos a second of a scan against the bare method, and of two workers against one."""
    bare, one, two = _ask(SCAN, str(options.photo.parent), str(SCANNED), threads=1)
    what = "scan, one worker (`block-grid`, 1 megapixel)"
    yield Row(what, f"{one:.2f} photos/s", f"bare: {bare:.2f} photos/s", f"{one / bare:.0%}", one >= 0.9 * bare)
    ratio = f"{two / one:.2f}x (at least 1.8x)"
    yield Row("scan, two workers", f"{two:.2f} photos/s", f"one: {one:.2f} photos/s", ratio, two >= 1.8 * one)


def training_rows(options: argparse.Namespace) -> Iterator[Row]:  # noqa: ARG001 - all parts are called alike
    """Patches a second of training steps against three times the arithmetic of a look, and against plain layers."""
    import training_speed

    from unseam.training.launch import has_bfloat16
    from unseam.training.patch.network import NetworkConfig

    operations = 3 * 2 * NetworkConfig().multiply_adds
    (speed,) = _ask(MATRIX)
    limit, half = speed / operations, {"bf16": has_bfloat16("cpu")}
    how = argparse.Namespace(batch=128, threads=_cores(), steps=5)
    variants = {"ours": half, "plain": {**half, "keep": False, "fused": False}}
    tried = {name: training_speed.in_own_process(settings, how) for name, settings in variants.items()}
    share = tried["ours"] / limit
    text = f"{limit:.0f} patches/s: {operations / 1e9:.2f} GFLOP at {speed / 1e9:.0f} GFLOP/s"
    yield Row("training, the paper's network", f"{tried['ours']:.1f} patches/s", text, f"{share:.0%}", None)
    factor = tried["ours"] / tried["plain"]
    plain = f"plain layers: {tried['plain']:.1f} patches/s"
    yield Row(
        "training against plain layers",
        f"{tried['ours']:.1f} patches/s",
        plain,
        f"{factor:.2f}x (at least 2x)",
        factor >= 2,
    )


def startup_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Seconds from nothing, on a part of the photo."""
    with _scaled(options.photo, 2) as photo:
        for name, most, seconds, _ in startup.measured(Path(photo)):
            yield Row(f"start: {name}", f"{seconds:.2f} s", f"{most} s", f"{seconds / most:.2f}", seconds <= most)


def installation_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Seconds from a wheel to a judged photo in an empty environment, and how much the installation weighs."""
    with tempfile.TemporaryDirectory() as folder, _scaled(options.photo, 1) as photo:
        environment = Path(folder) / "environment"
        places = "Scripts" if os.name == "nt" else "bin"
        _clock([sys.executable, "-m", "venv", environment])
        python, command = environment / places / "python", environment / places / "unseam"
        before = _weight(environment)
        _clock([python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT])
        (wheel,) = Path(folder).glob("*.whl")
        seconds = _clock([python, "-m", "pip", "install", "--quiet", wheel])
        weight = f"{(_weight(environment) - before) / 1e6:.0f} MB"
        yield Row("installation: `pip install` of the wheel", f"{seconds:.1f} s, {weight}", "", "", None)
        for what, runs, most in (("first", 1, 8.0), ("later", 3, 3.0)):
            words: list[str | Path] = [command, "localize", photo, "--out", Path(folder) / "out"]
            seconds = min(_clock(words) for _ in range(runs))
            name = f"installation: {what} `unseam localize` with report, 1 megapixel"
            yield Row(name, f"{seconds:.2f} s", f"{most} s", f"{seconds / most:.2f}", seconds <= most)


def _clock(command: list[str | Path]) -> float:
    """Run a command to its end; return the seconds by the clock."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _weight(folder: Path) -> int:
    """Sum the bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@contextmanager
def _scaled(photo: Path, megapixels: float) -> Iterator[str]:
    """Scale a photo to so many megapixels, as JPEG, for the time of a ``with``."""
    height = int((megapixels * 1e6 * 3 / 4) ** 0.5 / 8) * 8  # whole blocks; not above the limit of photos
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "large.jpg")
        words = (str(photo), target, str(height * 4 // 3), str(height), str(memory.QUALITY))
        memory.run(memory.SCALED, _cores(), *words)
        yield target


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "installation": installation_rows,
    "startup": startup_rows,
    "localizer": localizer_rows,
    "fusion": fusion_rows,
    "detectors": detector_rows,
    "scan": scan_rows,
    "training": training_rows,
    "memory": memory_rows,
}


if __name__ == "__main__":
    main()
