"""Why a region was marked: which traces differ inside it from the rest of the photo, and by how much.

Everything is read from the features that the network was fed (`unseam.models.fusion.features`); nothing is measured
again. A measure has one value per 8 x 8 block. Its value in a region is compared with its values in equally large tiles
of the rest of the photo: content differs between tiles as it does between a region and its surroundings, so a
difference counts only as far as it exceeds what the photo shows elsewhere. Medians throughout: a few odd blocks on
either side change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.block_dct import SIDE
from unseam.detectors.copy_move import Copy
from unseam.method import Region, Strength, Trace, TraceKind
from unseam.models.fusion.copies import copied_trace
from unseam.models.fusion.measures import MEASURES, Effect, Measure

Reals = NDArray[np.float32]
Bools = NDArray[np.bool_]

STRENGTHS: tuple[Strength, ...] = ("strong", "moderate", "weak")

KINDS: tuple[TraceKind, ...] = (
    "copied",
    "compression",
    "demosaicing",
    "resampling",
    "noise",
    "sharpness",
    "colour",
)
"""From what says most about how a region came about to what content alone explains most easily."""

MAX_EXPLAINED = 12
"""Regions that are explained, the largest first: as many as a report lists."""

MARGIN = 2
"""Blocks around every region that count neither as inside nor as outside: what detectors pool reaches over a seam."""

MIN_OUTSIDE = 64
"""Blocks: with less of the photo outside there is nothing to compare with."""

MIN_TILES = 8
"""Tiles of the rest of the photo; below it the tiles are made smaller than the region."""

MIN_TILE_SIDE = 2
"""Blocks."""

MIN_KNOWN = 0.25
"""Share of a region's or a tile's blocks in which a measure must be known."""

MAD_TO_DEVIATION = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""


def explained(
    regions: Sequence[Region], mask: Bools, features: Reals, copies: Sequence[Copy] = ()
) -> tuple[Region, ...]:
    """Add to each region the traces that differ inside it.

    Parameters
    ----------
    regions : sequence of Region
        The components of the mask.
    mask : (H, W) bool
        In stored pixels.
    features : (F, rows, columns) float32
        Of `unseam.models.fusion.features.BlockFeatures`.
    copies : sequence of Copy
        Probable copies within the photo, of `unseam.detectors.copy_move`.

    Returns
    -------
    tuple of Region
        In the same order; those after the first `MAX_EXPLAINED` as they were.
    """
    size = features.shape[1:]
    outside = _outside(mask, size)
    planes = [(measure, measure.blocks(features)) for measure in MEASURES]
    found = []
    for region in regions[:MAX_EXPLAINED]:
        inside = pixels_of(mask, region)
        traces = _traces(planes, blocks_of(inside, size), outside)
        copied = copied_trace(inside, copies)
        found.append(replace(region, traces=_in_order(traces if copied is None else [copied, *traces])))
    return (*found, *regions[MAX_EXPLAINED:])


def _traces(planes: Sequence[tuple[Measure, Reals]], inside: Bools, outside: Bools) -> list[Trace]:
    """Return the strongest trace of each kind."""
    best: dict[TraceKind, tuple[float, Trace]] = {}
    for measure, blocks in planes:
        effect = effect_of(measure, blocks, inside, outside)
        strength = None if effect is None else strength_of(measure, effect)
        if effect is None or strength is None:
            continue
        excess = abs(effect.size) / measure.limits[-1]
        if measure.kind not in best or excess > best[measure.kind][0]:
            words = measure.words(effect)
            best[measure.kind] = (
                excess,
                Trace(measure.kind, effect.inside, effect.outside, measure.unit, strength, words),
            )
    return [trace for _, trace in best.values()]


def _in_order(traces: Sequence[Trace]) -> tuple[Trace, ...]:
    """Sort traces: the stronger first, of equals the kind that says more about how a region came about."""
    return tuple(sorted(traces, key=lambda trace: (STRENGTHS.index(trace.strength), KINDS.index(trace.kind))))


def strength_of(measure: Measure, effect: Effect) -> Strength | None:
    """Return how strong an effect is; None where it is no trace."""
    if abs(effect.inside - effect.outside) < measure.gap:
        return None
    size = abs(effect.size) if measure.lower else effect.size
    weak, moderate, strong = measure.limits
    if size >= strong:
        return "strong"
    if size >= moderate:
        return "moderate"
    return "weak" if size >= weak else None


def effect_of(measure: Measure, blocks: Reals, inside: Bools, outside: Bools) -> Effect | None:
    """Compare a measure (rows, columns) inside a region and outside all of them; None where too little is known."""
    known = np.isfinite(blocks)
    own, rest = blocks[inside & known], blocks[outside & known]
    if len(own) < MIN_KNOWN * inside.sum() or not len(own) or len(rest) < MIN_OUTSIDE:
        return None
    elsewhere = _tile_medians(np.where(outside, blocks, np.nan), int(inside.sum()))
    if len(elsewhere) < MIN_TILES:
        return None
    middle = float(np.median(elsewhere))
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(elsewhere - middle)))
    size = (float(np.median(own)) - middle) / (deviation + measure.floor)
    return Effect(measure.shown(own), measure.shown(rest), size)


def _tile_medians(blocks: Reals, area: int) -> Reals:
    """Return the medians of square tiles of about this many blocks, (N,); tiles overlap by half."""
    known = int(np.isfinite(blocks).sum())
    side = int(max(min(math.sqrt(area), math.sqrt(known / MIN_TILES)), MIN_TILE_SIDE))
    medians = []
    for down, right in ((0, 0), (0, side // 2), (side // 2, 0), (side // 2, side // 2)):
        rows, columns = ((length - start) // side for length, start in zip(blocks.shape, (down, right), strict=True))
        tiles = blocks[down : down + rows * side, right : right + columns * side].reshape(rows, side, columns, side)
        flat = tiles.transpose(0, 2, 1, 3).reshape(rows * columns, side * side)
        known_count = np.isfinite(flat).sum(axis=1)
        kept = known_count >= max(MIN_KNOWN * side * side, 1)
        ordered = np.sort(flat[kept], axis=1)  # NaN come last
        medians.append(ordered[np.arange(len(ordered)), known_count[kept] // 2])
    return np.concatenate(medians)


def pixels_of(mask: Bools, region: Region) -> Bools:
    """Return the pixels (H, W) bool of a mask that belong to one of its regions."""
    box = (slice(region.top, region.bottom), slice(region.left, region.right))
    _, labels = cv2.connectedComponents(mask[box].astype(np.uint8), connectivity=8)
    pixels = np.zeros_like(mask)
    pixels[box] = labels == np.bincount(labels[mask[box]]).argmax()  # others that reach into the box are smaller
    return pixels


def blocks_of(pixels: Bools, size: tuple[int, ...]) -> Bools:
    """Return the blocks (rows, columns) bool of which the pixels cover most; the fullest one if there are none."""
    share = _block_shares(pixels, size)
    return np.asarray(share >= min(0.5, float(share.max())))


def _outside(mask: Bools, size: tuple[int, ...]) -> Bools:
    """Return the blocks (rows, columns) bool that lie farther than `MARGIN` from every region."""
    touched = (_block_shares(mask, size) > 0).astype(np.uint8)
    near = cv2.dilate(touched, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8))
    return np.asarray(near == 0, np.bool_)


def _block_shares(pixels: Bools, size: tuple[int, ...]) -> Reals:
    """Return the share of each block (rows, columns) that the pixels (H, W) cover."""
    whole = np.zeros((size[0] * SIDE, size[1] * SIDE), np.float32)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    means = cv2.resize(whole, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(size)
