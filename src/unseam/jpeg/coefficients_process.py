"""Read the DCT coefficients of one JPEG with libjpeg; runs as a program of its own, in a child process.

``python -I -S jpeg_process.py LIBRARY FILE COUNT...`` writes, to standard output, one little block of binary per call:
the quantization tables (4 x 64 uint16), the table number of each component (4 int16), then the coefficients of each
component (its COUNT of blocks x 64 int16), all in the machine's own byte order. Exit status 0 when libjpeg read the
file to its end, 1 when it gave up; its complaints are what stands on standard error.

Why a process: libjpeg writes its complaints to the file descriptor of standard error, which all threads of a program
share, so that a library which may not write there has to give it another descriptor 2; and a file made to attack
libjpeg then ends a child and not a server. It imports nothing but ctypes and starts in about 15 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys

COEFFICIENTS_PER_BLOCK = 64
TABLES = 4
"""JPEG has four slots for quantization tables, and libjpeg four components at most in a scan (ITU-T T.81, B.2.4.1)."""


def read(library: str, file: str, counts: list[int]) -> tuple[bool, list[ctypes.Array[ctypes.c_short]]]:
    """Let libjpeg read a file.

    Parameters
    ----------
    library : str
        Path of jpeglib's compiled library.
    file : str
        Path of the JPEG. Its frame header must have been judged before: libjpeg's wrapper survives no bad one.
    counts : list of int
        Blocks in each component, from the frame header.

    Returns
    -------
    (bool, list of ctypes arrays)
        Whether libjpeg read to the end, and tables, table numbers and coefficients as in the module's docstring.
    """
    tables = (ctypes.c_short * (TABLES * COEFFICIENTS_PER_BLOCK))()
    numbers = (ctypes.c_short * TABLES)()
    planes = [(ctypes.c_short * (count * COEFFICIENTS_PER_BLOCK))() for count in counts]
    pointers = [*planes, *[None] * (TABLES - len(planes))]
    whole = ctypes.CDLL(library).read_jpeg_dct(os.fsencode(file), *pointers, tables, numbers)
    return whole != 0, [tables, numbers, *planes]


def _main(library: str, file: str, *counts: str) -> int:
    whole, arrays = read(library, file, [int(count) for count in counts])
    for array in arrays:
        sys.stdout.buffer.write(memoryview(array).cast("B"))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
