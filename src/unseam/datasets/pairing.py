"""What all adapters share: every file below a data set's folder is claimed once, and every pair is proven.

An adapter makes a `Draft` of the folder, says which pictures are photos and which are masks and how their names go
together, and gets a `SampleSet` back. A file that it did not claim, a photo without a mask, a mask without a photo, two
candidates for one place, sizes that differ, a mask that marks nothing or everything: each is listed with its reason.
Hidden files are not looked at.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from unseam.datasets.masks import Reading, load_masks, wrong_size
from unseam.datasets.sample import AUTHENTIC, Exclusion, Sample, SampleSet, stored_shape
from unseam.errors import DataError, PhotoError
from unseam.photo.listing import files_below, has_photo_suffix
from unseam.system.text import encodable, printable

Keyed = Mapping[str, Sequence[Path]]
"""Pictures by the part of their name that photo and mask share."""

NO_MASK, NO_PHOTO = "photo without a mask", "mask without a photo"
TWO = "two candidates of one name"
OTHER_MASK = "mask of another kind than the chosen one"
NO_PICTURE, STRANGER = "no picture", "picture that the data set's layout has no place for"

LISTED = 3
"""Exclusions that an error names when there is nothing else to say."""

LONGEST_SHOWN = 150
"""Letters of a file's name in an error."""

DECODERS = 4
"""Masks decoded at a time; Pillow lets other threads run meanwhile."""


class Draft:
    """The files below a data set's folder on their way to samples and exclusions.

    Parameters
    ----------
    root : str or path
        The folder.
    expected : str
        What an error says should be in it.
    split : str, optional
        Only samples of this part (and those that belong to every part) are kept.

    Raises
    ------
    DataError
        There is no such folder.
    """

    def __init__(self, root: str | os.PathLike[str], expected: str, split: str | None = None) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataError(f"{self.root}: no such folder; expected {expected}")
        self._expected = expected
        self._split = split
        unreadable: dict[str, str] = {}
        shown = (
            path
            for path in files_below(self.root, unreadable, _is_shown)
            if not path.rpartition("/")[2].startswith(".")
        )
        self._open = dict.fromkeys(self.root / path for path in sorted(shown, key=lambda path: path.split("/")))
        self._candidates: list[Sample] = []
        self._sources: list[tuple[str, ...]] = []
        self._exclusions = [Exclusion(self.root / place, why) for place, why in sorted(unreadable.items())]

    def files(self, suffix: str) -> list[Path]:
        """List the files with this suffix that no sample has claimed yet."""
        return [path for path in self._open if path.suffix.lower() == suffix]

    def pictures(self, *folders: str) -> list[Path]:
        """List the pictures that no sample has claimed yet: all, or those that lie in a folder of one of these names.

        A folder is named by the end of its path, in any case: ``image`` is ``ROOT/image`` and ``ROOT/COVERAGE/image``.
        """
        pictures = [path for path in self._open if has_photo_suffix(path)]
        ends = tuple(f"/{folder.lower()}" for folder in folders)
        return [path for path in pictures if not ends or self._folder(path).endswith(ends)]

    def _folder(self, path: Path) -> str:
        parts = (self.root.resolve().name, *path.parent.relative_to(self.root).parts)
        return "".join(f"/{part}" for part in parts).lower()

    def pairs(self, photos: Keyed, masks: Keyed, *, shared: bool = False) -> Iterator[tuple[str, Path, Path]]:
        """Go through the pairs of one photo and one mask by their common key; list what has no partner, or several.

        Parameters
        ----------
        photos, masks : mapping
            Key -> files.
        shared : bool
            Whether several photos may have one mask (versions of one forgery).
        """
        for key in sorted({*photos, *masks}):
            of_photo, of_mask = photos.get(key, ()), masks.get(key, ())
            if not of_mask:
                self.leave_out(of_photo, NO_MASK)
            elif not of_photo:
                self.leave_out(of_mask, NO_PHOTO)
            elif len(of_mask) > 1 or (len(of_photo) > 1 and not shared):
                self.leave_out((*of_photo, *of_mask), TWO)
            else:
                names = Counter(photo.stem.lower() for photo in of_photo)
                single = [photo for photo in of_photo if names[photo.stem.lower()] == 1]
                self.leave_out([photo for photo in of_photo if photo not in single], TWO)
                self.leave_out(of_mask if not single else (), TWO)
                yield from ((key, photo, of_mask[0]) for photo in single)

    def add(
        self,
        photo: Path,
        *masks: Path,
        kind: str,
        sources: Iterable[str],
        split: str = "",
        reading: Reading = Reading.WHITE,
    ) -> None:
        """Claim a photo with its masks; photos that share one of the sources will share a group."""
        for path in (photo, *masks):
            self._open.pop(path, None)
        name = encodable(photo.relative_to(self.root).as_posix())
        mask, more = (masks[0], masks[1:]) if masks else (None, ())
        self._candidates.append(Sample(name, photo, mask, kind, "", split, reading, more))
        self._sources.append(tuple(sources) or (name,))

    def leave_out(self, paths: Iterable[Path], reason: str) -> None:
        """Claim files as left out."""
        for path in paths:
            self._open.pop(path, None)
            self._exclusions.append(Exclusion(path, reason))

    def proven(self) -> SampleSet:
        """Prove every pair, and list what no sample claimed.

        Raises
        ------
        DataError
            Not one usable photo, or no part of that name.
        """
        for path in list(self._open):
            self.leave_out([path], STRANGER if has_photo_suffix(path) else NO_PICTURE)
        groups = components(self._sources)
        grouped = [replace(sample, group=group) for sample, group in zip(self._candidates, groups, strict=True)]
        chosen = of_part(grouped, self._split, self.root)
        return proven(chosen, self._exclusions, self.root, self._expected)


def _is_shown(folder: Path) -> bool:
    return not folder.name.startswith(".")


def keyed(pattern: str, paths: Iterable[Path], of: Callable[[Path], str] = lambda path: path.stem) -> Keyed:
    """Sort those files whose stem (or other part) is of this pattern, in any case, by what its groups caught."""
    expression = re.compile(pattern, re.IGNORECASE)
    found: dict[str, list[Path]] = {}
    for path in paths:
        if match := expression.fullmatch(of(path)):
            found.setdefault("/".join(part for part in match.groups() if part).lower(), []).append(path)
    return found


def all_of(files: Keyed) -> list[Path]:
    """All files of a mapping."""
    return [path for paths in files.values() for path in paths]


def choice(wanted: str | None, known: Sequence[str], what: str = "masks") -> str:
    """Return the choice, or the first known value.

    Raises
    ------
    DataError
        It is not known.
    """
    if wanted is None:
        return known[0]
    if wanted not in known:
        raise DataError(f"no {what} {wanted!r}; this data set has {', '.join(known)}")
    return wanted


def of_part(samples: Sequence[Sample], split: str | None, root: Path) -> list[Sample]:
    """Keep the samples of one part and those that belong to none.

    Raises
    ------
    DataError
        There is no part of that name.
    """
    parts = sorted({sample.split for sample in samples} - {""})
    if split is not None and split not in parts:
        raise DataError(f"{root}: no split {split!r}; there are {', '.join(parts) if parts else 'none'}")
    return [sample for sample in samples if split is None or sample.split in ("", split)]


def _shown(path: Path) -> str:
    """Return a file's name for an error: a table may name what no disk could hold."""
    return printable(path.name)[:LONGEST_SHOWN]


def components(sources: Sequence[Sequence[str]]) -> list[str]:
    """Name the group of each of several photos, given the sources of each.

    Two photos are in one group if they share a source, or if others lead from one to the other. The group is named
    after its first source in the order of the alphabet.

    >>> components([("a", "b"), ("c",), ("b", "d"), ("d",)])
    ['a', 'c', 'a', 'a']
    """
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        path = [name]
        while leader.setdefault(path[-1], path[-1]) != path[-1]:
            path.append(leader[path[-1]])
        leader.update(dict.fromkeys(path, path[-1]))  # the next search is shorter
        return path[-1]

    for names in sources:
        found = sorted({first(name) for name in names})
        leader.update(dict.fromkeys(found, found[0]))
    return [first(names[0]) for names in sources]


def proven(samples: Sequence[Sample], exclusions: Iterable[Exclusion], root: Path, expected: str) -> SampleSet:
    """Prove pairs: every photo's header and every mask is read, each once however many samples share it.

    Raises
    ------
    DataError
        Not one sample is left.
    """
    shapes = {photo: _shape(photo) for photo in {sample.photo for sample in samples}}
    truths = {(sample.masks, sample.reading) for sample in samples if sample.masks}
    with ThreadPoolExecutor(DECODERS) as pool:
        marks = dict(zip(truths, pool.map(_marks, truths), strict=True))
    faults = [_fault(sample, shapes[sample.photo], marks) for sample in samples]
    good = [sample for sample, fault in zip(samples, faults, strict=True) if fault is None]
    unproven = [Exclusion(s.photo, fault, s.masks) for s, fault in zip(samples, faults, strict=True) if fault]
    left_out = tuple(sorted([*exclusions, *unproven], key=lambda exclusion: exclusion.path))
    if not good:
        reasons = "; ".join(f"{_shown(exclusion.path)}: {exclusion.reason}" for exclusion in left_out[:LISTED])
        raise DataError(
            f"{root}: not one usable photo among {len(left_out)} files ({reasons or 'none'}); expected {expected}"
        )
    shares = {}
    for sample in good:
        if isinstance(found := marks.get((sample.masks, sample.reading)), _Marks):
            shares[sample.name] = found.share
    return SampleSet(tuple(sorted(good, key=lambda sample: sample.name)), left_out, shares)


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the proof needs to know of a truth: its height and width, and the share that it marks."""

    shape: tuple[int, int]
    share: float


def _marks(truth: tuple[tuple[Path, ...], Reading]) -> _Marks | str:
    """Read a truth, or say what is wrong with it."""
    paths, reading = truth
    try:
        mask = load_masks(paths, None, reading)
    except DataError as error:
        found = str(error)
        for path in paths:
            found = found.removeprefix(f"{path}: ")
        return re.split(r"; | \(", found)[0]
    return _Marks((mask.shape[0], mask.shape[1]), float(mask.mean()))


def _shape(photo: Path) -> tuple[int, int] | None:
    try:
        return stored_shape(photo)
    except PhotoError:
        return None


def _fault(
    sample: Sample,
    shape: tuple[int, int] | None,
    marks: Mapping[tuple[tuple[Path, ...], Reading], _Marks | str],
) -> str | None:
    """Say what is wrong with a sample."""
    if (sample.mask is None) != (sample.kind == AUTHENTIC):
        return f"kind {sample.kind} {'without' if sample.mask is None else 'with'} a mask"
    if shape is None:
        return "photo that cannot be read"
    if sample.mask is None:
        return None
    found = marks[sample.masks, sample.reading]
    if isinstance(found, str):
        return found
    return None if found.shape == shape else wrong_size(found.shape, shape)
