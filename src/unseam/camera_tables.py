"""Quantization tables of real cameras, to recognise files by and to forge files that no IJG quality describes.

``assets/camera-tables.json`` holds 159 pairs of tables with their chroma subsampling, as some 200 models of digital
cameras and phones write them: read from the headers of unedited camera JPEGs in public sample collections
(drewnoakes/metadata-extractor-images, ianare/exif-samples, exifr, immich and others). Of 192 sets found, those are left
out that Pillow cannot write (chroma subsampled along columns alone), those coarser than IJG quality 50, and doubles.
Tables are facts about cameras; the photographs they were read from are not included.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILE = "camera-tables.json"

Table = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CameraTables:
    """What one camera setting compresses with.

    Attributes
    ----------
    luma, chroma : tuple of 64 int
        Quantization steps, row by row (as Pillow reads and writes them).
    subsampling : str
        Of the chroma: ``4:4:4``, ``4:2:2`` or ``4:2:0``.
    """

    luma: Table
    chroma: Table
    subsampling: str


@cache
def camera_tables() -> tuple[CameraTables, ...]:
    """Return the tables that ship with the package; their place in the tuple is their number in manifests."""
    listed = json.loads((files("unseam") / "assets" / FILE).read_text("utf-8"))
    tables = [tuple(table) for table in listed["tables"]]
    return tuple(CameraTables(tables[s["luma"]], tables[s["chroma"]], s["subsampling"]) for s in listed["sets"])
