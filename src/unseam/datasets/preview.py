"""A contact sheet of the paper's data preparation: photo, mask, boxes around its regions, and the windows cut there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.datasets.masks import load_mask
from unseam.datasets.sample import Sample, stored_shape
from unseam.datasets.windows import (
    MANIPULATED_SHARE,
    NEAR_SHARE,
    SLIDES,
    WINDOW_GRID,
    WINDOW_SIDE,
    Windows,
    WindowTable,
    region_boxes,
    window_table,
)
from unseam.drawing.contact_sheet import Tile, contact_sheet
from unseam.drawing.overlay import resized
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing

TILE = 300
"""Side of a tile in pixels."""

SHOWN, DRAWN = 12, 8
"""Photos of a sheet, and windows drawn from each."""

ACROSS, FRAME = 4, 5
"""Windows side by side in their tile, and width of the frame around each, in pixels."""

MANIPULATED, GENUINE = (230, 159, 0), (86, 180, 233)
"""Orange and sky blue of Okabe and Ito's palette, which the colour-blind tell apart."""

ENLARGED, SLID = (255, 255, 255), (130, 130, 130)
ORIGIN_GREY = 110
"""Of the place in a mask where a copy was taken from."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How windows are cut and labelled.

    Attributes
    ----------
    rule : float
        A window is manipulated if more than this share of its pixels is.
    near_share : float
        Share of the authentic windows that lie near a region.
    side, grid : int
        Window side and spacing of positions, in pixels.
    """

    rule: float = MANIPULATED_SHARE
    near_share: float = NEAR_SHARE
    side: int = WINDOW_SIDE
    grid: int = WINDOW_GRID

    def table(self, mask: NDArray[np.bool_]) -> WindowTable:
        """Sort the window positions of one photo, as training does."""
        return window_table(mask, side=self.side, grid=self.grid, rule=self.rule)


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What one split of a data set gives: photos, their groups, windows of each kind, photos too small for any."""

    photos: int
    groups: int
    manipulated: int
    near: int
    elsewhere: int
    without: int


def count_windows(samples: Iterable[Sample], cutting: Cutting | None = None) -> dict[str, SplitCounts]:
    """Count the window positions of each split of a data set, from its masks alone."""
    cutting = cutting or Cutting()
    counts: dict[str, Counter[str]] = {}
    groups: dict[str, set[str]] = {}
    for sample in samples:
        table = cutting.table(sample.truth(stored_shape(sample.photo)))
        found = {"manipulated": table.positives, "near": table.near, "elsewhere": table.far}
        counts.setdefault(sample.split, Counter()).update({name: len(cells) for name, cells in found.items()})
        counts[sample.split].update(photos=1, without=int(not len(table)))
        groups.setdefault(sample.split, set()).add(sample.group)
    return {split: SplitCounts(groups=len(groups[split]), **count) for split, count in counts.items()}


def write_preview(
    samples: Sequence[Sample],
    path: Path,
    *,
    title: str,
    cutting: Cutting | None = None,
    seed: int = 0,
    captions: Mapping[str, str] | None = None,
    origins: Mapping[str, Path] | None = None,
) -> None:
    """Write a contact sheet (PNG): a row per photo.

    Parameters
    ----------
    samples : sequence of Sample
        ``SHOWN`` of them are drawn, each kind in turn.
    path : Path
        The sheet.
    title : str
        One line above it.
    cutting : Cutting, optional
        How windows are cut and labelled.
    seed : int
        Of the windows.
    captions : mapping, optional
        Name of a sample -> what is known about it, a line or two.
    origins : mapping, optional
        Name of a sample -> mask of where its copy was taken from, drawn grey.

    Raises
    ------
    PhotoError, DataError
        A photo or mask cannot be read.
    """
    rng = np.random.default_rng(seed)
    captions, origins = captions or {}, origins or {}
    rows = [
        _row(sample, cutting or Cutting(), rng, captions.get(sample.name, sample.kind), origins.get(sample.name))
        for sample in chosen(samples)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        contact_sheet(rows, title=title, side=TILE).save(temporary, "PNG")


def chosen(samples: Sequence[Sample], count: int = SHOWN) -> list[Sample]:
    """Choose samples of every kind in turn, spread over the list."""
    kinds: dict[str, list[Sample]] = {}
    for sample in samples:
        kinds.setdefault(sample.kind, []).append(sample)
    share = -(-count // max(len(kinds), 1))
    spread = {
        kind: [of[i] for i in np.linspace(0, len(of) - 1, min(share, len(of))).round().astype(int)]
        for kind, of in kinds.items()
    }
    turns = [of[turn] for turn in range(share) for of in spread.values() if turn < len(of)]
    return turns[:count]


def _row(
    sample: Sample, cutting: Cutting, rng: np.random.Generator, caption: str, origin: Path | None
) -> tuple[Tile, Tile, Tile, Tile]:
    photo = load_photo(sample.photo)
    truth = sample.truth((photo.height, photo.width))
    windows = cutting.table(truth).draw(rng, DRAWN, near_share=cutting.near_share, distinct=True)
    order = np.argsort(~windows.labels, kind="stable")
    windows = Windows(windows.photos[order], windows.tops[order], windows.lefts[order], windows.labels[order])
    shares = [truth[cut].mean() for cut in _cuts(windows, cutting.side)]
    grey = truth.astype(np.uint8) * np.uint8(255)
    if origin is not None:
        grey[load_mask(origin, truth.shape) & ~truth] = ORIGIN_GREY
    boxes = region_boxes(truth, margin=cutting.side)
    share = f"{100 * truth.mean():.1f} % manipulated" if sample.mask else "authentic"
    regions = len(boxes) // len(SLIDES)
    return (
        Tile(_small(photo.pixels), f"{sample.name}\n{caption}"),
        Tile(_small(grey), share + ("" if origin is None else "; grey: copied from there")),
        Tile(
            _drawn(photo.pixels, boxes, windows, cutting.side),
            f"boxes of {regions} region{'' if regions == 1 else 's'}: enlarged white, slid grey",
        ),
        Tile(
            _mounted(photo.pixels, windows, cutting.side),
            f"windows: orange above {100 * cutting.rule:g} %, else blue\n"
            + " ".join(f"{100 * share:.0f}" for share in shares)
            + " %",
        ),
    )


def _cuts(windows: Windows, side: int) -> list[tuple[slice, slice]]:
    return [np.s_[y : y + side, x : x + side] for y, x in zip(windows.tops, windows.lefts, strict=True)]


def _small(pixels: Pixels) -> Pixels:
    """Bring a picture to the size of a tile, so that what is drawn on it keeps its width."""
    factor = TILE / max(pixels.shape[:2])
    height, width = (max(round(side * factor), 1) for side in pixels.shape[:2])
    return resized(pixels, height, width) if factor < 1 else pixels


def _drawn(pixels: Pixels, boxes: NDArray[np.intp], windows: Windows, side: int) -> Pixels:
    """Draw boxes and windows on a dimmed photo."""
    factor = TILE / max(pixels.shape[:2])
    height, width = (max(round(length * factor), 1) for length in pixels.shape[:2])
    picture = np.ascontiguousarray(resized(pixels, height, width) // 2)
    middle = len(SLIDES) // 2
    slid = [box for i, box in enumerate(boxes) if i % len(SLIDES) != middle]
    for box in slid:
        _rectangle(picture, box, factor, SLID, 1)
    for box in boxes[middle :: len(SLIDES)]:
        _rectangle(picture, box, factor, ENLARGED, 2)
    for top, left, label in zip(windows.tops, windows.lefts, windows.labels, strict=True):
        box = np.array([top, left, top + side, left + side])
        _rectangle(picture, box, factor, MANIPULATED if label else GENUINE, 2)
    return picture


def _rectangle(picture: Pixels, box: NDArray[np.intp], factor: float, colour: tuple[int, int, int], wide: int) -> None:
    top, left, bottom, right = (round(float(side) * factor) for side in box)
    cv2.rectangle(picture, (left, top), (max(right - 1, left), max(bottom - 1, top)), colour, wide)


def _mounted(pixels: Pixels, windows: Windows, side: int) -> Pixels:
    """Lay the windows side by side, each in a frame of its label's colour."""
    cell = side + 2 * FRAME
    rows = -(-max(len(windows), 1) // ACROSS)
    sheet = np.zeros((rows * cell, ACROSS * cell, 3), np.uint8)
    for index, (cut, label) in enumerate(zip(_cuts(windows, side), windows.labels, strict=True)):
        top, left = cell * (index // ACROSS), cell * (index % ACROSS)
        sheet[top : top + cell, left : left + cell] = MANIPULATED if label else GENUINE
        sheet[top + FRAME : top + FRAME + side, left + FRAME : left + FRAME + side] = pixels[cut]
    return sheet
