"""Draw the parts of a plan that depend on settings alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unseam.forging.adjustments import STRENGTHS
from unseam.forging.config import ForgeConfig, Range
from unseam.forging.history import GRID, LOSSLESS, SUBSAMPLING, Compression, ProcessingHistory
from unseam.forging.rendering import NO_RENDERING, Rendering
from unseam.forging.rendering import STRENGTHS as RENDERING_STRENGTHS
from unseam.forging.sensor import DEMOSAICING, GAIN, MOSAICS, READ, Sensor
from unseam.forging.tiles import SIDES, Tiles
from unseam.jpeg.quantization import CameraTables, camera_tables
from unseam.provenance.signatures import editor_tables

DONOR_ADJUSTMENTS = ("blur", "sharpen", "noise", "gamma")

STEP_SHARE = 0.6
"""How often each step of a phone's rendering is made, where there is a rendering."""

TILE_QUALITY = (60, 92)
"""IJG quality of the earlier compression of tiles: coarse enough to leave gaps in the coefficients."""

ANEW_LOSSLESS_SHARE = 0.7
"""How often the tiles that are rendered anew have no earlier compression, rather than another one."""

FINE_SHARE, FINE_QUALITY = 0.7, (90, 98)
"""How often a frame with tiles is saved at a phone's quality, and the IJG qualities nearest to those."""

EDITOR_SUBSAMPLING = ("4:2:0", "4:4:4")
"""Photoshop subsamples at low qualities and not at high ones."""

ALIGNED_GRID_SHARE = 0.25
"""How often an earlier compression's grid begins where the crop does."""


def weighted(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draw a name by its weight."""
    values = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(values), p=values / values.sum()))]


def log_uniform(limits: Range, rng: np.random.Generator) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))


def draw_resampling(config: ForgeConfig, rng: np.random.Generator) -> tuple[float, float]:
    """Draw scale and angle of what is pasted; as often only scaled as also turned."""
    resample = rng.random() < config.resample_share
    scale, angle = log_uniform(config.scale, rng), float(rng.uniform(*config.angle)) * float(rng.choice([-1, 1]))
    if resample and rng.random() < 0.5:
        angle = 0.0
    return (scale, angle) if resample else (1.0, 0.0)


def drawn_adjustment(names: tuple[str, ...], share: float, rng: np.random.Generator) -> tuple[str, float]:
    """Draw an adjustment and its strength; ``none`` and 0 as often as ``share`` leaves."""
    if rng.random() >= share:
        return "none", 0.0
    name = names[int(rng.integers(len(names)))]
    return name, float(rng.uniform(*STRENGTHS[name]))


def draw_compression(
    quality: Range, camera_share: float, lossless_share: float, rng: np.random.Generator
) -> Compression:
    """Draw how pixels are saved."""
    chosen = int(rng.integers(int(quality[0]), int(quality[1]) + 1))
    camera, subsampling = int(rng.integers(len(camera_tables()))), SUBSAMPLING[int(rng.integers(3))]
    by_camera, lossless = rng.random() < camera_share, rng.random() < lossless_share
    if lossless:
        return LOSSLESS
    if by_camera:
        return Compression.by_tables(camera_tables()[camera], f"camera-{camera}")
    return Compression(quality=chosen, subsampling=subsampling)


def draw_saving(
    config: ForgeConfig, own: CameraTables | None, tiles: Tiles | None, rng: np.random.Generator
) -> Compression:
    """Draw how the edited frame is saved; ``own`` are the tables of the host's file.

    Frames with tiles are mostly saved as finely as phones export, or their histories would not show.
    """
    is_fine = rng.random() < FINE_SHARE and tiles is not None
    drawn = draw_compression(FINE_QUALITY if is_fine else config.quality, config.camera_share, config.png_share, rng)
    as_host = rng.random() < config.host_tables_share
    chosen, by_editor = int(rng.integers(len(editor_tables()))), rng.random() < config.editor_share
    subsampling = EDITOR_SUBSAMPLING[int(rng.integers(len(EDITOR_SUBSAMPLING)))]
    if drawn.lossless or is_fine:
        return drawn
    if as_host and own is not None:
        return Compression.by_tables(own, "host")
    _, luma, chroma = editor_tables()[chosen]
    by_tables = Compression.by_tables(CameraTables(luma, chroma, subsampling), f"editor-{chosen}")
    return by_tables if by_editor else drawn


def draw_history(config: ForgeConfig, rng: np.random.Generator, *, donor: bool) -> ProcessingHistory:
    """Draw what a host or donor went through."""
    name, strength = drawn_adjustment(DONOR_ADJUSTMENTS, config.donor_adjustment_share if donor else 0.0, rng)
    share = config.donor_history_share if donor else config.host_history_share
    compression = draw_compression(config.history_quality, config.history_camera_share, 1 - share, rng)
    shift = rng.integers(0, GRID, 2)
    if rng.random() < ALIGNED_GRID_SHARE:
        shift[:] = 0
    rendering, is_rendered = draw_rendering(rng), rng.random() < config.rendering_share
    return ProcessingHistory(
        compression, int(shift[0]), int(shift[1]), name, strength, rendering if is_rendered else NO_RENDERING
    )


def draw_rendering(rng: np.random.Generator) -> Rendering:
    """Draw a phone's rendering."""
    drawn = {name: float(rng.uniform(*limits)) for name, limits in RENDERING_STRENGTHS.items()}
    kept = rng.random(len(drawn)) < STEP_SHARE
    return Rendering(**{name: value * float(keep) for (name, value), keep in zip(drawn.items(), kept, strict=True)})


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """Draw a camera."""
    mosaic, demosaicing = (
        list(MOSAICS)[int(rng.integers(len(MOSAICS)))],
        DEMOSAICING[int(rng.integers(len(DEMOSAICING)))],
    )
    return Sensor(mosaic, demosaicing, float(rng.uniform(*GAIN)), float(rng.uniform(*READ)))


def draw_tiles(config: ForgeConfig, rng: np.random.Generator) -> Tiles | None:
    """Draw how the host's tiles differ; mostly None."""
    side = SIDES[int(rng.integers(len(SIDES)))]
    corner = rng.integers(0, side // GRID, 2) * GRID
    if rng.random() < 0.5:  # a whole export rather than a crop of one
        corner[:] = 0
    share = float(rng.uniform(0.2, 0.8))
    kept = draw_compression(TILE_QUALITY, config.history_camera_share, 0.0, rng)
    anew = draw_compression(TILE_QUALITY, config.history_camera_share, ANEW_LOSSLESS_SHARE, rng)
    rendering = draw_rendering(rng)
    if rng.random() >= config.tile_share:
        return None
    return Tiles(side, int(corner[0]), int(corner[1]), share, kept, anew, rendering)
