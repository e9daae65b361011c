"""Where the data of a JPEG are damaged: the rows that a decoder made up or misread.

libjpeg says only what it met first (`unseam.jpeg.coefficients.JpegCoefficients.complaint`), not where. Two ways find
the place:

* Restart markers divide the data of a scan into intervals that are coded independently. Each becomes one row of units
  in a JPEG made for the purpose, so that any selection of them can be tried: halves of halves, down to the bad ones.
* Without them, prefixes of the data are tried: the shortest that brings the complaint ends at the damage. Decoding that
  prefix with two continuations shows the first block that depends on what follows. All rows from there on are lost.

Wrong bits that libjpeg takes for sound codes show in the means of blocks: where these jump along a seam of blocks with
a notch (`unseam.jpeg.displacement`), or leave their range (`Damage` then begins at the first such block, which may lie
below the wrong bits).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unseam.errors import DamagedPhoto
from unseam.jpeg.coefficients import JpegCoefficients, entropy_decoded
from unseam.jpeg.displacement import find_displacement
from unseam.jpeg.segments import (
    BLOCK_SIDE,
    CONTINUATIONS,
    END_OF_IMAGE,
    START_OF_IMAGE,
    START_OF_SCAN,
    Frame,
    JpegFile,
    Segment,
    frame_of_size,
    read_frame,
)

RELEVANT_SHARE = 0.1
"""Share of the rows from which on damage forbids a verdict on the whole photo; a convention."""

MAX_TRIALS = 64
"""Decodings to find bad restart intervals: ten bad ones among a hundred take some 60."""

PREMATURE_END = "premature end of data segment"
"""libjpeg met a marker where it needed data (its JWRN_HIT_MARKER)."""

UNUSED_BYTES = "extraneous bytes before marker"
"""libjpeg had data left at a marker (its JWRN_EXTRANEOUS_DATA)."""

HALF_RANGE, SLACK = 128.0, 8.0
"""Grey levels: the largest mean of samples of 8 bits less 128, and by how much encoders may exceed it. Of 351
photographs none has a block beyond (cameras, COCO, BSDS, CASIA)."""

IMPOSSIBLE = "blocks have means that no samples of 8 bits have"
SHIFTED = "the means of all blocks jump at one block"

LONGEST_CODE = 3
"""Bytes that the code which libjpeg refuses may begin ahead of the end of the prefix: 16 bits, at any bit."""

_DRI = 0xDD
_LARGEST_SIDE = 65500
"""Pixels: libjpeg reads no larger JPEG (its JPEG_MAX_DIMENSION)."""

_RESTART = re.compile(rb"\xff+([\xd0-\xd7])")
_ANY_MARKER = re.compile(rb"\xff[^\x00\xff]")
_OTHER_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True, eq=False)
class Damage:
    """Damage in the data of a JPEG.

    Attributes
    ----------
    rows : (H,) bool, read-only
        Rows of pixels that a decoder made up or misread.
    reason : str
        What libjpeg says of it.
    """

    rows: NDArray[np.bool_] = field(repr=False)
    reason: str

    @property
    def first_row(self) -> int | None:
        """The first damaged row; None where the damage cannot be located."""
        return int(self.rows.argmax()) if self.rows.any() else None

    @property
    def share(self) -> float:
        """Share of the rows that are damaged, in [0, 1]."""
        return float(self.rows.mean())

    @property
    def is_relevant(self) -> bool:
        """Whether so much is lost that the rest cannot speak for the whole photo."""
        return self.share >= RELEVANT_SHARE

    @property
    def sentence(self) -> str:
        """Where the data are damaged and how much is lost, without a full stop."""
        if self.first_row is None:
            return f"the JPEG data are damaged in an unknown place ({self.reason})"
        last = len(self.rows) - 1 - int(self.rows[::-1].argmax())
        reach = "on" if last == len(self.rows) - 1 else f"to row {last}"
        lost = f"{100 * self.share:.0f} % of the photo is lost"
        return f"the JPEG data are damaged from row {self.first_row} {reach}, {lost} ({self.reason})"


def find_damage(file: JpegFile, coefficients: JpegCoefficients, where: str = "this JPEG") -> Damage | None:
    """Find the damaged rows of a JPEG.

    Parameters
    ----------
    file : JpegFile
    coefficients : JpegCoefficients
        What libjpeg read of it, with its complaint.
    where : str
        How error messages name it.

    Returns
    -------
    Damage or None
        None where libjpeg does not complain about the data of a scan, every block has a mean that 8-bit samples can
        have, and the means do not jump as after wrong bits. Wrong bits that keep to all three go unnoticed.
    """
    scans = [segment for segment in file.segments if segment.marker == START_OF_SCAN]
    if not scans:
        return None
    trial = _Trial(file, read_frame(file, where), scans)
    reason = trial.complaint(file.data[scans[0].start :]) if coefficients.complaint else ""
    silent = trial.silent_damage(coefficients, complained=bool(reason))
    if not reason and silent is None:
        return None
    rows = np.zeros(trial.frame.height, bool)
    for first, stop in trial.bad_rows() if reason else ():
        rows[first:stop] = True
    if silent is not None:
        rows[slice(*trial.rows_from(silent[0]))] = True
    rows.setflags(write=False)
    return Damage(rows, reason or (silent[1] if silent is not None else ""))


class _Trial:
    """Decodes parts of one JPEG, to see whether libjpeg complains about them."""

    def __init__(self, file: JpegFile, frame: Frame, scans: Sequence[Segment]) -> None:
        self.file, self.frame, self.scans = file, frame, scans
        ahead = [s for s in file.segments if s.start < scans[0].start and s.carries_picture]
        self.header = [file.data[segment.start : segment.end] for segment in ahead]
        self.trials = 0

    def complaint(self, scans: bytes, height: int = 0, width: int = 0) -> str:
        """Return what libjpeg says of these scans, in a frame of another size where one is given; empty if nothing."""
        self.trials += 1
        try:
            return self.decoded(scans, height or self.frame.height, width or self.frame.width)[1]
        except DamagedPhoto as error:
            return str(error)

    def decoded(self, scans: bytes, height: int, width: int) -> tuple[list[NDArray[np.int16]], str]:
        """Return the planes of coefficients and libjpeg's complaint."""
        header = [frame_of_size(part, height, width) for part in self.header]
        picture = b"".join([START_OF_IMAGE, *header, scans, END_OF_IMAGE])
        return entropy_decoded(picture, self.frame.resized(height, width))

    def bad_rows(self) -> list[tuple[int, int]]:
        """Return first and last row (exclusive) of what libjpeg complains about; an empty range where it is unknown."""
        intervals = self.intervals()
        if intervals:
            return list(self.bad_intervals(intervals))
        return [self.from_first_bad()]

    def silent_damage(self, coefficients: JpegCoefficients, *, complained: bool) -> tuple[int, str] | None:
        """Return the first unit that is wrong without a complaint of libjpeg, and why; None without one.

        A jump of the means is looked for where nothing else was found: restart markers end it, and a complaint says
        more.
        """
        impossible = self.first_impossible(coefficients)
        looks = not complained and not self.restart_interval()
        shifted = find_displacement(coefficients) if looks else None
        if shifted is not None:
            unit = shifted.row * self.units[1] + shifted.column
            return min(unit, unit if impossible is None else impossible), SHIFTED
        return None if impossible is None else (impossible, IMPOSSIBLE)

    def first_impossible(self, coefficients: JpegCoefficients) -> int | None:
        """Return the first unit, in the order of coding, with a mean that no samples have; None without one.

        The mean of a block is coded as a difference to the block before (ITU-T T.81, F.1.1.5.1): wrong bits shift the
        means of all that follows by a constant, which takes them out of their range sooner or later.
        """
        first = []
        for component in coefficients.components:
            step = float(component.table[0, 0])
            levels = np.abs(component.coefficients[..., 0, 0] * np.float32(step / BLOCK_SIDE))
            rows, columns = np.nonzero(levels > HALF_RANGE + step / (2 * BLOCK_SIDE) + SLACK)
            if len(rows):
                high, wide = (-(-levels.shape[axis] // self.units[axis]) for axis in (0, 1))
                first.append(int((rows // high * self.units[1] + columns // wide).min()))
        return min(first, default=None)

    def rows_from(self, unit: int) -> tuple[int, int]:
        """Return the row of a unit, and the end (exclusive) of all that is decoded on from there."""
        first, size = unit // self.units[1], self.restart_interval()
        last = ((unit // size + 1) * size - 1) // self.units[1] + 1 if size else self.units[0]
        return first * self.unit_side[0], last * self.unit_side[0]

    # With restart markers

    def intervals(self) -> list[bytes]:
        """Split a single scan at its restart markers; empty where they do not divide it as the header says."""
        size, count = self.restart_interval(), self.units[0] * self.units[1]
        if not size or self.frame.progressive or len(self.scans) > 1 or size * self.unit_side[1] > _LARGEST_SIDE:
            return []
        parts = _RESTART.split(self.scan_data(self.scans[0]))
        numbers = [marker[0] & 7 for marker in parts[1::2]]
        fits = numbers == [i % 8 for i in range(-(-count // size) - 1)]
        return parts[::2] if fits else []

    def bad_intervals(self, intervals: Sequence[bytes]) -> Iterator[tuple[int, int]]:
        """Yield first and last row (exclusive) of each damaged interval."""
        size, (rows, columns) = self.restart_interval(), self.units
        for number in self._bad(intervals, 0, len(intervals)):
            first, last = number * size, min((number + 1) * size, rows * columns) - 1
            yield first // columns * self.unit_side[0], (last // columns + 1) * self.unit_side[0]

    def _bad(self, intervals: Sequence[bytes], first: int, stop: int) -> Iterator[int]:
        if not self._complains(intervals, first, stop):
            return
        if stop - first == 1 or self.trials > MAX_TRIALS:
            yield from range(first, stop)
            return
        middle = (first + stop) // 2
        yield from self._bad(intervals, first, middle)
        yield from self._bad(intervals, middle, stop)

    def _complains(self, intervals: Sequence[bytes], first: int, stop: int) -> bool:
        size, count = self.restart_interval(), self.units[0] * self.units[1]
        last = len(intervals) - 1
        whole = min(stop, last)
        header = self.scan_header(self.scans[0])
        rows = [part + bytes([0xFF, 0xD0 + i % 8]) for i, part in enumerate(intervals[first:whole])]
        side = self.unit_side
        found = bool(rows) and self.complaint(header + b"".join(rows)[:-2], len(rows) * side[0], size * side[1])
        rest = count - last * size  # the last interval may be shorter
        return bool(found) or (stop > last and bool(self.complaint(header + intervals[last], side[0], rest * side[1])))

    # Without them

    def from_first_bad(self) -> tuple[int, int]:
        """Return first and last row (exclusive) from the damage on; no rows where it cannot be located."""
        data, start = self.file.data, self.scans[0].start
        number = _first(len(self.scans) - 1, lambda i: bool(self.complaint(data[start : self.scans[i].end])))
        scan, first = self.scans[number], len(self.scan_header(self.scans[number])) + self.scans[number].start
        kind = self.complaint(data[start : scan.end])
        if UNUSED_BYTES in kind:
            return 0, 0
        if PREMATURE_END in kind:
            marker = (_OTHER_MARKER if self.restart_interval() else _ANY_MARKER).search(data, first, scan.end)
            place = marker.start() if marker else scan.end
        else:
            bad = _first(scan.end - first, lambda i: PREMATURE_END not in self.complaint(data[start : first + i]))
            place = max(first + bad - LONGEST_CODE, first)
        return self._first_row(data[start:place].rstrip(b"\xff")), self.frame.height

    def _first_row(self, prefix: bytes) -> int:
        """Return the first row of pixels that depends on what follows a prefix."""
        size = self.frame.height, self.frame.width
        reference, *others = (self.decoded(prefix + more, *size)[0] for more in CONTINUATIONS)
        rows = [self.frame.height - 1]
        for other in others:
            for component, ours, theirs in zip(self.frame.components, reference, other, strict=True):
                differs = (ours != theirs).reshape(component.blocks[0], -1).any(axis=1)
                height = self.unit_side[0] // component.sampling[1] if len(reference) > 1 else BLOCK_SIDE
                rows += [int(differs.argmax()) * height] if differs.any() else []
        return min(rows) // self.unit_side[0] * self.unit_side[0]

    # The structure of the file

    @property
    def unit_side(self) -> tuple[int, int]:
        """Rows and columns of pixels of the smallest coded unit (ITU-T T.81, A.2)."""
        if len(self.frame.components) == 1:
            return BLOCK_SIDE, BLOCK_SIDE
        factors = [component.sampling for component in self.frame.components]
        return BLOCK_SIDE * max(v for _, v in factors), BLOCK_SIDE * max(h for h, _ in factors)

    @property
    def units(self) -> tuple[int, int]:
        """Rows and columns of units."""
        return -(-self.frame.height // self.unit_side[0]), -(-self.frame.width // self.unit_side[1])

    def restart_interval(self) -> int:
        """Return the units between two restart markers; 0 without them."""
        stated = [part[4:6] for part in self.header if part[1] == _DRI and len(part) == 6]
        return int(struct.unpack(">H", stated[-1])[0]) if stated else 0

    def scan_header(self, scan: Segment) -> bytes:
        data = self.file.data
        return data[scan.start : scan.start + 2 + int.from_bytes(data[scan.start + 2 : scan.start + 4], "big")]

    def scan_data(self, scan: Segment) -> bytes:
        return self.file.data[scan.start + len(self.scan_header(scan)) : scan.end]


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest number up to ``last`` for which a property holds that stays once it holds."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high
