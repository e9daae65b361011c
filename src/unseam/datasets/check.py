"""What ``unseam datasets check`` tells of a data set's folder: counts, what was left out, and a sheet to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample, SampleSet
from unseam.drawing.contact_sheet import TILE_SIDE, Tile, contact_sheet
from unseam.drawing.overlay import resized
from unseam.errors import PhotoError
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing
from unseam.system.text import printable

NAMED = 3
"""Files that are named for each reason, unless more are wanted."""

SHOWN, IN_A_ROW = 12, 3
"""Photos of the sheet, and how many stand side by side, each with its mask."""


def summary(found: SampleSet, root: Path, *, named: int = NAMED) -> str:
    """Count a data set's samples and what was left out, for people.

    Parameters
    ----------
    found : SampleSet
        What the adapter found.
    root : Path
        The data set's folder: paths are shown below it.
    named : int
        How many files to name for each reason.

    Returns
    -------
    str
        Lines.
    """
    groups = len({sample.group for sample in found.samples})
    kinds = Counter(sample.kind for sample in found.samples)
    lines = [f"{_counted(len(found.samples), 'photo')} in {_counted(groups, 'group')}: {_listed(kinds)}"]
    splits = Counter(sample.split or "all" for sample in found.samples)
    if set(splits) != {"all"}:
        lines.append(f"parts: {_listed(splits)}")
    if found.shares:
        lines.append(f"masks mark {_spread(list(found.shares.values()))} of their photos")
    lines.append(f"left out: {_counted(len(found.exclusions), 'file')}")
    return "\n".join([*lines, *_reasons(found, root, named)])


def _reasons(found: SampleSet, root: Path, named: int) -> Iterator[str]:
    for reason, count in found.exclusion_counts().items():
        paths = [exclusion.path for exclusion in found.exclusions if exclusion.reason == reason]
        names = [printable(path.relative_to(root) if path.is_relative_to(root) else path) for path in paths[:named]]
        more = [f"{count - named} more"] if 0 < named < count else []
        yield f"  {count:>5}  {reason}" + (f": {', '.join([*names, *more])}" if names else "")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _spread(shares: Sequence[float]) -> str:
    lowest, median, highest = (100 * float(np.quantile(shares, q)) for q in (0, 0.5, 1))
    return f"{lowest:.1f} to {highest:.1f} % (median {median:.1f}, mean {100 * float(np.mean(shares)):.1f})"


def write_preview(found: SampleSet, path: Path, *, title: str) -> None:
    """Write a contact sheet (PNG): photos with their truth outlined, each next to its mask.

    Parameters
    ----------
    found : SampleSet
        What the adapter found.
    path : Path
        The sheet.
    title : str
        One line above it.

    Notes
    -----
    The photos are spread evenly over the shares that their masks mark, from the lowest to the highest.
    """
    tiles = [_tiles(sample, found.shares[sample.name]) for sample in _chosen(found)]
    rows = [[tile for pair in tiles[start : start + IN_A_ROW] for tile in pair] for start in _starts(len(tiles))]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        contact_sheet(rows, title=title).save(temporary, "PNG")


def _starts(count: int) -> range:
    return range(0, count, IN_A_ROW)


def _chosen(found: SampleSet) -> list[Sample]:
    ranked = sorted((s for s in found.samples if s.name in found.shares), key=lambda s: (found.shares[s.name], s.name))
    places = np.linspace(0, len(ranked) - 1, min(SHOWN, len(ranked))).round().astype(int)
    return [ranked[place] for place in places]


def _tiles(sample: Sample, share: float) -> tuple[Tile, Tile]:
    caption = f"{sample.name}\n{sample.kind}, {100 * share:.1f} %"
    try:
        photo = load_photo(sample.photo)
    except PhotoError as error:
        blank = np.zeros((TILE_SIDE, TILE_SIDE), np.bool_)
        return Tile(blank, f"{sample.name}\n{error}"), Tile(blank)
    truth = sample.truth((photo.height, photo.width))
    pixels, mask = _reduced(photo.pixels), _reduced(truth.astype(np.uint8) * np.uint8(255)) >= 128
    return Tile(pixels, caption, mask), Tile(mask, Path(sample.masks[0]).name)


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a picture near to a tile's size at once, so that a sheet of large photos needs no memory for them."""
    height, width = pixels.shape[:2]
    factor = 2 * TILE_SIDE / max(height, width)
    return pixels if factor >= 1 else resized(pixels, max(round(height * factor), 1), max(round(width * factor), 1))
