"""The processes that judge, and the line in front of them.

A thread for each process hands it one photo after the other and passes on what it says; the photos that wait do so in
the order they came. A process that dies, takes too long, or whose caller has gone is ended and replaced at once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from unseam.errors import RunError
from unseam.system.workers import PATIENCE, START_PATIENCE, Ready, kill_process, start_process
from unseam.web.error_responses import Refusal, ShuttingDown, TimeLimit, WorkerDied
from unseam.web.limits import Limits
from unseam.web.messages import Answer, Job, Progress

Message = Progress | Answer | Refusal
Work = Callable[[Job | None], Iterator[Message]]

HEARTBEAT = 2.0
"""Seconds after which the last news are told again, so that proxies and people see that there is still somebody."""

GLANCE = 0.2
"""Seconds between two looks whether the caller has gone."""


@dataclass(eq=False)
class Errand:
    """A photo on its way through the crew; told from a thread, read in the event loop."""

    job: Job
    loop: asyncio.AbstractEventLoop
    news: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, message: Message) -> None:
        """Pass a message on to who waits for it, if the event loop is still there."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.news.put_nowait, message)


class Worker:
    """One process, started anew whenever it has ended."""

    def __init__(self, work: Work, limits: Limits) -> None:
        self._work, self._limits = work, limits
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Start the process, unless it lives, and wait until it has loaded all that it needs.

        Raises
        ------
        RunError
            It ended before it began, or did not begin in time.
        """
        if self.alive:
            return
        self.end()
        limits = self._limits
        self._process, self._pipe = start_process(self._work, threads=limits.threads, memory=limits.memory)
        try:
            self._pipe.send(None)
            began = self._pipe.poll(START_PATIENCE) and isinstance(self._pipe.recv(), Ready)
            if began and self._pipe.poll(START_PATIENCE) and isinstance(self._pipe.recv(), Progress):
                return
        except (EOFError, OSError):
            self._process.join(PATIENCE)
        code = self._process.exitcode
        self.end()
        raise RunError(
            f"a worker process ended with exit code {code} before it began to work; what it wrote to stderr says why "
            "(too little memory, or a model that cannot be used)"
        )

    def run(self, errand: Errand) -> None:
        """Let the process do an errand, and pass on what it says, the answer or refusal last."""
        try:
            self.start()
            errand.tell(self._run(errand))
        except RunError as error:
            errand.tell(WorkerDied(str(error)))
        except (EOFError, OSError):
            errand.tell(self._died())

    def _run(self, errand: Errand) -> Message:
        """Give the last thing that the process says."""
        pipe, deadline = self._pipe, time.monotonic() + self._limits.seconds
        if pipe is None:
            raise EOFError
        pipe.send(errand.job)
        while not errand.over.is_set():
            if time.monotonic() > deadline:
                self.end()
                return TimeLimit(
                    f"{errand.job.name} took longer than the {self._limits.seconds:g} s that a photo may take here. "
                    "Try fewer methods, or a smaller photo."
                )
            if pipe.poll(GLANCE):
                message: Message = pipe.recv()
                if not isinstance(message, Progress):
                    return message
                errand.tell(message)
        self.end()
        return ShuttingDown("the service is stopping; ask again in a moment.")

    def _died(self) -> WorkerDied:
        if self._process is not None:
            self._process.join(PATIENCE)
        code = self._process.exitcode if self._process is not None else None
        self.end()
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return WorkerDied(f"the process that judged this photo {how}: too little memory, or a crash inside a library.")

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            kill_process(self._process)
            self._process.join()
        self._process = self._pipe = None


class Crew:
    """All workers.

    Parameters
    ----------
    work : function
        What a process does with a job; it can be pickled.
    limits : Limits
    """

    def __init__(self, work: Work, limits: Limits) -> None:
        self.workers = [Worker(work, limits) for _ in range(limits.workers)]
        self.replaced = 0
        self._line: list[Errand] = []
        self._busy: set[Errand] = set()
        self._lock = threading.Lock()
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self.workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(limits.workers, thread_name_prefix="unseam-worker")
        self._stopped = False

    def start(self) -> None:
        """Start all processes and wait for them; RunError when one does not begin."""
        list(self._threads.map(Worker.start, self.workers))

    async def judge(self, job: Job) -> AsyncGenerator[Message, None]:
        """Yield what becomes of a job, the answer or refusal last; when the caller stops listening, the work stops."""
        errand = Errand(job, asyncio.get_running_loop())
        self._take(errand)
        latest = self._waiting(errand)
        try:
            yield latest
            while True:
                try:
                    message = await asyncio.wait_for(errand.news.get(), HEARTBEAT)
                except TimeoutError:
                    message = self._waiting(errand) if latest.event == "waiting" else latest
                yield message
                if not isinstance(message, Progress):
                    return
                latest = message
        finally:
            errand.over.set()

    def stop(self) -> None:
        """End all work at once: whoever waits is told that the service stops."""
        with self._lock:
            self._stopped = True
            errands = [*self._line, *self._busy]
        for errand in errands:
            errand.over.set()
        self._threads.shutdown(wait=True, cancel_futures=False)
        for worker in self.workers:
            worker.end()

    def _take(self, errand: Errand) -> None:
        with self._lock:
            if self._stopped:
                raise ShuttingDown("the service is stopping; ask again in a moment.")
            self._line.append(errand)
            self._threads.submit(self._do, errand)

    def _do(self, errand: Errand) -> None:
        """Run in a thread: let a free worker do the errand, and leave it ready for the next."""
        with self._lock:
            self._line.remove(errand)
            self._busy.add(errand)
        worker = self._free.get()
        try:
            if errand.over.is_set():
                errand.tell(ShuttingDown("the service is stopping; ask again in a moment."))
                return
            worker.run(errand)
            if worker.pid is None and not self._stopped:
                self.replaced += 1
                with suppress(RunError):  # the next errand tries again, and tells
                    worker.start()
        finally:
            with self._lock:
                self._busy.discard(errand)
            self._free.put(worker)

    def _waiting(self, errand: Errand) -> Progress:
        """Say how many photos are ahead of this one."""
        with self._lock:
            place = self._line.index(errand) if errand in self._line else 0
            ahead = place + len(self._busy - {errand})
            return Progress("waiting", {"before": ahead if ahead >= len(self.workers) else 0})
