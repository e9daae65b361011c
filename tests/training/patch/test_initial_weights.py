"""What a run begins with: the weights of a model file are those that it was written from."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import onnx
import torch

from support.tiny_forgeries import write_forgeries
from unseam.errors import ModelError, RecipeError
from unseam.training import export_run, train
from unseam.training.checkpoint import BEST, load_checkpoint
from unseam.training.export import ModelTerms, validation_samples
from unseam.training.initial_weights import weights_of_run
from unseam.training.patch.initial_weights import initialise_patch_network, weights_of_model
from unseam.training.patch.network import LocalizationNetwork, NetworkConfig
from unseam.training.patch.recipe import PatchRecipe
from unseam.training.recipe import patch_recipe_from

pytestmark = pytest.mark.xdist_group("initial weights")

TERMS = ModelTerms("CC0-1.0", ({"name": "noise", "licence": "CC0-1.0", "photographs": 16},))


def recipe(**network: object) -> PatchRecipe:
    small = {"patch_side": 32, "front_maps": [4, 1], "lstm_widths": [64, 64], "head_maps": [4, 2], **network}
    optimisation = {"steps": 4, "batch": 8, "learning_rate": 1e-2, "warmup_steps": 0, "validate_every": 4}
    table = {"name": "tiny", "network": small, "data": {"validation_windows": 32}, "optimisation": optimisation}
    return patch_recipe_from(table)


@pytest.fixture(scope="module")
def forgeries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forgeries(tmp_path_factory.mktemp("data") / "forgeries")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, forgeries: Path) -> Path:
    run = tmp_path_factory.mktemp("run")
    train(recipe(), [forgeries], run, accelerator="cpu", quiet=True)
    return run


@pytest.fixture(scope="module")
def model(run: Path, forgeries: Path) -> Path:
    return export_run(run, terms=TERMS, samples=validation_samples([forgeries]), calibrated=False)


def test_a_model_file_gives_back_every_weight_of_its_run(run: Path, model: Path) -> None:
    expected, found = load_checkpoint(run / BEST)["network"], weights_of_model(model).weights

    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_run_that_begins_with_a_model_file_says_so_in_its_facts(model: Path, forgeries: Path, tmp_path: Path) -> None:
    before = weights_of_model(model)

    train(recipe(), [forgeries], tmp_path / "next", init_from=model, accelerator="cpu", quiet=True)
    after = weights_of_run(tmp_path / "next")

    assert before.facts["patches_before"] == 4 * 8
    assert after.facts["patches_before"] == 2 * 4 * 8
    begun = after.facts["begun_from"]
    assert isinstance(begun, dict)
    assert begun["begun_from"] == before.facts["begun_from"]
    assert not torch.equal(after.weights["patch.weight"], before.weights["patch.weight"])


def test_weights_of_another_network_are_refused(model: Path) -> None:
    network = LocalizationNetwork(NetworkConfig(patch_side=32, front_maps=(8, 1), lstm_widths=(64,), head_maps=(4, 2)))

    with pytest.raises(RecipeError, match="weights are of another network"):
        initialise_patch_network(network, model)


def test_a_model_file_whose_weights_do_not_give_its_numbers_is_refused(model: Path, tmp_path: Path) -> None:
    changed = onnx.load(model)
    wrong = next(node for node in changed.graph.node if node.op_type == "Relu")
    wrong.op_type = "Sigmoid"  # an operator that a model file may hold
    onnx.save(changed, tmp_path / "changed.onnx")

    with pytest.raises(ModelError, match="do not make the network of its recipe"):
        weights_of_model(tmp_path / "changed.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")

    with pytest.raises(ModelError, match=r"empty\.onnx"):
        weights_of_model(tmp_path / "empty.onnx")


def test_a_patch_head_over_all_steps_starts_as_the_one_over_the_last_step(model: Path) -> None:
    narrow, wide = (LocalizationNetwork(recipe(patch_head=head).network).eval() for head in ("last", "all"))
    for network in (narrow, wide):
        initialise_patch_network(network, model)
    patches = torch.randn(3, 3, 32, 32)

    with torch.no_grad():
        expected, found = (network(patches).patch_logits for network in (narrow, wide))

    assert wide.patch.weight.shape[1] == 16 * narrow.patch.weight.shape[1]
    torch.testing.assert_close(found, expected)
