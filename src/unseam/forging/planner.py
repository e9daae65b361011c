"""Draw everything that is random about one forgery, before any pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseam.forging.config import ForgeConfig, Range
from unseam.forging.crops import draw_crop, draw_reduction, host_weights, traceless_range
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
from unseam.forging.history import LOSSLESS, ProcessingHistory
from unseam.forging.laundering import draw_copies, limited, total_scale
from unseam.forging.plan import FILLS, INPAINTED, Crop, Panel, Plan
from unseam.forging.sources import ObjectBox, Source
from unseam.forging.tiles import Tiles

MIN_INSIDE_SHARE = 0.5
"""Share of an object's box that must lie in the crop for it to be removed; one to be copied lies there whole."""

FINAL_ADJUSTMENTS = ("blur", "noise", "gamma", "resize")

MAX_SCALE = 3.0
"""No object is enlarged more than this to reach the smallest area."""

WHOLE_SIDE = (1024.0, 4608.0)
"""Longest side of the photograph that a frame of ``sides`` stands for when it is laundered: web photo to camera."""

SENSOR_SHARE = 0.75
"""How often the two photographs of a frame without compression are taken anew by two cameras."""


@dataclass(frozen=True, slots=True)
class _View:
    """The host: its number, the photograph, its window and history, and whether the frame is one of two cameras."""

    host: int
    source: Source
    crop: Crop
    history: ProcessingHistory
    two_cameras: bool

    @property
    def frame(self) -> int:
        """Pixels of the frame before laundering."""
        return self.crop.height * self.crop.width


@dataclass(frozen=True, slots=True)
class _Material:
    """What a splice is made of: donor (-1: none), object, how much the donor is reduced."""

    donor: int = -1
    object: ObjectBox | None = None
    reduction: float = 1.0


@dataclass(frozen=True, slots=True)
class _Edit:
    """Kind, material, geometry and seam of an edit, as in `Plan`."""

    kind: str
    fill: str
    seam: str
    material: _Material
    area: float
    scale: float
    angle: float


class Planner:
    """Draws plans from a list of photographs; the plan of an index does not depend on the others."""

    def __init__(self, sources: Sequence[Source], config: ForgeConfig, seed: int) -> None:
        self.sources = sources
        self.config = config
        self.seed = seed
        self.weight = host_weights(sources, config)
        self.peers = {s.split: [i for i, p in enumerate(sources) if p.split == s.split] for s in sources}
        self.traceless = np.array([traceless_range(source, config) is not None for source in sources])

    def plan(self, index: int) -> Plan:
        """Draw the plan of one index."""
        rng, config = np.random.default_rng(np.random.SeedSequence([self.seed, index])), self.config
        host, two_cameras = self._host(rng)
        kind = weighted(config.kinds, rng)
        tiles = None if two_cameras else draw_tiles(config, rng)
        view, finish = self._frame(host, two_cameras, tiles, rng)
        edit = self._edit(kind, view, rng)
        return Plan(
            index=index,
            split=view.source.split,
            kind=edit.kind,
            host=host,
            crop=view.crop,
            history=view.history,
            tiles=tiles,
            donor=edit.material.donor,
            donor_history=self._history(rng, two_cameras, donor=True),
            donor_reduction=edit.material.reduction,
            two_cameras=two_cameras,
            shape=_shape(edit.material, rng),
            area=edit.area,
            scale=edit.scale,
            angle=edit.angle,
            flip=bool(rng.random() < config.flip_share),
            tone=bool(rng.random() < config.tone_share),
            fill=edit.fill,
            seam=edit.seam,
            seam_width=float(rng.uniform(*config.seam_width)),
            min_area=config.area[0],
            finish=finish,
            seed=(self.seed, index),
            object=edit.material.object,
            panel=self._panel(host, finish, rng),
        )

    def _edit(self, kind: str, view: _View, rng: np.random.Generator) -> _Edit:
        """Draw the edit of a frame."""
        seam, fill = weighted(self.config.seams, rng), weighted(FILLS, rng)
        material = self._material(kind, view, rng)
        if kind == "splice" and material.donor < 0:  # the only photograph of its split
            kind = "copy-move"
        if kind == "removal":
            seam = "hard" if fill in INPAINTED else "feather" if seam == "matte" else seam
        scale, angle = (1.0, 0.0) if view.two_cameras else draw_resampling(self.config, rng)
        limits = self._limits(kind, fill, view.two_cameras)
        area = log_uniform(limits, rng)
        if kind in ("copy-move", "removal"):
            grown = 1.0 if kind == "removal" else scale**2
            own = self._own_object(view, (limits[0] / grown, limits[1] / grown), kind, rng)
            material = _Material(object=own)
            area = area if own is None else own.area * grown / view.frame
        elif material.object is not None:
            scale = _fitting(scale, material.object.area, area, view.frame, self.config.area)
            area = material.object.area * scale**2 / view.frame
        return _Edit(kind, fill, seam, material, area, scale, angle)

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
        self, host: int, two_cameras: bool, tiles: Tiles | None, rng: np.random.Generator
    ) -> tuple[_View, Finish]:
        """Draw the host's window and history, and what the frame goes through in the end."""
        config, source = self.config, self.sources[host]
        history = self._history(rng, two_cameras, donor=False)
        is_laundered = rng.random() < config.laundered_share
        if config.megapixels is None:
            copies = draw_copies(log_uniform(WHOLE_SIDE, rng), rng) if is_laundered else ()
            crop = draw_crop(source, history, config, rng, two_cameras=two_cameras, scale=total_scale(copies))
        else:
            crop = draw_crop(source, history, config, rng, two_cameras=two_cameras)
            copies = draw_copies(max(crop.height, crop.width), rng) if is_laundered else ()
        copies = limited(copies, min(crop.height, crop.width))
        adjustment, strength = drawn_adjustment(FINAL_ADJUSTMENTS, config.adjustment_share, rng)
        decoration, is_decorated = draw_decoration(rng), rng.random() < config.decoration_share
        saving = draw_saving(config, source.tables, tiles, rng)
        view = _View(host, source, crop, history, two_cameras)
        if two_cameras:
            return view, Finish("none", 0.0, None, LOSSLESS, copies)
        return view, Finish(adjustment, strength, decoration if is_decorated else None, saving, copies)

    def _material(self, kind: str, view: _View, rng: np.random.Generator) -> _Material:
        """Draw another photograph of the host's split, and an object of it if the splice is to be one."""
        own, two_cameras = view.source, view.two_cameras
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
        return _Material(donor, None, draw_reduction(self.sources[donor], self.config, rng, two_cameras=two_cameras))

    def _own_object(self, view: _View, limits: Range, kind: str, rng: np.random.Generator) -> ObjectBox | None:
        """Draw an object of the host that lies inside the crop, or much of it, and has an allowed area; often None."""
        crop, history = view.crop, view.history
        if crop.reduction != 1 or rng.random() >= self.config.object_share / 2:
            return None
        min_share = MIN_INSIDE_SHARE if kind == "removal" else 1.0
        top, left = crop.top + history.shift_row, crop.left + history.shift_column
        inside = []
        for box in view.source.objects:
            rows = min(box.bottom, top + crop.height) - max(box.top, top)
            columns = min(box.right, left + crop.width) - max(box.left, left)
            share = max(rows, 0) * max(columns, 0) / ((box.bottom - box.top) * (box.right - box.left))
            if share >= min_share and limits[0] <= share * box.area / view.frame <= limits[1]:
                inside.append(box)
        return inside[int(rng.integers(len(inside)))] if inside else None

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
        return Panel(chosen, draw_crop(self.sources[chosen], history, self.config, rng), history)


def _shape(material: _Material, rng: np.random.Generator) -> str:
    drawn = str(rng.choice(["blob", "polygon"], p=[0.75, 0.25]))
    return "object" if material.object is not None else drawn


def _fitting(scale: float, pixels: int, area: float, frame: int, limits: Range) -> float:
    """Return the scale that keeps an object inside the allowed areas, near the drawn scale; 1 stays 1 if it may."""
    if scale != 1:
        scale = float(np.sqrt(scale * np.sqrt(area * frame / pixels)))
    low, high = (float(np.sqrt(limit * frame / pixels)) for limit in limits)
    return min(float(np.clip(scale, low, high)), MAX_SCALE)
