"""Losses of the network `fusion`, and how it is judged."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unseam.detectors.statistic import logistic
from unseam.training.fusion.network import FusionOutputs
from unseam.training.fusion.recipe import FusionLossConfig
from unseam.training.fusion.task import THRESHOLDS, FusionValidation, f1_by_threshold, losses


def test_losses_are_those_worked_out_by_hand() -> None:
    truth = torch.zeros(2, 2, 2)
    truth[0, 0] = 1
    cell = torch.tensor([[[2.0, 2.0], [-1.0, -1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    outputs = FusionOutputs(
        cell, torch.tensor([[[1.0]], [[-1.0]]]), torch.zeros(2, 1, 1), torch.tensor([[[3.0]], [[-3.0]]])
    )
    weights = FusionLossConfig(dice=2.0, photo=0.3, confidence=0.1)
    parts = {name: float(value) for name, value in losses(outputs, truth, weights).items()}
    inside, outside = np.log1p(np.exp(-2)), np.log1p(np.exp(-1))
    forged = (inside + outside) / 4 + (inside + outside) / 4
    assert parts["cell"] == pytest.approx((forged + np.log(2)) / 2, abs=1e-6)
    assert parts["photo"] == pytest.approx(0.3 * np.log1p(np.exp(-3)), abs=1e-6)
    assert parts["confidence"] == pytest.approx(0.1 * np.log(2), abs=1e-6)
    hot, cold = logistic(2.0), logistic(-1.0)
    f1 = (2 * 2 * hot + 1) / (2 * hot + 2 * cold + 2 + 1)
    assert parts["dice"] == pytest.approx(2.0 * (1 - f1) / 2, abs=1e-6)  # the second photo is authentic


def test_f1_is_that_of_the_cells_at_each_threshold() -> None:
    odds = np.array([[[3.0, 3.0, 0.1, -9.0]]], np.float32)
    truth = np.array([[[True, True, False, True]]])
    f1 = dict(zip(THRESHOLDS.tolist(), f1_by_threshold(odds, truth).tolist(), strict=True))
    assert f1[0.0] == pytest.approx(2 * 2 / (3 + 3))
    assert f1[1.0] == f1[3.0] == pytest.approx(2 * 2 / (2 + 3))
    assert f1[3.25] == 0


def test_what_is_chosen_is_f1_of_the_map_and_image_level_auc_together() -> None:
    assert FusionValidation(cell_auc=0.9, cell_f1=0.4, cell_threshold=1.0, image_auc=0.8).criterion == pytest.approx(
        0.6
    )
