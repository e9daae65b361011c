"""The method `fusion`: features of all blocks of a photo, one look of the network at them, one map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors import copy_move
from unseam.detectors.block_dct import SIDE
from unseam.detectors.copy_move import copies_of
from unseam.detectors.statistic import logistic, spread
from unseam.errors import ModelError, UnfitOption
from unseam.method import NO_EVIDENCE, Finding, Heatmap, VerdictThresholds
from unseam.models.document import demand, parse_document
from unseam.models.fusion.features import LARGE, BlockFeatures, block_features, feature_names
from unseam.models.fusion.graphics import graphic_reason
from unseam.models.fusion.history import LOSSLESS, History, photo_history
from unseam.models.fusion.lattice import EXPLANATION, without_tiles
from unseam.models.fusion.log_odds import CELL, LogOdds
from unseam.models.fusion.metadata import READERS, FusionSettings, MaskRule
from unseam.models.fusion.photo_head import head_values
from unseam.models.fusion.power import lack_of_power, power_of
from unseam.models.fusion.seeded_mask import mask_of_map
from unseam.models.fusion.traces import explained
from unseam.models.fusion.windows import window_shares
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

MIN_SIDE = 64
"""Pixels: below this most detectors do not apply, and the verdict is "cannot tell"."""

COPY_MOVE = copy_move.METHOD.info.name

SLOWEST = frozenset({COPY_MOVE})
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
        features = self.features(photo)
        found = self.judged(photo, self.log_odds(photo, features))
        if not found.regions:
            return found
        copies = [] if COPY_MOVE in features.left_out else copies_of(photo)
        return replace(found, regions=explained(found.regions, found.mask, features.values, copies))

    def features(self, photo: Photo) -> BlockFeatures:
        """Measure what the network is fed."""
        without = SLOWEST if self.options.fast else frozenset()
        return block_features(photo, threads=self.options.threads or cores(), without=without)

    def judged(self, photo: Photo, odds: LogOdds) -> Heatmap:
        """Decide about a photo from the network's outputs: score, finding, then the mask given the finding."""
        history, size = photo_history(photo), (photo.height, photo.width)
        cleared = without_tiles(odds)
        odds = cleared or odds
        score = self.score(odds, history)
        finding = self.settings.thresholds.finding(score)
        tiles = EXPLANATION if cleared is not None and finding is Finding.NO_EVIDENCE else None
        doubt = doubt_about(photo, history) or lack_of_power(history, finding, self.settings.power) or tiles
        if doubt is not None:
            finding = Finding.CANNOT_TELL
        curve = self.settings.heat_calibration
        cell = logistic(curve.slope * odds.cell + np.float32(curve.intercept))
        heat, confidence = _interpolated(cell, size), _interpolated(logistic(odds.confidence), size)
        if photo.damage is not None:  # nothing is known about damaged rows
            heat[photo.damage.rows], confidence[photo.damage.rows] = NO_EVIDENCE, 0
            cell = np.where(_any_of(photo.damage.rows, CELL, len(cell))[:, np.newaxis], np.float32(0), cell)
        return Heatmap.of(
            heat,
            _marked(cell, self._rule(finding), size),
            score=score,
            finding=finding,
            confidence=confidence,
            doubt=doubt,
            power=power_of(history, self.settings.power),
        )

    @property
    def verdict_thresholds(self) -> VerdictThresholds:
        """The scores from which on a photo is suspicious, and manipulated."""
        return self.settings.thresholds

    def score(self, odds: LogOdds, history: History) -> float:
        """Return the calibrated probability, at prior 0.5, that anything in the photo was manipulated."""
        values = head_values(odds, history, copies=not self.options.fast)
        return float(np.float32(self.settings.photo_head.score(values, history.quality)))

    def _rule(self, finding: Finding) -> MaskRule | None:
        """Return how the mask follows from the map given the finding; None where nothing is marked."""
        rules = {
            Finding.MANIPULATED: self.settings.manipulated_mask,
            Finding.SUSPICIOUS: self.settings.suspicious_mask,
        }
        return rules.get(finding)

    def log_odds(self, photo: Photo, found: BlockFeatures) -> LogOdds:
        """Run the network on a photo's features, without calibration."""
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
    settings = settings_of(FusionSettings, parse_document(text), READERS)
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


def _interpolated(grid: Reals, size: tuple[int, int]) -> Reals:
    """Enlarge a grid whose cells divide whole blocks to the photo's size, linearly between the cells' centres."""
    whole = tuple(-(-side // SIDE) * SIDE for side in size)
    full = cv2.resize(grid, (whole[1], whole[0]), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(np.asarray(full, np.float32).reshape(whole)[: size[0], : size[1]])


def _marked(cell: Reals, rule: MaskRule | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of a map of cells; what overhangs the photo is not looked at."""
    if rule is None:
        return np.zeros(size, bool)
    rows, columns = (-(-side // CELL) for side in size)
    return spread(mask_of_map(cell[:rows, :columns], rule.extent, rule.seed), (CELL, CELL), (0, 0), size)


def _undamaged(features: Reals, rows: NDArray[np.bool_]) -> Reals:
    """Set the features of blocks in damaged rows of pixels to zero, as they are beyond the border of a photo."""
    damaged = _any_of(rows, SIDE, features.shape[1])
    return np.where(damaged[:, np.newaxis], np.float32(0), features)


def _any_of(rows: NDArray[np.bool_], step: int, count: int) -> NDArray[np.bool_]:
    """Return for each of ``count`` groups of ``step`` rows whether any is set; groups beyond the photo are not."""
    found = np.logical_or.reduceat(rows, np.arange(0, len(rows), step))
    return np.pad(found, (0, count - len(found)))


def doubt_about(photo: Photo, history: History) -> str | None:
    """Say why a photo cannot be judged whatever its map looks like; None if it can."""
    if min(photo.height, photo.width) < MIN_SIDE:
        return f"the photo is {photo.width} x {photo.height} pixels; below {MIN_SIDE} there is too little to compare"
    if bool((photo.pixels == photo.pixels[0, 0]).all()):
        return "the photo is of one flat colour; there is nothing to compare"
    if photo.damage is not None and photo.damage.is_relevant:
        return photo.damage.sentence
    if LOSSLESS < history.quality < COARSEST:
        return f"the photo was compressed below quality {COARSEST}; that leaves too little of what came before"
    return graphic_reason(photo.pixels) or history.traces.reason()
