"""The finished rows of a scan in progress, next to its output: killed at any moment, it resumes where it was.

``OUT.unfinished/`` holds ``rows.jsonl``, to which each row is appended as soon as it is finished, and ``scan.json``,
which says what is scanned and with what. A row is finished when its line has its end; what a kill or a power cut left
behind the last good line is cut off at the next start. The folder goes when the output is complete.
"""

from __future__ import annotations

import heapq
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from unseam.errors import DataError
from unseam.scanning.rows import ScanRow, fits, in_lots
from unseam.system.atomic_files import replacing
from unseam.system.folder_lock import FolderLock
from unseam.system.text import printable

ROWS, SETTINGS, SORTED = "rows.jsonl", "scan.json", "sorted"

DIGEST_BYTES = 16
"""Of a path's digest: two of a thousand million paths share one with a probability below 1e-20."""

ROWS_IN_MEMORY = 50_000
"""Rows that are sorted at a time, about a kilobyte each."""


LONGEST_SHOWN = 400
"""Letters of another scan's setting that an error repeats."""


class Journal:
    """The folder of a scan that is under way.

    Parameters
    ----------
    folder : Path
        Made if missing; locked, so that no second scan writes to it.
    settings : mapping
        What makes rows comparable; JSON.
    begin_with : iterable of ScanRow
        Rows that are finished already; read only where the folder has none, and kept all or none.

    Raises
    ------
    DataError
        Another scan is at work there, or the rows there were made with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], begin_with: Iterable[ScanRow] = ()) -> None:
        self.folder = folder
        self._lock = FolderLock(folder, DataError)
        self._methods = tuple(settings["methods"])
        self._rows = folder / ROWS
        try:
            self._file = self._open(settings, begin_with)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Flush the rows to the disk and release the folder."""
        try:
            if not self._file.closed:
                with self._file:
                    os.fsync(self._file.fileno())
        finally:
            self._lock.release()

    def _open(self, settings: Mapping[str, Any], begin_with: Iterable[ScanRow]) -> FileIO:
        """Return the file of the rows, cut after the last complete one, open for more."""
        self._keep(settings)
        if not self._rows.exists():
            with replacing(self._rows) as temporary, temporary.open("wb") as file:
                file.writelines(map(_line, begin_with))
        self._cut_off_what_is_broken()
        return self._rows.open("ab", buffering=0)

    def _keep(self, settings: Mapping[str, Any]) -> None:
        path = self.folder / SETTINGS
        if path.exists():
            check_settings(_settings(path), settings, str(self.folder))
            return
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def _cut_off_what_is_broken(self) -> None:
        good = 0
        with self._rows.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n") or not _finished(line, self._methods):
                    break
                good += len(line)
        if good < self._rows.stat().st_size:
            os.truncate(self._rows, good)

    def append(self, row: ScanRow) -> None:
        """Keep a finished row; a kill of this process does not lose it."""
        left = memoryview(_line(row))
        while left:  # a disk that fills up takes the first part, and refuses the rest
            left = left[self._file.write(left) :]

    def _lines(self) -> Iterator[bytes]:
        with self._rows.open("rb") as file:
            yield from file

    def finished(self) -> FinishedPaths:
        """Return the paths that are finished."""
        return FinishedPaths(json.loads(line)["path"] for line in self._lines())

    def drop(self, status: str) -> int:
        """Drop the rows of this status, so that their files are retried; return how many there were."""
        dropped = 0
        with replacing(self._rows) as temporary:
            with temporary.open("wb") as kept:
                for line in self._lines():
                    if json.loads(line)["status"] == status:
                        dropped += 1
                    else:
                        kept.write(line)
            self._file.close()
        self._file = self._rows.open("ab", buffering=0)
        return dropped

    def rows_by_path(self, more: Iterable[ScanRow] = ()) -> Iterator[ScanRow]:
        """Yield all rows, and ``more``, sorted by path; only `ROWS_IN_MEMORY` are held at a time."""
        folder = self.folder / SORTED
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        pieces = []
        for number, lines in enumerate(in_lots(self._lines(), ROWS_IN_MEMORY)):
            pieces.append(folder / f"{number:06d}.jsonl")
            pieces[-1].write_bytes(b"".join(_sorted(lines)))
        with ExitStack() as stack:
            files = [stack.enter_context(piece.open("rb")) for piece in pieces]
            sources = [(json.loads(line) for line in file) for file in files]
            yield from heapq.merge(*sources, sorted(more, key=_by_path), key=_by_path)
        shutil.rmtree(folder)

    def remove(self) -> None:
        """Delete the folder: its rows are in the output now."""
        self._file.close()
        self._lock.remove_folder()


def check_settings(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    """Raise `DataError` where rows made with other settings would be mixed."""
    other = [key for key in wanted if found.get(key) != wanted[key]]
    if other:
        changes = "; ".join(f"{key} was {_shown(found.get(key))} and is now {wanted[key]!r}" for key in other)
        raise DataError(f"{where} was started with other settings ({changes}); use those, or another --out")


def _shown(value: object) -> str:
    text = printable(repr(value))
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


class FinishedPaths:
    """Paths that are finished, 16 bytes each: ``path in finished``."""

    def __init__(self, paths: Iterable[str]) -> None:
        digests = bytearray()
        for path in paths:
            digests += _digest(path)
        self._sorted = np.sort(np.frombuffer(bytes(digests), f"S{DIGEST_BYTES}"))

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, path: str) -> bool:
        wanted = _digest(path)
        place = int(np.searchsorted(self._sorted, np.bytes_(wanted)))
        if place == len(self._sorted):
            return False
        return bytes(self._sorted[place]).ljust(DIGEST_BYTES, b"\0") == wanted  # numpy drops zeros at the end


def _digest(path: str) -> bytes:
    return blake2b(path.encode("utf-8"), digest_size=DIGEST_BYTES).digest()


def _line(row: ScanRow) -> bytes:
    return json.dumps(row, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _finished(line: bytes, methods: Iterable[str]) -> bool:
    """Whether a line is a whole row, which the table can hold."""
    with suppress(ValueError, RecursionError):
        return fits(json.loads(line), methods)
    return False


def _settings(path: Path) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    raise DataError(f"{path} is damaged; delete {path.parent} to scan anew, or use another --out")


def _sorted(lines: list[bytes]) -> list[bytes]:
    return sorted(lines, key=lambda line: str(json.loads(line)["path"]))


def _by_path(row: ScanRow) -> str:
    return str(row["path"])
