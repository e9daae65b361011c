"""Work in processes of their own, one job at a time each: a process that dies takes one job with it, and no other.

Threads would contend for the interpreter lock between their numerical calls, and a crash inside a library would end
the whole run. Processes are spawned, not forked: a fork copies the locks of onnxruntime's and numba's threads. Each
leads a process group of its own, so that what it started itself, say a decoder, ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from unseam.errors import RunError

J = TypeVar("J")
R = TypeVar("R")

SINGLE_THREADED = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of processes that work side by side; read by the libraries when they are loaded."""

MATRIX_PRODUCTS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Those of them that numpy's matrix products obey."""

PATIENCE = 5.0
"""Seconds that a process gets to end by itself."""

START_PATIENCE = 120.0
"""Seconds that a process gets, beside its time for a job, to start: imports from a slow disk under load."""


def cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: containers and taskset allow fewer than there are
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def multiply_on_one_thread() -> None:
    """Let numpy multiply matrices on one thread in this process, unless it is loaded or the environment says otherwise.

    Its products here are of small blocks, and detectors work side by side: further threads only wait for one another.
    On two busy cores they made `dct-model` take 1.1 s for a megapixel instead of 0.05 s.
    """
    if "numpy" not in sys.modules:
        for name in MATRIX_PRODUCTS:
            os.environ.setdefault(name, "1")


@dataclass(frozen=True, slots=True)
class Crash:
    """A process that ended while it worked on a job; ``str(crash)`` says so.

    Attributes
    ----------
    exit_code : int, optional
        Of the process; negative for the signal that ended it.
    seconds : float, optional
        The limit, where the process was ended because the job took longer.
    """

    exit_code: int | None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"it took longer than {self.seconds:g} s, and the process that judged it was ended"
        code = self.exit_code or 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the process that judged it {how} (out of memory, or a crash inside a library); run it again alone"


@dataclass(slots=True)
class _Worker(Generic[J]):
    process: SpawnProcess
    pipe: Connection[object, object]
    job: J
    deadline: float | None = None  # on the monotonic clock
    began: bool = False


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
    seconds : float, optional
        What a job may take by the clock; a process that takes longer is ended, as if it had crashed.
    memory : int, optional
        Bytes that a process may allocate, enforced where the system can (Linux): beyond it there is a MemoryError, or
        a crash of a library that does not expect one.
    one_thread : bool, optional
        Whether each process computes on one thread; by default where there are several.
    """

    work: Callable[[J], R]
    workers: int
    split: Callable[[J], Iterable[J]] = lambda _: ()
    seconds: float | None = None
    memory: int | None = None
    one_thread: bool | None = None
    _running: list[_Worker[J]] = field(default_factory=list, init=False)

    def run(self, jobs: Iterable[J]) -> Iterator[tuple[J, R | Crash]]:
        """Yield every job with its result, as they are finished; processes end when the iterator does.

        Raises
        ------
        RunError
            A process ended before it began to work: that is no job's fault.
        """
        waiting = _Queue(jobs)
        try:
            while len(self._running) < self.workers and waiting:
                self._running.append(self._start(waiting.pop()))
            while self._running:
                for worker, result in self._answers():
                    yield from self._take(worker, result, waiting)
        finally:
            self._stop()

    def _answers(self) -> list[tuple[_Worker[J], R | Crash]]:
        """Wait until workers have a result, died, or took too long, and give what became of their jobs."""
        deadlines = [worker.deadline for worker in self._running if worker.deadline is not None]
        left = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        ready = wait([worker.pipe for worker in self._running], left)
        answers = [(worker, self._receive(worker)) for worker in self._running if worker.pipe in ready]
        answered = [(worker, result) for worker, result in answers if not isinstance(result, Ready)]
        now = time.monotonic()
        for worker in self._running:
            if worker.pipe not in ready and worker.deadline is not None and worker.deadline <= now:
                _kill(worker)
                worker.process.join()
                answered.append((worker, Crash(worker.process.exitcode, self.seconds)))
        return answered

    def _take(self, worker: _Worker[J], result: R | Crash, waiting: _Queue[J]) -> Iterator[tuple[J, R | Crash]]:
        """Hand a worker's result on and give it the next job; replace it if it died."""
        job = worker.job
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
            _end(worker)
            self._running[self._running.index(worker)] = self._start(waiting.pop())
        else:
            worker.job = waiting.pop()
            self._send(worker)

    def _receive(self, worker: _Worker[J]) -> R | Crash | Ready:
        try:
            result: R | Ready = worker.pipe.recv()  # type: ignore[assignment]
        except (EOFError, OSError):
            worker.process.join(PATIENCE)
            if not worker.began:
                raise RunError(
                    f"a worker process ended with exit code {worker.process.exitcode} before it began to work; what "
                    "it wrote to stderr says why (too little memory, or a script without a __main__ guard)"
                ) from None
            return Crash(worker.process.exitcode)
        if isinstance(result, Ready):
            worker.began = True
            worker.deadline = None if self.seconds is None else time.monotonic() + self.seconds
        return result

    def _send(self, worker: _Worker[J], more: float = 0.0) -> None:
        worker.deadline = None if self.seconds is None else time.monotonic() + self.seconds + more
        with suppress(OSError):  # it died meanwhile: receiving will say so
            worker.pipe.send(worker.job)

    def _start(self, job: J) -> _Worker[J]:
        one_thread = self.workers > 1 if self.one_thread is None else self.one_thread
        process, ours = start_process(self.work, threads=1 if one_thread else None, memory=self.memory)
        worker = _Worker(process, ours, job)
        self._send(worker, START_PATIENCE)
        return worker

    def _stop(self) -> None:
        """End all processes, those that work too: nothing that they hold is needed."""
        for worker in self._running:
            _kill(worker)
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


def _end(worker: _Worker[J]) -> None:
    worker.pipe.close()
    worker.process.join(PATIENCE)
    _kill(worker)
    worker.process.join()


def _kill(worker: _Worker[J]) -> None:
    kill_process(worker.process)


def start_process(
    work: Callable[[Any], object], *, threads: int | None, memory: int | None
) -> tuple[SpawnProcess, Connection[Any, Any]]:
    """Start a process that does ``work``, and give our end of the pipe: jobs go in, what becomes of them comes out.

    Parameters
    ----------
    work : function
        Job to result; it, jobs and results can be pickled. Of an iterator as result each value is sent as it comes.
        What it raises ends the process.
    threads : int, optional
        That it computes on; None for as many as the libraries like.
    memory : int, optional
        Bytes that it may allocate; see `Pool`.

    Returns
    -------
    (process, connection)
        The first thing that comes out is a `Ready`. When our end is closed, the process ends.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, threads, memory), daemon=True)
    with environment({} if threads is None else dict.fromkeys(SINGLE_THREADED, str(threads))):
        process.start()
    theirs.close()  # only the worker holds it now: when it dies, our end says so
    return process, ours


def kill_process(process: SpawnProcess) -> None:
    """End a process, unless it has ended, and what it started; nothing that they hold is needed."""
    if not process.is_alive():
        return
    if hasattr(os, "killpg") and process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):  # not a group yet
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


@dataclass(frozen=True, slots=True)
class Ready:
    """What a process says when it has started: from now on its time counts."""


def _serve(pipe: Connection[Any, Any], work: Callable[[Any], object], threads: int | None, memory: int | None) -> None:
    """Work until the other end is closed, by the pool or by the end of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a program without terminal; the pool decides
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if memory is not None:
        _limit_memory(memory)
    if threads is not None:
        import cv2

        cv2.setNumThreads(threads)
    try:
        pipe.send(Ready())
        while True:
            _answer(pipe, work(pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(pipe: Connection[Any, Any], result: object) -> None:
    for part in result if isinstance(result, Iterator) else (result,):
        pipe.send(part)


def _limit_memory(memory: int) -> None:
    """Bound what this process and each one that it starts may allocate: its private writable pages."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, say for those that it starts meanwhile, and put back what they were."""
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
