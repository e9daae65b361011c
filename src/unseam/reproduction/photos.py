"""Table 6 and Figures 3 and 5: whole photos of the test split, by the network and by the classical detectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample, stored_shape
from unseam.datasets.windows import WINDOW_GRID, WINDOW_SIDE
from unseam.drawing.contact_sheet import Tile, contact_sheet
from unseam.errors import DataError, UnseamError
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.contact_sheets import draw_contact_sheet
from unseam.evaluation.evaluate import measure_all
from unseam.evaluation.metrics import MEAN_AUC, MEAN_RING_AUC, POOLED_AUC, Metric
from unseam.evaluation.rows import Row, RowStore
from unseam.evaluation.tables import EvaluationTable, build_table
from unseam.method import Method
from unseam.methods import DETECTORS
from unseam.models.load import load_patch_model
from unseam.photo.photo import load_photo
from unseam.reproduction.paper import CLASSICAL, PAPER_NETWORK_AUC
from unseam.reproduction.results import Table
from unseam.system.atomic_files import replacing
from unseam.system.folder_lock import FolderLock

OURS = "J-Conv-LSTM-Conv"
"""The paper's network in the table of photos."""

SEAMS = 6
"""Pairs of windows in the picture of seams (Figure 3)."""

MIXED = (0.3, 0.7)
"""Manipulated share of a window that lies on a seam."""


def judge_photos(model: Path, test: Sequence[Sample], out: Path, *, workers: int) -> EvaluationTable:
    """Judge the test photos whole, by the network and by every classical detector.

    Rows are kept in ``out`` and resumed from; the pages of `unseam.evaluation.evaluate` are not written there.
    """
    methods: dict[str, Method] = {OURS: load_patch_model(model)}
    methods |= DETECTORS
    with FolderLock(out, DataError):
        store = RowStore(out)
        return build_table(measure_all(methods, test, store, workers=workers), store)


def photo_table(table: EvaluationTable, basis: str = "") -> Table:
    """Write Table 6: the paper's seven detectors and its network, then those that it does not have, then baselines."""
    order = [
        OURS,
        *CLASSICAL,
        *(name for name in table.methods if name not in (OURS, *CLASSICAL, *BASELINES)),
        *BASELINES,
    ]
    rows = tuple(_photo_row(table, name) for name in order if name in table.methods)
    header = (
        "method",
        "the paper's name",
        "pixel AUC, mean per photo",
        "ring AUC",
        "pixel AUC, pooled",
        "judged, of all test photos",
        "only photos it judged",
        "paper, NIST 2016",
    )
    note = (
        "Where a method is not applicable the photo counts with AUC 0.5; the last but one column leaves them out. "
        "The baselines (texture, centre) know nothing of forensics: a method must beat them. The paper "
        f"does not say how pixels of different photos are pooled. {_above(table)}"
    )
    title = "Table 6. AUC of the classical detectors and of the network, on the same whole photos"
    return Table(title, header, rows, note, basis)


def _above(table: EvaluationTable) -> str:
    """Name those of the paper's seven detectors that are above the network here."""
    values = {name: _found(table, name, MEAN_AUC).value or 0.0 for name in (OURS, *CLASSICAL)}
    above = [name for name in CLASSICAL if values[name] > values[OURS]]
    return f"By the mean per photo, of the paper's seven detectors {', '.join(above) or 'none'} lie above the network."


def _photo_row(table: EvaluationTable, name: str) -> tuple[str, ...]:
    known, published = CLASSICAL.get(name, ("", None))
    if name == OURS:
        known, published = "Our approach", PAPER_NETWORK_AUC
    cells = [_metric(_found(table, name, metric)) for metric in (MEAN_AUC, MEAN_RING_AUC, POOLED_AUC)]
    judged = f"{table.outcomes[name].get('judged', 0)} of {table.photos}"
    apart = _metric(_found(table, name, MEAN_AUC, "applicable"))
    label = f"{name} (baseline)" if name in BASELINES else name
    return (label, known, *cells, judged, apart, "" if published is None else f"{published:.4f}")


def _found(table: EvaluationTable, name: str, metric: str, coverage: str = "all") -> Metric:
    return next(found for found in table.metrics[coverage][name] if found.name == metric)  # type: ignore[index]


def _metric(metric: Metric) -> str:
    if metric.value is None:
        return "n/a"
    return f"{metric.value:.3f}" + ("" if metric.low is None else f" ({metric.low:.3f} to {metric.high:.3f})")


def draw_examples(model: Path, test: Sequence[Sample], rows: RowStore, path: Path) -> bool:
    """Draw Figure 5: photos on which the network was best, median and worst, with truth, heat and mask."""
    judged: list[Row] = [row for row in rows.finished.values() if row.method == OURS]
    return draw_contact_sheet(load_patch_model(model), OURS, judged, {sample.name: sample for sample in test}, path)


def draw_seams(test: Sequence[Sample], path: Path, seed: int = 0) -> bool:
    """Draw Figure 3: windows on a seam, enlarged, each next to an authentic window of the same photo.

    Returns
    -------
    bool
        False where no photo has both kinds of windows; nothing is written.
    """
    rng = np.random.default_rng(seed)
    pairs: list[list[Tile]] = []
    for index in rng.permutation(len(test)):
        if len(pairs) == SEAMS:
            break
        if pair := _pair(test[int(index)], rng):
            pairs.append(pair)
    if pairs:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet = contact_sheet(pairs, title="Windows of 64 x 64 pixels: on a seam, its truth, and authentic")
        with replacing(path) as temporary:
            sheet.save(temporary, "PNG")
    return bool(pairs)


def _pair(sample: Sample, rng: np.random.Generator) -> list[Tile]:
    if sample.mask is None or min(stored_shape(sample.photo)) < WINDOW_SIDE:
        return []
    try:
        photo = load_photo(sample.photo)
        truth = sample.truth((photo.height, photo.width))
    except UnseamError:  # the tables name it
        return []
    shares = _window_shares(truth)
    mixed, clean = np.argwhere((shares >= MIXED[0]) & (shares <= MIXED[1])), np.argwhere(shares == 0)
    if not (len(mixed) and len(clean)):
        return []
    seam, authentic = (_window(rng.choice(places)) for places in (mixed, clean))
    return [
        Tile(photo.pixels[seam], f"{sample.name}\non a seam"),
        Tile(truth[seam], "its truth"),
        Tile(photo.pixels[authentic], "authentic"),
    ]


def _window_shares(truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(truth, (WINDOW_SIDE, WINDOW_SIDE))[::WINDOW_GRID, ::WINDOW_GRID]
    return np.asarray(windows.mean(axis=(2, 3)), np.float64)


def _window(place: NDArray[np.int64]) -> tuple[slice, slice]:
    top, left = (int(step) * WINDOW_GRID for step in place)
    return slice(top, top + WINDOW_SIDE), slice(left, left + WINDOW_SIDE)
