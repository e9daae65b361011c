"""The processes that analyze photos, and the queue in front of them.

A thread for each process hands it one photo after the other and passes its messages on; photos wait in the order in
which they came. A process that dies, takes too long, or whose caller has gone is ended and replaced at once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from unseam.errors import RunError
from unseam.system.text import printable
from unseam.system.worker import START_SECONDS, Crash, Worker
from unseam.web.error_responses import ErrorResponse, ShuttingDown, TimeLimit, WorkerDied
from unseam.web.limits import Limits
from unseam.web.messages import Answer, PhotoRequest, Progress

Message = Progress | Answer | ErrorResponse
Work = Callable[[PhotoRequest | None], Iterator[Message]]
PhotoWorker = Worker[PhotoRequest | None, Message]

HEARTBEAT = 2.0
"""Seconds after which the last message is repeated, so that proxies and people see that the work goes on."""

POLL_SECONDS = 0.2
"""Between two looks whether the caller has gone."""


@dataclass(eq=False)
class QueuedPhoto:
    """A photo on its way through the pool: a thread reports, the event loop reads."""

    request: PhotoRequest
    loop: asyncio.AbstractEventLoop
    messages: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def report(self, message: Message) -> None:
        """Pass a message on to the caller, if the event loop is still there."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.messages.put_nowait, message)


class WorkerSlot:
    """A place for one process, which is started again whenever it has ended."""

    def __init__(self, work: Work, limits: Limits) -> None:
        self._work, self._limits = work, limits
        self._worker: PhotoWorker | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None where there is none, or where it has ended."""
        return self._worker.process.pid if self._worker is not None and self._worker.process.is_alive() else None

    def start(self) -> PhotoWorker:
        """Return the process; start it, unless it lives, and wait until it has loaded all that it needs.

        Raises
        ------
        RunError
            It ended before it began, or did not begin in time.
        """
        if self._worker is not None and self.pid is not None:
            return self._worker
        limits = self._limits
        worker: PhotoWorker = Worker(self._work, threads=limits.threads, memory=limits.memory, seconds=limits.seconds)
        self._worker = worker
        worker.give(None)
        while (message := worker.poll(START_SECONDS)) is None:
            pass
        if not isinstance(message, Progress):
            self.end()
            raise RunError(f"the methods could not be loaded: {message}; what was written to stderr says why")
        return worker

    def run(self, photo: QueuedPhoto) -> None:
        """Let the process analyze a photo, and report what it says, the answer or error last."""
        try:
            photo.report(self._run(photo, self.start()))
        except RunError as error:
            photo.report(WorkerDied(str(error)))

    def _run(self, photo: QueuedPhoto, worker: PhotoWorker) -> Message:
        """Return the last message about a photo."""
        worker.give(photo.request)
        while not photo.cancelled.is_set():
            message = worker.poll(POLL_SECONDS)
            if isinstance(message, Crash):
                return _error_of(message, photo.request)
            if isinstance(message, Progress):
                photo.report(message)
            elif message is not None:
                return message
        self.end()
        return ShuttingDown()

    def end(self) -> None:
        """Kill the process, whatever it does."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.end()
        self._worker = None


def _error_of(crash: Crash, request: PhotoRequest) -> ErrorResponse:
    if crash.seconds is None:
        return WorkerDied(f"{printable(request.name)}: {crash}.")
    return TimeLimit(f"{printable(request.name)}: {crash}. Try fewer methods, or a smaller photo.")


class WorkerPool:
    """All processes of the service.

    Parameters
    ----------
    work : function
        What a process does with a photo; it can be pickled.
    limits : Limits
    on_replace : function
        Called whenever a process was replaced.
    """

    def __init__(self, work: Work, limits: Limits, on_replace: Callable[[], None]) -> None:
        self.slots = [WorkerSlot(work, limits) for _ in range(limits.workers)]
        self._on_replace = on_replace
        self._waiting: list[QueuedPhoto] = []
        self._busy: set[QueuedPhoto] = set()
        self._lock = threading.Lock()
        self._free: queue.SimpleQueue[WorkerSlot] = queue.SimpleQueue()
        for slot in self.slots:
            self._free.put(slot)
        self._threads = ThreadPoolExecutor(limits.workers, thread_name_prefix="unseam-worker")
        self._stopped = False

    def start(self) -> None:
        """Start all processes and wait for them; RunError when one does not begin."""
        list(self._threads.map(WorkerSlot.start, self.slots))

    async def analyze(self, request: PhotoRequest) -> AsyncGenerator[Message, None]:
        """Yield what becomes of a photo, the answer or error last; when the caller stops listening, the work stops."""
        photo = QueuedPhoto(request, asyncio.get_running_loop())
        self._enqueue(photo)
        latest = self._position(photo)
        try:
            yield latest
            while True:
                try:
                    message = await asyncio.wait_for(photo.messages.get(), HEARTBEAT)
                except TimeoutError:
                    message = self._position(photo) if latest.event == "waiting" else latest
                yield message
                if not isinstance(message, Progress):
                    return
                latest = message
        finally:
            photo.cancelled.set()

    def stop(self) -> None:
        """End all work at once; every caller that waits gets a 503."""
        with self._lock:
            self._stopped = True
            photos = [*self._waiting, *self._busy]
        for photo in photos:
            photo.cancelled.set()
        self._threads.shutdown(wait=True, cancel_futures=False)
        for slot in self.slots:
            slot.end()

    def _enqueue(self, photo: QueuedPhoto) -> None:
        with self._lock:
            if self._stopped:
                raise ShuttingDown
            self._waiting.append(photo)
            self._threads.submit(self._run, photo)

    def _run(self, photo: QueuedPhoto) -> None:
        """Run in a thread: let a free process analyze the photo, and leave a process ready for the next."""
        with self._lock:
            self._waiting.remove(photo)
            self._busy.add(photo)
        slot = self._free.get()
        try:
            if photo.cancelled.is_set():
                photo.report(ShuttingDown())
                return
            slot.run(photo)
            if slot.pid is None and not self._stopped:
                self._on_replace()
                with suppress(RunError):  # the next photo tries again, and reports
                    slot.start()
        finally:
            with self._lock:
                self._busy.discard(photo)
            self._free.put(slot)

    def _position(self, photo: QueuedPhoto) -> Progress:
        """Say how many photos are ahead of this one."""
        with self._lock:
            place = self._waiting.index(photo) if photo in self._waiting else 0
            ahead = place + len(self._busy - {photo})
            return Progress("waiting", {"before": ahead if ahead >= len(self.slots) else 0})
