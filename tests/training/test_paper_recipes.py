"""Every network of the paper learns, exports and gives the same numbers; all are trained alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from support.tiny_forgeries import write_forgeries
from unseam.models.load import load_model
from unseam.training import export_run, train
from unseam.training.checkpoint import BEST, load_checkpoint
from unseam.training.export import ModelTerms, validation_samples
from unseam.training.patch.initial_weights import weights_of_model
from unseam.training.patch.network import NetworkConfig
from unseam.training.patch.recipe import PatchRecipe
from unseam.training.recipe import load_patch_recipe

PAPER = Path(__file__).parents[2] / "recipes" / "paper"
RECIPES = sorted(PAPER.glob("*.toml"))
NETWORKS = {
    "fcn",
    "s-lstm-conv-3-4",
    "s-lstm-conv",
    "s-conv-lstm-conv",
    "p-lstm",
    "p-conv-lstm",
    "j-conv-lstm-conv",
    "conv1-8f",
    "conv1-32f",
    "lstm-64h",
    "iou-0.5",
}
"""Of the paper's Tables 1 to 4."""


def one_of_each_architecture() -> list[Path]:
    """The recipes whose networks differ in more than their initial weights and labels."""
    found: dict[NetworkConfig, Path] = {}
    for path in sorted(RECIPES, key=lambda path: "high-pass" in path.stem):
        found.setdefault(dataclasses.replace(load_patch_recipe(path).network, initialisation="random"), path)
    return list(found.values())


ARCHITECTURES = one_of_each_architecture()


@pytest.fixture(scope="module")
def forgeries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forgeries(tmp_path_factory.mktemp("data") / "forgeries", block=56)  # above half of a patch, too


def shortened(path: Path) -> PatchRecipe:
    recipe = load_patch_recipe(path)
    few = {"steps": 2, "batch": 4, "warmup_steps": 0, "validate_every": 2, "precision": "float32"}
    return dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, validation_windows=8),
        optimisation=dataclasses.replace(recipe.optimisation, **few),  # type: ignore[arg-type]
    )


def test_every_network_of_the_papers_tables_has_its_recipe() -> None:
    assert {path.stem for path in RECIPES} >= NETWORKS


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_all_networks_get_the_same_patches_budget_schedule_and_seed(path: Path) -> None:
    recipe, paper = load_patch_recipe(path), load_patch_recipe(PAPER / "j-conv-lstm-conv.toml")

    assert recipe.name == path.stem
    assert recipe.optimisation == paper.optimisation
    assert dataclasses.replace(recipe.data, rule=paper.data.rule) == paper.data
    assert recipe.network.initialisation == ("high-pass" if "high-pass" in path.stem else "random")


@pytest.mark.parametrize("path", sorted({*RECIPES} - {*ARCHITECTURES}), ids=lambda path: path.stem)
def test_a_network_with_other_initial_weights_or_labels_trains(path: Path, forgeries: Path, tmp_path: Path) -> None:
    result = train(shortened(path), [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)

    assert (result.reason, result.step) == ("finished", 2)


@pytest.mark.parametrize("path", ARCHITECTURES, ids=lambda path: path.stem)
def test_each_network_trains_exports_and_begins_again_from_its_file(
    path: Path, forgeries: Path, tmp_path: Path
) -> None:
    recipe = shortened(path)
    result = train(recipe, [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)
    terms = ModelTerms("CC0-1.0", ({"name": "noise", "licence": "CC0-1.0", "photographs": 16},))

    model = export_run(tmp_path / "run", terms=terms, samples=validation_samples([forgeries]), calibrated=False)

    assert (result.reason, result.step) == ("finished", 2)
    localizer = load_model(model)  # written only after torch and onnxruntime agreed
    assert localizer.settings.network == recipe.name
    assert localizer.settings.patch_rule == recipe.data.rule
    labels, pixels = localizer.judge(np.zeros((2, 64, 64, 3), np.uint8))
    assert (labels is None) == (recipe.network.patch_head is None)
    assert (pixels is None) == (not recipe.network.head_maps)
    trained = load_checkpoint(tmp_path / "run" / BEST)["network"]
    assert weights_of_model(model).weights.keys() == trained.keys()
