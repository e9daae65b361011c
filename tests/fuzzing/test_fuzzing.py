"""One round of all targets, and what the harness itself must notice."""

import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

import pytest

from fuzzing import case_work
from fuzzing.case_work import MEMORY, SECONDS, Case, Outcome, Work
from fuzzing.fuzz import SETTLED, Statistics, cases_of, run
from fuzzing.originals import numbered, original
from fuzzing.target import Target
from fuzzing.targets import SCHEDULE, TARGETS, bytes_of
from unseam.errors import DataError
from unseam.photo.photo import load_photo
from unseam.system.pool import Pool
from unseam.system.worker import Crash

pytestmark = pytest.mark.xdist_group("fuzzing")

SEED = 2
CASES = len(SCHEDULE)
WORKERS = 2


@pytest.fixture(scope="module")
def statistics() -> Statistics:
    told = Statistics()
    for case, outcome in run((case for _, case in zip(range(CASES), cases_of(SEED), strict=False)), WORKERS):
        told.add(case, outcome)
    return told


@pytest.mark.parametrize("name", TARGETS)
def test_every_case_ends_in_a_value_or_in_an_error_of_ours(statistics: Statistics, name: str) -> None:
    assert statistics.endings[name].total() == SCHEDULE.count(name)
    found = {kind: cases[0] for kind, cases in statistics.findings.items() if kind.startswith(f"{name}: ")}
    assert found == {}


def test_a_case_has_the_same_bytes_whenever_it_is_made() -> None:
    assert [bytes_of(SEED, number) for number in range(40)] == [bytes_of(SEED, number) for number in range(40)]
    assert len({bytes_of(seed, 0) for seed in range(20)}) > 10


@pytest.mark.parametrize(("kind", "number"), numbered())
def test_the_files_that_cases_are_made_of_are_sound(kind: str, number: int) -> None:
    photo = load_photo(original(kind, number))
    assert photo.format == kind
    assert photo.pixels.std() > 10


def nothing(draw: Random) -> bytes:
    return b"bytes"


def fine(data: bytes, folder: Path) -> str:
    (folder / "of its own").write_bytes(data)
    return "fine"


def ours(data: bytes, folder: Path) -> str:
    raise DataError("found bytes, expected none")


def another(data: bytes, folder: Path) -> str:
    raise ZeroDivisionError


def wrong(data: bytes, folder: Path) -> str:
    assert data == b"others"
    return "fine"


def unprintable(data: bytes, folder: Path) -> str:
    raise DataError("found \ud800")


def garrulous(data: bytes, folder: Path) -> str:
    raise DataError("found " + "bytes " * 1000)


def prints(data: bytes, folder: Path) -> str:
    os.write(2, b"a library complains\n")
    return "fine"


def warns(data: bytes, folder: Path) -> str:
    warnings.warn("of something", RuntimeWarning, stacklevel=1)
    return "fine"


def litters(data: bytes, folder: Path) -> str:
    Path(tempfile.mkdtemp(prefix="left-"), "file").touch()
    return "fine"


def grows(data: bytes, folder: Path) -> str:
    return f"fine {len(b'x' * 500_000_000)}"


def takes_all(data: bytes, folder: Path) -> str:
    return f"fine {len(bytes(5_000_000_000))}"


def dies(data: bytes, folder: Path) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return "fine"


def sleeps(data: bytes, folder: Path) -> str:
    time.sleep(60)
    return "fine"


NOTICED = {
    another: "error: ZeroDivisionError",
    wrong: "error: AssertionError",
    unprintable: "message: no text",
    garrulous: "message: 6006 letters",
    prints: "output: a library complains",
    warns: "output: ",
    litters: "temporary file: left-",
    grows: "memory: it grew by ",
    takes_all: "error: MemoryError",
    dies: "crash: ",
    sleeps: "hang: it took longer than 1 s",
    fine: "",
    ours: "",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Name of each target above to its findings."""
    targets = {check.__name__: Target(check.__name__, nothing, check, (DataError,)) for check in NOTICED}
    work = Work(tmp_path_factory.mktemp("root"), targets)
    cases = [Case(name, 0, number) for number, name in enumerate(targets)]
    found = {}
    for hanging, seconds in ((False, SECONDS), (True, 1.0)):
        pool: Pool[Case, Outcome] = Pool(work, WORKERS, seconds=seconds, memory=MEMORY, one_thread=True)
        chosen = [case for case in cases if (case.target == sleeps.__name__) is hanging]
        found |= {case.target: Statistics().add(case, outcome) for case, outcome in pool.run(chosen)}
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured on Linux only")
@pytest.mark.parametrize("check", NOTICED, ids=lambda check: check.__name__)
def test_what_should_not_be_is_noticed(told: dict[str, list[str]], check: Callable[[bytes, Path], str]) -> None:
    expected = NOTICED[check]
    assert [text[: len(expected)] for text in told[check.__name__]] == ([expected] if expected else [])


def test_a_process_that_grows_case_by_case_is_told_of() -> None:
    def grown(memory: int, files: int) -> list[str]:
        statistics = Statistics()
        for number in range(3 * SETTLED):
            outcome = Outcome("fine", (), 0.1, 0, 10**9 + number * memory, 20 + number * files // 100, 1)
            statistics.add(Case("fine", 0, number), outcome)
        return statistics.growth()

    assert grown(0, 0) == []
    assert [text[:24] for text in grown(10**6, 0)] == ["leak: process 1 grew by "]
    assert [text[:24] for text in grown(0, 2)] == ["leak: process 1 holds 40"]


def test_a_crash_counts_as_the_ending_of_its_case() -> None:
    statistics = Statistics()
    assert statistics.add(Case("fine", 0, 0), Crash(-11)) == [f"crash: {Crash(-11)}"]
    assert statistics.add(Case("fine", 0, 0), Crash(-signal.SIGPROF))[0].startswith("hang: ")
    assert statistics.endings["fine"] == {"crash": 1, "hang": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="the time of a processor is limited as on Linux")
def test_a_case_that_turns_in_circles_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (_, outcome) = next(Pool(partial(turning, tmp_path), 1).run([0]))
    assert Statistics().add(Case("turns", 0, 0), outcome)[0].startswith("hang: ")


def turning(root: Path, number: int) -> str:
    case_work.PROCESSOR_SECONDS = 0.5
    turns = Target("turns", nothing, lambda *_: str(sum(1 for _ in count())), ())
    return Work(root, {"turns": turns})(Case("turns", 0, number)).ending
