"""Draw everything that is random about one forgery, before any pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unseam.forging.config import ForgeConfig, Range
from unseam.forging.history import GRID, LOSSLESS, STRENGTHS, SUBSAMPLING, Compression, Past
from unseam.forging.sources import ObjectBox, Source
from unseam.jpeg.quantization import camera_tables

INPAINTED = ("telea", "navier-stokes")
FILLS = (*INPAINTED, "exemplar", "clone")
"""How a removal is filled: OpenCV's two, which are slow and blur; patch by patch; by one nearby area."""

INSIDE_SHARE = 0.5
"""Least share of an object's box that must lie in the crop for it to be removed; one to be copied lies there whole."""

PASTE_TOUCHES = ("blur", "sharpen", "noise", "gamma")
AFTER_TOUCHES = ("blur", "noise", "gamma", "resize")

HOST_WEIGHT = (0.25e6, 4.0)
"""A photograph is a host as often as the square root of how many frames of 0.25 megapixel it holds, at most 4."""

SCALE_LIMIT = 3.0
"""No object is enlarged more than this to reach the smallest area."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A window of a reduced photograph: corner and size in pixels after the reduction."""

    reduction: float
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One forgery to be made. ``host`` and ``donor`` count the photographs (donor -1: none).

    ``object`` is the donor's in a splice and the host's own in the other kinds; None where a random shape is used.
    ``least`` is the share of the frame that the edit must not fall below.
    """

    index: int
    split: str
    kind: str
    host: int
    crop: Crop
    past: Past
    donor: int
    donor_past: Past
    donor_reduction: float
    shape: str
    area: float
    scale: float
    angle: float
    flip: bool
    tone: bool
    fill: str
    seam: str
    seam_width: float
    least: float
    after: Past
    seed: tuple[int, int]
    object: ObjectBox | None = None


class Planner:
    """Draws plans from a list of photographs; the plan of an index does not depend on the others."""

    def __init__(self, sources: Sequence[Source], config: ForgeConfig, seed: int) -> None:
        self.sources = sources
        self.config = config
        self.seed = seed
        frame, most = HOST_WEIGHT
        weight = np.array([np.clip(np.sqrt(s.height * s.width / frame), 1.0, most) for s in sources])
        self.weight = weight / weight.sum()
        self.peers = {s.split: [i for i, p in enumerate(sources) if p.split == s.split] for s in sources}

    def plan(self, index: int) -> Plan:
        """Draw the plan of one index."""
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, index]))
        config = self.config
        host = int(rng.choice(len(self.sources), p=self.weight))
        source = self.sources[host]
        kind, seam = _weighted(config.kinds, rng), _weighted(config.seams, rng)
        crop = self._crop(source, rng)
        past, after = _past(config, rng, touch=False), _after(config, rng)
        donor, cut = self._donor(host, kind, rng)
        if donor < 0 and kind == "splice":  # the only photograph on its side of the split
            kind = "copy-move"
        fill = FILLS[int(rng.integers(len(FILLS)))]
        slow = kind == "removal" and fill in INPAINTED
        if kind == "removal":
            seam = "hard" if slow else "feather" if seam == "matte" else seam
        area = _log_uniform(config.inpaint_area if slow else config.area, rng)
        scale, angle = _resampling(config, rng)
        if kind in ("copy-move", "removal"):
            limits, grown = config.inpaint_area if slow else config.area, 1.0 if kind == "removal" else scale**2
            share = INSIDE_SHARE if kind == "removal" else 1.0
            cut = self._own_object(source, crop, past, (limits[0] / grown, limits[1] / grown), share, rng)
            area = area if cut is None else cut.area * grown / (crop.height * crop.width)
        elif cut is not None:
            scale = _fitting(scale, cut.area, area, crop, config.area)
            area = cut.area * scale**2 / (crop.height * crop.width)
        return Plan(
            index=index,
            split=source.split,
            kind=kind,
            host=host,
            crop=crop,
            past=past,
            donor=donor,
            donor_past=_past(config, rng, touch=True),
            donor_reduction=1.0 if cut is not None or donor < 0 else self._reduction(self.sources[donor], rng),
            shape="object" if cut is not None else str(rng.choice(["blob", "polygon"], p=[0.75, 0.25])),
            area=area,
            scale=scale,
            angle=angle,
            flip=bool(rng.random() < config.flip_share),
            tone=bool(rng.random() < config.tone_share),
            fill=fill,
            seam=seam,
            seam_width=float(rng.uniform(*config.seam_width)),
            least=config.area[0],
            after=after,
            seed=(self.seed, index),
            object=cut,
        )

    def _donor(self, host: int, kind: str, rng: np.random.Generator) -> tuple[int, ObjectBox | None]:
        """Draw another photograph on the host's side, and an object of it if the splice is to be one."""
        others = [i for i in self.peers[self.sources[host].split] if i != host]
        if kind != "splice" or not others:
            return -1, None
        holders = [i for i in others if self.sources[i].objects]
        if holders and rng.random() < self.config.object_share:
            donor = int(rng.choice(holders))
            objects = self.sources[donor].objects
            return donor, objects[int(rng.integers(len(objects)))]
        return int(rng.choice(others)), None

    def _own_object(
        self, source: Source, crop: Crop, past: Past, limits: Range, least: float, rng: np.random.Generator
    ) -> ObjectBox | None:
        """Draw an object of the host that lies inside the crop, or much of it, and has an allowed area; often None."""
        if crop.reduction != 1 or rng.random() >= self.config.object_share / 2:
            return None
        top, left = crop.top + past.shift_row, crop.left + past.shift_column
        frame, inside = crop.height * crop.width, []
        for box in source.objects:
            rows = min(box.bottom, top + crop.height) - max(box.top, top)
            columns = min(box.right, left + crop.width) - max(box.left, left)
            share = max(rows, 0) * max(columns, 0) / ((box.bottom - box.top) * (box.right - box.left))
            if share >= least and limits[0] <= share * box.area / frame <= limits[1]:
                inside.append(box)
        return inside[int(rng.integers(len(inside)))] if inside else None

    def _reduction(self, source: Source, rng: np.random.Generator) -> float:
        """Draw how much a photograph is reduced before it is cropped: never below the largest crop."""
        most = min(self.config.max_reduction, min(source.height, source.width) / (self.config.sides[1] + GRID))
        if most <= 1 or rng.random() < self.config.native_share:
            return 1.0
        return _log_uniform((1.0, most), rng)

    def _crop(self, source: Source, rng: np.random.Generator) -> Crop:
        reduction = self._reduction(source, rng)
        room = [int(side / reduction) - GRID for side in (source.height, source.width)]
        height, width = (
            min(int(rng.integers(int(self.config.sides[0]), int(self.config.sides[1]) + 1)), r) for r in room
        )
        top, left = int(rng.integers(room[0] - height + 1)), int(rng.integers(room[1] - width + 1))
        return Crop(reduction, top, left, height, width)


def _resampling(config: ForgeConfig, rng: np.random.Generator) -> tuple[float, float]:
    """Draw scale and angle of what is pasted; as often only scaled as also turned."""
    resample = rng.random() < config.resample_share
    scale, angle = _log_uniform(config.scale, rng), float(rng.uniform(*config.angle)) * float(rng.choice([-1, 1]))
    if resample and rng.random() < 0.5:
        angle = 0.0
    return (scale, angle) if resample else (1.0, 0.0)


def _fitting(scale: float, pixels: int, area: float, crop: Crop, limits: Range) -> float:
    """Return the scale that keeps an object inside the allowed areas, near the drawn scale; 1 stays 1 if it may."""
    frame = crop.height * crop.width
    if scale != 1:
        scale = float(np.sqrt(scale * np.sqrt(area * frame / pixels)))
    low, high = (float(np.sqrt(limit * frame / pixels)) for limit in limits)
    return min(float(np.clip(scale, low, high)), SCALE_LIMIT)


def _weighted(weights: dict[str, float], rng: np.random.Generator) -> str:
    values = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(values), p=values / values.sum()))]


def _log_uniform(limits: Range, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))


def _touch(names: tuple[str, ...], share: float, rng: np.random.Generator) -> tuple[str, float]:
    if rng.random() >= share:
        return "none", 0.0
    name = names[int(rng.integers(len(names)))]
    return name, float(rng.uniform(*STRENGTHS[name]))


def _compression(quality: Range, camera_share: float, lossless_share: float, rng: np.random.Generator) -> Compression:
    """Draw how pixels are saved."""
    chosen = int(rng.integers(int(quality[0]), int(quality[1]) + 1))
    camera, subsampling = int(rng.integers(len(camera_tables()))), SUBSAMPLING[int(rng.integers(3))]
    by_camera, lossless = rng.random() < camera_share, rng.random() < lossless_share
    if lossless:
        return LOSSLESS
    if by_camera:
        return Compression(camera=camera, subsampling=camera_tables()[camera].subsampling)
    return Compression(quality=chosen, subsampling=subsampling)


def _past(config: ForgeConfig, rng: np.random.Generator, *, touch: bool) -> Past:
    """Draw what a host or donor went through; a quarter keep their grid where the crop begins."""
    name, strength = _touch(PASTE_TOUCHES, config.donor_touch_share if touch else 0.0, rng)
    compression = _compression(config.past_quality, config.past_camera_share, 1 - config.past_share, rng)
    shift = rng.integers(0, GRID, 2)
    if rng.random() < 0.25:
        shift[:] = 0
    return Past(compression, int(shift[0]), int(shift[1]), name, strength)


def _after(config: ForgeConfig, rng: np.random.Generator) -> Past:
    """Draw what the finished frame goes through: one touch, then JPEG or PNG."""
    name, strength = _touch(AFTER_TOUCHES, config.after_share, rng)
    return Past(_compression(config.quality, config.camera_share, config.png_share, rng), touch=name, strength=strength)
