"""What lies below a folder, entry by entry: no name and no broken entry stops the others.

Photos are known by their first bytes. A file with a photo's suffix counts as one too, so that a broken or empty photo
is reported and not passed over.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from unseam.photo.containers import format_of
from unseam.photo.foreign import HEAD, RAW, foreign_kind

PHOTO_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".jif",
        ".jfi",
        ".pjpeg",
        ".pjp",
        ".jpg_large",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".gif",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
    ]
)
"""In any case; a file that is named itself may be called anything."""

RAW_SUFFIXES = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".iiq",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    ]
)
"""Of cameras' raw files, most of which begin as any TIFF does."""

COMPANION = "._"
"""How macOS names what it keeps about a file on foreign disks."""


@dataclass(slots=True)
class Listing:
    """What a listing met besides the files that it yields.

    Attributes
    ----------
    unreadable : dict
        Folder below the root, with ``/`` at its end, to why it cannot be listed.
    left_out : Counter
        What files are that are not photos, to how many there are of each kind.
    """

    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """Say how many files were left out and why; empty where none were."""
        count = self.left_out.total()
        kinds = ", ".join(f"{kind} ({number})" for kind, number in sorted(self.left_out.items()))
        return f"{count} file{'' if count == 1 else 's'} left out as not a photo: {kinds}" if count else ""


def files_below(
    root: Path, unreadable: dict[str, str], enters: Callable[[Path], bool] = lambda _: True
) -> Iterator[str]:
    """Yield the path below ``root``, with ``/``, of everything there that is not a folder.

    Links to folders are followed where they lead outside. A link to a folder that is searched anyway, or that holds the
    whole search, is passed by: its files have a path of their own, and loops end. A folder with millions of files is
    not read into memory.

    Parameters
    ----------
    root : Path
    unreadable : dict
        Takes each folder that cannot be listed, and why.
    enters : callable
        Whether a folder is searched.
    """
    seen: set[tuple[int, int]] = set()
    real_root = real_path(root)
    waiting = [("", root)]
    while waiting:
        prefix, folder = waiting.pop()
        inner: list[tuple[str, Path]] = []
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        inner.append((f"{prefix}{entry.name}/", Path(entry.path)))
                    else:
                        yield prefix + entry.name
        except OSError as error:
            unreadable[prefix or "/"] = f"the folder cannot be listed ({error.strerror or error})"
        new = ((key, path) for key, path in inner if enters(path) and _leads_on(path, real_root))
        waiting += sorted(new, reverse=True)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell folders, and links to them, from everything else; a link that leads in a circle is a file."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _leads_on(folder: Path, root: Path) -> bool:
    """Whether a folder is not a link to one that is searched anyway."""
    if not folder.is_symlink():
        return True
    target = real_path(folder)
    return not target.is_relative_to(root) and target not in root.parents


def real_path(path: Path) -> Path:
    """Resolve links, as far as they lead anywhere: a loop, or a path that is too long, stays as it is."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):  # ValueError: a null byte
        return path.absolute()


def kind_left_out(path: Path) -> str:
    """Say what a file is that is not taken for a photo; empty for a photo, and for what only opening it can explain."""
    suffix = path.suffix.lower()
    companion = path.name.startswith(COMPANION)
    if has_photo_suffix(path) and not companion:
        return ""
    if suffix in RAW_SUFFIXES:
        return RAW.name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "a device, a pipe or a socket"
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return ""
    if format_of(head) is not None:
        return ""
    kind = foreign_kind(head)
    return "an empty file" if not head else "of an unknown kind" if kind is None else kind.name


def has_photo_suffix(path: PurePath) -> bool:
    """Whether a name ends as photos' names do."""
    return path.suffix.lower() in PHOTO_SUFFIXES
