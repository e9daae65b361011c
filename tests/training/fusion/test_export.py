"""The graph of the network `fusion`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from unseam.errors import ModelError
from unseam.models.fusion.features import feature_names
from unseam.training.checkpoint import BEST, load_checkpoint
from unseam.training.families import family_of
from unseam.training.fusion.export import check_fusion_parity
from unseam.training.fusion.network import FusionNetwork
from unseam.training.recipe import recipe_from

pytestmark = pytest.mark.xdist_group("fusion training")

F = len(feature_names())


def network(run: Path) -> FusionNetwork:
    best = load_checkpoint(run / BEST)
    recipe = recipe_from(json.loads(best["recipe"]))
    found = family_of(recipe).restore(recipe, best["network"])
    assert isinstance(found, FusionNetwork)
    return found.eval()


def test_the_graph_agrees_with_torch_on_other_sizes_up_to_grids_ten_times_as_long_as_in_training(
    run: Path, model: Path
) -> None:
    content = model.read_bytes()
    onnx.checker.check_model(onnx.load_from_string(content))
    rng = np.random.default_rng(0)
    photos = [rng.normal(size=(F, rows, columns)).astype(np.float32) for rows, columns in ((1, 1), (30, 7), (5, 480))]
    net = network(run)
    assert check_fusion_parity(content, net, photos) < 1e-5
    with torch.no_grad():
        next(net.parameters()).add_(0.5)
    with pytest.raises(ModelError, match="differ"):
        check_fusion_parity(content, net, photos)
