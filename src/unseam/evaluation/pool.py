"""Work in processes of their own, one job at a time each: a process that dies takes one job with it, and no other.

Threads would contend for the interpreter lock between their numerical calls, and a crash inside a library would end
the whole evaluation. Processes are spawned, not forked: a fork copies the locks of onnxruntime's and numba's threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")

SINGLE_THREADED = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of processes that work side by side; read by the libraries when they are loaded."""

PATIENCE = 5.0
"""Seconds that a process gets to end by itself."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A process that ended while it worked on a job; ``str(crash)`` says so."""

    exit_code: int | None

    def __str__(self) -> str:
        code = self.exit_code or 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the process that judged it {how} (out of memory, or a crash inside a library); run it again alone"


@dataclass(slots=True)
class _Worker(Generic[J]):
    process: SpawnProcess
    pipe: Connection[object, object]
    job: J


@dataclass(slots=True)
class Pool(Generic[J, R]):
    """Processes that all do the same work.

    Attributes
    ----------
    work : function
        Job to result; it, jobs and results can be pickled. What it raises ends its process.
    workers : int
        Processes at a time. More than one: each is told to compute on one thread.
    split : function
        What to try instead of a job whose process died: smaller jobs, or nothing, and then the job has failed.
    """

    work: Callable[[J], R]
    workers: int
    split: Callable[[J], Iterable[J]] = lambda _: ()
    _running: list[_Worker[J]] = field(default_factory=list, init=False)

    def run(self, jobs: Iterable[J]) -> Iterator[tuple[J, R | Crash]]:
        """Yield every job with its result, as they are finished; processes end when the iterator does."""
        waiting = _Queue(jobs)
        try:
            while len(self._running) < self.workers and waiting:
                self._running.append(self._start(waiting.pop()))
            while self._running:
                ready = wait([worker.pipe for worker in self._running])
                for worker in [worker for worker in self._running if worker.pipe in ready]:
                    yield from self._take(worker, waiting)
        finally:
            self._stop()

    def _take(self, worker: _Worker[J], waiting: _Queue[J]) -> Iterator[tuple[J, R | Crash]]:
        """Receive a worker's result and give it the next job; replace it if it died."""
        job, result = worker.job, self._receive(worker)
        if isinstance(result, Crash):
            parts = list(self.split(job))
            waiting.put_first(parts)
            if not parts:
                yield job, result
        else:
            yield job, result
        if not waiting:
            self._running.remove(worker)
            _end(worker)
        elif isinstance(result, Crash):
            self._running[self._running.index(worker)] = self._start(waiting.pop())
        else:
            worker.job = waiting.pop()
            _send(worker)

    def _receive(self, worker: _Worker[J]) -> R | Crash:
        try:
            result: R = worker.pipe.recv()  # type: ignore[assignment]
        except (EOFError, OSError):
            worker.process.join(PATIENCE)
            return Crash(worker.process.exitcode)
        return result

    def _start(self, job: J) -> _Worker[J]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        side_by_side = self.workers > 1
        process = context.Process(target=_serve, args=(theirs, self.work, side_by_side), daemon=True)
        with _environment(SINGLE_THREADED if side_by_side else {}):
            process.start()
        theirs.close()  # only the worker holds it now: when it dies, our end says so
        worker = _Worker(process, ours, job)
        _send(worker)
        return worker

    def _stop(self) -> None:
        """End all processes, those that work too: nothing that they hold is needed."""
        for worker in self._running:
            worker.process.terminate()
        for worker in self._running:
            _end(worker)
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


def _send(worker: _Worker[J]) -> None:
    with suppress(OSError):  # it died meanwhile: receiving will say so
        worker.pipe.send(worker.job)


def _end(worker: _Worker[J]) -> None:
    worker.pipe.close()
    worker.process.join(PATIENCE)
    if worker.process.exitcode is None:
        worker.process.kill()
        worker.process.join()


def _serve(pipe: Connection[object, object], work: Callable[[J], R], side_by_side: bool) -> None:
    """Work until the other end is closed, by the pool or by the end of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the pool decides
    if side_by_side:
        import cv2

        cv2.setNumThreads(1)
    try:
        while True:
            pipe.send(work(pipe.recv()))  # type: ignore[arg-type]
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
