"""The limits of the service and its callers: each is an option of ``unseam serve``."""

from __future__ import annotations

from dataclasses import dataclass, fields

MEGABYTE = 1_000_000

BYTES_PER_PIXEL = 80
"""Memory of a photo: any method stays within 60 bytes per pixel, and drawing the answer comes on top."""

FREE_MEMORY = 1_500_000_000
"""Bytes of a worker without a photo: Python, libraries, the weights of the networks and their batches of patches."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a service.

    Attributes
    ----------
    upload_bytes : int
        Largest photo file; enforced while it arrives.
    upload_seconds : float
        Limit of an upload: a caller that trickles would hold a place for ever.
    pixels : int
        Largest photo, height x width; read from the header, before it is decoded.
    seconds : float
        Wall-clock limit of one photo.
    in_flight : int
        Photos at a time, those that wait for a worker included; further callers get a 429.
    workers : int
        Worker processes, one photo at a time each.
    threads : int
        That each process computes on.
    memory : int, optional
        Bytes that each process may allocate (Linux); None for no limit.
    grace_seconds : float
        What requests in flight get to finish when the service stops.
    """

    upload_bytes: int = 64 * MEGABYTE
    upload_seconds: float = 120.0
    pixels: int = 50 * MEGABYTE
    seconds: float = 300.0
    in_flight: int = 8
    workers: int = 1
    threads: int = 1
    memory: int | None = None
    grace_seconds: float = 20.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise ValueError(f"found {field.name} = {value}, expected more than 0")
        if self.in_flight < self.workers:
            raise ValueError(f"{self.in_flight} requests in flight can never keep {self.workers} workers busy")


def default_workers(cores: int) -> int:
    """Plan two cores for each photo, where there are two: one caller waits half as long, many are served as fast."""
    return max(cores // 2, 1)


def default_memory(pixels: int, share: int | None) -> int:
    """Return what a worker needs for the largest photo, or its share of the machine where that is less, in bytes."""
    needed = FREE_MEMORY + BYTES_PER_PIXEL * pixels
    return needed if share is None else min(needed, share)
