"""What a run of fusion begins with: the weights of a model file are those that it was written from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from unseam.errors import ModelError, RecipeError
from unseam.models.fusion.features import feature_names
from unseam.training.checkpoint import BEST, load_checkpoint
from unseam.training.fusion.initial_weights import initialise_fusion_network, weights_of_model
from unseam.training.fusion.network import FusionConfig, FusionNetwork, build_fusion

pytestmark = pytest.mark.xdist_group("fusion training")


def network(recipe: dict[str, Any], **changes: object) -> FusionNetwork:
    config = FusionConfig(**{**recipe["fusion"], **changes})
    count = len(feature_names())
    return build_fusion(config, torch.zeros(count), torch.ones(count))


def test_a_model_file_gives_back_every_weight_of_its_run(run: Path, model: Path) -> None:
    expected, found = load_checkpoint(run / BEST)["network"], weights_of_model(model, 1).weights

    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0, msg=name)


def test_a_photo_head_with_other_inputs_keeps_its_random_weights(
    recipe: dict[str, Any], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = network(recipe)
    own.photo = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
    random = own.photo[0].weight.clone()
    monkeypatch.setattr("unseam.training.fusion.initial_weights._check_cells", lambda *_: None)
    initialise_fusion_network(own, model)
    assert torch.equal(own.photo[0].weight, random)
    assert not torch.equal(own.embed.weight, network(recipe).embed.weight)


def test_a_network_of_another_width_is_refused(recipe: dict[str, Any], model: Path) -> None:
    with pytest.raises(RecipeError, match="of another network than the recipe's"):
        initialise_fusion_network(network(recipe, width=16), model)


def test_a_network_with_other_layers_is_refused(recipe: dict[str, Any], model: Path) -> None:
    with pytest.raises(ModelError, match="not that of the network fusion with 2 layers"):
        initialise_fusion_network(network(recipe, layers=2), model)
