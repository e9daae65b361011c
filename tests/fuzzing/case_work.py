"""One case in a worker process: what became of it, and what it left behind."""

import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from shutil import rmtree

from fuzzing.target import Target

SECONDS = 600.0
"""Of the clock: a case that takes longer waits for ever, and its process is ended; a busy machine needs patience."""

PROCESSOR_SECONDS = 60.0
"""A case that takes longer turns in circles, and the system ends its process."""

SLOW = 10.0
"""Seconds of a processor that a case may take: its photos are small."""

MEMORY = 3_000_000_000
"""Bytes that a process may allocate, and each one that it starts."""

GROWTH = 400_000_000
"""Bytes by which a process may grow on the way: 250 MB and 60 bytes for each pixel of the largest photo."""

LONGEST_MESSAGE = 3000
"""Letters of an error: it is told on one line."""

LIBRARIES_OWN = (".ses", "torchinductor_")
"""How temporary files begin that onnxruntime and torch leave when they are imported, once in each folder."""

TOLD = 1500
"""Letters of a finding that are printed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case: its target, the seed of the run, and its number."""

    target: str
    seed: int
    number: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended.

    Attributes
    ----------
    ending : str
        What came of it in a word, or the name of its error.
    findings : tuple of str
        What should not be; the first line of each says what kind.
    seconds : float
        By the clock.
    peak : int
        Bytes by which the process grew on the way.
    resident, descriptors : int
        Bytes and open files of the process afterwards.
    process : int
        Its number.
    """

    ending: str
    findings: tuple[str, ...]
    seconds: float
    peak: int
    resident: int
    descriptors: int
    process: int


@dataclass(frozen=True)
class Work:
    """Case to outcome; can be pickled if its targets can.

    Attributes
    ----------
    root : Path
        Folder for the files of all workers.
    targets : mapping, optional
        Name to target; those of the list by default.
    """

    root: Path
    targets: Mapping[str, Target] | None = None

    def __call__(self, case: Case) -> Outcome:
        watched = _watched(self.root)
        target = self._target(case.target)
        folder = watched.folder / f"case-{case.number}"
        folder.mkdir()
        before, started, burnt = watched.begin(), time.perf_counter(), processor_time()
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
        ending, findings = _ended(target, case, folder)
        signal.setitimer(signal.ITIMER_PROF, 0)
        seconds, burnt = time.perf_counter() - started, processor_time() - burnt
        rmtree(folder, ignore_errors=True)
        peak = peak_memory() - before
        findings += watched.left_behind()
        findings += [f"slow: {burnt:.1f} s of a processor"] if burnt > SLOW else []
        findings += [f"memory: it grew by {peak / 1e6:.0f} MB"] if peak > GROWTH else []
        return Outcome(ending, tuple(findings), seconds, peak, resident(), open_files(), os.getpid())

    def _target(self, name: str) -> Target:
        if self.targets is not None:
            return self.targets[name]
        from fuzzing.targets import TARGETS

        return TARGETS[name]


def _ended(target: Target, case: Case, folder: Path) -> tuple[str, list[str]]:
    """Run a case; give its ending and what is wrong with it."""
    try:
        return target.check(target.make(Random(f"{case.seed} {case.number}")), folder), []
    except target.errors as error:
        return type(error).__name__, _wrong_with(str(error))
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        told = traceback.format_exception(error)
        kind = f"{type(error).__name__} {_place(error)}"
        return type(error).__name__, [f"error: {kind}\n{''.join(told)[-TOLD:]}"]


def _wrong_with(message: str) -> list[str]:
    found = [] if message.isprintable() or message.replace("\n", "").isprintable() else ["message: not printable"]
    found += [] if message else ["message: empty"]
    found += [f"message: {len(message)} letters"] if len(message) > LONGEST_MESSAGE else []
    with suppress(UnicodeEncodeError):
        message.encode("utf-8")
        return [f"{kind}\n{message[:TOLD]!r}" for kind in found]
    return [f"message: no text that UTF-8 can hold\n{message[:TOLD]!r}"]


def _place(error: BaseException) -> str:
    """Say where in the package an error passed last."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/unseam/" in frame.filename]
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else "at the target"


class _Watched:
    """This process, with its output caught and its temporary files in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.folder = root / str(os.getpid())
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir(parents=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.temporary)
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        self.output = (self.folder / "output").open("w+b")
        for stream in (1, 2):
            os.dup2(self.output.fileno(), stream)

    def begin(self) -> int:
        """Begin a case; give the bytes that the process holds."""
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        return resident()

    def left_behind(self) -> list[str]:
        """Name what a case left: output, temporary files."""
        sys.stdout.flush()
        sys.stderr.flush()
        self.output.seek(0)
        said = self.output.read().decode("utf-8", "replace")
        self.output.truncate(0)
        self.output.seek(0)
        found = [f"output: {said.strip().splitlines()[0][:200]}\n{said[:TOLD]}"] if said.strip() else []
        left = [path for path in self.temporary.iterdir() if not path.name.startswith(LIBRARIES_OWN)]
        for path in left:
            rmtree(path) if path.is_dir() else path.unlink()
        return found + [f"temporary file: {path.name}" for path in left]


@cache
def _watched(root: Path) -> _Watched:
    return _Watched(root)


def processor_time() -> float:
    """Seconds of this process and of those that it started."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def resident() -> int:
    return _status("VmRSS")


def peak_memory() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    """Read bytes from what Linux tells of this process; 0 elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def open_files() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 0
