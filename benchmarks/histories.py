"""Authentic photographs with a JPEG history, for detectors that say nothing of those without."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from traces import Pixels, compressed, resaved, shifted

from unseam.photo.photo import Photo, load_photo


def twice_on_one_grid(pixels: Pixels, rng: np.random.Generator) -> Photo:
    """Compress a whole picture twice on one grid."""
    first, last = int(rng.integers(55, 81)), int(rng.integers(90, 97))
    return load_photo(compressed(resaved(pixels, first), last))


def twice_on_two_grids(pixels: Pixels, rng: np.random.Generator) -> Photo:
    """Compress a whole picture twice on two grids, as cropping in between does."""
    first, last = int(rng.integers(50, 76)), int(rng.integers(92, 98))
    return load_photo(compressed(shifted(pixels, first, rng), last))


HISTORIES: Mapping[str, Callable[[Pixels, np.random.Generator], Photo]] = {
    "aligned-jpeg": twice_on_one_grid,
    "nonaligned-jpeg": twice_on_two_grids,
}
"""Name of the detector to the history that its constructed cases have, too (`traces`)."""
