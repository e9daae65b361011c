"""The adapter ``folder``: photos and their truth masks side by side, or the output of ``unseam forge``.

::

    ROOT/
    ├── images/        forgeries, any format that unseam reads
    ├── masks/         STEM.png per photo: 8-bit grey, white = manipulated (another name may be given, as masks_target/)
    ├── authentic/     optional: photographs that nobody manipulated
    ├── index.csv      optional: columns name (the photo's stem), kind, component (photos that share a source)
    └── manifest.csv   written by ``unseam forge``: columns file, mask, split, kind, host, donor; if there, it decides

Licence and citation are those of the photos you put there. Masks: 255 or 1 = manipulated, soft edges from half on.
Every photo is proven to have one mask of its own size that marks something and not everything; what fails is listed
with its reason in ``SampleSet.exclusions``, never dropped in silence.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unseam.datasets.sample import AUTHENTIC, Exclusion, Sample, SampleSet, stored_shape
from unseam.errors import DataError, PhotoError

IMAGES, MASKS, AUTHENTIC_FOLDER = "images", "masks", "authentic"
INDEX, MANIFEST = "index.csv", "manifest.csv"
NAME_COLUMNS = ("name", "id")
"""Columns of index.csv that can hold a photo's stem, best first."""

MANIFEST_COLUMNS = frozenset({"file", "mask", "split", "kind", "host"})


def folder(root: str | os.PathLike[str], *, masks: str = MASKS, split: str | None = None) -> SampleSet:
    """List the samples of a folder of photos and masks.

    Parameters
    ----------
    root : str or path
        The folder, laid out as in the drawing above.
    masks : str
        Name of the folder of masks below ``root``.
    split : str, optional
        Only this split of a manifest; all of them by default.

    Returns
    -------
    SampleSet
        Samples in the order of their names, and every file that was left out, with the reason.

    Raises
    ------
    DataError
        The folder has another layout, no such split, or not one usable photo.
    """
    root = Path(root)
    if not (root / IMAGES).is_dir():
        raise DataError(f"{root}: no folder {IMAGES}/ in it; expected {IMAGES}/ and {masks}/ (or {MANIFEST})")
    if (root / MANIFEST).is_file():
        candidates, exclusions = _from_manifest(root, masks, split)
    elif split is not None:
        raise DataError(f"{root}: split {split!r} asked for, but there is no {MANIFEST}; leave the split out")
    else:
        candidates, exclusions = _from_folders(root, masks)
    samples, unproven = _prove(candidates)
    exclusions = sorted([*exclusions, *unproven], key=lambda exclusion: exclusion.path)
    if not samples:
        reasons = "; ".join(f"{e.path.name}: {e.reason}" for e in exclusions[:3])
        raise DataError(f"{root}: not one usable photo among {len(exclusions)} files ({reasons})")
    return SampleSet(tuple(sorted(samples, key=lambda sample: sample.name)), tuple(exclusions))


def _from_folders(root: Path, masks: str) -> tuple[list[Sample], list[Exclusion]]:
    if not (root / masks).is_dir():
        raise DataError(f"{root}: no folder {masks}/ in it; expected the masks of {IMAGES}/ there")
    index = _read_index(root)
    photos, truths = _by_stem(root / IMAGES), _by_stem(root / masks)
    samples, exclusions = [], list(_unpaired(photos, truths))
    for stem in photos.keys() & truths.keys():
        if len(photos[stem]) == len(truths[stem]) == 1:
            photo, (mask,) = photos[stem][0], truths[stem]
            entry = index.entries.get(stem, {})
            name = photo.relative_to(root).as_posix()
            group = entry.get("component") or name
            samples.append(Sample(name, photo, mask, entry.get("kind") or "manipulated", group))
    missing = [stem for stem in index.entries if stem not in photos]
    exclusions += [Exclusion(root / IMAGES / stem, f"named in {INDEX}, but there is no such photo") for stem in missing]
    return samples + list(_authentic(root, index)), exclusions


def _unpaired(photos: dict[str, list[Path]], masks: dict[str, list[Path]]) -> Iterator[Exclusion]:
    for files, others, found in ((photos, masks, "photo without a mask"), (masks, photos, "mask without a photo")):
        for stem, paths in files.items():
            if stem not in others:
                yield from (Exclusion(path, found) for path in paths)
            elif len(paths) > 1 or len(others[stem]) > 1:
                yield from (Exclusion(path, "two candidates: files that differ only by extension") for path in paths)


def _authentic(root: Path, index: _Index) -> Iterator[Sample]:
    if (root / AUTHENTIC_FOLDER).is_dir():
        for photo in _files(root / AUTHENTIC_FOLDER):
            name = photo.relative_to(root).as_posix()
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
    rows = _read_csv(path)
    column = next((name for name in NAME_COLUMNS if rows and name in rows[0]), None)
    if column is None:
        raise DataError(f"{path}: no column {' or '.join(NAME_COLUMNS)} in it, or no row")
    hosts = {row["authentic_file"]: row.get("component", "") for row in rows if row.get("authentic_file")}
    return _Index({row[column]: row for row in rows}, {file: group for file, group in hosts.items() if group})


def _from_manifest(root: Path, masks: str, split: str | None) -> tuple[list[Sample], list[Exclusion]]:
    rows = _read_csv(root / MANIFEST)
    if not rows or not rows[0].keys() >= MANIFEST_COLUMNS:
        raise DataError(f"{root / MANIFEST}: expected rows with the columns {', '.join(sorted(MANIFEST_COLUMNS))}")
    splits = sorted({row["split"] for row in rows})
    if split is not None and split not in splits:
        raise DataError(f"{root / MANIFEST}: no split {split!r}; there are {', '.join(splits)}")
    listed = {root / row["file"] for row in rows}
    strangers = [path for path in _files(root / IMAGES) if path not in listed]
    samples = [_from_row(root, row, masks) for row in rows if split in (None, row["split"])]
    return samples, [Exclusion(path, f"not named in {MANIFEST}") for path in strangers]


def _from_row(root: Path, row: dict[str, str], masks: str) -> Sample:
    # Forgeries of one host share its pixels; donors are kept on one side by the splits themselves.
    mask = root / masks / Path(row["mask"]).name if row["mask"] else None
    return Sample(row["file"], root / row["file"], mask, row["kind"], row["host"] or row["file"], row["split"])


def _prove(candidates: Iterable[Sample]) -> tuple[list[Sample], list[Exclusion]]:
    samples, exclusions = [], []
    for sample in candidates:
        reason = _fault(sample)
        if reason is None:
            samples.append(sample)
        else:
            exclusions.append(Exclusion(sample.photo, reason))
    return samples, exclusions


def _fault(sample: Sample) -> str | None:
    """Say what is wrong with a pair, reading the photo's header and the whole mask."""
    if (sample.mask is None) != (sample.kind == AUTHENTIC):
        return f"kind {sample.kind} {'without' if sample.mask is None else 'with'} a mask"
    try:
        shape = stored_shape(sample.photo)
    except PhotoError:
        return "photo that cannot be read"
    try:
        sample.truth(shape)
    except DataError as error:
        return str(error).removeprefix(f"{sample.mask}: ").partition(";")[0]
    return None


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _by_stem(path: Path) -> dict[str, list[Path]]:
    stems: dict[str, list[Path]] = {}
    for file in _files(path):
        stems.setdefault(file.stem, []).append(file)
    return stems
