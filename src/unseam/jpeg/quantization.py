"""Quantization tables: the IJG library's standard ones at every quality, and those of real cameras.

``assets/camera-tables.json`` holds 177 sets of tables with their chroma subsampling, as some 200 models of digital
cameras and phones write them: read from the headers of unedited camera JPEGs in public sample collections. Each set
names its cameras and collections. The 159 under ``sets`` are used to make forgeries; those under ``not_for_forging``
are ones that Pillow cannot write (chroma subsampled along columns alone) or that are coarser than IJG quality 50.
Tables are facts about cameras; the photographs they were read from are not included.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

# fmt: off
STANDARD_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,      12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,      14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,  72, 92, 95, 98, 112, 100, 103, 99,
)
STANDARD_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,  18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,  47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,  99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,  99, 99, 99, 99, 99, 99, 99, 99,
)
"""Steps at quality 50, row by row: ITU-T T.81, tables K.1 and K.2."""
ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
)
"""Place of each stored coefficient in its block, row by row: ITU-T T.81, figure A.6."""
# fmt: on

QUALITIES = range(1, 101)
LARGEST_STEP = 255
"""Of the 8-bit tables that the IJG's library writes by default."""

CAMERA_TABLES = "camera-tables.json"

Table = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CameraTables:
    """What one camera setting compresses with.

    Attributes
    ----------
    luma, chroma : tuple of 64 int
        Quantization steps, row by row (as Pillow reads and writes them).
    subsampling : str
        Of the chroma: ``4:4:4``, ``4:2:2``, ``4:2:0`` or ``4:4:0``.
    cameras : tuple of str
        Make and model of those that are known to write it; empty where the photographs did not say.
    """

    luma: Table
    chroma: Table
    subsampling: str
    cameras: tuple[str, ...] = ()


@cache
def camera_tables(key: str = "sets") -> tuple[CameraTables, ...]:
    """Return the sets of cameras that ship with the package.

    Parameters
    ----------
    key : str
        ``sets``, whose places in the tuple are their numbers in manifests of forgeries, or ``not_for_forging``.
    """
    listed = json.loads((files("unseam") / "assets" / CAMERA_TABLES).read_text("utf-8"))
    tables = [tuple(table) for table in listed["tables"]]
    return tuple(
        CameraTables(tables[s["luma"]], tables[s["chroma"]], s["subsampling"], tuple(s["cameras"])) for s in listed[key]
    )


def ijg_table(standard: Sequence[int], quality: int) -> Table:
    """Scale a standard table to a quality as the IJG's library does (``jpeg_quality_scaling`` of libjpeg 6b)."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((step * percent + 50) // 100, 1), LARGEST_STEP) for step in standard)


def nearest_quality(luma: Table, chroma: Table | None = None) -> int:
    """Return the IJG quality whose tables are nearest: the least mean distance of the steps' logarithms."""
    found = np.log(np.maximum(np.array([luma, luma if chroma is None else chroma], np.float64), 1))
    standard = _scaled() if chroma is not None else _scaled()[:, :1]
    distances = np.abs(standard - found[: standard.shape[1]]).mean(axis=(1, 2))
    # The best of equals: below quality 3 or so all steps are at their limit.
    return QUALITIES[len(distances) - 1 - int(distances[::-1].argmin())]


@cache
def _scaled() -> NDArray[np.float64]:
    """Logarithms of the steps: (100 qualities, luma and chroma, 64)."""
    tables = [[ijg_table(STANDARD_LUMA, q), ijg_table(STANDARD_CHROMA, q)] for q in QUALITIES]
    return np.log(np.array(tables, np.float64))
