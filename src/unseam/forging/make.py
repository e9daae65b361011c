"""One plan and the photographs it names -> one forged frame and its mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.forging import edits
from unseam.forging.edits import Cutout
from unseam.forging.history import GRID, Past, encoded, resized_mask, touched, with_past
from unseam.forging.pixels import PixelStore
from unseam.forging.plan import Crop, Plan
from unseam.forging.shapes import place, shape_of_area
from unseam.forging.sources import Source, read_map

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MARGIN = 8
"""Surroundings that a cutout keeps around its mask, in pixels: soft seams need them."""

MIN_VISIBLE = 0.35
"""Least share of a pasted region that must lie inside the frame."""

OUTLINE = 7
"""Side of the disk by which a removed object is widened, so that no rim of it stays, in pixels."""

PLACE_TRIES = 16
EDIT_TRIES = 4

MIN_CHANGE = 2.0
"""Least mean absolute change inside the mask, in grey levels, that an edit should make."""


def make(plan: Plan, sources: Sequence[Source], store: PixelStore) -> tuple[bytes, Mask | None, Pixels, Mask | None]:
    """Make the forgery that a plan describes.

    Returns
    -------
    data : bytes
        The file to be saved, PNG or JPEG.
    mask : (H, W) bool or None
        Its truth; None for an authentic output.
    host : (h, w, 3) uint8
        The host's crop before the edit and before anything that came after it.
    changed : (h, w) bool or None
        The mask at that moment.
    """
    pixels_rng, shape_rng, after_rng = (
        np.random.default_rng(np.random.SeedSequence([*plan.seed, part])) for part in (1, 2, 3)
    )
    host = with_past(store.window(sources[plan.host], plan.crop), plan.past, pixels_rng)
    pixels, changed = _visible(plan, sources, store, host, shape_rng)
    finished = touched(pixels, plan.after.touch, plan.after.strength, after_rng)
    mask = None if changed is None else resized_mask(changed, *finished.shape[:2])
    return encoded(finished, plan.after.quality, plan.after.subsampling), mask, host, changed


def _visible(
    plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator
) -> tuple[Pixels, Mask | None]:
    """Edit, and try elsewhere when the edit shows nowhere, as black copied onto black: its mask would be a lie."""
    for _ in range(EDIT_TRIES):
        pixels, changed = _edit(plan, sources, store, host, rng)
        if changed is None or np.abs(pixels[changed] - host[changed].astype(np.float32)).mean() >= MIN_CHANGE:
            break
    return pixels, changed


def _edit(
    plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator
) -> tuple[Pixels, Mask | None]:
    if plan.kind == "splice":
        return _splice(plan, sources, store, host, rng)
    if plan.kind == "copy-move":
        return _copy_move(plan, sources[plan.host], host, rng)
    if plan.kind == "removal":
        region = _removed(plan, sources[plan.host], host.shape[:2], rng)
        if plan.fill == "patch":
            return edits.patched(host, region, rng, seam=plan.seam, width=plan.seam_width)
        return edits.inpainted(host, region, plan.fill)
    return host, None


def _splice(
    plan: Plan, sources: Sequence[Source], store: PixelStore, host: Pixels, rng: np.random.Generator
) -> tuple[Pixels, Mask]:
    donor = sources[plan.donor]
    cutout = _object(plan, donor, store, rng) if plan.object else None
    if cutout is None or not cutout.mask.any():  # a sliver at the border is lost where the past shifts the grid
        cutout = _anything(plan, donor, store, host.shape[:2], rng)
    moved = edits.transformed(cutout, plan.scale, plan.angle, plan.flip)
    if not moved.mask.any():  # an object of hairlines does not survive a reduction: paste it as it is
        moved = cutout
    top, left = _placed(moved.mask, host.shape[:2], rng)
    return edits.splice(host, moved, top, left, seam=plan.seam, width=plan.seam_width, tone=plan.tone)


def _object(plan: Plan, donor: Source, store: PixelStore, rng: np.random.Generator) -> Cutout:
    """Cut the planned object out of its photograph, after giving that part of the photograph its past."""
    box = plan.object
    if box is None or donor.maps is None:
        raise ValueError("the plan names no object")
    shift = np.array([plan.donor_past.shift_row, plan.donor_past.shift_column])
    top, left = np.maximum(np.array([box.top, box.left]) - MARGIN - shift, 0)
    window = np.array(store.pixels(donor)[top : box.bottom + MARGIN + GRID, left : box.right + MARGIN + GRID])
    inside = read_map(donor.maps)[top : box.bottom + MARGIN + GRID, left : box.right + MARGIN + GRID] == box.value
    rows, columns = (slice(int(s), int(s) + side - GRID) for s, side in zip(shift, inside.shape, strict=True))
    return Cutout(with_past(window, plan.donor_past, rng), inside[rows, columns])


def _anything(plan: Plan, donor: Source, store: PixelStore, frame: tuple[int, ...], rng: np.random.Generator) -> Cutout:
    """Cut a random shape from anywhere in the donor."""
    room = [int(side / plan.donor_reduction) - GRID for side in (donor.height, donor.width)]
    region = _shape(plan, frame, (room[0] - 2 * MARGIN, room[1] - 2 * MARGIN), rng)
    mask = np.pad(region, MARGIN)
    top, left = (int(rng.integers(space - side + 1)) for space, side in zip(room, mask.shape, strict=True))
    window = store.window(donor, Crop(plan.donor_reduction, top, left, *mask.shape))
    return Cutout(with_past(window, plan.donor_past, rng), mask)


def _shape(plan: Plan, frame: tuple[int, ...], limit: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Draw a random shape that covers the planned area once it is scaled."""
    area = plan.area * frame[0] * frame[1] / plan.scale**2
    return shape_of_area(plan.shape, area, limit, rng)


def _region(plan: Plan, frame: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Draw a random region of the frame that may touch its borders."""
    shape = _shape(replace(plan, scale=1.0), frame, (frame[0], frame[1]), rng)
    top, left = _placed(shape, frame, rng)
    empty = np.zeros((frame[0], frame[1], 3), np.uint8)
    _, region = edits.laid(empty, Cutout(np.zeros((*shape.shape, 3), np.uint8), shape), top, left)
    return region


def _placed(mask: Mask, frame: tuple[int, ...], rng: np.random.Generator) -> tuple[int, int]:
    """Draw a corner at which enough of the mask is visible; the last resort puts some of it in the middle."""
    height, width = mask.shape
    total = int(mask.sum())
    for _ in range(PLACE_TRIES):
        top, left = place((frame[0], frame[1]), (height, width), rng)
        seen = mask[max(-top, 0) : frame[0] - top, max(-left, 0) : frame[1] - left]
        if int(seen.sum()) >= MIN_VISIBLE * total:
            return top, left
    row, column = np.argwhere(mask)[int(rng.integers(total))]
    return frame[0] // 2 - int(row), frame[1] // 2 - int(column)


def _own_object(plan: Plan, source: Source, frame: tuple[int, ...]) -> Mask | None:
    """Return where the planned object of the host lies in the frame."""
    if plan.object is None or source.maps is None:
        return None
    top, left = plan.crop.top + plan.past.shift_row, plan.crop.left + plan.past.shift_column
    region = read_map(source.maps)[top : top + frame[0], left : left + frame[1]] == plan.object.value
    return np.asarray(region)


def _removed(plan: Plan, source: Source, frame: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Return the region to fill: an object with its outline, or any region of the frame."""
    own = _own_object(plan, source, frame)
    if own is None:
        return _region(plan, frame, rng)
    outline = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (OUTLINE, OUTLINE))
    return np.asarray(cv2.dilate(own.astype(np.uint8), outline)).astype(bool)


def _copied(plan: Plan, source: Source, frame: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Return the region to copy: an object, or a random shape that lies wholly in the frame."""
    own = _own_object(plan, source, frame)
    if own is not None:
        return own
    shape = _shape(plan, frame, (int(frame[0] * 0.7), int(frame[1] * 0.7)), rng)
    top, left = (int(rng.integers(room - side + 1)) for room, side in zip(frame, shape.shape, strict=True))
    region = np.zeros((frame[0], frame[1]), bool)
    region[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    return region


def _copy_move(plan: Plan, source: Source, host: Pixels, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    region = _copied(plan, source, host.shape[:2], rng)
    cutout = edits.transformed(edits.cut(host, region), plan.scale, plan.angle, plan.flip)
    rows, columns = np.nonzero(region)
    size = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    goal = _away(cutout.mask, (int(rows.min()), int(columns.min())), size, host.shape[:2], rng)
    return edits.splice(host, cutout, *goal, seam=plan.seam, width=plan.seam_width)


def _away(
    mask: Mask, source: tuple[int, int], size: tuple[int, ...], frame: tuple[int, ...], rng: np.random.Generator
) -> tuple[int, int]:
    """Draw a corner for the copy, at least a third of the region away from where it came from if there is room."""
    best, distance = (0, 0), -1.0
    for _ in range(PLACE_TRIES):
        goal = _placed(mask, frame, rng)
        moved = max(abs(goal[axis] - source[axis]) / size[axis] for axis in (0, 1))
        if moved > 1 / 3:
            return goal
        if moved > distance:
            best, distance = goal, moved
    return best


def describe(plan: Plan, sources: Sequence[Source]) -> dict[str, str | int | float | bool]:
    """Flatten a plan into the manifest's columns."""
    donor = sources[plan.donor] if plan.donor >= 0 else None
    used = plan.kind != "authentic"
    pasted = plan.kind in ("splice", "copy-move")
    row: dict[str, str | int | float | bool] = {
        "split": plan.split,
        "kind": plan.kind,
        "host": sources[plan.host].name,
        "donor": donor.name if donor else "",
        "seed": plan.seed[0],
        "index": plan.index,
        "crop_top": plan.crop.top,
        "crop_left": plan.crop.left,
        "crop_height": plan.crop.height,
        "crop_width": plan.crop.width,
        "host_reduction": round(plan.crop.reduction, 4),
        **_past_columns("host", plan.past),
        "donor_reduction": round(plan.donor_reduction, 4) if donor else "",
        **_past_columns("donor", plan.donor_past if donor else None),
        "shape": plan.shape if used else "",
        "object": plan.object.value if plan.object else "",
        "scale": round(plan.scale, 4) if pasted else "",
        "angle": round(plan.angle, 2) if pasted else "",
        "flip": plan.flip if pasted else "",
        "tone": plan.tone if plan.kind == "splice" else "",
        "fill": plan.fill if plan.kind == "removal" else "",
        "seam": ("hard" if plan.kind == "removal" and plan.fill != "patch" else plan.seam) if used else "",
        "seam_width": round(plan.seam_width, 2) if used and plan.seam in ("feather", "smooth") else "",
        "after_touch": plan.after.touch,
        "after_strength": round(plan.after.strength, 4),
        "quality": plan.after.quality,
        "subsampling": plan.after.subsampling if plan.after.quality else "",
    }
    return row


def _past_columns(who: str, past: Past | None) -> dict[str, str | int | float]:
    """Columns of one past; empty where there is none."""
    if past is None:
        return {f"{who}_{name}": "" for name in ("quality", "subsampling", "shift", "touch", "strength")}
    return {
        f"{who}_quality": past.quality,
        f"{who}_subsampling": past.subsampling if past.quality else "",
        f"{who}_shift": f"{past.shift_row} {past.shift_column}",
        f"{who}_touch": past.touch,
        f"{who}_strength": round(past.strength, 4),
    }
