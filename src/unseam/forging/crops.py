"""Draw the windows that frames are cut from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseam.errors import DataError
from unseam.forging.config import ForgeConfig, Range
from unseam.forging.draws import log_uniform
from unseam.forging.history import GRID, ProcessingHistory
from unseam.forging.plan import Crop
from unseam.forging.sources import Source

HOST_WEIGHT = (0.25e6, 4.0)
"""A photograph is a host as often as the square root of how many frames of 0.25 megapixel it holds, at most 4."""

TRACELESS_REDUCTION = (3.0, 6.0)
"""A JPEG file reduced by this much has lost its compression history: 8 x 8 blocks become smaller than 3 x 3."""

FILE_GRID = 16
"""Grid on which a crop keeps luma and subsampled chroma blocks where they were, in pixels."""


def host_weights(sources: Sequence[Source], config: ForgeConfig) -> NDArray[np.float64]:
    """Return how often each photograph is a host, relative to the sum; 0 where it is smaller than the frames."""
    frame, highest = HOST_WEIGHT
    sizes = np.array([source.height * source.width for source in sources], np.float64)
    weight = np.clip(np.sqrt(sizes / frame), 1.0, highest)
    if config.megapixels is None:
        return np.asarray(weight)
    large = sizes >= config.megapixels[0] * 1e6
    if not large.any():
        raise DataError(
            f"the largest of {len(sources)} photographs has {sizes.max() / 1e6:.1f} megapixels; expected at least "
            f"{config.megapixels[0]:g} for this preset: add larger photographs or choose another preset"
        )
    return np.asarray(weight * large)


def traceless_range(source: Source, config: ForgeConfig) -> Range | None:
    """Return by how much a photograph may be reduced to be free of JPEG traces; None if it is too small."""
    room = min(source.height, source.width) / (config.sides[0] + GRID)
    smallest, largest = TRACELESS_REDUCTION
    if source.is_jpeg:
        return (smallest, min(room, largest)) if room >= smallest else None
    return (1.0, max(1.0, min(room, config.max_reduction)))


def draw_reduction(
    source: Source, config: ForgeConfig, rng: np.random.Generator, *, two_cameras: bool = False
) -> float:
    """Draw how much a photograph is reduced before it is cropped: never below the largest crop."""
    traceless = traceless_range(source, config) if two_cameras else None
    if traceless is not None:
        return log_uniform(traceless, rng)
    limit = min(config.max_reduction, min(source.height, source.width) / (config.sides[1] + GRID))
    if config.megapixels is not None:
        limit = min(limit, float(np.sqrt(source.height * source.width / (config.megapixels[0] * 1e6))))
    if limit <= 1 or rng.random() < config.native_share:
        return 1.0
    return log_uniform((1.0, limit), rng)


def draw_crop(
    source: Source,
    history: ProcessingHistory,
    config: ForgeConfig,
    rng: np.random.Generator,
    *,
    two_cameras: bool = False,
    scale: float = 1.0,
) -> Crop:
    """Draw a window, larger by as much as laundering by ``scale`` reduces the frame afterwards."""
    reduction = draw_reduction(source, config, rng, two_cameras=two_cameras)
    room = [int(side / reduction) - GRID for side in (source.height, source.width)]
    height, width = (min(side, r) for side, r in zip(_size(room, config, scale, rng), room, strict=True))
    top, left = int(rng.integers(room[0] - height + 1)), int(rng.integers(room[1] - width + 1))
    aligned = rng.random() < config.aligned_share
    if aligned and reduction == 1:
        shift = (0, 0) if not history.compression.lossless else (history.shift_row, history.shift_column)
        last = room[0] - height, room[1] - width
        top, left = (_aligned(*corner) for corner in zip((top, left), shift, last, strict=True))
    return Crop(reduction, top, left, height, width)


def _size(room: Sequence[int], config: ForgeConfig, scale: float, rng: np.random.Generator) -> tuple[int, int]:
    """Draw height and width of a window in a photograph with this room."""
    sides = rng.integers(int(config.sides[0]), int(config.sides[1]) + 1, 2)
    if config.megapixels is None:
        return round(int(sides[0]) / scale), round(int(sides[1]) / scale)
    whole = room[0] * room[1] / 1e6
    smallest, largest = config.megapixels
    share = rng.uniform(min(smallest, whole), min(largest, whole)) / whole
    return int(room[0] * np.sqrt(share)), int(room[1] * np.sqrt(share))


def _aligned(corner: int, shift: int, last: int) -> int:
    """Move a corner so that ``corner + shift`` lies on the file's grid, if there is room for it."""
    moved = (corner + shift) // FILE_GRID * FILE_GRID - shift
    moved += FILE_GRID * (moved < 0)
    return moved if moved <= last else corner
