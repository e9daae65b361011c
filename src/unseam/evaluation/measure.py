"""One photo, several methods: from heat maps and a truth mask to finished rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample
from unseam.errors import NotApplicable, UnseamError
from unseam.evaluation.counts import Confusion, Counts, score_bins
from unseam.evaluation.degrade import ORIGINAL, Condition, degraded
from unseam.evaluation.rings import ring_auc
from unseam.evaluation.rows import Row, pack
from unseam.method import NO_EVIDENCE, Heatmap, Method
from unseam.photo.photo import Photo, load_photo

Measured = tuple[Row, bytes]
"""A row, and its packed score counts."""


def measure(
    sample: Sample,
    methods: Mapping[str, Method],
    keys: Mapping[str, str],
    condition: Condition = ORIGINAL,
    seed: int = 0,
) -> list[Measured]:
    """Load a photo once, degrade it, and measure each method on it.

    Parameters
    ----------
    sample : Sample
        The photo and its truth.
    methods, keys : mapping
        By the methods' names: what to run, and the key of each row.
    condition : Condition
        How the photo is degraded before.
    seed : int
        Of the degradation's noise.

    Returns
    -------
    list of (Row, bytes)
        One per method; a photo that cannot be used gives rows that say so, as does a method that cannot judge it.
    """
    blank = blank_rows(sample, methods, keys, condition)
    try:
        photo = load_photo(sample.photo)
        truth = sample.truth((photo.height, photo.width))
        photo, truth = degraded(photo, truth, condition, name=sample.name, seed=seed)
    except UnseamError as error:
        return [(replace(row, reason=str(error)), b"") for row in blank]
    sized = [replace(row, height=photo.height, width=photo.width, manipulated=int(truth.sum())) for row in blank]
    return [_judge(row, methods[row.method], photo, truth) for row in sized]


def blank_rows(
    sample: Sample, methods: Iterable[str], keys: Mapping[str, str], condition: Condition, reason: str = ""
) -> list[Row]:
    """Make the rows of a photo about which nothing is known yet: failed, until something is."""
    return [
        Row(keys[name], sample.name, sample.kind, sample.split, name, "failed", condition, reason) for name in methods
    ]


def _judge(row: Row, method: Method, photo: Photo, truth: NDArray[np.bool_]) -> Measured:
    start = time.perf_counter()
    try:
        heatmap = method(photo)
        if heatmap.heat.shape != truth.shape:
            raise ValueError(f"a map of shape {heatmap.heat.shape} for a photo of shape {truth.shape}")
        return _score(replace(row, outcome="judged", seconds=time.perf_counter() - start), heatmap, truth)
    except NotApplicable as reason:
        return replace(row, outcome="not applicable", reason=str(reason)), b""
    except UnseamError as error:
        return replace(row, reason=str(error)), b""
    except Exception as error:  # noqa: BLE001 - a bug in one method must not end the measurement of the others
        return replace(row, reason=f"{type(error).__name__}: {error}"), b""


def _score(row: Row, heatmap: Heatmap, truth: NDArray[np.bool_]) -> Measured:
    bins = score_bins(heatmap.heat)
    counts = Counts.of_bins(bins, truth)
    best = counts.best("f1")
    row = replace(
        row,
        auc=counts.auc(),
        ring_auc=ring_auc(bins, truth),
        average_precision=counts.average_precision(),
        at_threshold=Confusion.of(heatmap.mask, truth),
        # Strictly above: 0.5 is "no evidence".
        at_half=Confusion.of(heatmap.heat > NO_EVIDENCE, truth),
        at_oracle=best[1] if best else None,
        regions=len(heatmap.regions),
        score=heatmap.score,
        finding=heatmap.finding,
    )
    return row, pack(counts) if row.condition == ORIGINAL else b""
