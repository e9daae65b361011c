"""Find authentic photographs and objects to cut out of them, and split them by photograph."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.errors import DataError
from unseam.forging.licences import UNKNOWN, Terms
from unseam.jpeg.quantization import CameraTables
from unseam.photo.containers import split_png
from unseam.photo.decoding import DECODER_FAILURES
from unseam.photo.listing import files_below, real_path
from unseam.system.text import encodable

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
"""File names that are looked at when a folder is searched; files named one by one may have any."""

SHARES = (("train", 0.65), ("validation", 0.10), ("test", 0.25))
"""Splits and their shares (section 4.1 of the paper)."""

MASK_FOLDERS = {"masks": 0, "segments": 1}
"""Folders of instance maps next to ``images/``, and what is added to a pixel's value so that 0 means background."""

MIN_SIDE = 160
"""Photographs with a shorter side, in pixels, are too small to be forged."""

MIN_OBJECT, MAX_OBJECT_SHARE = 1024, 0.6
"""Objects of fewer pixels, or of more of their photograph, are not pasted."""


@dataclass(frozen=True, slots=True)
class ObjectBox:
    """One object of an instance map: its value there, its box (bottom and right exclusive) and its area in pixels."""

    value: int
    top: int
    left: int
    bottom: int
    right: int
    area: int


@dataclass(frozen=True, slots=True)
class Source:
    """One authentic photograph, known by its content.

    Attributes
    ----------
    path : Path
        Where it was found first.
    name : str
        Name in the manifest: the searched folder's name and the path below it, with forward slashes; as many folders
        before it as distinguish it from other photographs.
    group : str
        The folder it lies in, the stratum of the split.
    digest : str
        SHA-256 of the file.
    height, width : int
        Stored size in pixels.
    maps : Path, optional
        Its instance map, when it has one.
    objects : tuple of ObjectBox
        What can be cut out of it.
    split : str
        ``train``, ``validation`` or ``test``.
    terms : Terms
        Licence, author and origin, where a table names them.
    original : str
        SHA-1 of the whole file: that of the file it was cut from, where a table names it, else its own. Photographs
        that share it have one split and are never host and donor of one another.
    is_jpeg : bool
        Whether the file is a JPEG.
    tables : CameraTables, optional
        Its quantization tables and subsampling, where a file can be saved with them again.
    """

    path: Path
    name: str
    group: str
    digest: str = ""
    height: int = 0
    width: int = 0
    maps: Path | None = None
    objects: tuple[ObjectBox, ...] = ()
    split: str = "train"
    terms: Terms = UNKNOWN
    original: str = ""
    is_jpeg: bool = False
    tables: CameraTables | None = None

    @property
    def key(self) -> str:
        """Start of the digest, enough to tell photographs apart in a manifest."""
        return self.digest[:16]


def find_photos(roots: Sequence[Path]) -> list[Source]:
    """List the photographs in files and folders (searched to the bottom), in an order that does not change."""
    found: dict[Path, Source] = {}
    for root in roots:
        if not root.exists():
            raise DataError(f"{root} does not exist; expected a photograph or a folder of photographs")
        for path in _below(root):
            name = path.name if path == root else f"{real_path(root).name}/{path.relative_to(root).as_posix()}"
            real = real_path(path)
            found.setdefault(real, Source(path, encodable(name), encodable(real.parent)))
    return list(found.values())


def _distinct(sources: Sequence[Source]) -> list[Source]:
    """Lengthen names that several paths share by the folders before them, until each is of one path."""
    named = list(sources)
    while True:
        paths: dict[str, set[Path]] = {}
        for source in named:
            paths.setdefault(source.name, set()).add(real_path(source.path))
        shared = {name for name, of in paths.items() if len(of) > 1}
        if not shared:
            return named
        named = [replace(source, name=_longer(source)) if source.name in shared else source for source in named]


def _longer(source: Source) -> str:
    parts = real_path(source.path).parts
    return encodable("/".join(parts[-(len(source.name.split("/")) + 1) :]))


def find_object_photos(roots: Sequence[Path]) -> list[Source]:
    """List the photographs of folders that hold ``images/`` and, by the same stem, ``masks/`` or ``segments/``."""
    sources = []
    for root in roots:
        folders = [root / name for name in MASK_FOLDERS if (root / name).is_dir()]
        if not (root / "images").is_dir() or not folders:
            raise DataError(f"{root} holds no images/ next to masks/ or segments/; expected instance maps of objects")
        maps = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.png"))}
        for source in find_photos([root]):
            if source.path.parent.name == "images" and source.path.stem in maps:
                sources.append(replace(source, maps=maps[source.path.stem]))
    return sources


def find_all(photos: Sequence[Path], objects: Sequence[Path]) -> list[Source]:
    """List all photographs, each path once: those of ``photos`` first, and what ``objects`` adds to them."""
    found = {real_path(source.path): source for source in find_photos(photos)}
    for source in find_object_photos(objects):
        known = found.setdefault(real_path(source.path), source)
        found[real_path(source.path)] = replace(known, maps=source.maps)
    return _distinct(list(found.values()))


def _below(root: Path) -> Iterable[Path]:
    if root.is_file():
        return [root]
    unreadable: dict[str, str] = {}
    below = (root / path for path in files_below(root, unreadable))
    files = [path for path in below if path.suffix.lower() in SUFFIXES and not _is_map(path)]
    # Loading a folder that cannot be listed fails as loading a broken photo does, and costs nothing else.
    return sorted(files + [root / place.strip("/") for place in unreadable])


def _is_map(path: Path) -> bool:
    """Whether a file is an instance map or truth mask: its folder is next to one of images."""
    return path.parent.name.startswith(("masks", "segments")) and (path.parent.parent / "images").is_dir()


def object_boxes(maps: Path, height: int, width: int) -> tuple[ObjectBox, ...]:
    """Read an instance map and list the objects worth cutting out; its size must be the photograph's."""
    values = read_map(maps)
    if values.shape != (height, width):
        raise DataError(f"{maps} is {values.shape}, its photograph {(height, width)}; expected the same size")
    boxes = []
    for value in np.unique(values[values > 0]):
        inside = values == value
        area = int(inside.sum())
        if MIN_OBJECT <= area <= MAX_OBJECT_SHARE * values.size:
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            box = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
            boxes.append(ObjectBox(int(value), *box, area))
    return tuple(boxes)


def read_map(maps: Path) -> NDArray[np.uint16]:
    """Read an instance map as (H, W) uint16 with 0 = background."""
    try:
        picture, _ = split_png(maps.read_bytes())  # of its metadata Pillow may warn
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
            values = np.asarray(image).astype(np.uint16)
    except DECODER_FAILURES as error:
        raise DataError(f"{maps} cannot be read as an instance map ({error}); expected a grey PNG") from error
    if values.ndim != 2:
        raise DataError(f"{maps} has {values.ndim} axes; expected an 8-bit or 16-bit grey instance map")
    return values + np.uint16(MASK_FOLDERS.get(maps.parent.name, 0))


def merged(sources: Iterable[Source]) -> list[Source]:
    """Keep one source per content: the first that was found, with the objects of any."""
    kept: dict[str, Source] = {}
    for source in sources:
        first = kept.setdefault(source.digest, source)
        if source.objects and not first.objects:
            kept[source.digest] = replace(first, maps=source.maps, objects=source.objects)
    return list(kept.values())


def split(sources: Sequence[Source], seed: int) -> list[Source]:
    """Give every photograph its split: 65 / 10 / 25 % of each folder, by rank of a seeded hash of its content.

    Each folder is ranked separately, so adding a folder at the end moves no photograph of another. A photograph that
    lies in several folders, whole or cut out of the same file, has the split that the first gives it.
    """
    groups: dict[str, set[str]] = {}
    for source in sources:
        groups.setdefault(source.group, set()).add(source.digest)
    originals = {source.digest: source.original or source.digest for source in sources}
    splits: dict[str, str] = {}
    for digests in groups.values():
        for digest, name in _ranked(digests, seed).items():
            splits.setdefault(originals[digest], name)
    return [replace(source, split=splits[originals[source.digest]]) for source in sources]


def _ranked(digests: set[str], seed: int) -> dict[str, str]:
    """Rank by hash and cut at the shares; a seeded offset keeps them right on average for tiny folders, too."""
    order = sorted((hashlib.sha256(f"{seed}:{digest}".encode()).hexdigest(), digest) for digest in digests)
    offset = int(hashlib.sha256("".join(key for key, _ in order).encode()).hexdigest()[:8], 16) / 16**8
    bounds = np.cumsum([share for _, share in SHARES]) * len(order)
    return {
        digest: SHARES[min(int(np.searchsorted(bounds, rank + offset, side="right")), len(SHARES) - 1)][0]
        for rank, (_, digest) in enumerate(order)
    }
