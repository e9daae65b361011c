"""The metrics of a run: one JSON object per line, cut back to the checkpoint when the run is resumed."""

from __future__ import annotations

import json
import os
import reprlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from unseam.errors import RunError
from unseam.training.checkpoint import writing_to

Value = str | int | float | None


class MetricsLog:
    """An open metrics file. Every line holds at least ``step`` and ``event``.

    Parameters
    ----------
    path : Path
        The file; lines are appended.

    Raises
    ------
    RunError
        When the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing_to(path):
            self._file: BinaryIO = path.open("ab", buffering=0)

    def write(self, line: Mapping[str, Value]) -> None:
        """Append one line in one write, so that a kill leaves at most the last line unfinished."""
        with writing_to(self._path):
            self._file.write(json.dumps(line, allow_nan=False).encode() + b"\n")

    def sync(self) -> None:
        """Wait until all lines are on the disk; a checkpoint must never be newer than its metrics."""
        with writing_to(self._path):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def cut_back(path: Path, step: int) -> None:
    """Remove the lines beyond ``step`` and an unfinished last line.

    The file is shortened in place: lines are in the order of their steps, so what goes is a tail.
    """
    if not path.exists():
        return
    kept = sum(len(line) + 1 for line in _complete_lines(path) if _step(_parsed(line, path), path) <= step)
    with writing_to(path), path.open("r+b") as file:
        file.truncate(kept)
        os.fsync(file.fileno())


def _complete_lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise RunError(f"{path}: the metrics cannot be read ({error.strerror})") from error


def _parsed(line: bytes, path: Path) -> dict[str, Value]:
    values: object = None
    with suppress(ValueError, RecursionError):
        values = json.loads(line)
    if not isinstance(values, dict):
        raise RunError(f"{path}: a line of the metrics is not JSON, or no object: {line[:80]!r}")
    return values


def _step(line: Mapping[str, Value], path: Path) -> int:
    step = line.get("step")
    if not isinstance(step, int):
        raise RunError(f"{path}: a line of the metrics has no step that is an integer: {reprlib.repr(line)}")
    return step
