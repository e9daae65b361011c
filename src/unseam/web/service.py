"""A running service: its methods, limits, worker pool and metrics, and the photos in flight."""

from __future__ import annotations

import math
import reprlib
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from unseam.errors import UnknownMethod
from unseam.method import Method
from unseam.methods import ALL, expanded, with_options
from unseam.web.analysis import PhotoAnalysis
from unseam.web.error_responses import InvalidRequest, ShuttingDown, TooManyRequests
from unseam.web.limits import Limits
from unseam.web.messages import PhotoRequest
from unseam.web.metrics import Metrics
from unseam.web.worker_pool import Message, WorkerPool

FIRST_GUESS = 5.0
"""Seconds after which a refused caller may retry, before any photo has shown how long one takes."""

LONGEST_RETRY = 60
"""Seconds."""


@dataclass
class Service:
    """A service, started or not.

    Attributes
    ----------
    methods : mapping of str to Method
        All that are offered.
    default : sequence of str
        Those used when a caller names none.
    limits : Limits
    trust_anchors : str, optional
        Certificates (PEM) whose Content Credentials are trusted, in place of the list that ships with the package.
    in_flight : int
        Photos being received, waiting, or analyzed.
    """

    methods: Mapping[str, Method]
    default: Sequence[str]
    limits: Limits
    trust_anchors: str | None = None
    metrics: Metrics = field(default_factory=Metrics)
    pool: WorkerPool = field(init=False)
    in_flight: int = 0
    stopping: bool = False

    def __post_init__(self) -> None:
        limits, metrics = self.limits, self.metrics
        self.methods = {name: with_options(method, threads=limits.threads) for name, method in self.methods.items()}
        work = PhotoAnalysis(self.methods, limits.pixels, self.trust_anchors)
        self.pool = WorkerPool(work, limits, metrics.workers_replaced.inc)
        metrics.workers.set(limits.workers)
        metrics.in_flight_limit.set(limits.in_flight)
        metrics.in_flight.set_function(lambda: self.in_flight)

    def choose(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the methods of a request; only what is offered: a name is never taken for a path.

        Raises
        ------
        InvalidRequest
            A method is not offered here.
        """
        unknown = [name for name in names if name not in self.methods and name != ALL]
        if unknown:
            offered = ", ".join([*self.methods, ALL])
            raise InvalidRequest(str(UnknownMethod(f"no method {reprlib.repr(unknown[0])} here; there are: {offered}")))
        return tuple(expanded(names or self.default, self.methods))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places in flight.

        Raises
        ------
        TooManyRequests
            All are taken.
        ShuttingDown
            The service is stopping.
        """
        if self.stopping:
            raise ShuttingDown
        if self.in_flight >= self.limits.in_flight:
            raise TooManyRequests(
                f"{self.limits.in_flight} photos are in flight here, which is the limit. Retry after "
                f"{self.retry_after()} s.",
                self.retry_after(),
            )
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def retry_after(self) -> int:
        """Estimate after how many seconds a place is free, from what photos took so far."""
        mean = self.metrics.mean_photo_seconds
        each = FIRST_GUESS if mean is None else mean
        return min(max(math.ceil(each / self.limits.workers), 1), LONGEST_RETRY)

    def analyze(self, request: PhotoRequest) -> AsyncGenerator[Message, None]:
        """Analyze one photo; see `WorkerPool.analyze`."""
        return self.pool.analyze(request)

    def facts(self) -> Iterator[dict[str, Any]]:
        """Yield what a person needs to know about each method."""
        for name, method in self.methods.items():
            info = method.info
            yield {
                "name": name,
                "paper": info.paper,
                "detects": info.detects,
                "blind_spots": info.blind_spots,
                "needs": sorted(info.needs),
                "min_size": info.min_size,
            }

    def stop(self) -> None:
        """End all work at once."""
        self.stopping = True
        self.pool.stop()
