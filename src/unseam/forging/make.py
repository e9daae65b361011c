"""One plan and the photographs it names -> one forged frame and its masks."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.forging import edits
from unseam.forging.edits import Cutout
from unseam.forging.finish import finished
from unseam.forging.history import GRID, with_history
from unseam.forging.pixels import PixelStore
from unseam.forging.plan import INPAINTED, Crop, Panel, Plan
from unseam.forging.shapes import place, shape_of_area
from unseam.forging.sources import Source, read_map
from unseam.forging.tiles import tiled

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MARGIN = 8
"""Surroundings that a cutout keeps around its mask, in pixels: soft seams need them."""

OUTLINE = 7
"""Side of the disk by which a removed object is widened, so that no rim of it stays, in pixels."""

AWAY_TRIES = 16
EDIT_TRIES = 4

NO_OBJECT: Mapping[str, object] = {"object": None, "shape": "blob"}
"""What is done instead where the planned object cannot be used."""

MIN_CHANGE = 2.0
"""Mean absolute change inside the mask, in grey levels, that an edit should make at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A host after its edit.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
    mask : (H, W) bool or None
        What the edit changed; None where nothing was edited.
    origin : (H, W) bool or None
        For a copy-move, where the copy was taken from. Where the copy lies over it, both masks are set.
    where : dict
        Corners in pixels: ``paste_top`` and ``paste_left`` of what was pasted, in the frame; ``cut_top`` and
        ``cut_left`` of what was cut out, in the (reduced) donor or the frame; each with some surroundings of the
        region.
    instead : dict
        Fields of the plan that could not be followed, with what was done instead.
    """

    pixels: Pixels
    mask: Mask | None = None
    origin: Mask | None = None
    where: Mapping[str, int] = field(default_factory=dict)
    instead: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Forgery:
    """A finished file.

    Attributes
    ----------
    data : bytes
        The file to be saved, PNG or JPEG.
    shape : (H, W)
        Of its pixels.
    mask, origin : (H, W) bool or None
        As in `Edit`, at the size of the saved file.
    host : (h, w, 3) uint8
        The host's crop before the edit and before anything that came after it.
    edit : Edit
        The same crop after the edit.
    plan : Plan
        As it was carried out.
    """

    data: bytes
    shape: tuple[int, int]
    mask: Mask | None
    origin: Mask | None
    host: Pixels
    edit: Edit
    plan: Plan


def make(plan: Plan, sources: Sequence[Source], store: PixelStore) -> Forgery:
    """Make the forgery, or the authentic output, that a plan describes."""
    pixels_rng, shape_rng, finish_rng, panel_rng = (
        np.random.default_rng(np.random.SeedSequence([*plan.seed, part])) for part in (1, 2, 3, 4)
    )
    host = with_history(store.window(sources[plan.host], plan.crop), plan.history, pixels_rng)
    if plan.tiles is not None:
        host = tiled(host, plan.tiles, pixels_rng)
    edit = _visible(plan, sources, store, host, shape_rng)
    panel = None if plan.panel is None else _second_photo(plan.panel, sources, store, panel_rng)
    data, (mask, origin) = finished(edit.pixels, (edit.mask, edit.origin), plan.finish, panel, finish_rng)
    done = replace(plan, **edit.instead)  # type: ignore[arg-type]
    return Forgery(data, _shape_of(data), mask, origin, host, edit, done)


def _shape_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.height, image.width


def _second_photo(panel: Panel, sources: Sequence[Source], store: PixelStore, rng: np.random.Generator) -> Pixels:
    return with_history(store.window(sources[panel.source], panel.crop), panel.history, rng)


def _visible(plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator) -> Edit:
    """Edit, and try elsewhere when the edit shows nowhere, as black copied onto black: its mask would be a lie."""
    for _ in range(EDIT_TRIES):
        edit = _edit(plan, sources, store, host, rng)
        mask = edit.mask
        if mask is None or np.abs(edit.pixels[mask] - host[mask].astype(np.float32)).mean() >= MIN_CHANGE:
            break
    return edit


def _edit(plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator) -> Edit:
    if plan.kind == "splice":
        return _splice(plan, sources, store, host, rng)
    if plan.kind == "copy-move":
        return _copy_move(plan, sources[plan.host], host, rng)
    if plan.kind == "removal":
        return _removal(plan, sources[plan.host], host, rng)
    return Edit(host)


def _splice(plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator) -> Edit:
    donor = sources[plan.donor]
    cutout, corner = _object(plan, donor, store, rng) if plan.object else (None, (0, 0))
    instead: Mapping[str, object] = {}
    if cutout is not None and not cutout.mask.any():  # a sliver at the border is lost where the history shifts the grid
        cutout, instead = None, NO_OBJECT
    if cutout is None:
        cutout, corner = _anything(plan, donor, store, host.shape[:2], rng)
    moved = edits.transformed(cutout, plan.scale, plan.angle, plan.flip)
    if not moved.mask.any():  # an object of hairlines does not survive a reduction: paste it as it is
        moved = cutout
    top, left = place(moved.mask, _frame(host), plan.min_area, rng)
    pixels, mask = edits.splice(host, moved, top, left, seam=plan.seam, width=plan.seam_width, tone=plan.tone)
    return Edit(pixels, mask, where=_where((top, left), corner), instead=instead)


def _object(plan: Plan, donor: Source, store: PixelStore, rng: np.random.Generator) -> tuple[Cutout, tuple[int, int]]:
    """Cut the planned object out of its photograph, after giving that part of the photograph its history."""
    box = plan.object
    if box is None or donor.maps is None:
        raise ValueError("the plan names no object")
    shift = np.array([plan.donor_history.shift_row, plan.donor_history.shift_column])
    top, left = (int(side) for side in np.maximum(np.array([box.top, box.left]) - MARGIN - shift, 0))
    window = np.array(store.pixels(donor)[top : box.bottom + MARGIN + GRID, left : box.right + MARGIN + GRID])
    inside = read_map(donor.maps)[top : box.bottom + MARGIN + GRID, left : box.right + MARGIN + GRID] == box.value
    rows, columns = (slice(int(s), int(s) + side - GRID) for s, side in zip(shift, inside.shape, strict=True))
    return Cutout(with_history(window, plan.donor_history, rng), inside[rows, columns]), (top, left)


def _anything(
    plan: Plan, donor: Source, store: PixelStore, frame: tuple[int, ...], rng: np.random.Generator
) -> tuple[Cutout, tuple[int, int]]:
    """Cut a random shape from anywhere in the donor."""
    room = [int(side / plan.donor_reduction) - GRID for side in (donor.height, donor.width)]
    region = _shape(plan, frame, (room[0] - 2 * MARGIN, room[1] - 2 * MARGIN), rng)
    mask = np.pad(region, MARGIN)
    top, left = (int(rng.integers(space - side + 1)) for space, side in zip(room, mask.shape, strict=True))
    window = store.window(donor, Crop(plan.donor_reduction, top, left, *mask.shape))
    return Cutout(with_history(window, plan.donor_history, rng), mask), (top, left)


def _shape(plan: Plan, frame: tuple[int, ...], limit: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Draw a random shape that covers the planned area once it is scaled."""
    area = plan.area * frame[0] * frame[1] / plan.scale**2
    return shape_of_area(plan.shape, area, limit, rng)


def _own_object(plan: Plan, source: Source, frame: tuple[int, ...]) -> Mask | None:
    """Return where the planned object of the host lies in the frame."""
    if plan.object is None or source.maps is None:
        return None
    top, left = plan.crop.top + plan.history.shift_row, plan.crop.left + plan.history.shift_column
    region = read_map(source.maps)[top : top + frame[0], left : left + frame[1]] == plan.object.value
    return region if region.mean() >= plan.min_area else None


def _removal(plan: Plan, source: Source, host: Pixels, rng: np.random.Generator) -> Edit:
    region, instead = _removed(plan, source, _frame(host), rng)
    if plan.fill in INPAINTED:
        return Edit(*edits.inpainted(host, region, plan.fill), instead=instead)
    if plan.fill in edits.FROM_PATCHES:
        filled = edits.filled_from_patches(host, region, plan.fill, rng, seam=plan.seam, width=plan.seam_width)
        if filled is not None:
            return Edit(*filled, instead=instead)
    cloned = edits.patched(host, region, rng, seam=plan.seam, width=plan.seam_width)
    return Edit(*cloned, instead={**instead, "fill": "clone"})


def _removed(
    plan: Plan, source: Source, frame: tuple[int, int], rng: np.random.Generator
) -> tuple[Mask, Mapping[str, object]]:
    """Return the region to fill: an object with its outline, or a random shape that may hang over the borders."""
    own = _own_object(plan, source, frame)
    if own is not None:
        outline = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (OUTLINE, OUTLINE))
        return np.asarray(cv2.dilate(own.astype(np.uint8), outline)).astype(bool), {}
    shape = _shape(replace(plan, scale=1.0), frame, frame, rng)
    empty, nothing = np.zeros((*frame, 3), np.uint8), np.zeros((*shape.shape, 3), np.uint8)
    _, region = edits.laid(empty, Cutout(nothing, shape), *place(shape, frame, plan.min_area, rng))
    return region, NO_OBJECT if plan.object else {}


def _copied(
    plan: Plan, source: Source, frame: tuple[int, int], rng: np.random.Generator
) -> tuple[Mask, Mapping[str, object]]:
    """Return the region to copy: an object, or a random shape that lies wholly in the frame."""
    own = _own_object(plan, source, frame)
    if own is not None:
        return own, {}
    shape = _shape(plan, frame, (int(frame[0] * 0.7), int(frame[1] * 0.7)), rng)
    top, left = (int(rng.integers(room - side + 1)) for room, side in zip(frame, shape.shape, strict=True))
    region = np.zeros(frame, bool)
    region[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    return region, NO_OBJECT if plan.object else {}


def _copy_move(plan: Plan, source: Source, host: Pixels, rng: np.random.Generator) -> Edit:
    region, instead = _copied(plan, source, _frame(host), rng)
    cutout = edits.transformed(edits.cut(host, region), plan.scale, plan.angle, plan.flip)
    rows, columns = np.nonzero(region)
    corner = max(int(rows.min()) - edits.CUT_MARGIN, 0), max(int(columns.min()) - edits.CUT_MARGIN, 0)
    size = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    goal = _away(cutout.mask, corner, size, _frame(host), plan.min_area, rng)
    pixels, mask = edits.splice(host, cutout, *goal, seam=plan.seam, width=plan.seam_width)
    return Edit(pixels, mask, region, _where(goal, corner), instead)


def _away(
    mask: Mask,
    source: tuple[int, int],
    size: tuple[int, int],
    frame: tuple[int, int],
    min_area: float,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Draw a corner for the copy, at least a third of the region away from where it came from if there is room."""
    best, distance = (0, 0), -1.0
    for _ in range(AWAY_TRIES):
        goal = place(mask, frame, min_area, rng)
        moved = max(abs(goal[axis] - source[axis]) / size[axis] for axis in (0, 1))
        if moved > 1 / 3:
            return goal
        if moved > distance:
            best, distance = goal, moved
    return best


def _frame(host: Pixels) -> tuple[int, int]:
    return host.shape[0], host.shape[1]


def _where(paste: tuple[int, int], cut: tuple[int, int]) -> dict[str, int]:
    return {"paste_top": paste[0], "paste_left": paste[1], "cut_top": cut[0], "cut_left": cut[1]}
