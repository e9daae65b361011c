"""What a running service is: its methods, its limits, its crew, what it counts, and who is in flight."""

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
from unseam.web.analysis import Judge
from unseam.web.error_responses import InvalidRequest, ShuttingDown, TooManyRequests
from unseam.web.limits import Limits
from unseam.web.messages import Job
from unseam.web.metrics import Metrics
from unseam.web.worker_pool import Crew, Message

FIRST_GUESS = 5.0
"""Seconds after which a refused caller comes again, before any photo has shown how long one takes."""

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
    """

    methods: Mapping[str, Method]
    default: Sequence[str]
    limits: Limits
    metrics: Metrics = field(default_factory=Metrics)
    crew: Crew = field(init=False)
    stopping: bool = False

    def __post_init__(self) -> None:
        threads = self.limits.threads
        self.methods = {name: with_options(method, threads=threads) for name, method in self.methods.items()}
        self.crew = Crew(Judge(self.methods, self.limits.pixels), self.limits)

    def choose(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give the methods of a request; only what is offered: a name is never taken for a path.

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
            raise ShuttingDown("the service is stopping; ask again in a moment.")
        if self.metrics.in_flight >= self.limits.in_flight:
            raise TooManyRequests(
                f"{self.limits.in_flight} photos are in flight here, and that is all that may be. Come again in "
                f"{self.retry_after()} s.",
                self.retry_after(),
            )
        self.metrics.in_flight += 1
        try:
            yield
        finally:
            self.metrics.in_flight -= 1

    def retry_after(self) -> int:
        """Guess after how many seconds a place is free: what photos took so far, side by side."""
        done = self.metrics.photo
        each = done.total / done.count if done.count else FIRST_GUESS
        return min(max(math.ceil(each / self.limits.workers), 1), LONGEST_RETRY)

    def judge(self, job: Job) -> AsyncGenerator[Message, None]:
        """Judge one photo; see `Crew.judge`."""
        return self.crew.judge(job)

    def facts(self) -> Iterator[dict[str, Any]]:
        """Give what a person needs to know about each method."""
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

    def gauges(self) -> dict[str, float]:
        """Give what the metrics tell beside what they count."""
        return {
            "requests_in_flight_limit": self.limits.in_flight,
            "workers": self.limits.workers,
            "workers_replaced_total": self.crew.replaced,
        }

    def stop(self) -> None:
        """End all work at once."""
        self.stopping = True
        self.crew.stop()
