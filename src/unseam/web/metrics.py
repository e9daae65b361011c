"""What the service counts and times, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the histograms: from a static file to the default limit of a photo."""


class Metrics:
    """The metrics of one service, in a separate registry.

    Attributes
    ----------
    requests : Counter
        By HTTP method, path and status.
    request_seconds : Histogram
        By path.
    uploaded : Counter
        Bytes of photos received.
    in_flight, in_flight_limit, workers : Gauge
    workers_replaced : Counter
    photos : int
        Photos that were analyzed to the end.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "unseam_requests", "Requests answered.", ["method", "path", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "unseam_request_seconds",
            "Seconds from a request to the end of its response.",
            ["path"],
            registry=registry,
            buckets=SECONDS,
        )
        self._photo_seconds = Histogram(
            "unseam_photo_seconds",
            "Seconds from the first byte of a photo to its answer.",
            registry=registry,
            buckets=SECONDS,
        )
        self.uploaded = Counter("unseam_uploaded_bytes", "Bytes of photos received.", registry=registry)
        self.in_flight = Gauge(
            "unseam_requests_in_flight", "Photos being received, waiting, or analyzed.", registry=registry
        )
        self.in_flight_limit = Gauge(
            "unseam_requests_in_flight_limit", "Photos that may be in flight.", registry=registry
        )
        self.workers = Gauge("unseam_workers", "Worker processes.", registry=registry)
        self.workers_replaced = Counter(
            "unseam_workers_replaced", "Processes that died or were killed, and were replaced.", registry=registry
        )
        self.photos, self._total_seconds = 0, 0.0

    def add_request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(method, path, str(status)).inc()
        self.request_seconds.labels(path).observe(seconds)

    def add_photo(self, seconds: float) -> None:
        """Count one photo that was analyzed to the end."""
        self.photos += 1
        self._total_seconds += seconds
        self._photo_seconds.observe(seconds)

    @property
    def mean_photo_seconds(self) -> float | None:
        """Mean time of a photo; None before the first."""
        return self._total_seconds / self.photos if self.photos else None

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
