"""Which encoder wrote a JPEG, by its quantization tables and by the marks that programs leave.

Tables tell who saved a file last; marks can stay when somebody else saves it again. Photoshop's tables
(``assets/photoshop-tables.json``) were read from 307 files that carry Photoshop's own mark of their quality: all that
have quality 5, 6, 7, 8 or 12 and agree with one another. Tables of other qualities are not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

import numpy as np

from unseam.errors import PhotoError
from unseam.jpeg.quantization import (
    QUALITIES,
    STANDARD_CHROMA,
    STANDARD_LUMA,
    ZIGZAG,
    Table,
    camera_tables,
    ijg_table,
    nearest_quality,
)
from unseam.jpeg.segments import COEFFICIENTS, Frame, JpegFile, Segment, component_names, read_frame
from unseam.system.text import plain_text

PHOTOSHOP_TABLES = "photoshop-tables.json"
MOST_COMMENTS = 4

_DQT, _SOS, _APP12, _APP13, _COM = 0xDB, 0xDA, 0xEC, 0xED, 0xFE
_PHOTOSHOP_QUALITY = 0x0406
"""Image resource of Photoshop (Adobe's file format specification, resource 1030): how a JPEG was saved."""

SUBSAMPLINGS: Mapping[tuple[float, float], str] = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
"""How many pixels across and down share one value of colour -> the usual name."""


class Encoder(StrEnum):
    """Whom the quantization tables are known from."""

    IJG = "IJG"
    CAMERA = "camera"
    PHOTOSHOP = "Photoshop"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a JPEG was encoded.

    Attributes
    ----------
    quality : int
        On the IJG's scale, 1 to 100: the one whose tables are nearest, by the mean ratio of steps.
    encoder : Encoder
        Whom the tables are known from.
    detail : str
        The same in plain words.
    components : tuple of str
        As in `unseam.jpeg.coefficients.JpegComponent`.
    subsampling : str
        ``4:4:4`` and so on; empty for a single component.
    progressive : bool
    tables : tuple of 64 int each
        Steps of each component, row by row.
    photoshop_quality, web_quality : int, optional
        From the marks that Photoshop leaves: 0 to 12 when saving, 0 to 100 when saving for the web.
    comments : tuple of str
        What the encoder wrote into the file, made printable.
    """

    quality: int
    encoder: Encoder
    detail: str
    components: tuple[str, ...]
    subsampling: str
    progressive: bool
    tables: tuple[Table, ...]
    photoshop_quality: int | None = None
    web_quality: int | None = None
    comments: tuple[str, ...] = ()


def read_encoding(file: JpegFile) -> Encoding | str:
    """Read how a JPEG was encoded; why that cannot be read, in plain words, where it cannot.

    Parameters
    ----------
    file : JpegFile
        A file that was decoded before, by another reader.
    """
    try:
        frame = read_frame(file, "the photo")
    except PhotoError as error:
        return str(error)
    tables = _tables(file, frame)
    if tables is None:
        return "a quantization table is missing or cut"
    luma, chroma = tables[0], tables[1] if len(tables) > 1 else None
    encoder, detail = recognize(luma, chroma)
    return Encoding(
        quality=nearest_quality(luma, chroma),
        encoder=encoder,
        detail=detail,
        components=component_names(file, frame),
        subsampling=_subsampling(frame),
        progressive=frame.progressive,
        tables=tables,
        photoshop_quality=_photoshop_quality(file),
        web_quality=_web_quality(file),
        comments=_comments(file),
    )


def recognize(luma: Table, chroma: Table | None) -> tuple[Encoder, str]:
    """Say whom tables are known from, and the same in plain words."""
    standard = _standard(luma, chroma)
    if standard:
        return Encoder.IJG, f"the standard tables of the IJG's library at quality {standard}, as most programs write"
    for level, pair in _photoshop_tables().items():
        if (luma, chroma or pair[1]) == pair:
            return Encoder.PHOTOSHOP, f"Photoshop's tables of quality {level} on its scale from 0 to 12"
    for turned, note in ((False, ""), (True, "; transposed: the file was turned by 90 degrees without decoding it")):
        count, known = _camera_settings(luma, chroma, turned)
        if count:
            return Encoder.CAMERA, f"tables that digital cameras write (in {count} of {known} known settings){note}"
    return Encoder.CUSTOM, _custom(luma)


def _custom(luma: Table) -> str:
    quality = nearest_quality(luma)
    if max(abs(ours - theirs) for ours, theirs in zip(luma, ijg_table(STANDARD_LUMA, quality), strict=True)) <= 1:
        return f"nearly the standard tables at quality {quality}, rounded in another way than the IJG's library does"
    return "tables of no encoder that is known here"


def _standard(luma: Table, chroma: Table | None) -> str:
    """Name the quality of standard tables, of both if they differ; empty if one is none."""
    first = [q for q in QUALITIES if ijg_table(STANDARD_LUMA, q) == luma]
    if chroma is None:
        return str(first[-1]) if first else ""
    second = [q for q in QUALITIES if ijg_table(STANDARD_CHROMA, q) == chroma]
    if not first or not second:
        return ""
    both = set(first) & set(second)
    return str(max(both)) if both else f"{first[-1]} (colour {second[-1]})"


@cache
def _photoshop_tables() -> dict[int, tuple[Table, Table]]:
    text = (resources.files("unseam") / "assets" / PHOTOSHOP_TABLES).read_text(encoding="utf-8")
    entries = json.loads(text)["qualities"]
    return {entry["quality"]: (tuple(entry["luma"]), tuple(entry["chroma"])) for entry in entries}


def _camera_settings(luma: Table, chroma: Table | None, turned: bool) -> tuple[int, int]:
    """Count the cameras' settings with these tables, or with their transposes, and all settings."""
    if turned:
        luma, chroma = _transposed(luma), None if chroma is None else _transposed(chroma)
    known = camera_tables()
    return sum(luma == tables.luma and chroma in (None, tables.chroma) for tables in known), len(known)


def _transposed(table: Table) -> Table:
    return tuple(table[8 * column + row] for row in range(8) for column in range(8))


def _tables(file: JpegFile, frame: Frame) -> tuple[Table, ...] | None:
    """Give the table of each component as the first scan finds it; None where one is missing."""
    held: dict[int, Table] = {}
    for segment in file.segments:
        if segment.marker == _SOS:
            break
        if segment.marker == _DQT:
            held |= _defined(segment.body(file.data))
    numbers = _table_numbers(file, frame)
    if any(number not in held for number in numbers):
        return None
    return tuple(held[number] for number in numbers)


def _defined(body: bytes) -> dict[int, Table]:
    """Read the tables of one segment (ITU-T T.81, B.2.4.1), up to the first that is cut."""
    found: dict[int, Table] = {}
    position = 0
    while position < len(body):
        width, number = 1 + (body[position] >> 4 > 0), body[position] & 15
        stored = np.frombuffer(body[position + 1 : position + 1 + COEFFICIENTS * width], ">u2" if width == 2 else "u1")
        if len(stored) < COEFFICIENTS:
            break
        table = np.empty(COEFFICIENTS, np.int64)
        table[list(ZIGZAG)] = stored
        found[number] = tuple(table.tolist())
        position += 1 + COEFFICIENTS * width
    return found


def _table_numbers(file: JpegFile, frame: Frame) -> list[int]:
    """Read from the frame header which table each component has; `read_frame` accepted it."""
    (header,) = (segment for segment in file.segments if _is_frame(segment))
    return [header.body(file.data)[6 + 3 * i + 2] for i in range(len(frame.components))]


def _is_frame(segment: Segment) -> bool:
    return segment.marker in (0xC0, 0xC1, 0xC2)


def _subsampling(frame: Frame) -> str:
    """Write the sampling of colour as J:a:b, for a block of four by two pixels."""
    if len(frame.components) == 1:
        return ""
    (across, down), others = frame.components[0].sampling, [c.sampling for c in frame.components[1:3]]
    ratios = {(across / h, down / v) for h, v in others}
    if len(ratios) == 1 and (name := SUBSAMPLINGS.get(next(iter(ratios)))):
        return name
    return " ".join(f"{h}x{v}" for h, v in (component.sampling for component in frame.components))


def _photoshop_quality(file: JpegFile) -> int | None:
    """Read Photoshop's own note of the quality: stored as -4 to 8 for 0 to 12."""
    for body in file.bodies(_APP13, b"Photoshop 3.0\0"):
        position = 0
        while body[position : position + 4] == b"8BIM" and len(body) >= position + 12:
            kind = int.from_bytes(body[position + 4 : position + 6], "big")
            start = position + 6 + (body[position + 6] + 2) // 2 * 2  # after the name, padded to an even length
            size = int.from_bytes(body[start : start + 4], "big")
            if kind == _PHOTOSHOP_QUALITY and size >= 2:
                quality = int.from_bytes(body[start + 4 : start + 6], "big", signed=True) + 4
                return quality if 0 <= quality <= 12 else None
            position = start + 4 + (size + 1) // 2 * 2
    return None


def _web_quality(file: JpegFile) -> int | None:
    """Read the quality that Photoshop notes when saving for the web: entry 1 of a ``Ducky`` segment."""
    for body in file.bodies(_APP12, b"Ducky\0\x01\0\x04"):
        quality = int.from_bytes(body[:4], "big")
        return quality if len(body) >= 4 and quality <= 100 else None
    return None


def _comments(file: JpegFile) -> tuple[str, ...]:
    found = [plain_text(body.strip(b"\0")) for body in file.bodies(_COM, b"")]
    return tuple(text for text in found if text is not None)[:MOST_COMMENTS]
