"""What a JPEG file stores before it is decoded: quantized DCT coefficients, quantization tables, sampling.

libjpeg, through jpeglib's compiled library, decodes the entropy coding, in a child process; see
`unseam.jpeg.coefficients_process`.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from unseam.errors import DamagedPhoto, MissingExtra, UnreadablePhoto
from unseam.jpeg import coefficients_process as jpeg_process
from unseam.jpeg.segments import (
    BLOCK_SIDE,
    END_OF_IMAGE,
    Frame,
    component_names,
    cut_into_segments,
    read_frame,
)

LIBRARIES = ("turbo210", "6b")
"""Builds of libjpeg inside jpeglib, best first: libjpeg-turbo decodes in half the time of libjpeg 6b, to the same."""


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
        Horizontal and vertical sampling factor; (2, 2) next to (1, 1) means that the other has half the size.
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
        """The component of luma: grey or Y; None in an RGB or CMYK file."""
        return self.components[0] if self.components[0].name in ("grey", "Y") else None


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
    picture = file.picture() + END_OF_IMAGE  # where one is missing, libjpeg would complain; a second is not read
    tables, numbers, planes, complaint = _decode(picture, frame, where)
    if not all(0 <= number < jpeg_process.TABLES for number in numbers[: len(planes)]):
        raise DamagedPhoto(f"{where}: a component of the JPEG has no quantization table; get the original file.")
    if not tables[numbers[: len(planes)]].all():  # ITU-T T.81, B.2.4.1: steps are 1 or more
        raise DamagedPhoto(f"{where}: a quantization table of the JPEG has a step of 0; get the original file.")
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


def entropy_decoded(picture: bytes, frame: Frame) -> tuple[list[NDArray[np.int16]], str]:
    """Decode the entropy coding of a JPEG: the blocks of each component, flat, and libjpeg's complaint.

    Raises
    ------
    DamagedPhoto
        libjpeg gives up.
    """
    _, _, planes, complaint = _decode(picture, frame, "this JPEG")
    return planes, complaint


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
    with _stored(picture, where) as folder:
        whole, complaint = _run(folder, counts, [tables, numbers, *planes])
    if not whole:
        raise DamagedPhoto(f"{where}: libjpeg cannot read its coefficients ({complaint}); get the original file.")
    return tables, numbers, planes, complaint


@contextmanager
def _stored(picture: bytes, where: str) -> Iterator[str]:
    """Put a file into a folder of its own for as long as it is read; UnreadablePhoto where there is no room for it."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="unseam-"))
            Path(folder, "photo.jpg").write_bytes(picture)
        except OSError as error:
            raise UnreadablePhoto(
                f"{where}: its coefficients cannot be read, because the folder for temporary files cannot be written "
                f"({error.strerror or error}); free some space there, or name another folder in TMPDIR."
            ) from error
        yield folder


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
        whole = all(_fill(array, cast(io.FileIO, child.stdout)) for array in arrays)
        complaint = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
    return whole and child.returncode == 0, complaint


def _fill(array: NDArray[np.generic], pipe: io.FileIO) -> bool:
    """Read an array's bytes from a pipe, straight into its memory; whether there were enough."""
    rest = array.view(np.uint8).reshape(-1).data
    while len(rest) and (got := pipe.readinto(rest)):
        rest = rest[got:]
    return not len(rest)
