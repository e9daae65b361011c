"""From the paths of a command line to photos, and to one output folder for each.

The folder of a photo is its path below the folder that was searched (or its name, if it was named itself), without
suffix: ``holiday/beach.jpg`` found in ``.`` goes to ``OUT/holiday/beach/``. Where that is not its own, because two
photos of one run share it (``a/x.jpg`` and ``b/x.jpg``, ``x.jpg`` and ``x.png``, ``x.jpg`` and ``X.JPG``) or because
the report of another photo already lies there, the first eight digits of the SHA-256 of the file are added:
``OUT/x-1a2b3c4d/``. So no photo's outputs overwrite another's; byte for byte the same file may share one report.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif"}
)
"""What a folder is searched for, in any case; a file that is named itself may be called anything."""

TAG_DIGITS = 8
"""Hexadecimal digits of the SHA-256 that tell two photos of one name apart."""

LONGEST_NAME = 150
"""Characters; file systems allow 255 bytes, and the tag comes on top."""


@dataclass(frozen=True, slots=True)
class PhotoPath:
    """A photo to judge.

    Attributes
    ----------
    path : Path
        Where it is, as the user wrote it.
    key : Path
        Its output folder below the output folder of the run, before it is told apart from others.
    shared : bool
        Whether another photo of this run has the same key (where case is ignored).
    """

    path: Path
    key: Path
    shared: bool = False


def find_photos(paths: Iterable[Path], out: Path | None = None) -> list[PhotoPath]:
    """List the files among these paths, and the photos in and below the folders among them.

    Parameters
    ----------
    paths : iterable of Path
        Files (missing ones too: opening them gives the error) and folders.
    out : Path, optional
        A folder to leave out: the pictures of an earlier run are no photos.

    Returns
    -------
    list of PhotoPath
        In the order of the paths, and by name within a folder; each file once.
    """
    found: dict[Path, PhotoPath] = {}
    for path in paths:
        for photo in _below(path, out) if path.is_dir() else [PhotoPath(path, _key(Path(path.name)))]:
            found.setdefault(photo.path.resolve(), photo)
    uses = Counter(_folded(photo.key) for photo in found.values())
    return [PhotoPath(photo.path, photo.key, uses[_folded(photo.key)] > 1) for photo in found.values()]


def _below(folder: Path, out: Path | None) -> list[PhotoPath]:
    left_out = None if out is None else out.resolve()
    photos = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if (Path(parent) / name).resolve() != left_out)
        paths = [Path(parent) / name for name in sorted(names) if Path(name).suffix.lower() in PHOTO_SUFFIXES]
        photos += [PhotoPath(path, _key(path.relative_to(folder))) for path in paths]
    return photos


def _key(relative: Path) -> Path:
    stem = relative.stem[:LONGEST_NAME]
    # "...jpg" has the stem "..", which would lead out of the output folder; Windows drops dots and spaces at the end.
    return relative.parent / (stem.rstrip(". ") or "photo")


def _folded(key: Path) -> str:
    """Ignore case, as the file systems of Windows and macOS do."""
    return key.as_posix().casefold()


def folder_for(photo: PhotoPath, out: Path, sha256: str) -> Path:
    """Give the output folder of a photo; see the top of this file."""
    plain = out / photo.key
    if not photo.shared and _reported(plain) in (None, sha256):
        return plain
    return plain.with_name(f"{plain.name}-{sha256[:TAG_DIGITS]}")


def _reported(folder: Path) -> str | None:
    """Give the SHA-256 of the photo whose report lies in a folder; None without one, empty if it cannot be read."""
    try:
        document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return ""
    return str(document.get("sha256", "")) if isinstance(document, dict) else ""
