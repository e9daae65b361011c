import os
import time

import pytest

from support.pool_work import Work, is_alive, parts
from unseam.system.pool import Pool
from unseam.system.worker import Crash


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


def test_jobs_shorter_than_the_limit_are_all_done_in_one_process() -> None:
    jobs = [f"sleep 0.5+pid+say {number}" for number in range(8)]
    processes = {result.split("+")[1] for _, result in Pool(Work(), 1, seconds=3).run(jobs)}
    assert len(processes) == 1


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
