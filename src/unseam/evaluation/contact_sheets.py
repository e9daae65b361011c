"""Contact sheets: the photos on which a method was best, median and worst, next to truth, heat map and mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample
from unseam.drawing.contact_sheet import Tile, contact_sheet
from unseam.errors import UnseamError
from unseam.evaluation.degrade import ORIGINAL
from unseam.evaluation.rows import Row
from unseam.method import Heatmap, Method
from unseam.photo.photo import load_photo, upright
from unseam.system.atomic_files import replacing

OF_EACH = 2
"""Photos that are shown of the best, of the median and of the worst."""


def choose_rows(rows: Sequence[Row]) -> list[tuple[str, Row]]:
    """Choose best, median and worst forged photos by pixel AUC, each at most once.

    Parameters
    ----------
    rows : sequence of Row
        Of one method.

    Returns
    -------
    list of (str, Row)
        ``best``, ``median`` or ``worst``, with the row; best first.
    """
    known = [row for row in rows if row.condition == ORIGINAL and row.auc is not None]
    ranked = sorted(known, key=lambda row: (-(row.auc or 0), row.photo))
    middle = max((len(ranked) - OF_EACH) // 2, 0)
    parts = {"best": ranked[:OF_EACH], "median": ranked[middle : middle + OF_EACH], "worst": ranked[-OF_EACH:]}
    chosen: dict[str, tuple[str, Row]] = {}
    for title, found in parts.items():
        for row in found:
            chosen.setdefault(row.photo, (title, row))
    return list(chosen.values())


def draw_contact_sheet(
    method: Method, name: str, rows: Sequence[Row], samples: Mapping[str, Sample], path: Path
) -> bool:
    """Judge the chosen photos again and draw them in rows: photo with the truth's outline, truth, heat, mask.

    Parameters
    ----------
    method : Method
    name : str
        The method's name in the tables.
    rows : sequence of Row
        Its rows; those of photos that are not among the samples are left out.
    samples : mapping
        Sample of each photo, by name.
    path : Path
        Of the PNG file; its folder must exist.

    Returns
    -------
    bool
        False where the method judged no forged photo, or none again: nothing is written.
    """
    drawn = []
    for title, row in choose_rows([row for row in rows if row.photo in samples]):
        try:
            drawn.append(_tiles(method, title, row, samples[row.photo]))
        except UnseamError:  # the file changed or went since it was measured
            continue
    if drawn:
        sheet = contact_sheet(drawn, title=f"{name}: best, median and worst photos by pixel AUC; heat from 0 to 1")
        with replacing(path) as temporary:
            sheet.save(temporary, "PNG")
    return bool(drawn)


def _tiles(method: Method, title: str, row: Row, sample: Sample) -> list[Tile]:
    photo = load_photo(sample.photo)
    truth = sample.truth((photo.height, photo.width))
    found = method(photo)
    turned = photo.orientation
    marked = row.at_threshold.f1 if row.at_threshold else None
    return [
        Tile(upright(photo.pixels, turned), f"{row.photo}\n{title}: pixel AUC {row.auc:.3f}", upright(truth, turned)),
        Tile(upright(truth, turned), f"truth\n{100 * truth.mean():.1f} % manipulated"),
        Tile(upright(_colours(found.heat), turned), f"heat\n{_range(found)}"),
        Tile(upright(found.mask, turned), f"mask\n{100 * found.mask.mean():.1f} % marked, F1 {marked or 0:.3f}"),
    ]


def _colours(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour heat as reports do, from 0 to 1 whatever its range is: (H, W, 3) uint8 RGB."""
    index = np.rint(np.clip(heat, 0, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(index, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return np.asarray(colours, np.uint8).reshape(*heat.shape, 3)


def _range(heatmap: Heatmap) -> str:
    return f"from {heatmap.heat.min():.2f} to {heatmap.heat.max():.2f}"
