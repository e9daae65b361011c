"""A child process that does one job at a time: deadline, kill and the text of a crash are written here, once.

Processes are spawned, not forked: a fork copies the locks of onnxruntime's threads. Each leads its own
process group, so that what it started itself, say a decoder, ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from unseam.errors import RunError
from unseam.system.cores import SINGLE_THREADED, environment

J = TypeVar("J")
M = TypeVar("M")

EXIT_SECONDS = 5.0
"""What a process gets to exit on its own."""

START_SECONDS = 120.0
"""What a process gets to start, on top of the time for its first job: imports from a slow disk under load."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A process that ended while it worked on a job; ``str(crash)`` says how.

    Attributes
    ----------
    exit_code : int, optional
        Of the process; negative for the signal that ended it.
    seconds : float, optional
        The limit, where the process was killed because the job took longer.
    """

    exit_code: int | None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"it took longer than {self.seconds:g} s, and its worker process was killed"
        code = self.exit_code or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"its worker process {how} (out of memory, or a crash inside a library); run it again alone"


class Worker(Generic[J, M]):
    """A process that does ``work``, started with the object.

    Parameters
    ----------
    work : function
        Job to result, or to an iterator of messages, each sent as it comes. It, jobs and results can be pickled, and
        none of what it sends is None. What it raises ends the process.
    threads : int, optional
        That it computes on; None for as many as the libraries like.
    memory : int, optional
        Bytes that it may allocate, enforced on Linux: beyond it there is a MemoryError, or a crash of a library that
        does not expect one.
    seconds : float, optional
        Wall-clock limit of a job; a process that takes longer is killed.
    """

    def __init__(
        self, work: Callable[[J], object], *, threads: int | None, memory: int | None, seconds: float | None
    ) -> None:
        self._seconds = seconds
        self._deadline: float | None = None  # on the monotonic clock
        self._ready = False
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, threads, memory), daemon=True)
        with environment({} if threads is None else dict.fromkeys(SINGLE_THREADED, str(threads))):
            self.process.start()
        theirs.close()  # only the process holds it now: when it dies, our end says so

    def give(self, job: J) -> None:
        """Hand over the next job; its time begins, for the first job when the process has started."""
        self.job = job
        self._set_deadline(0 if self._ready else START_SECONDS)
        with suppress(OSError):  # it died meanwhile: `poll` will say so
            self.pipe.send(job)

    def seconds_left(self) -> float | None:
        """Return how long the present job may still take; None without a limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def poll(self, seconds: float = 0.0) -> M | Crash | None:
        """Wait for the next message about the job.

        Returns
        -------
        message, Crash, or None
            A `Crash` where the process died, or was killed here for taking too long; None where nothing came in time.

        Raises
        ------
        RunError
            The process ended before it began to work: that is no job's fault.
        """
        left = self.seconds_left()
        try:
            if not self.pipe.poll(seconds if left is None else min(seconds, left)):
                return self._overdue()
            message: M | _Ready = self.pipe.recv()
        except (EOFError, OSError):
            return self._crashed()
        if not isinstance(message, _Ready):
            return message
        self._ready = True
        self._set_deadline()
        return None

    def end(self) -> None:
        """Let the process exit if it waits for a job, and kill it otherwise."""
        self.pipe.close()
        self.process.join(EXIT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process and what it started; nothing that they hold is needed."""
        if self.process.is_alive():
            if hasattr(os, "killpg") and self.process.pid is not None:
                with suppress(ProcessLookupError, PermissionError):  # not a group yet
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.join()

    def _set_deadline(self, more: float = 0.0) -> None:
        self._deadline = None if self._seconds is None else time.monotonic() + self._seconds + more

    def _overdue(self) -> Crash | None:
        if self.seconds_left() != 0.0:
            return None
        self.kill()
        return Crash(self.process.exitcode, self._seconds)

    def _crashed(self) -> Crash:
        self.process.join(EXIT_SECONDS)
        if not self._ready:
            raise RunError(
                f"a worker process ended with exit code {self.process.exitcode} before it began to work; what it wrote "
                "to stderr says why (too little memory, or a script without a __main__ guard)"
            ) from None
        return Crash(self.process.exitcode)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a process sends when it has started: from now on its time counts."""


def _serve(pipe: Connection[Any, Any], work: Callable[[Any], object], threads: int | None, memory: int | None) -> None:
    """Work until the other end is closed, by its owner or by the end of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a program without terminal; the owner decides
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if memory is not None:
        _limit_memory(memory)
    if threads is not None:
        import cv2

        cv2.setNumThreads(threads)
    try:
        pipe.send(_Ready())
        while True:
            _answer(pipe, work(pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(pipe: Connection[Any, Any], result: object) -> None:
    for message in result if isinstance(result, Iterator) else (result,):
        pipe.send(message)


def _limit_memory(memory: int) -> None:
    """Bound the private writable pages of this process and of each one that it starts."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
