"""The method `fusion`: features of all blocks of a photo, one look of the network at them, one map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors import copy_move
from unseam.detectors.block_dct import SIDE
from unseam.detectors.statistic import logistic, spread
from unseam.errors import DamagedPhoto, ModelError, UnfitOption, UnsupportedPhoto
from unseam.method import NO_EVIDENCE, Heatmap, final_mask, finding_of
from unseam.models.document import demand, parse_document
from unseam.models.fusion.features import LARGE, block_features, feature_names, quantization_steps
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.resampling import resampling_traces
from unseam.models.fusion.seeded_mask import seeded
from unseam.models.fusion.windows import moved, photo_log_odds, window_shares
from unseam.models.metadata import settings_of
from unseam.models.model_file import (
    CELL_OUTPUT,
    CONFIDENCE_OUTPUT,
    FEATURES,
    PHOTO_OUTPUT,
    Session,
    open_session,
)
from unseam.models.network import NetworkMethod
from unseam.system.cores import cores

if TYPE_CHECKING:
    from unseam.photo.photo import Photo

Reals = NDArray[np.float32]

CELL = 4
"""Pixels: side of the cells of the network's map, a quarter of a block."""

MIN_SIDE = 64
"""Pixels: below this most detectors do not apply, and the verdict is "cannot tell"."""

SLOWEST = frozenset({copy_move.METHOD.info.name})
"""Not asked when it has to be fast: most of the time. The network was trained on photos with and without its word."""

COARSEST = 50
"""IJG quality below which a JPEG is too coarse for a verdict: what was pasted looks like the rest."""


@dataclass(frozen=True)
class FusionMethod(NetworkMethod[FusionSettings]):
    """A network that judges a whole photo at once; made by `unseam.load_model`. It can be pickled.

    Attributes
    ----------
    path, digest, settings, options
        As in `unseam.models.network.NetworkMethod`.
    """

    OPTIONS = frozenset({"threads", "fast"})

    def __post_init__(self) -> None:
        if self.options.stride is not None:
            raise UnfitOption(f"{self.settings.name} reads the whole photo at once; it takes no stride")

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo.

        Returns
        -------
        Heatmap
            ``heat`` are calibrated probabilities of cells of 4 x 4 pixels, interpolated between their centres;
            ``confidence`` is how likely the network holds its own verdict to be right, block by block.

        Raises
        ------
        ModelError
            When the file changed or vanished, or when the network returns no numbers.
        """
        return self.judged(photo, self.log_odds(photo))

    def judged(self, photo: Photo, odds: LogOdds) -> Heatmap:
        """Turn what the network said of a photo into heat, mask and score; as calling it, which asks first."""
        settings, size = self.settings, (photo.height, photo.width)
        heat_curve = settings.heat_calibration
        cell = logistic(heat_curve.slope * odds.cell + np.float32(heat_curve.intercept))
        photo_odds = photo_log_odds(odds.windows, window_shares(*odds.confidence.shape), settings.photo_curve)
        extent, seed = (
            moved(threshold, -settings.photo_weight * photo_odds)
            for threshold in (settings.pixel_threshold, settings.seed_threshold)
        )
        heat, confidence = _interpolated(cell, size), _interpolated(logistic(odds.confidence), size)
        marked = spread(seeded(cell, extent, seed), (CELL, CELL), (0, 0), size)
        if photo.damage is not None:  # nothing is known about damaged rows
            damaged = photo.damage.rows
            heat[damaged], confidence[damaged], marked[damaged] = NO_EVIDENCE, 0, False
        mask, doubt = final_mask(marked), _doubt(photo)
        return Heatmap.of(
            heat,
            mask,
            score=float(np.float32(logistic(photo_odds))),
            finding=finding_of(mask, doubt),
            confidence=confidence,
            doubt=doubt,
        )

    def log_odds(self, photo: Photo) -> LogOdds:
        """Ask the network about a photo, without calibration."""
        without = SLOWEST if self.options.fast else frozenset()
        found = block_features(photo, threads=self.options.threads or cores(), without=without)
        session = open_session(self.path, self.digest, keeps_memory=photo.height * photo.width <= LARGE)
        values = found.values if photo.damage is None else _undamaged(found.values, photo.damage.rows)
        names = [CELL_OUTPUT, CONFIDENCE_OUTPUT, PHOTO_OUTPUT]
        answer = session.run(names, {FEATURES: values[None]})
        rows, columns = found.values.shape[1:]
        expected = [(1, 2 * rows, 2 * columns), (1, rows, columns), (1, *window_shares(rows, columns).shape)]
        if [part.shape for part in answer] != expected or not all(np.isfinite(part).all() for part in answer):
            raise ModelError(f"{self.path}: the network returned no numbers for its blocks; export the model anew")
        return LogOdds(*(part[0] for part in answer))


def parse_fusion(text: str) -> FusionSettings:
    """Read the JSON object of a model file; every way in which it can be wrong is a ModelError."""
    settings = settings_of(FusionSettings, parse_document(text))
    own = feature_names()
    fits = settings.features == own
    demand(fits, "a network trained on other features of blocks", "those of this version; export or train it anew")
    return settings


def read_settings(session: Session) -> FusionSettings:
    """Read what a model file of this kind says about itself; ModelError where text or graph do not fit."""
    settings = parse_fusion(session.metadata)
    inputs = {node.name: node for node in session.get_inputs()}
    demand(list(inputs) == [FEATURES], f"inputs {list(inputs)}", f"one input {FEATURES!r}")
    shape = inputs[FEATURES].shape
    count = len(settings.features)
    demand(len(shape) == 4 and shape[1] == count, f"{FEATURES} of shape {shape}", f"{count} features of blocks")
    outputs = {node.name for node in session.get_outputs()}
    expected = {CELL_OUTPUT, CONFIDENCE_OUTPUT, PHOTO_OUTPUT}
    demand(expected <= outputs, f"outputs {sorted(outputs)}", f"{sorted(expected)}")
    return settings


@dataclass(frozen=True, slots=True, eq=False)
class LogOdds:
    """What the network says of a photo of R x C blocks.

    Attributes
    ----------
    cell : (2 R, 2 C) float32
        Log odds that a quarter of a block is manipulated.
    confidence : (R, C) float32
        Log odds that the verdict on a block is right.
    windows : (r, c) float32
        Log odds that anything in a window is manipulated (`unseam.models.fusion.windows`).
    """

    cell: Reals
    confidence: Reals
    windows: Reals


def _interpolated(grid: Reals, size: tuple[int, int]) -> Reals:
    """Enlarge a grid whose cells divide whole blocks to the photo's size, linearly between the cells' centres."""
    whole = tuple(-(-side // SIDE) * SIDE for side in size)
    full = cv2.resize(grid, (whole[1], whole[0]), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(np.asarray(full, np.float32).reshape(whole)[: size[0], : size[1]])


def _undamaged(features: Reals, rows: NDArray[np.bool_]) -> Reals:
    """Set the features of blocks in damaged rows of pixels to zero, as they are beyond the border of a photo."""
    damaged = np.logical_or.reduceat(rows, np.arange(0, len(rows), SIDE))
    return np.where(damaged[:, np.newaxis], np.float32(0), features)


def _doubt(photo: Photo) -> str | None:
    """Say why a photo cannot be judged whatever its map looks like; None if it can."""
    if min(photo.height, photo.width) < MIN_SIDE:
        return f"the photo is {photo.width} x {photo.height} pixels; below {MIN_SIDE} there is too little to compare"
    if bool((photo.pixels == photo.pixels[0, 0]).all()):
        return "the photo is of one flat colour; there is nothing to compare"
    if photo.damage is not None and photo.damage.is_relevant:
        return photo.damage.sentence
    try:
        luma = None if photo.jpeg is None else photo.jpeg.luma
    except (DamagedPhoto, UnsupportedPhoto):
        luma = None
    if luma is not None and luma.table.mean() > quantization_steps(COARSEST).mean():
        return f"the photo was compressed below quality {COARSEST}; that leaves too little of what came before"
    return resampling_traces(photo.pixels).reason()
