"""How the mask follows from the map given the finding: chosen on validation forgeries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from unseam.detectors.statistic import logistic
from unseam.models.fusion.metadata import MaskRule
from unseam.models.fusion.seeded_mask import mask_of_map
from unseam.models.metadata import HeatCalibration
from unseam.training.fusion.calibration_frames import Frame

EXTENTS = tuple(np.round(logistic(np.arange(-2.0, 4.01, 0.5)), 4).tolist())
SEED_STEPS = (0.0, 0.5, 1.0, 2.0)
"""Candidates for the mask: heat from which a cell belongs to a region, and how many log odds more it must reach
somewhere."""

MASK_PHOTOS = 200
"""Forgeries at most on which a mask rule is chosen."""


def mask_rule(forgeries: Sequence[Frame], heat: HeatCalibration, rng: np.random.Generator) -> MaskRule:
    """Choose the lowest rule whose mean F1 over forgeries with one finding is within a standard error of the best.

    Forgeries by other makers are less plain than those of the factory: where two rules are as good, the lower one
    still marks them (the one-standard-error rule of Breiman, Friedman, Olshen, Stone 1984).
    """
    if not forgeries:
        return MaskRule(EXTENTS[-1], EXTENTS[-1])
    drawn = rng.permutation(len(forgeries))[:MASK_PHOTOS]
    maps = [
        (logistic(heat.slope * forgeries[place].cell.astype(np.float32) + np.float32(heat.intercept)), forgeries[place])
        for place in drawn
    ]
    rules = [MaskRule(extent, _hotter(extent, step)) for extent, step in product(EXTENTS, SEED_STEPS)]
    found = np.array([[_f1(cell, frame.truth, rule) for cell, frame in maps] for rule in rules])
    means = found.mean(axis=1)
    best = int(means.argmax())
    enough = means[best] - found[best].std() / np.sqrt(len(maps))
    good = [rule for rule, mean in zip(rules, means, strict=True) if mean >= enough]
    return min(good, key=lambda rule: (rule.extent, rule.seed))


def _hotter(heat: float, log_odds: float) -> float:
    return float(np.round(logistic(np.log(heat / (1 - heat)) + log_odds), 6))


def _f1(cell: NDArray[np.float32], truth: NDArray[np.bool_], rule: MaskRule) -> float:
    marked = mask_of_map(cell, rule.extent, rule.seed)
    return float(2 * (marked & truth).sum() / max(marked.sum() + truth.sum(), 1))
