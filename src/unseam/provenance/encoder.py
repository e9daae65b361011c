"""How a JPEG was encoded: quantization tables, colour sampling, order of segments, and the marks that programs leave.

Tables and order tell how the file was saved last; marks can stay when somebody else saves it again. Whom the tables are
known from is looked up in `unseam.provenance.signatures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unseam.errors import PhotoError
from unseam.jpeg.quantization import ZIGZAG, Table, nearest_quality
from unseam.jpeg.segments import COEFFICIENTS, Frame, JpegFile, Segment, component_names, read_frame
from unseam.provenance.iptc import QUALITY_RESOURCE, image_resources
from unseam.provenance.signatures import Encoder, recognize
from unseam.system.text import plain_text

__all__ = ["Encoder", "Encoding", "read_encoding"]

MAX_COMMENTS = 4

_DHT, _SOS, _DQT = 0xC4, 0xDA, 0xDB
_APP0, _APP12, _APP13, _COM = 0xE0, 0xEC, 0xED, 0xFE

SUBSAMPLINGS: Mapping[tuple[float, float], str] = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
"""How many pixels across and down share one value of colour -> the usual name."""


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
        The same in plain words, to follow "the tables are".
    source : str
        Where the signature of these tables was read; empty for none.
    cameras : tuple of str
        Make and model of known cameras that write these tables.
    turned : bool
        Whether the tables are those of a camera, transposed.
    components : tuple of str
        As in `unseam.jpeg.coefficients.JpegComponent`.
    subsampling : str
        ``4:4:4`` and so on; empty for a single component.
    progressive : bool
    libjpeg_order : bool
        Whether the segments are as libjpeg writes them: JFIF first, each table in a segment of its own.
    optimized : bool
        Whether the Huffman tables were made for this picture; cameras use the standard's examples.
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
    source: str = ""
    cameras: tuple[str, ...] = ()
    turned: bool = False
    libjpeg_order: bool = False
    optimized: bool = False
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
    subsampling = _subsampling(frame)
    match = recognize(luma, chroma, subsampling)
    return Encoding(
        quality=nearest_quality(luma, chroma),
        encoder=match.encoder,
        detail=match.words,
        components=component_names(file, frame),
        subsampling=subsampling,
        progressive=frame.progressive,
        tables=tables,
        source=match.source,
        cameras=match.cameras,
        turned=match.turned,
        libjpeg_order=_libjpeg_order(file),
        optimized=_optimized(file),
        photoshop_quality=_photoshop_quality(file),
        web_quality=_web_quality(file),
        comments=_comments(file),
    )


def _libjpeg_order(file: JpegFile) -> bool:
    """Whether JFIF comes first and each table has its own segment (``write_file_header`` and following of libjpeg)."""
    markers = [segment.marker for segment in file.segments]
    before_scan = markers[: markers.index(_SOS)] if _SOS in markers else markers
    colours = before_scan.count(_DQT) >= 2 or before_scan.count(_DHT) == 2
    tables = all(
        len(segment.body(file.data)) <= 1 + 2 * COEFFICIENTS for segment in file.segments if segment.marker == _DQT
    )
    return before_scan[:1] == [_APP0] and file.is_jfif and tables and colours


_STANDARD_COUNTS = frozenset(
    {
        bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)),
        bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)),
        bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D)),
        bytes((0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77)),
    }
)
"""Codes of each length in the standard's example tables (ITU-T T.81, tables K.3 to K.6)."""


def _optimized(file: JpegFile) -> bool:
    """Whether any Huffman table before the first scan is not one of the standard's examples."""
    for segment in file.segments:
        if segment.marker == _SOS:
            return False
        if segment.marker == _DHT:
            body, position = segment.body(file.data), 0
            while position + 17 <= len(body):
                counts = body[position + 1 : position + 17]
                if counts not in _STANDARD_COUNTS:
                    return True
                position += 17 + sum(counts)
    return False


def _tables(file: JpegFile, frame: Frame) -> tuple[Table, ...] | None:
    """Return the table of each component as the first scan finds it; None where one is missing."""
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
    """Read Photoshop's own note of the quality: stored as -4 to 8 for 0 to 12 (image resource 1030)."""
    for body in file.bodies(_APP13, b"Photoshop 3.0\0"):
        for number, content in image_resources(body):
            if number == QUALITY_RESOURCE and len(content) >= 2:
                quality = int.from_bytes(content[:2], "big", signed=True) + 4
                return quality if 0 <= quality <= 12 else None
    return None


def _web_quality(file: JpegFile) -> int | None:
    """Read the quality that Photoshop notes when saving for the web: entry 1 of a ``Ducky`` segment."""
    for body in file.bodies(_APP12, b"Ducky\0\x01\0\x04"):
        quality = int.from_bytes(body[:4], "big")
        return quality if len(body) >= 4 and quality <= 100 else None
    return None


def _comments(file: JpegFile) -> tuple[str, ...]:
    found = [plain_text(body.strip(b"\0")) for body in file.bodies(_COM, b"")]
    return tuple(text for text in found if text is not None)[:MAX_COMMENTS]
