"""The network `fusion`: its parts, its photos, its losses, and a whole run from forgeries to a model file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from sklearn.metrics import roc_auc_score

from support.tiny_forgeries import write_forgeries
from unseam.datasets.splits import DataSet
from unseam.errors import DataError, ModelError, RecipeError
from unseam.models.fusion.features import feature_names
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.method import FusionMethod
from unseam.models.fusion.windows import window_shares
from unseam.models.load import load_model
from unseam.photo.photo import load_photo
from unseam.training.fusion import source as source_room
from unseam.training.fusion.export import check_fusion_parity, fusion_graph
from unseam.training.fusion.network import FusionConfig, FusionNetwork, FusionOutputs, build_fusion
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.fusion.source import Blocks, FusionSource, cell_shares
from unseam.training.fusion.task import CONFIDENCE_WEIGHT, losses
from unseam.training.launch import train
from unseam.training.patch.export import ModelTerms, export_run, validation_samples
from unseam.training.patch.source import training_sides
from unseam.training.recipe import FusionRecipe, load_patch_recipe, recipe_from

F = len(feature_names())
TINY = FusionConfig(width=8, hidden=4, layers=1)
RECIPE = {
    "name": "tiny",
    "fusion": {"width": 8, "hidden": 4, "layers": 1},
    "blocks": {"crop": 8, "copy_move_share": 0.0, "workers": 1},
    "optimisation": {"steps": 60, "batch": 4, "validate_every": 30, "learning_rate": 1e-2, "warmup_steps": 2},
}


def network(config: FusionConfig = TINY, seed: int = 0) -> FusionNetwork:
    torch.manual_seed(seed)
    return build_fusion(config, torch.zeros(F), torch.ones(F)).eval()


@pytest.mark.parametrize("relation", ["recurrence", "convolution", "neighbours"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (9, 5)])
def test_photos_of_any_size_get_two_by_two_cells_a_block(relation: str, shape: tuple[int, int]) -> None:
    config = FusionConfig(width=8, hidden=4, layers=2, relation=relation)  # type: ignore[arg-type]
    outputs = network(config)(torch.randn(2, F, *shape))
    assert outputs.cell.shape == (2, 2 * shape[0], 2 * shape[1])
    assert outputs.block.shape == outputs.confidence.shape == (2, *shape)
    assert outputs.photo.shape == (2, *window_shares(*outputs.block.shape[1:]).shape)


def test_recurrence_carries_evidence_across_the_photo_and_convolution_does_not() -> None:
    x = torch.randn(1, F, 40, 60)
    changed = x.clone()
    changed[..., 0, 0] += 3
    reached = {}
    for relation in ("recurrence", "neighbours"):
        net = network(FusionConfig(width=8, hidden=4, layers=1, relation=relation))  # type: ignore[arg-type]
        with torch.no_grad():
            difference = (net(changed).cell - net(x).cell).abs()
        centred = difference[0, -4:, -4:].max() / difference.max()
        reached[relation] = float(centred)
    assert reached["recurrence"] > 0  # the photo's mean reaches everywhere in both
    assert reached["recurrence"] != reached["neighbours"]


def test_a_cell_lies_where_its_block_lies() -> None:
    net = network(FusionConfig(width=8, hidden=4, relation="neighbours"))
    x = torch.zeros(1, F, 8, 8)
    x[..., 5, 2] = 4
    with torch.no_grad():
        difference = (net(x).cell - net(torch.zeros(1, F, 8, 8)).cell).abs()[0]
    near = difference[2 * 3 : 2 * 8, : 2 * 5].sum() / difference.sum()
    row, column = divmod(int(difference.argmax()), 16)
    assert row // 2 in (4, 5, 6)
    assert column // 2 in (1, 2, 3)
    assert near > 0.5


def test_layers_of_concatenated_inputs_are_computed_without_concatenating() -> None:
    net, x, groups = network(), torch.randn(1, 9, 5, TINY.width), torch.randn(1, 5, 3, TINY.width)
    spread = groups.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, :9, :5]
    apart = x - x.mean((1, 2), keepdim=True)
    with torch.no_grad():
        torch.testing.assert_close(net._compared(x), net.compare(torch.cat([x, apart], -1)))
        torch.testing.assert_close(net._joined(x, groups), net.join(torch.cat([x, spread], -1)))


def test_features_that_are_left_out_are_not_read() -> None:
    net = network(FusionConfig(width=8, hidden=4, without=("residual", "JPEG", "noise-level")))
    x = torch.randn(1, F, 4, 4)
    other = x.clone()
    left_out = [
        index
        for index, name in enumerate(feature_names())
        if name.startswith(("residual: ", "file: ", "detector: noise-level", "detector: dct-model"))
    ]
    other[:, left_out] += 5
    with torch.no_grad():
        assert torch.equal(net(x).cell, net(other).cell)
        other[:, feature_names().index("detector: block-grid")] += 5
        assert not torch.equal(net(x).cell, net(other).cell)
    with pytest.raises(RecipeError, match="names colours"):
        network(FusionConfig(without=("colours",)))


def test_the_graph_agrees_with_torch_on_other_sizes_up_to_grids_ten_times_as_long_as_in_training() -> None:
    net = network()
    graph = fusion_graph(net)
    onnx.checker.check_model(graph)
    rng = np.random.default_rng(0)
    photos = [rng.normal(size=(F, rows, columns)).astype(np.float32) for rows, columns in ((1, 1), (30, 7), (5, 480))]
    assert check_fusion_parity(graph.SerializeToString(), net, photos) < 1e-5
    with pytest.raises(ModelError, match="differ"):
        check_fusion_parity(graph.SerializeToString(), network(seed=1), photos)


def blocks(rows: int, columns: int, manipulated: bool, seed: int = 0) -> Blocks:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(F, rows, columns)).astype(np.float16)
    truth = np.zeros((2 * rows, 2 * columns), np.float16)
    if manipulated:
        truth[4:10, 4:10] = 1
        features[:, 2:5, 2:5] += 2
    return Blocks(features, truth)


def source(**changes: int) -> FusionSource:
    photos = [blocks(10 + seed, 12, manipulated=seed % 2 == 0, seed=seed) for seed in range(8)]
    return FusionSource(photos, photos[:2], BlockConfig(**({"crop": 11} | changes)), 4, seed=3)


def test_a_batch_is_a_function_of_its_step_shared_by_the_processes() -> None:
    first, again, next_one = source().batch(5, 0, 1), source().batch(5, 0, 1), source().batch(6, 0, 1)
    assert torch.equal(first.features, again.features)
    assert not torch.equal(first.features[..., :1, :1], next_one.features[..., :1, :1])
    halves = [source().batch(5, rank, 2) for rank in (0, 1)]
    assert torch.equal(first.features[0::2], halves[0].features)
    assert torch.equal(first.truth[1::2], halves[1].truth)


def test_crops_keep_features_and_truth_together_whatever_is_mirrored() -> None:
    for step in range(12):
        batch = source().batch(step, 0, 1)
        assert max(batch.features.shape[2:]) <= 11
        inside = torch.nn.functional.avg_pool2d(batch.truth[:, None], 2)[:, 0] == 1
        for features, where in zip(batch.features, inside, strict=True):
            if where.any():
                assert features[:, where].mean() > 1.5 > features[:, ~where].mean()


def test_moments_are_those_of_the_training_photos() -> None:
    mean, deviation = source().moments()
    assert mean.shape == deviation.shape == (F,)
    assert 0 < float(mean.mean()) < 0.6
    assert 0.8 < float(deviation.mean()) < 1.5


def test_a_split_of_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="no manipulated or no authentic photo"):
        FusionSource([blocks(9, 9, manipulated=True)], [], BlockConfig(), 2, seed=0)


def test_what_is_skipped_is_the_same_every_time_and_as_often_as_asked() -> None:
    config = BlockConfig(copy_move_share=0.25)
    names = [f"images/{number:06d}.jpg" for number in range(2000)]
    asked = [not config.skipped(name) for name in names]
    assert asked == [not config.skipped(name) for name in names]
    assert 0.2 < np.mean(asked) < 0.3
    assert not BlockConfig(copy_move_share=1.0).skipped("a")
    with pytest.raises(RecipeError, match="expected a share"):
        BlockConfig(copy_move_share=2.0)


def test_shares_of_cells_count_pixels() -> None:
    truth = np.zeros((12, 9), bool)
    truth[0:2, 0:4] = True  # half of the first cell
    truth[8:12, 8] = True  # a quarter of a cell that overhangs
    shares = cell_shares(truth, (2, 2))
    assert shares[0, 0] == 0.5
    assert shares[2, 2] == 0.25
    assert shares.sum() == 0.75


def test_losses_are_those_worked_out_by_hand() -> None:
    truth = torch.zeros(2, 2, 2)
    truth[0, 0] = 1
    cell = torch.tensor([[[2.0, 2.0], [-1.0, -1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    outputs = FusionOutputs(
        cell, torch.tensor([[[1.0]], [[-1.0]]]), torch.zeros(2, 1, 1), torch.tensor([[[3.0]], [[-3.0]]])
    )
    parts = {name: float(value) for name, value in losses(outputs, truth).items()}
    inside, outside = np.log1p(np.exp(-2)), np.log1p(np.exp(-1))
    forged = (inside + outside) / 4 + (inside + outside) / 4
    assert parts["cell"] == pytest.approx((forged + np.log(2)) / 2, abs=1e-6)
    assert parts["photo"] == pytest.approx(0.3 * np.log1p(np.exp(-3)), abs=1e-6)
    assert parts["confidence"] == pytest.approx(CONFIDENCE_WEIGHT * np.log(2), abs=1e-6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    forgeries = write_forgeries(tmp_path_factory.mktemp("fusion") / "forged")
    run = forgeries.parent / "run"
    train(recipe_from(RECIPE), [forgeries], run, accelerator="cpu", quiet=True)
    return forgeries, run


def test_a_run_learns_what_is_plain_to_see(trained: tuple[Path, Path]) -> None:
    lines = [json.loads(line) for line in (trained[1] / "metrics.jsonl").read_text().splitlines()]
    validations = [line for line in lines if line["event"] == "validation"]
    assert validations[-1]["cell_auc"] > 0.95
    assert validations[-1]["photos"] == 60 * 4
    assert {"cell_loss", "block_loss", "photo_loss", "confidence_loss"} <= lines[0].keys()


def test_the_model_file_finds_it_and_says_what_it_is(trained: tuple[Path, Path]) -> None:
    forgeries, run = trained
    samples = validation_samples([forgeries])
    terms = ModelTerms("CC0-1.0", ({"name": "noise", "licence": "CC0-1.0", "photographs": 8},), name="fusion")
    localizer = load_model(export_run(run, terms=terms, samples=samples))
    assert isinstance(localizer, FusionMethod)
    settings: FusionSettings = localizer.settings
    assert settings.photos_seen == 240
    assert isinstance(recipe_from(dict(settings.recipe)), FusionRecipe)
    assert settings.false_alarms is not None
    assert settings.false_alarms.marked <= 0.05
    forged = next(sample for sample in samples if sample.mask is not None)
    photo = load_photo(forged.photo)
    heat = np.asarray(localizer(photo))
    assert roc_auc_score(forged.truth((photo.height, photo.width)).ravel(), heat.ravel()) > 0.9


def test_measuring_in_processes_leaves_this_ones_environment_alone(
    trained: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    before = dict(os.environ)
    config = BlockConfig(crop=8, copy_move_share=0.0, workers=1)
    read = source_room.load_fusion_source(
        training_sides([trained[0]]), config, batch=4, seed=0, cache=tmp_path, quiet=True
    )
    assert dict(os.environ) == before
    assert len(list(tmp_path.iterdir())) == len(read.train) + len(read.validation)  # and nothing half-written


def test_features_are_measured_once(trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    forgeries, run = trained
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (run / "features").iterdir())
    assert len(before) == 16

    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(source_room, "block_features", never)
    for sample in DataSet(forgeries).samples("train").samples:
        source_room.measured(sample, BlockConfig(copy_move_share=0.0), run / "features")
    after = sorted((path.name, path.stat().st_mtime_ns) for path in (run / "features").iterdir())
    assert after == before


def test_a_run_begins_with_another_ones_weights(trained: tuple[Path, Path], tmp_path: Path) -> None:
    forgeries, run = trained
    still = {"steps": 1, "batch": 4, "learning_rate": 1e-9, "final_learning_rate": 0.0}
    short = recipe_from(RECIPE | {"optimisation": still})
    train(short, [forgeries], tmp_path / "next", begin_from=run, accelerator="cpu", quiet=True)
    lines = [json.loads(line) for line in (tmp_path / "next" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["cell_auc"] > 0.95
    wider = recipe_from(RECIPE | {"fusion": {"width": 16, "hidden": 4, "layers": 1}})
    with pytest.raises(RecipeError, match="another network"):
        train(wider, [forgeries], tmp_path / "wider", begin_from=run, accelerator="cpu", quiet=True)
    with pytest.raises(RecipeError, match="not with a model file"):
        train(short, [forgeries], tmp_path / "file", begin_from=Path("fusion.onnx"), accelerator="cpu", quiet=True)


def test_the_paper_reproduction_wants_a_network_of_patches(tmp_path: Path) -> None:
    path = tmp_path / "evidence.toml"
    path.write_text('name = "fusion"\n[fusion]\nwidth = 8\n')
    with pytest.raises(RecipeError, match="network of patches"):
        load_patch_recipe(path)
    path.write_text('name = "fusion"\n[fusion]\nwidth = 8\nheight = 9\n')
    with pytest.raises(RecipeError, match="height"):
        load_patch_recipe(path)
