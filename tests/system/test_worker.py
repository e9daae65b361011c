import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.pool_work import Work, is_alive
from unseam.errors import RunError
from unseam.system.pool import Pool
from unseam.system.worker import Crash, Worker

PARENT = """
import sys
from support.pool_work import Work
from unseam.system.pool import Pool

if __name__ == "__main__":
    for job, result in Pool(Work(), 2).run(["pid", "pid", "sleep 60", "sleep 60"]):
        print(result, flush=True)
"""


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


def test_a_crash_says_how_the_process_ended() -> None:
    assert "killed by signal 9" in str(Crash(-9))
    assert "exit code 3" in str(Crash(3))
    assert "longer than 2.5 s" in str(Crash(-9, 2.5))


def test_a_worker_does_one_job_after_another_and_sends_what_comes() -> None:
    worker: Worker[str, str] = Worker(Work(), threads=1, memory=None, seconds=60)
    found = []
    for job in ("say a", "say b"):
        worker.give(job)
        assert worker.job == job
        while (message := worker.poll(60)) is None:
            pass
        found.append(message)
    worker.end()
    assert found == ["a", "b"]
    assert worker.process.exitcode == 0
