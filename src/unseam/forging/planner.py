"""Draw everything that is random about one forgery, before any pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseam.errors import DataError
from unseam.forging.config import ForgeConfig, Range
from unseam.forging.decoration import draw_decoration
from unseam.forging.draws import (
    draw_history,
    draw_resampling,
    draw_saving,
    draw_sensor,
    draw_tiles,
    drawn_adjustment,
    log_uniform,
    weighted,
)
from unseam.forging.finish import Finish
from unseam.forging.history import GRID, LOSSLESS, ProcessingHistory
from unseam.forging.laundering import draw_copies, limited, total_scale
from unseam.forging.plan import FILLS, INPAINTED, Crop, Panel, Plan
from unseam.forging.sources import ObjectBox, Source

MIN_INSIDE_SHARE = 0.5
"""Share of an object's box that must lie in the crop for it to be removed; one to be copied lies there whole."""

FINAL_ADJUSTMENTS = ("blur", "noise", "gamma", "resize")

HOST_WEIGHT = (0.25e6, 4.0)
"""A photograph is a host as often as the square root of how many frames of 0.25 megapixel it holds, at most 4."""

MAX_SCALE = 3.0
"""No object is enlarged more than this to reach the smallest area."""

TRACELESS_REDUCTION = (3.0, 6.0)
"""A JPEG file reduced by this much has lost its compression history: 8 x 8 blocks become smaller than 3 x 3."""

WHOLE_SIDE = (1024.0, 4608.0)
"""Longest side of the photograph that a frame of ``sides`` stands for when it is laundered: web photo to camera."""

FILE_GRID = 16
"""Grid on which a crop keeps luma and subsampled chroma blocks where they were, in pixels."""

SENSOR_SHARE = 0.75
"""How often the two photographs of a frame without compression are taken anew by two cameras."""


@dataclass(frozen=True, slots=True)
class _Material:
    """What a splice is made of: donor (-1: none), object, how much the donor is reduced."""

    donor: int = -1
    object: ObjectBox | None = None
    reduction: float = 1.0


class Planner:
    """Draws plans from a list of photographs; the plan of an index does not depend on the others."""

    def __init__(self, sources: Sequence[Source], config: ForgeConfig, seed: int) -> None:
        self.sources = sources
        self.config = config
        self.seed = seed
        self.weight = _host_weights(sources, config)
        self.peers = {s.split: [i for i, p in enumerate(sources) if p.split == s.split] for s in sources}
        self.traceless = np.array([self._traceless_range(source) is not None for source in sources])

    def plan(self, index: int) -> Plan:
        """Draw the plan of one index."""
        rng, config = np.random.default_rng(np.random.SeedSequence([self.seed, index])), self.config
        host, two_cameras = self._host(rng)
        source = self.sources[host]
        kind, seam = weighted(config.kinds, rng), weighted(config.seams, rng)
        history = self._history(rng, two_cameras, donor=False)
        crop, finish = self._frame(source, history, two_cameras, rng)
        material = self._material(host, kind, two_cameras, rng)
        if kind == "splice" and material.donor < 0:  # the only photograph of its split
            kind = "copy-move"
        fill = weighted(FILLS, rng)
        if kind == "removal":
            seam = "hard" if fill in INPAINTED else "feather" if seam == "matte" else seam
        scale, angle = (1.0, 0.0) if two_cameras else draw_resampling(config, rng)
        limits = self._limits(kind, fill, two_cameras)
        area = log_uniform(limits, rng)
        if kind in ("copy-move", "removal"):
            grown = 1.0 if kind == "removal" else scale**2
            own = self._own_object(source, crop, history, (limits[0] / grown, limits[1] / grown), kind, rng)
            material = _Material(object=own)
            area = area if own is None else own.area * grown / (crop.height * crop.width)
        elif material.object is not None:
            scale = _fitting(scale, material.object.area, area, crop, config.area)
            area = material.object.area * scale**2 / (crop.height * crop.width)
        return Plan(
            index=index,
            split=source.split,
            kind=kind,
            host=host,
            crop=crop,
            history=history,
            tiles=None if two_cameras else draw_tiles(config, rng),
            donor=material.donor,
            donor_history=self._history(rng, two_cameras, donor=True),
            donor_reduction=material.reduction,
            two_cameras=two_cameras,
            shape=_shape(material, rng),
            area=area,
            scale=scale,
            angle=angle,
            flip=bool(rng.random() < config.flip_share),
            tone=bool(rng.random() < config.tone_share),
            fill=fill,
            seam=seam,
            seam_width=float(rng.uniform(*config.seam_width)),
            min_area=config.area[0],
            finish=finish,
            seed=(self.seed, index),
            object=material.object,
            panel=self._panel(host, finish, rng),
        )

    def _host(self, rng: np.random.Generator) -> tuple[int, bool]:
        """Draw a host, and whether the frame is one of two cameras without any compression."""
        two_cameras = rng.random() < self.config.two_camera_share
        weight = self.weight * self.traceless if two_cameras else self.weight
        if weight.sum() == 0:
            two_cameras, weight = False, self.weight
        return int(rng.choice(len(self.sources), p=weight / weight.sum())), two_cameras

    def _history(self, rng: np.random.Generator, two_cameras: bool, *, donor: bool) -> ProcessingHistory:
        drawn = draw_history(self.config, rng, donor=donor)
        sensor = draw_sensor(rng)
        with_sensor = rng.random() < SENSOR_SHARE
        if not two_cameras:
            return drawn
        return replace(drawn, compression=LOSSLESS, sensor=sensor if with_sensor else None)

    def _limits(self, kind: str, fill: str, two_cameras: bool) -> Range:
        """Return the allowed share of the frame."""
        if kind == "removal" and fill in INPAINTED:
            return self.config.inpaint_area
        return self.config.two_camera_area if two_cameras and kind == "splice" else self.config.area

    def _frame(
        self, source: Source, history: ProcessingHistory, two_cameras: bool, rng: np.random.Generator
    ) -> tuple[Crop, Finish]:
        """Draw the host's window and what the frame goes through in the end."""
        is_laundered = rng.random() < self.config.laundered_share
        if self.config.megapixels is None:
            copies = draw_copies(log_uniform(WHOLE_SIDE, rng), rng) if is_laundered else ()
            crop = self._crop(source, history, two_cameras, total_scale(copies), rng)
        else:
            crop = self._crop(source, history, two_cameras, 1.0, rng)
            copies = draw_copies(max(crop.height, crop.width), rng) if is_laundered else ()
        copies = limited(copies, min(crop.height, crop.width))
        adjustment, strength = drawn_adjustment(FINAL_ADJUSTMENTS, self.config.adjustment_share, rng)
        decoration, is_decorated = draw_decoration(rng), rng.random() < self.config.decoration_share
        saving = draw_saving(self.config, source.tables, rng)
        if two_cameras:
            return crop, Finish("none", 0.0, None, LOSSLESS, copies)
        return crop, Finish(adjustment, strength, decoration if is_decorated else None, saving, copies)

    def _material(self, host: int, kind: str, two_cameras: bool, rng: np.random.Generator) -> _Material:
        """Draw another photograph of the host's split, and an object of it if the splice is to be one."""
        own = self.sources[host]
        others = [i for i in self.peers[own.split] if self.sources[i].original != own.original]
        if two_cameras:
            others = [i for i in others if self.traceless[i]]
        if kind != "splice" or not others:
            return _Material()
        holders = [] if two_cameras else [i for i in others if self.sources[i].objects]
        if holders and rng.random() < self.config.object_share:
            donor = int(rng.choice(holders))
            objects = self.sources[donor].objects
            return _Material(donor, objects[int(rng.integers(len(objects)))])
        donor = int(rng.choice(others))
        return _Material(donor, None, self._reduction(self.sources[donor], two_cameras, rng))

    def _own_object(
        self,
        source: Source,
        crop: Crop,
        history: ProcessingHistory,
        limits: Range,
        kind: str,
        rng: np.random.Generator,
    ) -> ObjectBox | None:
        """Draw an object of the host that lies inside the crop, or much of it, and has an allowed area; often None."""
        if crop.reduction != 1 or rng.random() >= self.config.object_share / 2:
            return None
        min_share = MIN_INSIDE_SHARE if kind == "removal" else 1.0
        top, left = crop.top + history.shift_row, crop.left + history.shift_column
        frame, inside = crop.height * crop.width, []
        for box in source.objects:
            rows = min(box.bottom, top + crop.height) - max(box.top, top)
            columns = min(box.right, left + crop.width) - max(box.left, left)
            share = max(rows, 0) * max(columns, 0) / ((box.bottom - box.top) * (box.right - box.left))
            if share >= min_share and limits[0] <= share * box.area / frame <= limits[1]:
                inside.append(box)
        return inside[int(rng.integers(len(inside)))] if inside else None

    def _traceless_range(self, source: Source) -> Range | None:
        """Return by how much a photograph may be reduced to be free of JPEG traces; None if it is too small."""
        room = min(source.height, source.width) / (self.config.sides[0] + GRID)
        if source.is_jpeg:
            return (TRACELESS_REDUCTION[0], min(room, TRACELESS_REDUCTION[1])) if room >= 3 else None
        return (1.0, max(1.0, min(room, self.config.max_reduction)))

    def _reduction(self, source: Source, two_cameras: bool, rng: np.random.Generator) -> float:
        """Draw how much a photograph is reduced before it is cropped: never below the largest crop."""
        traceless = self._traceless_range(source) if two_cameras else None
        if traceless is not None:
            return log_uniform(traceless, rng)
        smallest = self.config.sides[1] + GRID
        limit = min(self.config.max_reduction, min(source.height, source.width) / smallest)
        if self.config.megapixels is not None:
            limit = min(limit, float(np.sqrt(source.height * source.width / (self.config.megapixels[0] * 1e6))))
        if limit <= 1 or rng.random() < self.config.native_share:
            return 1.0
        return log_uniform((1.0, limit), rng)

    def _crop(
        self, source: Source, history: ProcessingHistory, two_cameras: bool, scale: float, rng: np.random.Generator
    ) -> Crop:
        """Draw the host's window, enlarged as much as laundering by ``scale`` reduces the frame afterwards."""
        reduction = self._reduction(source, two_cameras, rng)
        room = [int(side / reduction) - GRID for side in (source.height, source.width)]
        height, width = (min(side, r) for side, r in zip(self._size(room, scale, rng), room, strict=True))
        top, left = int(rng.integers(room[0] - height + 1)), int(rng.integers(room[1] - width + 1))
        aligned = rng.random() < self.config.aligned_share
        if aligned and reduction == 1:
            shift = (0, 0) if not history.compression.lossless else (history.shift_row, history.shift_column)
            last = room[0] - height, room[1] - width
            top, left = (_aligned(*corner) for corner in zip((top, left), shift, last, strict=True))
        return Crop(reduction, top, left, height, width)

    def _size(self, room: Sequence[int], scale: float, rng: np.random.Generator) -> tuple[int, int]:
        """Draw height and width of a window in a photograph with this room."""
        low, high = (int(side) for side in self.config.sides)
        sides = rng.integers(low, high + 1, 2)
        if self.config.megapixels is None:
            return round(int(sides[0]) / scale), round(int(sides[1]) / scale)
        whole = room[0] * room[1] / 1e6
        smallest, largest = self.config.megapixels
        share = rng.uniform(min(smallest, whole), min(largest, whole)) / whole
        return int(room[0] * np.sqrt(share)), int(room[1] * np.sqrt(share))

    def _panel(self, host: int, finish: Finish, rng: np.random.Generator) -> Panel | None:
        """Draw the second photograph of a collage."""
        if finish.decoration is None or finish.decoration.kind != "collage":
            return None
        own = self.sources[host]
        others = [i for i in self.peers[own.split] if self.sources[i].original != own.original]
        if not others:
            return None
        chosen = int(rng.choice(others))
        history = draw_history(self.config, rng, donor=True)
        return Panel(chosen, self._crop(self.sources[chosen], history, False, 1.0, rng), history)


def _host_weights(sources: Sequence[Source], config: ForgeConfig) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
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


def _aligned(corner: int, shift: int, last: int) -> int:
    """Move a corner so that ``corner + shift`` lies on the file's grid, if there is room for it."""
    moved = (corner + shift) // FILE_GRID * FILE_GRID - shift
    moved += FILE_GRID * (moved < 0)
    return moved if moved <= last else corner


def _shape(material: _Material, rng: np.random.Generator) -> str:
    drawn = str(rng.choice(["blob", "polygon"], p=[0.75, 0.25]))
    return "object" if material.object is not None else drawn


def _fitting(scale: float, pixels: int, area: float, crop: Crop, limits: Range) -> float:
    """Return the scale that keeps an object inside the allowed areas, near the drawn scale; 1 stays 1 if it may."""
    frame = crop.height * crop.width
    if scale != 1:
        scale = float(np.sqrt(scale * np.sqrt(area * frame / pixels)))
    low, high = (float(np.sqrt(limit * frame / pixels)) for limit in limits)
    return min(float(np.clip(scale, low, high)), MAX_SCALE)
