"""All targets, and which of them a case number belongs to."""

from collections.abc import Mapping
from random import Random

from fuzzing import file_targets, model_targets, photo_targets, provenance_targets, web_target
from fuzzing.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for room in (photo_targets, provenance_targets, web_target, model_targets, file_targets)
    for target in room.TARGETS
}


def _schedule() -> tuple[str, ...]:
    names = [target.name for target in TARGETS.values() for _ in range(target.weight)]
    Random(0).shuffle(names)
    return tuple(names)


SCHEDULE = _schedule()
"""Case K is of the target at K modulo its length."""


def target_of(number: int) -> Target:
    return TARGETS[SCHEDULE[number % len(SCHEDULE)]]


def bytes_of(seed: int, number: int) -> bytes:
    """Make the bytes of a case, the same ones every time."""
    return target_of(number).make(Random(f"{seed} {number}"))
