"""Where the files of a scan come from: a folder, or an object store's URL. Paths are relative, with ``/``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from unseam.errors import DataError, PhotoNotFound, UnreadablePhoto
from unseam.photo.paths import PHOTO_SUFFIXES
from unseam.photo.photo import read_photo_file
from unseam.scanning import demand_extra


@dataclass(slots=True)
class Listing:
    """What a listing came across beside the files that it yields.

    Attributes
    ----------
    unreadable : dict
        Folder, with ``/`` at its end, to why it could not be listed.
    left_out : int
        Files that are no photos by their suffix.
    """

    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


class PhotoSource(Protocol):
    """Files to scan; it can be pickled."""

    @property
    def place(self) -> str:
        """Where it is, for people, and to know it again."""
        ...

    def find(self, listing: Listing) -> Iterator[str]:
        """Yield the path of every file, as they are found; what else there is goes to ``listing``."""
        ...

    def read(self, path: str, max_pixels: int) -> bytes:
        """Read a file; raise a `PhotoError` where that is impossible."""
        ...


def open_source(place: str, *, all_files: bool = False, left_out: tuple[Path, ...] = ()) -> PhotoSource:
    """Give the source at a folder or URL.

    Parameters
    ----------
    place : str
        A folder, or a URL such as ``s3://bucket/photos`` that fsspec knows.
    all_files : bool
        Take every file, and not only those with a photo's suffix.
    left_out : tuple of Path
        What the scan itself writes, and is no photo: folders that are not searched, and files.

    Raises
    ------
    DataError
        There is no such folder.
    MissingExtra
        A URL, and fsspec is not installed.
    """
    if "://" in place:
        return StoreSource(place, all_files)
    folder = Path(place)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {found}; expected a folder of photos, or a URL such as s3://bucket/photos")
    return FolderSource(folder.resolve(), all_files, tuple(path.resolve() for path in left_out))


def _is_photo(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


@dataclass(frozen=True)
class FolderSource:
    """A folder with all below it; links to files are files, links to folders are followed where they lead outside.

    A link to a folder that is searched anyway, or that holds the whole search, is passed by: its files have a path of
    their own, and loops end.
    """

    root: Path
    all_files: bool = False
    left_out: tuple[Path, ...] = ()

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    def find(self, listing: Listing) -> Iterator[str]:
        """Yield the paths of the files; a folder with millions of them is not read into memory."""
        seen: set[tuple[int, int]] = set()
        waiting = [("", self.root)]
        while waiting:
            prefix, folder = waiting.pop()
            inner: list[tuple[str, Path]] = []
            try:
                if not _is_new(folder, seen):
                    continue
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if _is_folder(entry):
                            inner.append((f"{prefix}{entry.name}/", Path(entry.path)))
                        elif _is_photo(entry.name) or (self.all_files and Path(entry.path) not in self.left_out):
                            yield prefix + entry.name
                        else:
                            listing.left_out += 1
            except OSError as error:
                listing.unreadable[prefix or "/"] = f"the folder cannot be listed ({error.strerror or error})"
            waiting += [(key, path) for key, path in sorted(inner, reverse=True) if self._enters(path)]

    def _enters(self, folder: Path) -> bool:
        """Whether a folder is searched: not the scan's own output, and not twice by way of a link."""
        if not folder.is_symlink():
            return not self.left_out or folder.resolve() not in self.left_out
        target = folder.resolve()
        return target not in self.left_out and not target.is_relative_to(self.root) and target not in self.root.parents

    def read(self, path: str, max_pixels: int) -> bytes:
        """Read a file, if it is one and of a bearable size."""
        return read_photo_file(self.root / path, max_pixels)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell folders, and links to them, from all else; a link that leads in a circle is a file that cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    status = folder.stat()
    identity = status.st_dev, status.st_ino
    new = identity not in seen
    seen.add(identity)
    return new


@dataclass(frozen=True)
class StoreSource:
    """All below a URL that fsspec knows: s3://, gs://, abfs://, memory://, file:// ..."""

    url: str
    all_files: bool = False

    @property
    def place(self) -> str:
        """The URL."""
        return self.url

    def _open(self) -> tuple[Any, str]:
        demand_extra("ray", "fsspec")
        from fsspec.core import url_to_fs

        system, root = url_to_fs(self.url)
        return system, root.rstrip("/")

    def find(self, listing: Listing) -> Iterator[str]:
        """Yield the paths of the files, folder by folder."""
        system, root = self._open()
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            try:
                entries = system.ls(f"{root}/{prefix}".rstrip("/"), detail=True)
            except OSError as error:
                if not prefix:
                    raise DataError(f"{self.url} cannot be listed ({error}); expected a URL with photos") from error
                listing.unreadable[prefix] = f"the folder cannot be listed ({error})"
                continue
            inner = []
            for entry in entries:
                name = entry["name"].rstrip("/").rpartition("/")[2]
                if entry["type"] == "directory":
                    inner.append(f"{prefix}{name}/")
                elif self.all_files or _is_photo(name):
                    yield prefix + name
                else:
                    listing.left_out += 1
            waiting += sorted(inner, reverse=True)

    def read(self, path: str, max_pixels: int) -> bytes:  # noqa: ARG002 - a store has no devices and no pipes
        """Read an object."""
        system, root = self._open()
        try:
            data: bytes = system.cat_file(f"{root}/{path}")
        except FileNotFoundError as error:
            raise PhotoNotFound(f"{path} does not exist any more; expected an image file.") from error
        except OSError as error:
            raise UnreadablePhoto(f"{path} cannot be read ({error}); expected a readable file.") from error
        return data
