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
from dataclasses import dataclass, replace
from pathlib import Path

from unseam.photo.listing import Listing, files_below, kind_left_out, real_path

TAG_DIGITS = 8
"""Hexadecimal digits of the SHA-256 that tell two photos of one name apart."""

MAX_NAME = 150
"""Bytes; file systems allow 255, and the tag comes on top."""


@dataclass(frozen=True, slots=True)
class PhotoPath:
    """A photo to judge.

    Attributes
    ----------
    path : Path
        Where it is, as the user wrote it.
    key : Path
        Its output folder below the output folder of the run, before a tag separates it from others.
    shared : bool
        Whether another photo of this run has the same key (where case is ignored).
    problem : str
        Why there is nothing to judge: a folder that cannot be listed; empty for photos.
    """

    path: Path
    key: Path
    shared: bool = False
    problem: str = ""


def find_photos(paths: Iterable[Path], out: Path | None = None, listing: Listing | None = None) -> list[PhotoPath]:
    """List the files among these paths, and the photos in and below the folders among them.

    Parameters
    ----------
    paths : iterable of Path
        Files (missing ones too: opening them gives the error) and folders.
    out : Path, optional
        A folder to leave out: the pictures of an earlier run are not photos.
    listing : Listing, optional
        Takes what was left out of folders.

    Returns
    -------
    list of PhotoPath
        In the order of the paths, and by name within a folder; each file once.
    """
    listing = Listing() if listing is None else listing
    found: dict[Path, PhotoPath] = {}
    for path in paths:
        for photo in _below(path, out, listing) if _is_folder(path) else [PhotoPath(path, _key(Path(path.name)))]:
            found.setdefault(real_path(photo.path), photo)
    uses = Counter(_folded(photo.key) for photo in found.values())
    return [replace(photo, shared=uses[_folded(photo.key)] > 1) for photo in found.values()]


def _below(folder: Path, out: Path | None, listing: Listing) -> list[PhotoPath]:
    left_out = None if out is None else real_path(out)
    unreadable: dict[str, str] = {}
    photos = []
    for below in sorted(files_below(folder, unreadable, lambda path: real_path(path) != left_out), key=_by_folder):
        path = folder / below
        if kind := kind_left_out(path):
            listing.left_out[kind] += 1
        else:
            photos.append(PhotoPath(path, _key(Path(below))))
    listing.unreadable |= unreadable
    bad = [PhotoPath(folder / place.strip("/"), Path(), problem=why) for place, why in sorted(unreadable.items())]
    return photos + bad


def _by_folder(below: str) -> tuple[list[str], str]:
    *folders, name = below.split("/")
    return folders, name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # opening it will say why
        return False


def _key(relative: Path) -> Path:
    # "...jpg" has the stem "..", which would lead out of the output folder; Windows drops dots and spaces at the end.
    stem = _in_utf8(os.fsencode(relative.stem)[:MAX_NAME]).rstrip(". ") or "photo"
    return Path(*(_in_utf8(os.fsencode(part)) for part in relative.parent.parts), stem)


def _in_utf8(name: bytes) -> str:
    """Return a name for an output folder: bytes that are not UTF-8 become underscores."""
    return name.decode("utf-8", "replace").replace("\ufffd", "_")


def _folded(key: Path) -> str:
    """Ignore case, as the file systems of Windows and macOS do."""
    return key.as_posix().casefold()


def folder_for(photo: PhotoPath, out: Path, sha256: str) -> Path:
    """Return the output folder of a photo; see the top of this file."""
    plain = out / photo.key
    if not photo.shared and _reported(plain) in (None, sha256):
        return plain
    return plain.with_name(f"{plain.name}-{sha256[:TAG_DIGITS]}")


def _reported(folder: Path) -> str | None:
    """Return the SHA-256 of the photo whose report lies in a folder; None without one, empty if it cannot be read."""
    try:
        document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return ""
    return str(document.get("sha256", "")) if isinstance(document, dict) else ""
