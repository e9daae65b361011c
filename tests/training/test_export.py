from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from support.tiny_forgeries import write_forgeries
from unseam.errors import DataError, ModelError, RecipeError, RunError
from unseam.models.load import load_model
from unseam.photo.photo import load_photo
from unseam.training import export, export_run, train
from unseam.training.checkpoint import BEST, load_checkpoint, save_checkpoint
from unseam.training.export import ModelTerms, load_terms, validation_samples
from unseam.training.patch import family
from unseam.training.patch.export import as_onnx, real_patches
from unseam.training.recipe import recipe_from

pytestmark = pytest.mark.xdist_group("export")

TERMS = ModelTerms("CC-BY-4.0", ({"name": "noise", "licence": "CC0-1.0", "photographs": 16},))
RECIPE: dict[str, Any] = {
    "name": "tiny",
    "network": {"patch_side": 16, "front_maps": [8, 1], "lstm_widths": [64], "head_maps": [8, 2]},
    "data": {"validation_windows": 64},
    "optimisation": {"steps": 60, "batch": 32, "learning_rate": 1e-2, "warmup_steps": 5, "validate_every": 60},
}


@pytest.fixture(scope="module")
def forgeries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forgeries(tmp_path_factory.mktemp("data") / "forgeries")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, forgeries: Path) -> Path:
    run = tmp_path_factory.mktemp("run")
    train(recipe_from(RECIPE), [forgeries], run, accelerator="cpu", quiet=True)
    return run


@pytest.fixture(scope="module")
def model(run: Path, forgeries: Path) -> Path:
    return export_run(run, terms=TERMS, samples=validation_samples([forgeries]), threads=1)


def test_model_file_says_all_that_is_needed_to_feed_and_read_it(model: Path, run: Path) -> None:
    settings = load_model(model).settings
    assert model == run / "tiny.onnx"
    assert (settings.name, settings.network, settings.patch_side, settings.stride) == ("cnn-lstm", "tiny", 16, 8)
    assert (settings.patches_seen, settings.patch_rule) == (60 * 32, 0.125)
    assert settings.licence == "CC-BY-4.0"
    assert settings.training_sources[0]["photographs"] == 16
    assert recipe_from(dict(settings.recipe)) == recipe_from(RECIPE)
    assert len(settings.data_digest) == 64


def test_exported_model_finds_what_the_network_learned(model: Path, forgeries: Path) -> None:
    localizer = load_model(model)
    manipulated, authentic = [], []
    for sample in validation_samples([forgeries]):
        heatmap = localizer(load_photo(sample.photo))
        truth = sample.truth(heatmap.heat.shape)
        if truth.any():
            assert heatmap.heat[truth].mean() > heatmap.heat[~truth].mean() + 0.2
            assert np.asarray(heatmap.mask)[truth].mean() > 0.5
        (manipulated if truth.any() else authentic).append(heatmap.score)
    assert min(manipulated) > max(authentic)


def test_model_file_says_how_often_it_is_wrong_about_authentic_photographs(model: Path, forgeries: Path) -> None:
    localizer = load_model(model)
    authentic = [load_photo(sample.photo) for sample in validation_samples([forgeries]) if sample.mask is None]
    heatmaps = [localizer(photo) for photo in authentic]
    known = localizer.info.false_alarms
    assert known is not None
    assert known.scores == pytest.approx(sorted(heatmap.score for heatmap in heatmaps), abs=1e-5)
    marked = [bool(heatmap.regions) for heatmap in heatmaps]
    assert known.marked == pytest.approx(np.mean(marked))


def test_calibrated_heat_is_one_half_where_both_classes_are_as_likely(model: Path) -> None:
    curve = load_model(model).settings.heat_calibration
    assert (curve.slope, curve.intercept) != (1.0, 0.0)


def test_raw_export_holds_the_networks_own_probabilities(run: Path, forgeries: Path, tmp_path: Path) -> None:
    samples = validation_samples([forgeries])[:1]
    settings = load_model(
        export_run(run, tmp_path / "raw.onnx", terms=TERMS, samples=samples, calibrated=False)
    ).settings
    assert (settings.heat_calibration.slope, settings.heat_calibration.intercept) == (1.0, 0.0)
    assert settings.pixel_threshold == 0.5
    assert settings.false_alarms is None


def test_nothing_is_written_when_the_numbers_differ(
    run: Path, forgeries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slightly_wrong(*arguments: Any) -> Any:
        graph = as_onnx(*arguments)
        for weight in graph.graph.initializer:
            if weight.name.endswith("patch.bias"):
                weight.raw_data = (np.frombuffer(weight.raw_data, np.float32) + np.float32([0, 1e-3])).tobytes()
        return graph

    monkeypatch.setattr(family, "as_onnx", slightly_wrong)
    with pytest.raises(ModelError, match="torch and onnxruntime differ"):
        export_run(run, tmp_path / "model.onnx", terms=TERMS, samples=validation_samples([forgeries]))
    assert not list(tmp_path.iterdir())


def test_model_that_is_too_large_is_not_written(
    run: Path, forgeries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LARGEST_BYTES", 1000)
    with pytest.raises(ModelError, match="not written"):
        export_run(run, tmp_path / "model.onnx", terms=TERMS, samples=validation_samples([forgeries]), calibrated=False)
    assert not list(tmp_path.iterdir())


def test_same_run_gives_the_same_bytes(model: Path, run: Path, forgeries: Path, tmp_path: Path) -> None:
    again = export_run(run, tmp_path / "again.onnx", terms=TERMS, samples=validation_samples([forgeries]), threads=1)
    assert again.read_bytes() == model.read_bytes()


def test_folder_without_a_run_says_what_to_do(forgeries: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="train first"):
        export_run(tmp_path, terms=TERMS, samples=validation_samples([forgeries]))


def test_checkpoint_of_another_network_is_refused(run: Path, forgeries: Path, tmp_path: Path) -> None:
    best = load_checkpoint(run / BEST)
    best["network"]["patch.weight"] = torch.zeros(2, 3)
    save_checkpoint(best, tmp_path / BEST)
    with pytest.raises(RecipeError, match="not of the network in its recipe"):
        export_run(tmp_path, terms=TERMS, samples=validation_samples([forgeries]))


def test_real_patches_are_cut_from_photographs(forgeries: Path) -> None:
    patches = real_patches(validation_samples([forgeries]), 16)
    assert (patches.shape, patches.dtype) == ((64, 16, 16, 3), np.uint8)


def test_without_photographs_nothing_is_proven_and_nothing_written(run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs photographs"):
        export_run(run, tmp_path / "model.onnx", terms=TERMS, samples=[])
    assert not list(tmp_path.iterdir())


def test_terms_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_text('licence = "CC0-1.0"\n[[training_sources]]\nname = "a"\nlicence = "CC0-1.0"\nphotographs = 3\n')
    terms = load_terms(path)
    assert terms == dataclasses.replace(terms, licence="CC0-1.0")
    assert terms.training_sources == ({"name": "a", "licence": "CC0-1.0", "photographs": 3},)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('licence = "x"\n', "missing keys.*training_sources"),
        ("licence = ", "cannot be read"),
        ("[x]\n", "unknown"),
        ('licence = "x"\ntraining_sources = 3\n', "training_sources must be tables"),
        ('licence = "x"\ntraining_sources = ["a"]\n', "training_sources must be tables"),
        ("licence = 3\ntraining_sources = []\n", "licence must be text"),
        ("licence = " + "[" * 60_000, "cannot be read"),
        ("licence = " + "9" * 5000, "cannot be read"),
    ],
)
def test_terms_that_say_too_little_or_too_much_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "terms.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=reason):
        load_terms(path)
