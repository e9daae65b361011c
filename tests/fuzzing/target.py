"""What a target is: something that reads untrusted bytes, with how its cases are made and how it may end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from unseam.errors import UnseamError


@dataclass(frozen=True)
class Target:
    """Something that reads untrusted bytes.

    Attributes
    ----------
    name : str
    make : function
        Source of random numbers to the bytes of a case; the same bytes for the same numbers.
    check : function
        Feeds the bytes, with an empty folder to write in, and says in a word how that ended. AssertionError where
        what came back is not what is promised.
    errors : tuple of classes
        Of `unseam.errors`, in which a case may end.
    weight : int
        Its share of all cases.
    """

    name: str
    make: Callable[[Random], bytes]
    check: Callable[[bytes, Path], str]
    errors: tuple[type[UnseamError], ...]
    weight: int = 1


def written(folder: Path, name: str, data: bytes) -> Path:
    """Write a file and give its path."""
    (folder / name).write_bytes(data)
    return folder / name
