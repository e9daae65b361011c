"""The segments and the frame header of a JPEG file: what can be known without decoding (ITU-T T.81, annex B).

`JpegFile.picture` leaves out metadata segments ahead of the first scan, so that no metadata can break or slow a
decoder. From the first scan on it keeps every byte: where a scan ends, and what junk inside it means, is for the
decoder to judge. The pixel decoder and the coefficient reader both read these bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unseam.errors import DamagedPhoto, UnsupportedPhoto

START_OF_IMAGE = b"\xff\xd8"
END_OF_IMAGE = b"\xff\xd9"
BLOCK_SIDE = 8
COEFFICIENTS = BLOCK_SIDE**2

# Marker codes: ITU-T T.81 (1992), table B.1.
_WITHOUT_LENGTH = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_EOI, START_OF_SCAN, _DNL, _APP0, _APP1, _APP14, _COM = 0xD9, 0xDA, 0xDC, 0xE0, 0xE1, 0xEE, 0xFE
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_COMMENT = b"\xff\xfe"
_HUFFMAN_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}
"""Frames that are read (baseline, extended, progressive), and whether they are progressive."""

MOST_SEGMENTS = 10_000
"""Of a file: a profile or a depth map of 64 MB has 1000. Four bytes can be a segment, and each takes 150 bytes here."""

_HEIGHT = slice(5, 7)
"""Bytes of a frame header that hold the height, counted from its marker."""

CONTINUATIONS = (b"", b"\xaa" * 64, b"\x55" * 64, b"\xfe" * 64)
"""What may follow the end of a cut scan: nothing (libjpeg continues with zero bits) and three other patterns. Pixels
that the file itself determines do not depend on them."""

_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_END_OF_SCAN = re.compile(rb"\xff[^\x00-\xbf\xd0-\xd7\xff]")
"""Markers below 0xC0 have no meaning inside a scan; libjpeg skips them when it looks for the next restart marker."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One marker segment: ``data[start:end]``, marker included; for a scan, its entropy-coded data too."""

    marker: int
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """Return what follows marker and length."""
        return data[self.start + 4 : self.end]

    @property
    def carries_picture(self) -> bool:
        """Whether the pixels depend on the segment: it is neither application data nor a comment."""
        return self.marker != _COM and not _APP0 <= self.marker <= 0xEF


@dataclass(frozen=True, slots=True)
class JpegFile:
    """A JPEG file cut into segments.

    Attributes
    ----------
    data : bytes
        The file.
    segments : tuple of Segment
        Up to the end of the first image; restart markers belong to their scan.
    ended : bool
        Whether the end-of-image marker was there.
    """

    data: bytes
    segments: tuple[Segment, ...]
    ended: bool

    def bodies(self, marker: int, prefix: bytes) -> Iterable[bytes]:
        """Yield what follows ``prefix`` in each segment of one kind that starts with it."""
        for segment in self.segments:
            if segment.marker == marker and (body := segment.body(self.data)).startswith(prefix):
                yield body[len(prefix) :]

    @property
    def exif(self) -> bytes:
        """The EXIF block (a small TIFF), empty when there is none."""
        return next(iter(self.bodies(_APP1, b"Exif\0\0")), b"")

    @property
    def adobe_transform(self) -> int | None:
        """The colour transform of an Adobe segment: 0 none, 1 YCbCr, 2 YCCK; None without such a segment."""
        bodies = [body for body in self.bodies(_APP14, b"Adobe") if len(body) >= 7]
        return bodies[0][6] if bodies else None

    @property
    def is_jfif(self) -> bool:
        """Whether a JFIF segment says that three components are YCbCr."""
        return any(True for _ in self.bodies(_APP0, b"JFIF\0"))

    @property
    def lines(self) -> int | None:
        """Rows of pixels that a DNL segment states behind the first scan; None without one (ITU-T T.81, B.2.5)."""
        return next((int.from_bytes(body, "big") for body in self.bodies(_DNL, b"") if len(body) == 2), None)

    def picture(self) -> bytes:
        """Return the file for a decoder: without the metadata ahead of the first scan.

        All other bytes stay as they are, junk included. A height that only a DNL segment states is written into the
        frame header, because no decoder at hand reads such segments.
        """
        kept, position = [], 0
        for segment in self.segments:
            if segment.marker == START_OF_SCAN:
                break
            if self._is_metadata(segment):
                behind = self.data[segment.end : segment.end + 1]
                # Junk behind a segment could become part of another marker: such a segment stays, as a comment.
                kept += [self.data[position : segment.start], b"" if behind == b"\xff" else _COMMENT]
                position = segment.end if behind == b"\xff" else segment.start + len(_COMMENT)
            elif segment.marker in _FRAMES and self._lacks_height(segment) and self.lines:
                kept += [self.data[position : segment.start + _HEIGHT.start], self.lines.to_bytes(2, "big")]
                position = segment.start + _HEIGHT.stop
        return b"".join([*kept, self.data[position:]])

    def _is_metadata(self, segment: Segment) -> bool:
        """Whether decoders skip a segment; JFIF and Adobe segments name the colour space."""
        return not segment.carries_picture and not segment.body(self.data).startswith((b"JFIF\0", b"Adobe"))

    def _lacks_height(self, segment: Segment) -> bool:
        return self.data[segment.start : segment.end][_HEIGHT] == b"\0\0"


def cut_into_segments(data: bytes, where: str = "this JPEG") -> JpegFile:
    """Cut a JPEG file into its segments, up to the end of its first image; junk between segments is skipped.

    Raises
    ------
    DamagedPhoto
        There are more than `MOST_SEGMENTS`.
    """
    segments: list[Segment] = []
    position = len(START_OF_IMAGE)
    while found := _MARKER.search(data, position):
        marker, start, after = found[1][0], found.end() - 2, found.end()
        if marker == _EOI:
            return JpegFile(data, tuple(segments), ended=True)
        if marker in _WITHOUT_LENGTH:
            position = after
            continue
        length = int.from_bytes(data[after : after + 2], "big")
        position = after + max(length, 2)
        if position > len(data):
            return JpegFile(data, tuple(segments), ended=False)
        if marker == START_OF_SCAN:
            scan_end = _END_OF_SCAN.search(data, position)
            position = scan_end.start() if scan_end else len(data.rstrip(b"\xff"))
        segments.append(Segment(marker, start, position))
        if len(segments) > MOST_SEGMENTS:
            raise DamagedPhoto(f"{where} has more than {MOST_SEGMENTS} segments, which no photo has; get the original.")
    return JpegFile(data, tuple(segments), ended=False)


_RARE_FRAMES = {
    0xC3: "lossless coding",
    0xC5: "hierarchical coding",
    0xC6: "hierarchical coding",
    0xC7: "hierarchical lossless coding",
    0xCB: "arithmetic lossless coding",
    0xCD: "hierarchical arithmetic coding",
    0xCE: "hierarchical arithmetic coding",
    0xCF: "hierarchical arithmetic lossless coding",
    0xF7: "the coding of JPEG-LS",
}
"""Frames that decoders at hand lack (ITU-T T.81, table B.1; T.87, C.1.1), and what they mean."""


def rare_kind(file: JpegFile) -> str:
    """Return in words why decoders at hand may refuse a sound JPEG; empty where its kind is a common one."""
    for segment in file.segments:
        body = segment.body(file.data)
        if segment.marker in _RARE_FRAMES:
            return _RARE_FRAMES[segment.marker]
        if segment.marker in _FRAMES and body and body[0] != 8:
            return f"{body[0]} bits per sample"
    return ""


@dataclass(frozen=True, slots=True)
class FrameComponent:
    """One colour component as the frame header declares it: identifier, sampling (h, v), size in blocks."""

    identifier: int
    sampling: tuple[int, int]
    blocks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header: size in pixels, coding, components."""

    height: int
    width: int
    progressive: bool
    components: tuple[FrameComponent, ...]

    def resized(self, height: int, width: int) -> Frame:
        """Return the frame of another size in pixels."""
        declared = [(component.identifier, component.sampling) for component in self.components]
        return Frame(height, width, self.progressive, _components(height, width, declared))


def frame_of_size(segment: bytes, height: int, width: int) -> bytes:
    """Return a segment, marker included, with another size in pixels if it is a frame header."""
    if segment[1] not in _FRAMES:
        return segment
    return segment[: _HEIGHT.start] + struct.pack(">HH", height, width) + segment[_HEIGHT.stop + 2 :]


def read_frame(file: JpegFile, where: str) -> Frame:
    """Read and judge the frame header.

    Raises
    ------
    UnsupportedPhoto
        Arithmetic coding, a lossless or hierarchical frame, 12 bits per sample, two or more than four components.
    DamagedPhoto
        No frame or more than one, or one that contradicts itself.
    """
    frames = [segment for segment in file.segments if segment.marker in _FRAMES]
    if len(frames) != 1:
        raise DamagedPhoto(f"{where}: a JPEG with {len(frames)} frame headers, expected one; get the original file.")
    marker, body = frames[0].marker, frames[0].body(file.data)
    try:
        precision, height, width, count = struct.unpack_from(">BHHB", body)
        declared = [struct.unpack_from("BBB", body, 6 + 3 * i) for i in range(count)]
    except struct.error as error:
        raise DamagedPhoto(f"{where}: the JPEG's frame header is too short; get the original file.") from error
    height = height or file.lines or 0
    if marker not in _HUFFMAN_FRAMES or precision != 8 or count not in (1, 3, 4):
        raise UnsupportedPhoto(
            f"{where}: a JPEG of kind SOF{marker - 0xC0} with {precision} bits and {count} components; expected a "
            "baseline or progressive one with 8 bits and 1, 3 or 4 components. Convert it to PNG."
        )
    factors = [(packed >> 4, packed & 15) for _, packed, _ in declared]
    if not height or not width or not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in factors):
        raise DamagedPhoto(f"{where}: impossible JPEG size {width} x {height} or sampling {factors}.")
    identified = [(identifier, factor) for (identifier, _, _), factor in zip(declared, factors, strict=True)]
    return Frame(height, width, _HUFFMAN_FRAMES[marker], _components(height, width, identified))


def _components(height: int, width: int, declared: Sequence[tuple[int, tuple[int, int]]]) -> tuple[FrameComponent, ...]:
    """Compute the size in blocks of each component from its identifier and sampling."""
    most_h, most_v = max(h for _, (h, _) in declared), max(v for _, (_, v) in declared)
    return tuple(
        FrameComponent(
            identifier=identifier,
            sampling=(h, v),
            blocks=(-(-height * v // (BLOCK_SIDE * most_v)), -(-width * h // (BLOCK_SIDE * most_h))),
        )
        for identifier, (h, v) in declared
    )


def has_every_scan(file: JpegFile) -> bool:
    """Whether the scans bring every coefficient of every component to its last bit.

    A progressive file sends the coefficients in bands (first to last) and their bits in turns (down to bit 0).
    """
    lowest: dict[tuple[int, int], int] = {}
    identifiers: set[int] = set()
    progressive = False
    for segment in file.segments:
        body = segment.body(file.data)
        if segment.marker in _FRAMES and len(body) >= 6:
            progressive = _HUFFMAN_FRAMES.get(segment.marker, False)
            identifiers |= set(body[6::3][: body[5]])
        elif segment.marker == START_OF_SCAN and body and len(body) >= 4 + 2 * body[0]:
            count = body[0]
            first, last, bits = body[1 + 2 * count : 4 + 2 * count] if progressive else (0, COEFFICIENTS - 1, 0)
            for identifier in body[1 : 1 + 2 * count : 2]:
                lowest |= {(identifier, k): bits & 15 for k in range(first, last + 1)}
    return all(lowest.get((identifier, k)) == 0 for identifier in identifiers for k in range(COEFFICIENTS))


def component_names(file: JpegFile, frame: Frame) -> tuple[str, ...]:
    """Name the components by libjpeg's rules (its ``default_decompress_parms``)."""
    if len(frame.components) == 1:
        return ("grey",)
    if len(frame.components) == 4:
        return ("Y", "Cb", "Cr", "K") if file.adobe_transform == 2 else ("C", "M", "Y", "K")
    letters = bytes(component.identifier for component in frame.components) == b"RGB"
    if not file.is_jfif and (file.adobe_transform == 0 or (file.adobe_transform is None and letters)):
        return ("R", "G", "B")
    return ("Y", "Cb", "Cr")
