"""Training, validation and test splits of any data set: by photograph, and by group where photographs share a source.

Bappy et al. (ICCV 2017, section 4.1, DOI 10.1109/ICCV.2017.532) take 65 % of the photographs for training, 10 % for
validation and 25 % for the test, at random. Data sets hold several forgeries of one photograph, and its original: a
split that tears them apart measures memory. Here a group is in one split as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unseam.datasets import find_adapter
from unseam.datasets.sample import Sample, SampleSet
from unseam.errors import DataError
from unseam.forging.config import SPLIT_SEED
from unseam.forging.sources import SHARES

SPLITS = tuple(split for split, _ in SHARES)
"""``train``, ``validation``, ``test``."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set on disk.

    Attributes
    ----------
    root : Path
        Its folder.
    name : str
        Of its adapter; ``folder`` reads what ``unseam forge`` writes, too.
    masks : str, optional
        Which of several masks; the adapter's default if not given.
    """

    root: Path
    name: str = "folder"
    masks: str | None = None

    def samples(self, split: str | None = None) -> SampleSet:
        """List the samples: all, or those of one part.

        Parameters
        ----------
        split : str, optional
            A part that the data set itself names; or ``train``, ``validation`` or ``test``, which are made by
            `with_splits` where the data set does not name them.

        Raises
        ------
        DataError
            As the adapter does.
        """
        adapter = find_adapter(self.name)
        if split not in SPLITS:
            return adapter(str(self.root), masks=self.masks, split=split)
        found = with_splits(adapter(str(self.root), masks=self.masks))
        chosen = tuple(sample for sample in found.samples if sample.split == split)
        if not chosen:
            raise DataError(f"{self.root}: the {split} split is empty; {_counted(found.samples)}")
        return replace(found, samples=chosen)


def with_splits(found: SampleSet, seed: int = SPLIT_SEED) -> SampleSet:
    """Return samples that are all for training, validation or test.

    Parameters
    ----------
    found : SampleSet
        Of any adapter.
    seed : int
        Of the split by group.

    Returns
    -------
    SampleSet
        As it is if the data set itself names the split of every sample; else the samples are dealt out anew by
        `split_by_group`, whatever parts the set names (JPEG qualities, say).
    """
    if {sample.split for sample in found.samples} <= set(SPLITS):
        return found
    return replace(found, samples=tuple(split_by_group(found.samples, seed)))


def split_by_group(samples: Sequence[Sample], seed: int = SPLIT_SEED) -> list[Sample]:
    """Return every sample with its split, 65 / 10 / 25 % of the samples, groups as a whole.

    Parameters
    ----------
    samples : sequence of Sample
        In any order: it does not matter.
    seed : int
        The only source of chance.

    Returns
    -------
    list of Sample
        In the order given. Each group goes to a split by chance, in proportion to the room that is left there, the
        largest groups first; so the shares are right to within a group, and with three groups no split is empty.
    """
    sizes: dict[str, int] = {}
    for sample in samples:
        sizes[sample.group] = sizes.get(sample.group, 0) + 1
    splits = _dealt(sizes, seed)
    return [replace(sample, split=splits[sample.group]) for sample in samples]


def _dealt(sizes: Mapping[str, int], seed: int) -> dict[str, str]:
    """Deal groups of these sizes out to the splits."""
    chances = {group: _chance(seed, group) for group in sizes}
    total = sum(sizes.values())
    smallest = (
        SHARES[1][1] * total
    )  # groups larger than the smallest split are dealt first, while there is room for them
    order = sorted(sizes, key=lambda group: (-sizes[group] if sizes[group] > smallest else 0, chances[group], group))
    room = {split: share * total for split, share in SHARES}
    splits = {}
    for group in order:
        split = _drawn(room, sizes[group], _chance(seed, f"side of {group}"))
        room[split] -= sizes[group]
        splits[group] = split
    return _none_empty(splits, sizes)


def _chance(seed: int, text: str) -> float:
    """Return a number in [0, 1) that depends on seed and text alone."""
    return int(hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()[:13], 16) / 16**13


def _drawn(room: Mapping[str, float], size: int, chance: float) -> str:
    """Draw a split in proportion to its room, among those where half of the group fits; the roomiest if none is."""
    fitting = {split: left for split, left in room.items() if left >= size / 2}
    if not fitting:
        return max(room, key=lambda split: room[split])
    mark = chance * sum(fitting.values())
    for split, left in fitting.items():
        mark -= left
        if mark < 0:
            return split
    return split


def _none_empty(splits: dict[str, str], sizes: Mapping[str, int]) -> dict[str, str]:
    """Move the smallest group that is not alone to each split that got none."""
    for split in SPLITS:
        held = {name: [g for g, s in splits.items() if s == name] for name in SPLITS}
        spare = [g for groups in held.values() if len(groups) > 1 for g in groups]
        if not held[split] and spare:
            splits[min(spare, key=lambda group: (sizes[group], group))] = split
    return splits


def _counted(samples: Sequence[Sample]) -> str:
    counts = {split: sum(sample.split == split for sample in samples) for split in SPLITS}
    return ", ".join(f"{split} {count}" for split, count in counts.items())
