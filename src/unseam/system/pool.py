"""Many jobs on several worker processes: a process that dies takes one job with it, and no other.

Threads would contend for the interpreter lock between their numerical calls, and a crash inside a library would end
the whole run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import wait
from typing import Generic, TypeVar

from unseam.system.worker import Crash, Worker

J = TypeVar("J")
R = TypeVar("R")


@dataclass(slots=True)
class Pool(Generic[J, R]):
    """Processes that all do the same work.

    Attributes
    ----------
    work : function
        Job to result; see `Worker`.
    workers : int
        Processes at a time. With more than one, each computes on one thread.
    split : function
        What to try instead of a job whose process died: smaller jobs, or nothing, and then the job has failed.
    seconds : float, optional
        Wall-clock limit of a job.
    memory : int, optional
        Bytes that a process may allocate.
    one_thread : bool, optional
        Whether each process computes on one thread; by default where there are several.
    """

    work: Callable[[J], R]
    workers: int
    split: Callable[[J], Iterable[J]] = lambda _: ()
    seconds: float | None = None
    memory: int | None = None
    one_thread: bool | None = None
    _running: list[Worker[J, R]] = field(default_factory=list, init=False)

    def run(self, jobs: Iterable[J]) -> Iterator[tuple[J, R | Crash]]:
        """Yield every job with its result, as they are finished; processes end when the iterator does.

        Raises
        ------
        RunError
            A process ended before it began to work.
        """
        waiting = _Queue(jobs)
        try:
            while len(self._running) < self.workers and waiting:
                self._running.append(self._start(waiting.pop()))
            while self._running:
                for worker, result in self._results():
                    yield from self._take(worker, result, waiting)
        finally:
            self._stop()

    def _results(self) -> list[tuple[Worker[J, R], R | Crash]]:
        """Wait until processes have a result, died, or took too long, and return what became of their jobs."""
        left = [seconds for worker in self._running if (seconds := worker.seconds_left()) is not None]
        wait([worker.pipe for worker in self._running], min(left, default=None))
        polled = [(worker, worker.poll()) for worker in self._running]
        return [(worker, result) for worker, result in polled if result is not None]

    def _take(self, worker: Worker[J, R], result: R | Crash, waiting: _Queue[J]) -> Iterator[tuple[J, R | Crash]]:
        """Yield a result and give its worker the next job; replace the worker if it died."""
        crashed = isinstance(result, Crash)
        parts = list(self.split(worker.job)) if crashed else []
        waiting.put_first(parts)
        if not parts:
            yield worker.job, result
        if waiting and not crashed:
            worker.give(waiting.pop())
            return
        worker.end()
        place = self._running.index(worker)
        self._running[place : place + 1] = [self._start(waiting.pop())] if waiting else []

    def _start(self, job: J) -> Worker[J, R]:
        one_thread = self.workers > 1 if self.one_thread is None else self.one_thread
        threads = 1 if one_thread else None
        worker: Worker[J, R] = Worker(self.work, threads=threads, memory=self.memory, seconds=self.seconds)
        worker.give(job)
        return worker

    def _stop(self) -> None:
        """End all processes, those that work too."""
        for worker in self._running:
            worker.kill()
            worker.end()
        self._running.clear()


class _Queue(Generic[J]):
    """Jobs that wait: those put first, then those of an iterable, which is read as they are needed."""

    def __init__(self, jobs: Iterable[J]) -> None:
        self._rest = iter(jobs)
        self._first: deque[J] = deque()

    def put_first(self, jobs: Iterable[J]) -> None:
        self._first.extend(jobs)

    def __bool__(self) -> bool:
        if not self._first:
            self._first.extend(islice(self._rest, 1))
        return bool(self._first)

    def pop(self) -> J:
        return self._first.popleft()
