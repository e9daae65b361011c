"""Your own photos and truth masks: two folders side by side, a table of pairs, or the output of unseam forge.

Licence: that of the photos you put there.

Citation: none.

Where: anywhere on your disk.

Masks: the name of the folder of masks below ROOT (default masks), or the path of any other folder.

::

    ROOT/
    ├── images/        forgeries, any format that unseam reads
    ├── masks/         STEM.png per photo: 8-bit grey, white = manipulated (another name may be given, as masks_target/)
    ├── authentic/     optional: photographs that were not manipulated
    ├── index.csv      optional: columns name (the photo's stem) or image (its path), kind, component (shared source)
    └── manifest.csv   written by ``unseam forge``: columns file, mask, split, kind, host, donor; if there, it decides

ROOT may also be

* any folder of photos without ``images/``, with ``--masks`` leading to the folder of their masks;
* a CSV file with the columns photo and mask (empty for an authentic photo; both relative to the file), and, if you
  like, kind, group, split and reading (white, black, any but black, red, green: what is manipulated; white by default).

A mask has its photo's stem, or that stem and ``_mask`` or ``_gt`` (also with ``.`` or ``-``). 255 or 1 = manipulated,
soft edges from half on. Every photo is proven to have one mask of the same size that marks something and not
everything; what fails is listed with its reason in ``SampleSet.exclusions``, never dropped in silence.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import NO_MASK, NO_PHOTO, TWO, Keyed, of_part, proven
from unseam.datasets.sample import AUTHENTIC, Exclusion, Sample, SampleSet
from unseam.errors import DataError
from unseam.system.text import encodable

IMAGES, MASKS, AUTHENTIC_FOLDER = "images", "masks", "authentic"
INDEX, MANIFEST = "index.csv", "manifest.csv"
NAME_COLUMNS = ("name", "id", "image")
"""Columns of index.csv that can hold a photo's stem, best first; ``image`` holds its path."""

MANIFEST_COLUMNS = frozenset({"file", "mask", "split", "kind", "host"})
PAIR_COLUMNS = frozenset({"photo", "mask"})
MASK_ENDING = re.compile(r"[._-](mask|gt)$", re.IGNORECASE)
EXPECTED = f"{IMAGES}/ and {MASKS}/, or {MANIFEST}"

Candidates = tuple[list[Sample], list[Exclusion]]


def folder(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of a folder of photos and masks, or of a table of pairs.

    Parameters
    ----------
    root : str or path
        The folder, laid out as in the drawing above, or the CSV file.
    masks : str, optional
        Name of the folder of masks below ``root``, or path of any folder.
    split : str, optional
        Only this split of a manifest or a table; all of them by default.

    Returns
    -------
    SampleSet
        Samples in the order of their names, and every file that was left out, with the reason.

    Raises
    ------
    DataError
        The folder has another layout, no such split, or not one usable photo.
    """
    root, masks = Path(root), masks or MASKS
    if root.is_file():
        candidates, exclusions = _from_pairs(root)
    elif (root / IMAGES).is_dir() and (root / MANIFEST).is_file():
        candidates, exclusions = _from_manifest(root, masks)
    elif split is not None:
        raise DataError(f"{root}: found no {MANIFEST} for split {split!r}; leave the split out")
    else:
        candidates, exclusions = _from_folders(root, masks)
    return proven(of_part(candidates, split, root), exclusions, root, EXPECTED)


def _from_folders(root: Path, masks: str) -> Candidates:
    images = root / IMAGES if (root / IMAGES).is_dir() else root
    if not (root / masks).is_dir():
        missing = f"no folder {masks}/ in it" if images != root else f"no folder {IMAGES}/ and no folder {masks}/ in it"
        raise DataError(f"{root}: {missing}; expected {EXPECTED}, or the folder of masks as --masks")
    index = _read_index(root)
    photos = _by_stem(_files(images))
    truths = _by_stem(_files(root / masks), photos)
    samples, exclusions = [], list(_unpaired(photos, truths))
    for stem in photos.keys() & truths.keys():
        if len(photos[stem]) == len(truths[stem]) == 1:
            photo, (mask,) = photos[stem][0], truths[stem]
            entry = index.entries.get(stem, {})
            name = encodable(photo.relative_to(root).as_posix())
            group = entry.get("component") or name
            samples.append(Sample(name, photo, mask, entry.get("kind") or "manipulated", group))
    missing_photos = [stem for stem in index.entries if stem not in photos]
    reason = f"named in {INDEX}, but there is no such photo"
    exclusions += [Exclusion(images / stem, reason) for stem in missing_photos]
    return samples + list(_authentic(root, index)), exclusions


def _unpaired(photos: Keyed, masks: Keyed) -> Iterator[Exclusion]:
    for files, others, found in ((photos, masks, NO_MASK), (masks, photos, NO_PHOTO)):
        for stem, paths in files.items():
            if stem not in others:
                yield from (Exclusion(path, found) for path in paths)
            elif len(paths) > 1 or len(others[stem]) > 1:
                yield from (Exclusion(path, TWO) for path in paths)


def _authentic(root: Path, index: _Index) -> Iterator[Sample]:
    if (root / AUTHENTIC_FOLDER).is_dir():
        for photo in _files(root / AUTHENTIC_FOLDER):
            name = encodable(photo.relative_to(root).as_posix())
            yield Sample(name, photo, None, AUTHENTIC, index.group_of_authentic.get(photo.name, name))


@dataclass(frozen=True, slots=True)
class _Index:
    """The rows of index.csv by photo stem, and the group of each authentic photograph that is a forgery's host."""

    entries: dict[str, dict[str, str]]
    group_of_authentic: dict[str, str]


def _read_index(root: Path) -> _Index:
    path = root / INDEX
    if not path.is_file():
        return _Index({}, {})
    rows = read_table(path)
    column = next((name for name in NAME_COLUMNS if rows and name in rows[0]), None)
    if column is None:
        raise DataError(f"{path}: no column {' or '.join(NAME_COLUMNS)} in it, or no row")
    hosts = {row["authentic_file"]: row.get("component", "") for row in rows if row.get("authentic_file")}
    stems = [Path(row[column]).stem if column == "image" else row[column] for row in rows]
    return _Index(dict(zip(stems, rows, strict=True)), {file: group for file, group in hosts.items() if group})


def _from_manifest(root: Path, masks: str) -> Candidates:
    rows = read_table(root / MANIFEST)
    if not rows or not rows[0].keys() >= MANIFEST_COLUMNS:
        raise DataError(f"{root / MANIFEST}: expected rows with the columns {', '.join(sorted(MANIFEST_COLUMNS))}")
    samples = [_from_row(root, row, masks) for row in rows]
    named = {path for sample in samples for path in (sample.photo, *sample.masks)}
    there = [path for name in (IMAGES, masks) if (root / name).is_dir() for path in _files(root / name)]
    strangers = [path for path in there if path not in named]
    return samples, [Exclusion(path, f"not named in {MANIFEST}") for path in strangers]


def _from_row(root: Path, row: dict[str, str], masks: str) -> Sample:
    # Forgeries of one host share its pixels, and so do those of crops of one file; the splits themselves keep donors
    # apart. Digests distinguish hosts of one name in different folders.
    mask = root / masks / Path(row["mask"]).name if row["mask"] else None
    group = row.get("host_original") or row.get("host_sha256") or row["host"] or row["file"]
    return Sample(row["file"], root / row["file"], mask, row["kind"], group, row["split"])


def _from_pairs(table: Path) -> Candidates:
    rows = read_table(table)
    if not rows or not rows[0].keys() >= PAIR_COLUMNS:
        raise DataError(
            f"{table}: expected a CSV file with the columns {', '.join(sorted(PAIR_COLUMNS, reverse=True))}"
        )
    first = {row["photo"]: row for row in reversed(rows)}
    again = [Exclusion(table.parent / row["photo"], TWO) for row in rows if first[row["photo"]] is not row]
    return [_of_pair(table, row) for row in first.values()], again


def _of_pair(table: Path, row: dict[str, str]) -> Sample:
    mask = table.parent / row["mask"] if row["mask"] else None
    kind = row.get("kind") or ("manipulated" if mask else AUTHENTIC)
    try:
        reading = Reading(row.get("reading") or Reading.WHITE)
    except ValueError as error:
        raise DataError(f"{table}: {error}; expected one of {', '.join(known.value for known in Reading)}") from error
    name = row["photo"]
    group, split = row.get("group") or name, row.get("split", "")
    return Sample(name, table.parent / name, mask, kind, group, split, reading)


def read_table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a CSV file: one mapping a row, cells that are missing empty.

    Raises
    ------
    DataError
        The file is not text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, delimiter=delimiter)
            return [{key: value or "" for key, value in row.items() if key} for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: no CSV file ({error})") from error


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _by_stem(files: Iterable[Path], photos: Keyed | None = None) -> dict[str, Sequence[Path]]:
    """Sort files by stem; those of masks without an ending, unless a photo has it, too."""
    stems: dict[str, list[Path]] = {}
    for file in files:
        own = photos is None or file.stem in photos
        stems.setdefault(file.stem if own else MASK_ENDING.sub("", file.stem), []).append(file)
    return {stem: tuple(paths) for stem, paths in stems.items()}
