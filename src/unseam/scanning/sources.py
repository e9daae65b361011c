"""Where the files of a scan come from: a folder, or an object store's URL. Paths are relative, with ``/``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from unseam.errors import DataError, PhotoNotFound, UnreadablePhoto
from unseam.photo.listing import Listing, files_below, has_photo_suffix, kind_left_out
from unseam.photo.photo import read_photo_file
from unseam.scanning import demand_extra


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
    """Return the source at a folder or URL.

    Parameters
    ----------
    place : str
        A folder, or a URL such as ``s3://bucket/photos`` that fsspec knows.
    all_files : bool
        Take every file, and not only photos.
    left_out : tuple of Path
        What the scan itself writes: folders that are not searched, and files.

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


@dataclass(frozen=True)
class FolderSource:
    """A folder with all below it (`unseam.photo.listing.files_below`); photos are known by their first bytes."""

    root: Path
    all_files: bool = False
    left_out: tuple[Path, ...] = ()

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    def find(self, listing: Listing) -> Iterator[str]:
        """Yield the paths of the files; a folder with millions of them is not read into memory."""
        for below in files_below(self.root, listing.unreadable, self._enters):
            path = self.root / below
            kind = "" if self.all_files else kind_left_out(path)
            if not kind and path not in self.left_out:
                yield below
            else:
                listing.left_out[kind or "written by the scan itself"] += 1

    def _enters(self, folder: Path) -> bool:
        """Whether a folder is searched: not the scan's own output."""
        return not self.left_out or Path(os.path.realpath(folder)) not in self.left_out

    def read(self, path: str, max_pixels: int) -> bytes:
        """Read a file, if it is one and of a bearable size."""
        return read_photo_file(self.root / path, max_pixels)


@dataclass(frozen=True)
class StoreSource:
    """All below a URL that fsspec knows (s3://, gs://, memory://, file://); photos are known by their suffix."""

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
                elif self.all_files or has_photo_suffix(PurePosixPath(name)):
                    yield prefix + name
                else:  # its first bytes would take a request
                    listing.left_out["without a photo's suffix"] += 1
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
