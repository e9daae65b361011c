"""What a network is trained on: the training and the validation split of one or several data sets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseam.datasets.folder import MANIFEST
from unseam.datasets.sample import Sample, SampleSet
from unseam.datasets.splits import DataSet, with_splits
from unseam.errors import DataError


@dataclass(frozen=True, slots=True)
class TrainingSplits:
    """The samples to train on and to validate on, and the reasons why others were left out, with their number."""

    train: list[Sample]
    validation: list[Sample]
    left_out: Mapping[str, int]


def training_splits(data: Sequence[Path | DataSet]) -> TrainingSplits:
    """Find both splits of data sets, and prove that no photograph is in both.

    Parameters
    ----------
    data : sequence of Path or DataSet
        Folders written by ``unseam forge`` (or of any layout of the adapter ``folder``), and other data sets. Splits
        that they do not name are made by group.

    Raises
    ------
    DataError
        A folder has another layout, a split holds nothing, or a photograph is in two splits.
    """
    sets = [(place, with_splits(place.samples())) for place in map(_as_set, data)]
    _demand_apart(sets)
    train, validation = ([s for _, found in sets for s in found.samples if s.split == split] for split in SPLITS)
    for name, chosen in zip(SPLITS, (train, validation), strict=True):
        if not chosen:
            total = sum(len(found.samples) for _, found in sets)
            raise DataError(f"the {name} split of {total} photos is empty; expected photos of three groups or more")
    left_out = sum((Counter(found.exclusion_counts()) for _, found in sets), Counter[str]())
    return TrainingSplits(train, validation, left_out)


SPLITS = ("train", "validation")
"""The two splits that training sees; nothing of it looks at the test split."""


def _demand_apart(sets: Sequence[tuple[DataSet, SampleSet]]) -> None:
    """Refuse a group in both splits; groups of forgeries are photographs, and the same in every folder."""
    splits: dict[str, set[str]] = {}
    for place, found in sets:
        own = "" if _is_forged(place) else f"{place.root}: "
        for sample in found.samples:
            splits.setdefault(own + sample.group, set()).add(sample.split)
    shared = [group for group, on in splits.items() if set(SPLITS) <= on]
    if shared:
        raise DataError(f"{len(shared)} photographs are in both splits, such as {min(shared)}")


def _as_set(place: Path | DataSet) -> DataSet:
    return DataSet(place) if isinstance(place, Path) else place


def _is_forged(place: DataSet) -> bool:
    return place.name == "folder" and (place.root / MANIFEST).is_file()


def data_digest(data: Sequence[Path | DataSet]) -> str:
    """SHA-256 of what is trained on.

    Over the manifests of folders of forgeries, which name every file, its split and every parameter; over the names,
    splits, photos and masks of other data sets.
    """
    digest = hashlib.sha256()
    for place in map(_as_set, data):
        if _is_forged(place):
            digest.update(hashlib.sha256((place.root / MANIFEST).read_bytes()).digest())
            continue
        for sample in with_splits(place.samples()).samples:
            contents = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (sample.photo, *sample.masks))
            digest.update("\0".join((sample.name, sample.split, sample.group, *contents, "")).encode())
    return digest.hexdigest()
