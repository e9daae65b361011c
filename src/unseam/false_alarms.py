"""How often a method speaks of manipulation on photographs that are authentic: what a score must be read beside."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from unseam.method import Method


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often a method is wrong about authentic photographs.

    Attributes
    ----------
    marked : float
        Share of authentic photographs in which it marks a region, in [0, 1].
    source : str
        Which photographs, and how it was found out: a clause in plain words.
    scores : tuple of float
        Scores of authentic photographs, ascending; empty where they were not kept.
    """

    marked: float
    source: str
    scores: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.marked <= 1:
            raise ValueError(f"found a share of {self.marked}, expected 0 to 1")
        if list(self.scores) != sorted(self.scores):
            raise ValueError("found scores out of order, expected them ascending")

    def at(self, score: float) -> float | None:
        """Give the share of authentic photographs that score at least this; None where scores were not kept."""
        if not self.scores:
            return None
        return 1 - bisect_left(self.scores, score) / len(self.scores)


def false_alarms_of(method: Method) -> FalseAlarms | None:
    """Give what is known about a method's false alarms; None where nothing is."""
    known = getattr(method, "false_alarms", None)
    return known if isinstance(known, FalseAlarms) else None
