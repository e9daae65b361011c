"""The EXIF block, read without trusting a byte of it (CIPA DC-008, TIFF 6.0).

Anybody can write anything into EXIF, and many programs break it. So nothing here raises: what cannot be read is
missing, and `Exif.oddities` says why. Values are read leniently and judged strictly: a date in another notation is a
date, a date that does not exist is not one. Texts are made printable and cut; they are still a stranger's words.

Coordinates, serial numbers and names of owners are not read: a report is handed on, and they are private. Only whether
there is a position is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unseam.photo.tiff import Directory, Tiff
from unseam.provenance.dates import parse_date
from unseam.system.text import BYTES_PER_LETTER, MAX_TEXT, plain_text

MAX_PROMPT = 20_000
"""Characters of comment and description that are searched for a generator's prompt; workflows are long."""

# Tags: CIPA DC-008-2023 (EXIF 3.0), sections 4.6.5 and 4.6.6.
_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _CHANGED = 0x010E, 0x010F, 0x0110, 0x0131, 0x0132
_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _DIGITIZED, _LENS, _STATED_WIDTH, _STATED_HEIGHT = 0x9003, 0x9004, 0xA434, 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_GPS_LATITUDE, _GPS_LONGITUDE, _GPS_DATE = 2, 4, 0x1D
_COMMENT, _MAKER_NOTE, _EXPOSURE = 0x9286, 0x927C, 0x829A

_TEXTS = frozenset({2, 129})
"""Types of text: ASCII of TIFF 6.0, and UTF-8 of EXIF 3.0."""

_CHARSETS = {
    b"ASCII\0\0\0": "utf-8",
    b"UNICODE\0": "utf-16",
    b"\0\0\0\0\0\0\0\0": "utf-8",
    b"JIS\0\0\0\0\0": "iso2022_jp",
}
"""How a user comment starts -> its encoding (CIPA DC-008, 4.6.6, tag 37510)."""


@dataclass(frozen=True, slots=True)
class Exif:
    """The part of an EXIF block that helps to judge a photo; None where the file says nothing.

    Attributes
    ----------
    make, model, lens, software : str, optional
        Of the camera, its lens, and the program that wrote the file last (or claims so).
    taken, digitized, changed : str, optional
        As ``YYYY-MM-DD hh:mm:ss`` in the camera's own time, or as written where it is not a date.
    position_date : str, optional
        Day of the satellites' time, as ``YYYY-MM-DD``.
    stated_width, stated_height : int, optional
        Size in pixels that the block states; another size than the photo's hints at cropping or scaling.
    has_position : bool
        Whether there are coordinates. They are not read.
    has_exposure, has_maker_note : bool
        Whether there is an exposure time, and a block of the maker's own: cameras write both.
    comment, description : str, optional
        For `unseam.provenance.generators` only; people write their names into them, so they are never shown whole.
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
    position_date: str | None = None
    stated_width: int | None = None
    stated_height: int | None = None
    has_position: bool = False
    has_exposure: bool = False
    has_maker_note: bool = False
    comment: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
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
    main = reader.first()
    details = reader.below(main, _EXIF)
    # Some programs put the pointer to the position into the wrong directory.
    position = reader.below(main if _GPS in main.entries else details, _GPS)
    return Exif(
        make=reader.text(main, _MAKE, "make"),
        model=reader.text(main, _MODEL, "model"),
        lens=reader.text(details, _LENS, "lens"),
        software=reader.text(main, _SOFTWARE, "software"),
        taken=reader.date(details, _TAKEN, "date taken"),
        digitized=reader.date(details, _DIGITIZED, "date digitized"),
        changed=reader.date(main, _CHANGED, "date changed"),
        position_date=reader.date(position, _GPS_DATE, "date of the position"),
        stated_width=reader.tiff.integer(details, _STATED_WIDTH),
        stated_height=reader.tiff.integer(details, _STATED_HEIGHT),
        has_position=_GPS_LATITUDE in position.entries or _GPS_LONGITUDE in position.entries,
        has_exposure=_EXPOSURE in details.entries,
        has_maker_note=_MAKER_NOTE in details.entries,
        comment=reader.comment(details),
        description=reader.text(main, _DESCRIPTION, "description", MAX_PROMPT),
        thumbnail=reader.thumbnail(main.following),
        oddities=tuple(reader.oddities),
    )


class _Reader:
    """Reads directories of one block and notes what is wrong with them."""

    def __init__(self, block: bytes) -> None:
        self.tiff = Tiff(block)
        self.oddities: list[str] = []

    def first(self) -> Directory:
        """Return the first directory."""
        if not self.tiff.is_valid:
            self.oddities.append("the EXIF block does not start as one must")
            return Directory({})
        return self.directory(self.tiff.first(), "the first EXIF directory")

    def directory(self, start: int, what: str) -> Directory:
        """Read the directory at a place, and note what of it lies outside the block."""
        found = self.tiff.directory(start)
        if not found.exists or found.held < found.stated:
            self.oddities.append(f"{what} is {'cut' if found.exists else 'missing'}")
        if found.lost:
            self.oddities.append(f"{found.lost} of {found.stated} entries of {what} point outside the block")
        return found

    def below(self, directory: Directory, tag: int) -> Directory:
        """Return the directory that an entry points to; empty without that entry."""
        start = self.tiff.integer(directory, tag)
        if start is None:
            return Directory({})
        return self.directory(start, {_EXIF: "the directory of details", _GPS: "the directory of the position"}[tag])

    def text(self, directory: Directory, tag: int, what: str, longest: int = MAX_TEXT) -> str | None:
        """Read a text up to its first zero, printable and cut; None where there is none."""
        entry = directory.entries.get(tag)
        if entry is None:
            return None
        if entry.kind not in _TEXTS:
            self.oddities.append(f"the {what} is not a text")
            return None
        return plain_text(bytes(entry.data[: BYTES_PER_LETTER * longest]).partition(b"\0")[0], longest)

    def date(self, directory: Directory, tag: int, what: str) -> str | None:
        """Read a date; as it is written, and noted, where it is not one."""
        text = self.text(directory, tag, what)
        if text is None or not text.strip("0: "):  # how EXIF writes that a date is not known
            return None
        date = parse_date(text)
        if date is None:
            self.oddities.append(f"the {what} is not a date")
        return date or text

    def comment(self, directory: Directory) -> str | None:
        """Read the user comment; None where there is none."""
        entry = directory.entries.get(_COMMENT)
        return None if entry is None else _user_comment(bytes(entry.data[: BYTES_PER_LETTER * MAX_PROMPT]))

    def thumbnail(self, start: int) -> bytes:
        """Return the bytes of the embedded preview, which the second directory points to."""
        if not start:
            return b""
        second = self.directory(start, "the directory of the preview")
        place, length = self.tiff.integer(second, _THUMBNAIL), self.tiff.integer(second, _THUMBNAIL_LENGTH)
        if not place or not length or place < 0 or length < 0:
            return b""
        if place + length > len(self.tiff.data):
            self.oddities.append("the preview lies outside the EXIF block")
            return b""
        return bytes(self.tiff.data[place : place + length])


def _user_comment(data: bytes) -> str | None:
    """Decode a user comment by the character set that it names; byte order as it looks, for programs disagree."""
    charset = _CHARSETS.get(data[:8])
    if charset != "utf-16":
        return plain_text(data[8:] if charset else data, MAX_PROMPT)
    text = data[8 : len(data) // 2 * 2]
    big = text[::2].count(0) > text[1::2].count(0)
    return plain_text(
        text.decode("utf-16-be" if big else "utf-16-le", "replace").encode("utf-8", "replace"), MAX_PROMPT
    )
