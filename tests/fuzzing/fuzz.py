"""Feed broken files to everything that reads untrusted bytes.

``python tests/fuzzing/fuzz.py --cases 20000 --seed 1`` runs the cases in processes with limits of time and memory, and
prints every finding with the command that repeats it; the bytes go to ``fuzz-findings/``. Exit status 1 with findings.
"""

import argparse
import faulthandler
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).parents[1]))  # what the tests share

from fuzzing.case_work import MEMORY, SECONDS, Case, Outcome, Work
from fuzzing.target import Target
from unseam.system.pool import Pool
from unseam.system.worker import Crash

FINDINGS = Path("fuzz-findings")

SETTLED = 2000
"""Cases after which a process has met every target often, and all caches are full: from then on it may not grow."""

LEAK = 150_000_000
"""Bytes by which a process may grow after that: pools of allocators, caches of a few models."""

DESCRIPTORS = 6
"""Open files by which it may grow."""

SLOWEST = 5


@dataclass
class Statistics:
    """What is told of a run.

    Attributes
    ----------
    endings : dict
        Target to endings and their numbers.
    findings : dict
        Kind of finding to its cases, each with what was told.
    """

    endings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    findings: dict[str, list[tuple[Case, str]]] = field(default_factory=lambda: defaultdict(list))
    slowest: list[tuple[float, Case]] = field(default_factory=list)
    largest: list[tuple[int, Case]] = field(default_factory=list)
    processes: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, case: Case, outcome: Outcome | Crash) -> list[str]:
        """Count a case; give its findings."""
        if isinstance(outcome, Crash):
            hangs = outcome.seconds is not None or outcome.exit_code == -signal.SIGPROF
            kind = "hang" if hangs else "crash"
            self.endings[case.target][kind] += 1
            found = [f"{kind}: {outcome}"]
        else:
            self.endings[case.target][outcome.ending] += 1
            self.slowest = sorted([*self.slowest, (outcome.seconds, case)], key=lambda s: -s[0])[:SLOWEST]
            self.largest = sorted([*self.largest, (outcome.peak, case)], key=lambda s: -s[0])[:SLOWEST]
            self.processes[outcome.process].append((outcome.resident, outcome.descriptors))
            found = list(outcome.findings)
        for text in found:
            self.findings[f"{case.target}: {text.splitlines()[0]}"].append((case, text))
        return found

    def growth(self) -> list[str]:
        """Name the processes that grew after they had settled, in memory or open files."""
        found = []
        for process, sizes in self.processes.items():
            if len(sizes) < 2 * SETTLED:
                continue
            (least, files), (most, open_files) = _middle(sizes[SETTLED : 2 * SETTLED]), _middle(sizes[-SETTLED:])
            if most - least > LEAK:
                found.append(f"leak: process {process} grew by {(most - least) / 1e6:.0f} MB in {len(sizes)} cases")
            if open_files - files > DESCRIPTORS:
                found.append(f"leak: process {process} holds {open_files - files} more open files")
        return found


def _middle(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the median of memory, and of open files."""
    memory, files = (sorted(values) for values in zip(*sizes, strict=True))
    return memory[len(memory) // 2], files[len(files) // 2]


def run(
    cases: Iterable[Case], workers: int, targets: Mapping[str, Target] | None = None
) -> Iterator[tuple[Case, Outcome | Crash]]:
    """Run cases in processes with limits of time and memory; ``targets`` are those of the list by default."""
    with TemporaryDirectory(prefix="fuzz-") as root:
        pool: Pool[Case, Outcome] = Pool(
            Work(Path(root), targets), workers, seconds=SECONDS, memory=MEMORY, one_thread=True
        )
        yield from pool.run(cases)


def cases_of(seed: int, target: str | None = None, first: int = 0) -> Iterator[Case]:
    """Yield the cases of a seed without end, those of one target if it is named."""
    from fuzzing.targets import target_of

    for number in count(first):
        name = target_of(number).name
        if target in (None, name):
            yield Case(name, seed, number)


def main() -> int:
    options = _options()
    if options.case is not None:
        return _repeat(options.seed, options.case)
    statistics, started = Statistics(), time.monotonic()
    with suppress(KeyboardInterrupt):  # what was found until then is told
        _run(options, statistics, started)
    _tell(statistics, time.monotonic() - started)
    return 1 if statistics.findings or statistics.growth() else 0


def _run(options: argparse.Namespace, statistics: Statistics, started: float) -> None:
    cases = islice(cases_of(options.seed, options.target, options.first), options.cases)
    for done, (case, outcome) in enumerate(run(cases, options.workers), start=1):
        known = len(statistics.findings)
        found = statistics.add(case, outcome)
        if found:
            _save(case)
        if len(statistics.findings) > known:
            _say(f"case {case.number} of {case.target}:", *found)
        if done % 200 == 0:
            _say(f"{done} cases, {time.monotonic() - started:.0f} s, {len(statistics.findings)} kinds of findings")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", help="only cases of this target")
    parser.add_argument("--first", type=int, default=0, help="number to begin with")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--case", type=int, help="run this case alone, in this process, and show its error")
    return parser.parse_args()


def _repeat(seed: int, number: int) -> int:
    from fuzzing.targets import target_of

    faulthandler.enable()
    target = target_of(number)
    path = _save(Case(target.name, seed, number))
    _say(f"{target.name}: {path}")
    with TemporaryDirectory() as folder:
        try:
            _say(f"ended in: {target.check(path.read_bytes(), Path(folder))}")
        except target.errors as error:
            _say(f"ended in {type(error).__name__}: {error!s:.3000}")
    return 0


def _save(case: Case) -> Path:
    """Write the bytes of a case where a person finds them."""
    from fuzzing.targets import bytes_of

    FINDINGS.mkdir(exist_ok=True)
    path = FINDINGS / f"{case.target}-{case.seed}-{case.number}.bin"
    path.write_bytes(bytes_of(case.seed, case.number))
    return path


def _tell(statistics: Statistics, seconds: float) -> None:
    _say("", "target: cases, endings")
    for target, endings in sorted(statistics.endings.items()):
        told = ", ".join(f"{ending} {number}" for ending, number in endings.most_common(9))
        _say(f"  {target}: {endings.total()}: {told}")
    total = sum(endings.total() for endings in statistics.endings.values())
    _say(f"{total} cases in {seconds:.0f} s")
    _say("slowest: " + ", ".join(f"{s:.1f} s ({c.target} {c.number})" for s, c in statistics.slowest))
    _say("largest: " + ", ".join(f"{b / 1e6:.0f} MB ({c.target} {c.number})" for b, c in statistics.largest))
    for kind, cases in statistics.findings.items():
        numbers = ", ".join(str(case.number) for case, _ in cases[:9])
        _say(f"FINDING {kind} ({len(cases)} cases: {numbers})")
        _say(f"  repeat: python {sys.argv[0]} --seed {cases[0][0].seed} --case {cases[0][0].number}")
    _say(*statistics.growth(), f"{len(statistics.findings)} kinds of findings")


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
