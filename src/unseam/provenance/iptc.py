"""What the older IPTC block (IIM) and Photoshop's image resources say: programs, dates, marks of Facebook.

References: IPTC-NAA, Information Interchange Model 4.2 (2014); Adobe, Photoshop file formats specification (2019),
"Image Resource Blocks". Names of people and places, captions and keywords are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseam.provenance.dates import parse_date
from unseam.system.text import plain_text

MAX_DATASETS = 2000
"""Of a block; news agencies write about 30, with hundreds of keywords at most."""
MAX_RESOURCES = 1000
"""Image resources of a file; Photoshop writes about 40."""

IIM_RESOURCE, QUALITY_RESOURCE = 0x0404, 0x0406
"""Image resources: the IIM block, and how Photoshop saved a JPEG."""

_APPLICATION_RECORD = 2
_INSTRUCTIONS, _DATE, _TIME, _DIGITIZED, _DIGITIZED_TIME, _PROGRAM, _VERSION, _REFERENCE, _CREDIT = (
    40,
    55,
    60,
    62,
    63,
    65,
    70,
    103,
    110,
)  # datasets of record 2
_FACEBOOK = b"FBMD"
"""How the special instructions of pictures from Facebook and Instagram start; measured since 2014, see
https://stackoverflow.com/questions/31120222 (339 downloaded pictures)."""


@dataclass(frozen=True, slots=True)
class Iptc:
    """The part of a photo's IIM block that tells its history.

    Attributes
    ----------
    program : str, optional
        That wrote the block, with its version.
    created, digitized : str, optional
        As ``YYYY-MM-DD hh:mm:ss`` or ``YYYY-MM-DD``.
    credit : str, optional
        Generators write here, as in XMP, that AI made the picture.
    facebook : bool
        Whether it has the mark that Facebook and Instagram put into pictures.
    oddities : tuple of str
    """

    program: str | None = None
    created: str | None = None
    digitized: str | None = None
    credit: str | None = None
    facebook: bool = False
    oddities: tuple[str, ...] = ()


def read_iptc(block: bytes) -> Iptc:
    """Read an IIM block.

    Parameters
    ----------
    block : bytes
        Not empty; anything.

    Returns
    -------
    Iptc
        Never an exception.
    """
    found: dict[int, bytes] = {}
    whole = True
    for number, value in _datasets(block):
        if number < 0:
            whole = False
        else:
            found.setdefault(number, value)
    program = [plain_text(found.get(number, b"")) for number in (_PROGRAM, _VERSION)]
    return Iptc(
        program=" ".join(part for part in program if part) or None,
        created=_date(found, _DATE, _TIME),
        digitized=_date(found, _DIGITIZED, _DIGITIZED_TIME),
        credit=plain_text(found.get(_CREDIT, b"")),
        facebook=found.get(_INSTRUCTIONS, b"").startswith(_FACEBOOK),
        oddities=() if whole else ("the IPTC block is cut or is not one",),
    )


def _datasets(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of the datasets of record 2 (IIM 4.2, chapter 3); -1 where the block breaks off."""
    position = 0
    for _ in range(MAX_DATASETS):
        if not block[position:].strip(b"\0"):  # padding
            return
        head = block[position : position + 5]
        size = int.from_bytes(head[3:5], "big")
        end = position + 5 + size
        if len(head) < 5 or head[0] != 0x1C or size >= 0x8000 or end > len(block):  # 0x8000: values above 32 KiB
            yield -1, b""
            return
        if head[1] == _APPLICATION_RECORD:
            yield head[2], block[position + 5 : end]
        position = end


def _date(found: dict[int, bytes], date: int, time: int) -> str | None:
    """Read ``CCYYMMDD`` and ``HHMMSS±HHMM``."""
    day, hour = (found.get(number, b"").decode("ascii", "replace") for number in (date, time))
    if len(day) < 8:
        return None
    clock = f" {hour[:2]}:{hour[2:4]}:{hour[4:6]}" if len(hour) >= 6 else ""
    return parse_date(f"{day[:4]}-{day[4:6]}-{day[6:8]}{clock}")


def image_resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of Photoshop's image resources, up to the first that is cut.

    Parameters
    ----------
    block : bytes
        What follows ``Photoshop 3.0`` in APP13 of a JPEG, or tag 34377 of a TIFF; anything.
    """
    position = 0
    for _ in range(MAX_RESOURCES):
        if block[position : position + 4] != b"8BIM" or len(block) < position + 12:
            return
        number = int.from_bytes(block[position + 4 : position + 6], "big")
        start = position + 6 + (block[position + 6] + 2) // 2 * 2  # after the name, padded to an even length
        size = int.from_bytes(block[start : start + 4], "big")
        if start + 4 + size > len(block):
            return
        yield number, block[start + 4 : start + 4 + size]
        position = start + 4 + (size + 1) // 2 * 2
