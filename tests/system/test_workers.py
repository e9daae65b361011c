import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.pool_work import Work, parts
from unseam.errors import RunError
from unseam.system.pool import Pool
from unseam.system.worker import Crash

PARENT = """
import sys
from support.pool_work import Work
from unseam.system.pool import Pool

if __name__ == "__main__":
    for job, result in Pool(Work(), 2).run(["pid", "pid", "sleep 60", "sleep 60"]):
        print(result, flush=True)
"""


def test_every_job_is_done_once() -> None:
    jobs = [f"say {number}" for number in range(20)]
    assert sorted(Pool(Work(), 3).run(jobs)) == sorted((job, job.removeprefix("say ")) for job in jobs)


def test_jobs_are_read_as_they_are_needed() -> None:
    read: list[str] = []
    results = Pool(Work(), 2).run(read.append(job) or job for job in ["say a", "say b", "say c", "say d", "say e"])
    next(results)
    assert len(read) < 5
    results.close()


@pytest.mark.parametrize("how", ["exit 7", "kill 9", "raise x"])
def test_a_process_that_dies_costs_its_own_job_only(how: str) -> None:
    found = dict(Pool(Work(), 2).run(["say a", how, "say b", "say c", "say d"]))
    crash = found.pop(how)
    assert isinstance(crash, Crash)
    assert {"exit 7": "exit code 7", "kill 9": "signal 9", "raise x": "exit code 1"}[how] in str(crash)
    assert found == {f"say {letter}": letter for letter in "abcd"}


def test_a_job_whose_process_died_is_tried_again_in_parts() -> None:
    found = dict(Pool(Work(), 1, parts).run(["say a+exit 3+say b", "say c"]))
    assert found.pop("exit 3") == Crash(3)
    assert found == {"say a": "a", "say b": "b", "say c": "c"}


def test_a_job_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    found = dict(Pool(Work(), 2, seconds=3).run(["say a", f"child {tmp_path / 'pid'}", "say b", "say c"]))
    crash = found.pop(f"child {tmp_path / 'pid'}")
    assert isinstance(crash, Crash)
    assert "longer than 3 s" in str(crash)
    assert found == {f"say {letter}": letter for letter in "abc"}
    deadline = time.monotonic() + 30
    while is_alive(int((tmp_path / "pid").read_text())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_jobs_shorter_than_the_limit_are_all_done_in_one_process() -> None:
    jobs = [f"sleep 0.5+pid+say {number}" for number in range(8)]
    processes = {result.split("+")[1] for _, result in Pool(Work(), 1, seconds=3).run(jobs)}
    assert len(processes) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_process_cannot_allocate_more_than_its_share() -> None:
    found = dict(Pool(Work(), 1, memory=600 * 2**20).run(["eat 1000", f"eat {2 * 2**30}", "say b"]))
    assert isinstance(found.pop(f"eat {2 * 2**30}"), Crash)
    assert found == {"eat 1000": "", "say b": "b"}


@dataclass(frozen=True)
class Stillborn:
    """Work that no process can take over."""

    def __call__(self, job: str) -> str:
        return job

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


def test_a_process_that_cannot_begin_is_no_fault_of_its_job() -> None:
    with pytest.raises(RunError, match="exit code 3 before it began"):
        list(Pool(Stillborn(), 2).run(["a", "b"]))


def test_one_process_alone_can_be_told_to_compute_on_one_thread() -> None:
    assert dict(Pool(Work(), 1, one_thread=True).run(["threads"])) == {"threads": "1"}


def test_processes_side_by_side_compute_on_one_thread_and_one_alone_as_it_likes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert dict(Pool(Work(), 2).run(["threads"])) == {"threads": "1"}
    assert dict(Pool(Work(), 1).run(["threads"])) == {"threads": "5"}
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_an_interruption_ends_the_processes_in_the_middle_of_their_work() -> None:
    started = time.monotonic()
    results = Pool(Work(), 2).run(["pid", "sleep 60", "sleep 60"])
    _, process = next(results)
    results.close()  # what an exception in the loop does
    assert time.monotonic() - started < 50
    assert not is_alive(int(process))


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.replace("sleep 60", "sleep 2"))
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen([sys.executable, script], env=paths, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    workers = [int(parent.stdout.readline()), int(parent.stdout.readline())]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_alive, workers))


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
