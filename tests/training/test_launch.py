from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch
from lightning.fabric import Fabric
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from support.tiny_forgeries import write_forgeries
from unseam.errors import DataError, RecipeError, RunError
from unseam.system.folder_lock import LOCK, FolderLock
from unseam.training import launch, train
from unseam.training.checkpoint import BEST, LAST, load_checkpoint
from unseam.training.patch.recipe import PatchRecipe
from unseam.training.recipe import load_patch_recipe

RECIPE = """
name = "tiny"
[network]
patch_side = 16
front_maps = [4, 1]
lstm_widths = [64]
head_maps = [4, 2]
[data]
validation_windows = 64
[optimisation]
steps = 10
batch = 8
learning_rate = 1e-3
warmup_steps = 0
validate_every = 10
checkpoint_every = 5
"""


@pytest.fixture(scope="module")
def forgeries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forgeries(tmp_path_factory.mktemp("data") / "forgeries")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


def changed(recipe: Path, **optimisation: Any) -> PatchRecipe:
    read = load_patch_recipe(recipe)
    return dataclasses.replace(read, optimisation=dataclasses.replace(read.optimisation, **optimisation))


def test_recipe_and_folder_are_all_that_a_training_needs(recipe: Path, forgeries: Path, tmp_path: Path) -> None:
    result = train(recipe, [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)
    assert (result.reason, result.step, result.best_step) == ("finished", 10, 10)
    best = load_checkpoint(tmp_path / "run" / BEST)
    assert '"name": "tiny"' in best["recipe"]
    assert len(load_checkpoint(tmp_path / "run" / LAST)["facts"]) > 64


def test_progress_goes_to_stderr_alone(recipe: Path, forgeries: Path, tmp_path: Path, capfd: Any) -> None:
    train(recipe, [forgeries], tmp_path / "run", accelerator="cpu")
    out, err = capfd.readouterr()
    assert out == ""
    assert "10/10" in err
    assert "patches/s" in err


def test_resume_with_other_forgeries_is_refused(recipe: Path, forgeries: Path, tmp_path: Path) -> None:
    train(recipe, [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)
    others = write_forgeries(tmp_path / "others", seed=1)
    (others / "manifest.csv").write_text((others / "manifest.csv").read_text() + "\n")
    with pytest.raises(RecipeError, match=r"other data .*data_digest was"):
        train(recipe, [others], tmp_path / "run", resume=True, accelerator="cpu", quiet=True)


def test_folder_with_a_run_is_refused_before_the_photographs_are_read(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LAST).touch()
    with pytest.raises(RunError, match="holds a run already"):
        train(recipe, [tmp_path / "nowhere"], tmp_path / "run", accelerator="cpu")


@pytest.mark.parametrize(("resume", "devices"), [(False, 1), (True, 1), (True, 2)])
def test_run_folder_of_another_training_is_refused_before_the_photographs_are_read(
    recipe: Path, tmp_path: Path, resume: bool, devices: int
) -> None:
    options: dict[str, Any] = {"resume": resume, "devices": devices, "accelerator": "cpu", "quiet": True}
    with FolderLock(tmp_path / "run", RunError):
        with pytest.raises(RunError, match=r"^\S+run: another process is at work in it"):
            train(recipe, [tmp_path / "nowhere"], tmp_path / "run", **options)
        assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]


def test_run_folder_is_locked_until_its_training_ends(
    recipe: Path, forgeries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        with pytest.raises(RunError, match="run: another process is at work in it"):
            train(recipe, [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(launch, "train_loop", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, [forgeries], tmp_path / "run", accelerator="cpu", quiet=True)
    assert not list((tmp_path / "run").iterdir())


def test_file_in_the_place_of_the_run_folder_is_one_clear_error(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(RunError, match="run: cannot write"):
        train(recipe, [], tmp_path / "run", accelerator="cpu")


def test_batch_that_cannot_be_shared_is_refused(recipe: Path, forgeries: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a batch of 8 cannot be shared by 3 devices"):
        train(recipe, [forgeries], tmp_path / "run", devices=3, accelerator="cpu")


def test_device_that_is_not_there_is_one_clear_error(recipe: Path, forgeries: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such devices here"):
        train(recipe, [forgeries], tmp_path / "run", accelerator="abacus")


def test_two_processes_end_with_the_weights_of_one_that_saw_the_same_batches(
    recipe: Path, forgeries: Path, tmp_path: Path
) -> None:
    steps = changed(recipe, steps=20, validate_every=20, precision="float32")
    two = train(steps, [forgeries], tmp_path / "two", devices=2, accelerator="cpu", quiet=True)
    one = train(steps, [forgeries], tmp_path / "one", accelerator="cpu", quiet=True)

    assert (two.reason, two.step) == (one.reason, one.step) == ("finished", 20)
    assert two.best_value == pytest.approx(one.best_value, abs=1e-3)
    weights, alone = (load_checkpoint(tmp_path / name / LAST)["network"] for name in ("two", "one"))
    assert "lstms.0.weight_hh_l0" in alone
    for name, weight in alone.items():
        torch.testing.assert_close(weights[name], weight, rtol=0, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            ProcessRaisedException("-- Process 0 terminated:\n  File ...\nunseam.errors.DataError: no masks\n", 0, 1),
            "masks",
        ),
        (ProcessExitedException("process 1 terminated with signal SIGKILL", 1, 2, -9, "SIGKILL"), "signal SIGKILL"),
    ],
    ids=["raised", "killed"],
)
def test_failure_in_one_of_two_processes_is_one_clear_error(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, reason: str
) -> None:
    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(Fabric, "launch", fail)
    with pytest.raises(RunError, match=rf"one of the training processes failed: .*{reason}$"):
        train(recipe, [tmp_path], tmp_path / "run", devices=2, accelerator="cpu", quiet=True)


def test_missing_folder_of_forgeries_is_refused(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        train(recipe, [tmp_path / "nowhere"], tmp_path / "run", accelerator="cpu", quiet=True)
    assert not (tmp_path / "run" / LAST).exists()


def test_a_run_begins_with_the_best_weights_of_another_and_says_so(
    recipe: Path, forgeries: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(recipe, [forgeries], first, accelerator="cpu", quiet=True)
    still = changed(recipe, steps=1, learning_rate=1e-12, final_learning_rate=0.0, seed=5)
    train(still, [forgeries], second, init_from=first, accelerator="cpu", quiet=True)
    before, after = load_checkpoint(first / BEST), load_checkpoint(second / BEST)
    for name, weight in before["network"].items():
        torch.testing.assert_close(after["network"][name], weight, rtol=0, atol=1e-9)
    facts = json.loads(after["facts"])
    assert facts["patches_before"] == before["patches"]
    assert facts["begun_from"]["recipe"]["name"] == "tiny"


def test_a_run_cannot_begin_with_the_weights_of_another_network(recipe: Path, forgeries: Path, tmp_path: Path) -> None:
    train(recipe, [forgeries], tmp_path / "first", accelerator="cpu", quiet=True)
    other = load_patch_recipe(recipe)
    other = dataclasses.replace(other, network=dataclasses.replace(other.network, front_maps=(8, 1)))
    with pytest.raises(RecipeError, match="of another network"):
        train(other, [forgeries], tmp_path / "second", init_from=tmp_path / "first", accelerator="cpu", quiet=True)
    with pytest.raises(RunError):
        train(recipe, [forgeries], tmp_path / "third", init_from=tmp_path / "none", accelerator="cpu", quiet=True)


@pytest.mark.parametrize(
    ("precision", "has", "expected"),
    [
        ("auto", True, "bf16-mixed"),
        ("auto", False, "32-true"),
        ("bf16", False, "bf16-mixed"),
        ("float32", True, "32-true"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_it(
    precision: Any, has: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "has_bfloat16", lambda _: has)

    assert launch._fabric("cpu", 1, precision)._precision.precision == expected


@pytest.mark.parametrize("known", [True, False])
def test_a_processor_with_either_kind_of_bfloat16_has_it(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: known)

    assert launch.has_bfloat16("cpu") is known
