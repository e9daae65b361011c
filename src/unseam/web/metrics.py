"""Counts and times of the service in Prometheus' text format (version 0.0.4).

A page of code instead of a dependency: one process serves, so that there is nothing to add up between processes, which
is what the client library is for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the histogram: from a static file to the default limit of a photo."""


@dataclass(slots=True)
class Histogram:
    """How often something took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self.counts)

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Write it as Prometheus reads it: cumulated."""
        below = 0
        for bound, count in zip((*map(str, SECONDS), "+Inf"), self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{{labels}le="{bound}"}} {below}'
        plain = f"{{{labels.rstrip(',')}}}" if labels else ""
        yield f"{name}_sum{plain} {self.total:.6f}"
        yield f"{name}_count{plain} {below}"


@dataclass(slots=True)
class Metrics:
    """All that is counted.

    Attributes
    ----------
    requests : Counter
        By address, HTTP method and status.
    seconds : mapping
        Address to the times of its requests.
    photo : Histogram
        Times of photos from the first byte to the answer, judged to the end.
    in_flight : int
        Photos being received, waiting, or judged.
    uploaded : int
        Bytes of photos taken in.
    """

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    seconds: dict[str, Histogram] = field(default_factory=dict)
    photo: Histogram = field(default_factory=Histogram)
    in_flight: int = 0
    uploaded: int = 0

    def add(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests[path, method, status] += 1
        self.seconds.setdefault(path, Histogram()).add(seconds)

    def text(self, gauges: Mapping[str, float]) -> str:
        """Write all of it, with what the caller knows beside (name without prefix to value)."""
        lines = list(_head("requests_total", "counter", "Requests answered, by address, HTTP method and status."))
        for (path, method, status), count in sorted(self.requests.items()):
            labels = f'path="{path}",method="{method}",status="{status}"'
            lines.append(f"unseam_requests_total{{{labels}}} {count}")
        lines += _head("request_seconds", "histogram", "Seconds from a request to the end of its answer, by address.")
        for path, histogram in sorted(self.seconds.items()):
            lines += histogram.lines("unseam_request_seconds", f'path="{path}",')
        lines += _head("photo_seconds", "histogram", "Seconds that photos took which were judged to the end.")
        lines += self.photo.lines("unseam_photo_seconds", "")
        lines += _single("requests_in_flight", "gauge", "Photos being received, waiting, or judged.", self.in_flight)
        lines += _single("uploaded_bytes_total", "counter", "Bytes of photos taken in.", self.uploaded)
        for name, value in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += _single(name, kind, GAUGES[name], value)
        return "\n".join(lines) + "\n"


GAUGES: Mapping[str, str] = {
    "requests_in_flight_limit": "Photos that may be in flight.",
    "workers": "Processes that judge.",
    "workers_replaced_total": "Processes that died, took too long or had to be ended, and were replaced.",
}


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP unseam_{name} {what}"
    yield f"# TYPE unseam_{name} {kind}"


def _single(name: str, kind: str, what: str, value: float) -> Iterator[str]:
    yield from _head(name, kind, what)
    yield f"unseam_{name} {value:g}" if isinstance(value, float) else f"unseam_{name} {value}"
