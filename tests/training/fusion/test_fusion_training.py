"""The network `fusion`: its parts, its photos, its losses, and a whole run from forgeries to a model file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from unseam.datasets.splits import DataSet
from unseam.errors import RecipeError
from unseam.models.fusion.features import feature_names
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.method import FusionMethod
from unseam.models.load import load_model
from unseam.photo.photo import load_photo
from unseam.training.export import validation_samples
from unseam.training.fusion import feature_store
from unseam.training.fusion.family import FusionFamily
from unseam.training.fusion.network import FusionConfig, build_fusion
from unseam.training.fusion.recipe import BlockConfig, FusionRecipe
from unseam.training.fusion.source import load_fusion_source
from unseam.training.launch import train
from unseam.training.recipe import load_patch_recipe, recipe_from
from unseam.training.splits import training_splits

pytestmark = pytest.mark.xdist_group("fusion training")


def test_a_run_learns_what_is_plain_to_see(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    validations = [line for line in lines if line["event"] == "validation"]
    assert validations[-1]["cell_auc"] > 0.95
    assert validations[-1]["cell_f1"] > 0.8
    assert validations[-1]["criterion"] == pytest.approx(
        (validations[-1]["cell_f1"] + validations[-1]["image_auc"]) / 2
    )
    assert validations[-1]["photos"] == 60 * 4
    assert {"cell_loss", "dice_loss", "block_loss", "photo_loss", "confidence_loss"} <= lines[0].keys()


def test_the_model_file_finds_it_and_says_what_it_is(forgeries: Path, model: Path) -> None:
    localizer = load_model(model)
    assert isinstance(localizer, FusionMethod)
    settings: FusionSettings = localizer.settings
    assert settings.photos_seen == 240
    assert isinstance(recipe_from(dict(settings.recipe)), FusionRecipe)
    assert settings.false_alarms is not None
    assert settings.false_alarms.marked <= 0.05
    forged = next(sample for sample in validation_samples([forgeries]) if sample.mask is not None)
    photo = load_photo(forged.photo)
    heat = np.asarray(localizer(photo))
    assert roc_auc_score(forged.truth((photo.height, photo.width)).ravel(), heat.ravel()) > 0.9


def test_measuring_in_processes_leaves_this_ones_environment_alone(
    forgeries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    before = dict(os.environ)
    config = BlockConfig(crop=8, copy_move_share=0.0)
    read = load_fusion_source(
        training_splits([forgeries]), config, batch=4, seed=0, folder=tmp_path, workers=1, quiet=True
    )
    assert dict(os.environ) == before
    assert len(list(tmp_path.iterdir())) == 2 * (len(read.train) + len(read.validation))  # and nothing half-written


def test_features_are_measured_once(forgeries: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (run / "features").iterdir())
    assert len(before) == 2 * 16

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(feature_store, "block_features", never)
    for sample in DataSet(forgeries).samples("train").samples:
        feature_store.stored(sample, BlockConfig(copy_move_share=0.0), run / "features")
    after = sorted((path.name, path.stat().st_mtime_ns) for path in (run / "features").iterdir())
    assert after == before


def test_a_run_begins_with_another_ones_weights(
    forgeries: Path, run: Path, recipe: dict[str, Any], tmp_path: Path
) -> None:
    still = {"optimisation": {"steps": 1, "batch": 4, "learning_rate": 1e-9, "final_learning_rate": 0.0}}

    train(
        recipe_from(recipe | still),
        [forgeries],
        tmp_path / "next",
        init_from=run,
        features=run / "features",
        workers=1,
        accelerator="cpu",
        quiet=True,
    )

    lines = (tmp_path / "next" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["cell_auc"] > 0.95


def test_weights_of_another_network_are_refused(run: Path) -> None:
    count = len(feature_names())
    wider = build_fusion(FusionConfig(width=16, hidden=4, layers=1), torch.zeros(count), torch.ones(count))
    with pytest.raises(RecipeError, match="another network"):
        FusionFamily().initialise(wider, run)


def test_the_paper_reproduction_wants_a_network_of_patches(tmp_path: Path) -> None:
    path = tmp_path / "fusion.toml"
    path.write_text('name = "fusion"\n[fusion]\nwidth = 8\n')
    with pytest.raises(RecipeError, match="network of patches"):
        load_patch_recipe(path)
    path.write_text('name = "fusion"\n[fusion]\nwidth = 8\nheight = 9\n')
    with pytest.raises(RecipeError, match="height"):
        load_patch_recipe(path)
