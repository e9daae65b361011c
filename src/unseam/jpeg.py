"""What a JPEG file stores before it is decoded: quantized DCT coefficients, quantization tables, sampling.

The file is cut into its segments here; only those that carry the picture (tables, frame, scans) go on to a decoder, so
that no metadata, thumbnail or trailing data can break or slow it. libjpeg (through jpeglib's compiled library) decodes
the entropy coding.
"""

from __future__ import annotations

import importlib.util
import io
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from unseam import jpeg_process
from unseam.errors import DamagedPhoto, MissingExtra, UnsupportedPhoto

START_OF_IMAGE = b"\xff\xd8"
END_OF_IMAGE = b"\xff\xd9"
BLOCK_SIDE = 8

# Marker codes: ITU-T T.81 (1992), table B.1.
_RESTARTS_AND_ALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_EOI, _SOS, _APP0, _APP1, _APP14, _COM = 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_HUFFMAN_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}
"""Frames that are read (baseline, extended, progressive), and whether they are progressive."""

_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

LIBRARIES = ("turbo210", "6b")
"""Builds of libjpeg inside jpeglib, best first: libjpeg-turbo decodes in half the time of libjpeg 6b, to the same."""


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
    cut : bool
        Whether the file ends inside a segment's header, so that something is missing for certain.
    """

    data: bytes
    segments: tuple[Segment, ...]
    ended: bool
    cut: bool

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

    def picture(self) -> bytes:
        """Return a JPEG of the same pixels: tables, frame, scans, and what tells the colour space; nothing else.

        The end of the file is as the file has it: without end-of-image marker when that is missing.
        """
        kept = [
            self.data[segment.start : segment.end]
            for segment in self.segments
            if segment.carries_picture or segment.body(self.data).startswith((b"JFIF\0", b"Adobe"))
        ]
        return b"".join([START_OF_IMAGE, *kept, END_OF_IMAGE if self.ended else b""])


def cut_into_segments(data: bytes) -> JpegFile:
    """Cut a JPEG file into its segments, up to the end of its first image; junk between segments is skipped."""
    segments: list[Segment] = []
    position = len(START_OF_IMAGE)
    while found := _MARKER.search(data, position):
        marker, start, after = found[1][0], found.end() - 2, found.end()
        if marker == _EOI:
            return JpegFile(data, tuple(segments), ended=True, cut=False)
        if marker in _RESTARTS_AND_ALONE:
            position = after
            continue
        length = int.from_bytes(data[after : after + 2], "big")
        position = after + max(length, 2)
        if position > len(data):
            return JpegFile(data, tuple(segments), ended=False, cut=True)
        if marker == _SOS:
            scan_end = _END_OF_SCAN.search(data, position)
            position = scan_end.start() if scan_end else len(data.rstrip(b"\xff"))
        segments.append(Segment(marker, start, position))
    no_scan = all(segment.marker != _SOS for segment in segments)
    return JpegFile(data, tuple(segments), ended=False, cut=no_scan)


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
    if marker not in _HUFFMAN_FRAMES or precision != 8 or count not in (1, 3, 4):
        raise UnsupportedPhoto(
            f"{where}: a JPEG of kind SOF{marker - 0xC0} with {precision} bits and {count} components; expected a "
            "baseline or progressive one with 8 bits and 1, 3 or 4 components. Convert it to PNG."
        )
    factors = [(packed >> 4, packed & 15) for _, packed, _ in declared]
    if not height or not width or not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in factors):
        raise DamagedPhoto(f"{where}: impossible JPEG size {width} x {height} or sampling {factors}.")
    return Frame(height, width, _HUFFMAN_FRAMES[marker], _components(height, width, declared, factors))


def _components(
    height: int, width: int, declared: Sequence[tuple[int, ...]], factors: Sequence[tuple[int, int]]
) -> tuple[FrameComponent, ...]:
    most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
    return tuple(
        FrameComponent(
            identifier=identifier,
            sampling=(h, v),
            blocks=(-(-height * v // (BLOCK_SIDE * most_v)), -(-width * h // (BLOCK_SIDE * most_h))),
        )
        for (identifier, _, _), (h, v) in zip(declared, factors, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class JpegComponent:
    """One colour component of a JPEG, as stored.

    Attributes
    ----------
    name : str
        Of a file's components in turn: ``grey``; ``Y Cb Cr``; ``R G B``; ``C M Y K``; or ``Y Cb Cr K``.
    coefficients : (block rows, block columns, 8, 8) int16, read-only
        Quantized DCT coefficients in natural order: ``[..., v, u]``, v the vertical frequency, ``[..., 0, 0]`` the
        mean. As many blocks as the component's own size needs: the last row and column may overhang its border, and
        no block lies wholly outside (those that only fill an interleaved unit are left out).
    table : (8, 8) uint16, read-only
        Quantization steps in the same order; ``coefficients * table`` is the DCT of the samples less 128.
    sampling : (int, int)
        Horizontal and vertical sampling factor; (2, 2) beside (1, 1) means that the other has half the size.
    """

    name: str
    coefficients: NDArray[np.int16]
    table: NDArray[np.uint16]
    sampling: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class JpegCoefficients:
    """What a JPEG file stores.

    Attributes
    ----------
    components : tuple of JpegComponent
        In the file's order.
    progressive : bool
        Whether the file is a progressive one.
    complaint : str
        What libjpeg says of data that it had to skip or to make up; empty for a sound file. The coefficients
        behind such a place are not to be trusted.
    """

    components: tuple[JpegComponent, ...]
    progressive: bool
    complaint: str = ""

    @property
    def luma(self) -> JpegComponent | None:
        """The component of lightness: grey or Y; None in an RGB or CMYK file."""
        return self.components[0] if self.components[0].name in ("grey", "Y") else None


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


def read_coefficients(data: bytes, where: str = "this JPEG") -> JpegCoefficients:
    """Read the coefficients of a JPEG that a decoder has accepted before.

    Parameters
    ----------
    data : bytes
        The file; of several pictures in it (MPO) the first is read.
    where : str
        How error messages name it.

    Raises
    ------
    UnsupportedPhoto, DamagedPhoto
        As `read_frame`; `DamagedPhoto` too when libjpeg gives up.
    """
    file = cut_into_segments(data)
    frame = read_frame(file, where)
    bare = [data[segment.start : segment.end] for segment in file.segments if segment.carries_picture]
    picture = b"".join([START_OF_IMAGE, *bare, END_OF_IMAGE])
    tables, numbers, planes, complaint = _decode(picture, frame, where)
    for array in (tables, *planes):
        array.setflags(write=False)
    components = tuple(
        JpegComponent(
            name, plane.reshape(*component.blocks, BLOCK_SIDE, BLOCK_SIDE), tables[number], component.sampling
        )
        for name, plane, number, component in zip(
            component_names(file, frame), planes, numbers[: len(planes)], frame.components, strict=True
        )
    )
    return JpegCoefficients(components, frame.progressive, complaint)


def library_path() -> str:
    """Return the path of jpeglib's compiled library, without importing jpeglib."""
    found = importlib.util.find_spec("jpeglib")
    folders = [Path(folder) / "cjpeglib" for folder in (found.submodule_search_locations or ())] if found else []
    for build in LIBRARIES:
        for folder in folders:
            for path in sorted(folder.glob(f"cjpeglib_{build}.*")):
                return str(path)
    raise MissingExtra("jpeglib is not installed, or without its compiled library: pip install jpeglib")


def _decode(
    picture: bytes, frame: Frame, where: str
) -> tuple[NDArray[np.uint16], NDArray[np.int16], list[NDArray[np.int16]], str]:
    """Let libjpeg read the coefficients: tables (4, 8, 8), table numbers (4,), flat planes, and its complaint."""
    counts = [rows * columns for rows, columns in (component.blocks for component in frame.components)]
    tables = np.empty((jpeg_process.TABLES, BLOCK_SIDE, BLOCK_SIDE), np.uint16)
    numbers = np.empty(jpeg_process.TABLES, np.int16)
    planes = [np.empty(count * BLOCK_SIDE**2, np.int16) for count in counts]
    with tempfile.TemporaryDirectory(prefix="unseam-") as folder:
        Path(folder, "photo.jpg").write_bytes(picture)
        whole, complaint = _run(folder, counts, [tables, numbers, *planes])
    if not whole:
        raise DamagedPhoto(f"{where}: libjpeg cannot read its coefficients ({complaint}); get the original file.")
    return tables, numbers, planes, complaint


def _run(folder: str, counts: list[int], arrays: Sequence[NDArray[np.generic]]) -> tuple[bool, str]:
    """Read ``photo.jpg`` in a folder through the child process; fill the arrays; return success and complaint."""
    if getattr(sys, "frozen", False) or not sys.executable:  # bundled into one program: no Python to start
        whole, filled = jpeg_process.read(library_path(), str(Path(folder, "photo.jpg")), counts)
        for array, values in zip(arrays, filled, strict=True):
            array.reshape(-1)[:] = np.ctypeslib.as_array(values).view(array.dtype)
        return whole, ""
    # The child works inside the folder: a file name with no letter outside ASCII, which Windows' fopen needs.
    program = [sys.executable, "-I", "-S", jpeg_process.__file__, library_path(), "photo.jpg", *map(str, counts)]
    with subprocess.Popen(
        program, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as child:
        whole = all(_fill(array, child.stdout) for array in arrays)
        complaint = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
    return whole and child.returncode == 0, complaint


def _fill(array: NDArray[np.generic], pipe: IO[bytes] | None) -> bool:
    """Read an array's bytes from a pipe, straight into its memory; whether there were enough."""
    rest = memoryview(array.view(np.uint8).reshape(-1))
    while rest and isinstance(pipe, io.RawIOBase) and (got := pipe.readinto(rest)):
        rest = rest[got:]
    return not rest
