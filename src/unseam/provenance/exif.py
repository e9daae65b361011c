"""What a file says about its own making: the EXIF block, read without trusting a byte of it (CIPA DC-008, TIFF 6.0).

Anybody can write anything into EXIF, and many programs break it. So nothing here raises: what cannot be read is
missing, and `Exif.oddities` says why. Texts are made printable and cut; they are still a stranger's words.

Coordinates, serial numbers and names of owners are not read: a report is handed on, and they are private. That there is
a position at all is told.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from unseam.photo.tiff import INTEGERS as TIFF_INTEGERS
from unseam.system.text import BYTES_PER_LETTER, LONGEST_TEXT, plain_text

MOST_ENTRIES = 1000
"""Entries of a directory that are read; cameras write some 60."""

# Tags: CIPA DC-008-2023 (EXIF 3.0), sections 4.6.5 and 4.6.6.
_MAKE, _MODEL, _SOFTWARE, _CHANGED = 0x010F, 0x0110, 0x0131, 0x0132
_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _DIGITIZED, _LENS, _STATED_WIDTH, _STATED_HEIGHT = 0x9003, 0x9004, 0xA434, 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_GPS_LATITUDE, _GPS_LONGITUDE = 2, 4

_TEXTS = frozenset({2, 129})
"""Types of text: ASCII of TIFF 6.0, and UTF-8 of EXIF 3.0."""

_KIND_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
"""Type of a value -> its length in bytes (TIFF 6.0, section 2)."""

_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")

Directory = dict[int, tuple[int, memoryview]]
"""Tag -> type and bytes of the value: a view, for a thousand entries may each claim the whole file."""


@dataclass(frozen=True, slots=True)
class Exif:
    """The part of an EXIF block that helps to judge a photo; None where the file says nothing.

    Attributes
    ----------
    make, model, lens, software : str, optional
        Of the camera, its lens, and the program that wrote the file last (or claims so).
    taken, digitized, changed : str, optional
        As ``YYYY-MM-DD hh:mm:ss`` in the camera's own time, or as written where it is no date.
    stated_width, stated_height : int, optional
        Size in pixels that the block states; another size than the photo's tells of cropping or scaling.
    has_position : bool
        Whether there are coordinates. They are not read.
    thumbnail : bytes
        The embedded preview, a JPEG as a rule; empty where there is none.
    oddities : tuple of str
        What is wrong with the block.
    """

    make: str | None = None
    model: str | None = None
    lens: str | None = None
    software: str | None = None
    taken: str | None = None
    digitized: str | None = None
    changed: str | None = None
    stated_width: int | None = None
    stated_height: int | None = None
    has_position: bool = False
    thumbnail: bytes = field(default=b"", repr=False)
    oddities: tuple[str, ...] = ()


def read_exif(block: bytes) -> Exif:
    """Read an EXIF block: a small TIFF, with or without the ``Exif`` of a JPEG before it.

    Parameters
    ----------
    block : bytes
        Not empty; anything.

    Returns
    -------
    Exif
        Never an exception.
    """
    reader = _Reader(block.removeprefix(b"Exif\0\0"))
    main, following = reader.first()
    details = reader.below(main, _EXIF)
    position = reader.below(main, _GPS)
    return Exif(
        make=reader.text(main, _MAKE, "make"),
        model=reader.text(main, _MODEL, "model"),
        lens=reader.text(details, _LENS, "lens"),
        software=reader.text(main, _SOFTWARE, "software"),
        taken=reader.date(details, _TAKEN, "date taken"),
        digitized=reader.date(details, _DIGITIZED, "date digitized"),
        changed=reader.date(main, _CHANGED, "date changed"),
        stated_width=reader.integer(details, _STATED_WIDTH),
        stated_height=reader.integer(details, _STATED_HEIGHT),
        has_position=_GPS_LATITUDE in position or _GPS_LONGITUDE in position,
        thumbnail=reader.thumbnail(following),
        oddities=tuple(reader.oddities),
    )


class _Reader:
    """Reads directories of one block and notes what is wrong with them."""

    def __init__(self, block: bytes) -> None:
        self.block = memoryview(block)
        self.order = {b"II": "<", b"MM": ">"}.get(block[:2], "")
        self.oddities: list[str] = []

    def first(self) -> tuple[Directory, int]:
        """Give the first directory, and where the next one starts (0: nowhere)."""
        if not self.order or len(self.block) < 8:
            self.oddities.append("the EXIF block does not start as one must")
            return {}, 0
        return self.directory(self.number("I", 4), "the first EXIF directory")

    def number(self, code: str, place: int) -> int:
        """Read one unsigned integer; 0 outside the block."""
        try:
            (value,) = struct.unpack_from(self.order + code, self.block, place)
        except struct.error:
            return 0
        return int(value)

    def directory(self, start: int, what: str) -> tuple[Directory, int]:
        """Read the directory at a place; entries that point outside the block are left out, and noted."""
        count = self.number("H", start) if 8 <= start <= len(self.block) - 2 else 0
        held = min(count, max(len(self.block) - start - 2, 0) // 12, MOST_ENTRIES)
        if not count or held < count:
            self.oddities.append(f"{what} is {'cut' if count else 'missing'}")
        found: Directory = {}
        lost = 0
        for place in range(start + 2, start + 2 + 12 * held, 12):
            value = self.value(place)
            if value is None:
                lost += 1
            else:
                found.setdefault(self.number("H", place), value)
        if lost:
            self.oddities.append(f"{lost} of {count} entries of {what} cannot be read")
        return found, self.number("I", start + 2 + 12 * held) if held == count else 0

    def value(self, place: int) -> tuple[int, memoryview] | None:
        """Give type and bytes of the entry at a place; None when they lie outside the block."""
        kind, count = self.number("H", place + 2), self.number("I", place + 4)
        length = _KIND_BYTES.get(kind, 0) * count
        start = place + 8 if length <= 4 else self.number("I", place + 8)
        if kind not in _KIND_BYTES or start + length > len(self.block):
            return None
        return kind, self.block[start : start + length]

    def below(self, directory: Directory, tag: int) -> Directory:
        """Give the directory that an entry points to; empty without that entry."""
        start = self.integer(directory, tag)
        if start is None:
            return {}
        return self.directory(start, {_EXIF: "the directory of details", _GPS: "the directory of the position"}[tag])[0]

    def integer(self, directory: Directory, tag: int) -> int | None:
        """Read the first number of an entry; None where there is none."""
        kind, data = directory.get(tag, (0, memoryview(b"")))
        code = TIFF_INTEGERS.get(kind)
        if code is None or len(data) < struct.calcsize(self.order + code):
            return None
        (value,) = struct.unpack_from(self.order + code, data)
        return int(value)

    def text(self, directory: Directory, tag: int, what: str) -> str | None:
        """Read a text up to its first zero, printable and cut; None where there is none."""
        if tag not in directory:
            return None
        kind, data = directory[tag]
        if kind not in _TEXTS:
            self.oddities.append(f"the {what} is no text")
            return None
        return plain_text(bytes(data[: BYTES_PER_LETTER * LONGEST_TEXT]).partition(b"\0")[0])

    def date(self, directory: Directory, tag: int, what: str) -> str | None:
        """Read a date; as it is written, and noted, where it is none."""
        text = self.text(directory, tag, what)
        if text is None or not text.strip("0: "):  # how EXIF writes that a date is not known
            return None
        match = _DATE.fullmatch(text)
        if match is None:
            self.oddities.append(f"the {what} is no date")
            return text
        return "{}-{}-{} {}".format(*match.groups())

    def thumbnail(self, start: int) -> bytes:
        """Give the bytes of the embedded preview, which the second directory points to."""
        if not start:
            return b""
        second = self.directory(start, "the directory of the preview")[0]
        place, length = self.integer(second, _THUMBNAIL), self.integer(second, _THUMBNAIL_LENGTH)
        if not place or not length:
            return b""
        if place + length > len(self.block):
            self.oddities.append("the preview lies outside the EXIF block")
            return b""
        return bytes(self.block[place : place + length])
