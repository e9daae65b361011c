"""Who made a photograph and under what terms: read from a table in its folder.

A table is a CSV file in the photograph's folder or the one above (``core.csv``, ``objects.csv``, ``manifest.csv``, any
name), with a column for the file and one for the licence. Where there is none, nothing is claimed. A column
``sha1_full`` names the file that a photograph was cut from. A table names a file by its path or by its name alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FILE_COLUMNS = ("file", "image", "path", "filename", "name")
LICENCE_COLUMNS = ("licence", "license")
AUTHOR_COLUMNS = ("author", "author_or_source", "creator", "artist")
ORIGIN_COLUMNS = ("source", "url", "licence_url", "license_url")
ORIGINAL_COLUMNS = ("sha1_full",)
"""Names of columns that are understood, best first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Licence, author and origin of a photograph, as its table words them; empty where it says nothing.

    ``original`` is the SHA-1 of the file that the photograph was cut from.
    """

    licence: str = ""
    author: str = ""
    origin: str = ""
    original: str = ""


UNKNOWN = Terms()


def find_terms(photo: Path) -> Terms:
    """Look a photograph up in the tables of its folder and the one above; the first that names a licence decides."""
    photo = photo.resolve()
    for folder in (photo.parent, photo.parent.parent):
        for table in sorted(folder.glob("*.csv")):
            named = _table(table)
            terms = named.get(photo.relative_to(folder).as_posix()) or named.get(photo.name)
            if terms is not None:
                return terms
    return UNKNOWN


@lru_cache(maxsize=64)
def _table(path: Path) -> Mapping[str, Terms]:
    """Read a table; a CSV file without these columns, or that cannot be read, names nothing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return dict(_rows(csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}


def _rows(reader: csv.DictReader[str]) -> Iterator[tuple[str, Terms]]:
    columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    file, licence, *others = (
        next((columns[name] for name in names if name in columns), None)
        for names in (FILE_COLUMNS, LICENCE_COLUMNS, AUTHOR_COLUMNS, ORIGIN_COLUMNS, ORIGINAL_COLUMNS)
    )
    if file is None or licence is None:
        return
    for row in reader:
        if row[file] and row[licence]:
            texts = (" ".join((row.get(name) or "").split()) if name else "" for name in (licence, *others))
            yield row[file].replace("\\", "/"), Terms(*texts)
