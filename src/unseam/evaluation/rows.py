"""One row per photo, degradation and method, kept on disk as it is finished: a stopped evaluation resumes.

``rows.jsonl`` holds the rows, ``counts.bin`` the compressed score counts that they point into. Counts are written
first: a row is finished when its line is, and a line or counts cut off by a crash are dropped at the next start.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from unseam.errors import DataError
from unseam.evaluation.counts import BINS, Confusion, Counts
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.method import Finding
from unseam.system.text import printable

Outcome = Literal["judged", "not applicable", "failed"]

ROWS, COUNTS = "rows.jsonl", "counts.bin"

LARGEST_FILE = 2**62
"""Bytes, of ``counts.bin``: more than any disk has, and a number that files take."""

LONGEST_SHOWN = 200
"""Letters of what is said of a row that an error repeats."""

LAYOUT = 4
"""Number of the way in which rows are measured; a change of what a row says raises it, and rows are measured anew."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one method found on one photo.

    Attributes
    ----------
    key : str
        Digest of the photo's name and bytes, the mask's bytes, degradation and method: what makes the row the same
        again.
    photo, kind, split, method : str
        Name, kind and split of the sample, and name of the method.
    condition : Condition
        How the photo was degraded before it was judged.
    outcome : str
        ``judged``, ``not applicable`` (the method said so) or ``failed`` (the photo or the method could not be used).
    reason : str
        Why it was not judged.
    height, width, manipulated : int
        Of the photo, in pixels; 0 where it could not be read.
    auc, ring_auc, average_precision : float or None
        Over the photo's pixels; None for an authentic photo.
    at_threshold, at_half, at_oracle : Confusion or None
        Of the method's mask, of heat above 0.5, and at the threshold with the photo's best F1 (an upper bound).
    regions : int
        Regions of the mask.
    score : float or None
        The photo's score.
    finding : Finding or None
        The method's verdict; None where it gives none.
    seconds : float
        Time that the method took.
    offset, length : int
        Where the score counts are in ``counts.bin``; none are kept of degraded photos.
    """

    key: str
    photo: str
    kind: str
    split: str
    method: str
    outcome: Outcome
    condition: Condition = ORIGINAL
    reason: str = ""
    height: int = 0
    width: int = 0
    manipulated: int = 0
    auc: float | None = None
    ring_auc: float | None = None
    average_precision: float | None = None
    at_threshold: Confusion | None = None
    at_half: Confusion | None = None
    at_oracle: Confusion | None = None
    regions: int = 0
    score: float | None = None
    finding: Finding | None = None
    seconds: float = 0.0
    offset: int = 0
    length: int = 0

    @property
    def forged(self) -> bool:
        """Whether the photo has manipulated pixels."""
        return self.manipulated > 0

    @property
    def readable(self) -> bool:
        """Whether the photo and its mask could be read, so that the method had its chance."""
        return self.height > 0


def row_to_json(row: Row) -> str:
    """Write a row as one line, without its line end."""
    return json.dumps(asdict(row), separators=(",", ":"), ensure_ascii=False)


def row_from_json(line: str) -> Row:
    """Read a row back."""
    values = json.loads(line)
    for name in ("at_threshold", "at_half", "at_oracle"):
        values[name] = values[name] and Confusion(**values[name])
    values["finding"] = values.get("finding") and Finding(values["finding"])
    row = Row(**{**values, "condition": Condition(**values["condition"])})
    places = (row.offset, row.length)
    if not isinstance(row.key, str) or not all(type(place) is int and 0 <= place < LARGEST_FILE for place in places):
        raise ValueError(f"no row of counts at {places}")
    return row


def pack(counts: Counts) -> bytes:
    """Compress score counts (about 30 kB for a photo of a megapixel)."""
    return zlib.compress(np.stack([counts.positives, counts.negatives]).astype("<i8").tobytes(), level=1)


def unpack(data: bytes) -> Counts:
    """Undo `pack`; ValueError or zlib.error where there is something else."""
    raw = zlib.decompressobj().decompress(data, 2 * BINS * np.dtype("<i8").itemsize)  # never more than counts have
    positives, negatives = np.frombuffer(raw, "<i8").reshape(2, BINS).astype(np.int64)
    return Counts(positives, negatives)


class RowStore:
    """The finished rows of one evaluation's folder.

    They may be read at any time; appending needs the folder's lock (`unseam.system.folder_lock`), and a call of
    `repair` first.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._rows, self._counts = folder / ROWS, folder / COUNTS
        self._rows.touch()
        self._counts.touch()
        self.finished = {row.key: row for row in self._read()}

    def _read(self) -> list[Row]:
        """Read the rows whose lines have their ends."""
        try:
            return [row_from_json(line) for line in self._whole_lines().decode("utf-8").splitlines()]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            reason = printable(str(error))[:LONGEST_SHOWN]
            raise DataError(f"{self._rows}: rows of another version ({reason}); choose another folder") from error

    def _whole_lines(self) -> bytes:
        text = self._rows.read_bytes()
        return text[: text.rfind(b"\n") + 1]

    def repair(self) -> None:
        """Cut off a last line that a crash left unfinished, so that others can follow."""
        with self._rows.open("r+b") as file:
            file.truncate(len(self._whole_lines()))

    def is_finished(self, key: str) -> bool:
        """Whether a row need not be computed again; a failed one must."""
        row = self.finished.get(key)
        return row is not None and row.outcome != "failed"

    def append(self, row: Row, counts: bytes = b"") -> Row:
        """Keep a finished row, and its packed counts first."""
        with self._counts.open("ab") as file:
            placed = replace(row, offset=file.seek(0, 2), length=len(counts))
            file.write(counts)
        with self._rows.open("ab") as file:
            file.write(row_to_json(placed).encode("utf-8") + b"\n")
        self.finished[placed.key] = placed
        return placed

    def counts_of(self, rows: Iterable[Row]) -> Counts:
        """Add up the score counts of rows; those without counts (not judged) add nothing."""
        total = Counts.empty()
        with self._counts.open("rb") as file:
            for row in rows:
                if row.length:
                    file.seek(row.offset)
                    total = total + self._unpacked(file.read(row.length))
        return total

    def _unpacked(self, data: bytes) -> Counts:
        try:
            return unpack(data)
        except (ValueError, zlib.error) as error:
            raise DataError(f"{self._counts}: counts that are damaged ({error}); choose another folder") from error
