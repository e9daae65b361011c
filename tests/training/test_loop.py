from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch
from lightning.fabric import Fabric
from torch import nn

from support.places import ROOT
from support.tiny_run import VALIDATING, TinyNetwork, TinySource, metrics_of, train_tiny
from unseam.errors import DataError, RecipeError, RunError
from unseam.training.checkpoint import BEST, LAST, METRICS, load_checkpoint, save_checkpoint
from unseam.training.launch import leaving_the_group

pytestmark = pytest.mark.xdist_group("loop")

TIMES = ("seconds", "patches_per_second")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class KilledError(Exception):
    """Stands for the end of the process."""


def metrics_without_times(run: Path) -> list[dict[str, Any]]:
    return [{key: line[key] for key in line if key not in TIMES} for line in metrics_of(run)]


def assert_same_run(run: Path, other: Path) -> None:
    for name in (LAST, BEST):
        mine, theirs = load_checkpoint(run / name), load_checkpoint(other / name)
        assert mine["network"].keys() == theirs["network"].keys()
        for key, weight in mine["network"].items():
            assert torch.equal(weight, theirs["network"][key]), f"{name}: {key}"
    assert metrics_without_times(run) == metrics_without_times(other)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("uninterrupted")
    torch.set_num_threads(1)
    result = train_tiny(run)
    assert (result.reason, result.step) == ("finished", 60)
    return run


def test_training_learns_what_is_there_to_learn(uninterrupted: Path) -> None:
    validations = [line for line in metrics_of(uninterrupted) if line["event"] == "validation"]
    assert [line["step"] for line in validations] == [15, 30, 45, 60]
    assert float(validations[-1]["pixel_auc"] or 0) > 0.6
    assert float(validations[-1]["pixel_loss"] or 9) < float(validations[0]["pixel_loss"] or 0)


def test_training_lines_hold_mean_losses_rate_and_speed(uninterrupted: Path) -> None:
    first = metrics_of(uninterrupted)[1]
    assert (first["event"], first["step"], first["patches"]) == ("training", 20, 160)
    assert first["loss"] == pytest.approx(float(first["patch_loss"] or 0) + float(first["pixel_loss"] or 0))
    assert float(first["patches_per_second"] or 0) > 0
    assert 0 < float(first["learning_rate"] or 0) <= 3e-3


def test_best_checkpoint_is_the_one_with_the_highest_criterion(uninterrupted: Path) -> None:
    validations = [line for line in metrics_of(uninterrupted) if line["event"] == "validation"]
    best = max(validations, key=lambda line: float(line["criterion"] or 0))
    checkpoint = load_checkpoint(uninterrupted / BEST)
    assert checkpoint["step"] == best["step"] == load_checkpoint(uninterrupted / LAST)["state"]["best_step"]
    assert checkpoint["validation"]["pixel_auc"] == best["pixel_auc"]


def test_the_same_seed_gives_the_same_weights(uninterrupted: Path, tmp_path: Path) -> None:
    train_tiny(tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_another_seed_gives_other_weights(uninterrupted: Path, tmp_path: Path) -> None:
    train_tiny(tmp_path, seed=8)
    mine, theirs = load_checkpoint(tmp_path / LAST), load_checkpoint(uninterrupted / LAST)
    assert not torch.equal(mine["network"]["patch.weight"], theirs["network"]["patch.weight"])


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_killed_run_ends_with_the_weights_of_an_uninterrupted_one(uninterrupted: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "support" / "tiny_run.py"), str(tmp_path)]
    writing, validating = tmp_path / f"{LAST}.partial", tmp_path / VALIDATING
    for moment in (tmp_path / LAST, validating, writing):
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        before = _written(moment)
        while process.poll() is None and _written(moment) in (before, 0):
            time.sleep(0.001)
        process.kill()
        assert process.wait() == -signal.SIGKILL, process.communicate()[1].decode()
        process.communicate()
    assert load_checkpoint(tmp_path / LAST)["state"]["step"] < 60
    subprocess.run(command, check=True)
    validating.unlink()
    assert_same_run(tmp_path, uninterrupted)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def test_resuming_a_finished_run_changes_nothing(uninterrupted: Path) -> None:
    before = (uninterrupted / METRICS).read_bytes()
    result = train_tiny(uninterrupted, resume=True)
    assert (result.reason, result.step) == ("finished", 60)
    assert (uninterrupted / METRICS).read_bytes() == before


def test_run_killed_between_metrics_and_checkpoint_loses_the_later_lines(uninterrupted: Path, tmp_path: Path) -> None:
    def save_until_30(checkpoint: Any, path: Path) -> None:
        if checkpoint.get("state", {}).get("step", 0) >= 30:
            raise KilledError
        save_checkpoint(checkpoint, path)

    with pytest.raises(KilledError):
        train_tiny(tmp_path, save=save_until_30)
    with (tmp_path / METRICS).open("ab") as file:
        file.write(b'{"event": "training", "st')
    assert metrics_of(tmp_path)[-1]["step"] == 30
    train_tiny(tmp_path, resume=True)
    assert_same_run(tmp_path, uninterrupted)


def test_run_killed_between_last_and_best_makes_best_again(uninterrupted: Path, tmp_path: Path) -> None:
    run = shutil.copytree(uninterrupted, tmp_path / "run")
    (run / BEST).unlink()
    train_tiny(run, resume=True)
    assert_same_run(run, uninterrupted)


def test_last_step_is_validated_whatever_its_number(tmp_path: Path) -> None:
    assert train_tiny(tmp_path, steps=7).best_step == 7


def test_run_without_resume_refuses_a_folder_with_a_run(uninterrupted: Path) -> None:
    with pytest.raises(RunError, match=r"holds a run already.*--resume"):
        train_tiny(uninterrupted)


def test_resume_with_another_recipe_names_what_differs(uninterrupted: Path) -> None:
    with pytest.raises(RecipeError, match=r"optimisation.steps was 60, is 80"):
        train_tiny(uninterrupted, steps=80, resume=True)


def test_resume_with_another_network_is_refused(uninterrupted: Path) -> None:
    network = TinyNetwork()
    network.patch = nn.Linear(5, 2)
    with pytest.raises(RecipeError, match="another network"):
        train_tiny(uninterrupted, network=network, resume=True)


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    result = train_tiny(tmp_path, learning_rate=0.0, final_learning_rate=0.0, patience=2)
    assert (result.reason, result.step, result.best_step) == ("stopped early", 45, 15)
    assert train_tiny(tmp_path, resume=True, learning_rate=0.0, patience=2).reason == "stopped early"


def test_ctrl_c_ends_with_a_checkpoint_that_resumes_exactly(uninterrupted: Path, tmp_path: Path) -> None:
    class Interrupting(TinySource):
        def batch(self, step: int, rank: int, world: int) -> Any:
            if step == 22:
                signal.raise_signal(signal.SIGINT)
            return super().batch(step, rank, world)

    result = train_tiny(tmp_path, source=Interrupting())
    assert (result.reason, result.step) == ("interrupted", 23)
    assert load_checkpoint(tmp_path / LAST)["state"]["step"] == 23
    assert train_tiny(tmp_path, resume=True).reason == "finished"
    assert_same_run(tmp_path, uninterrupted)


def test_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    class Impatient(TinySource):
        def batch(self, step: int, rank: int, world: int) -> Any:
            if step == 3:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            return super().batch(step, rank, world)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train_tiny(tmp_path, source=Impatient())
    assert signal.getsignal(signal.SIGINT) is handler


def test_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    class Diverging(TinyNetwork):
        def forward(self, patches: torch.Tensor) -> Any:
            outputs = super().forward(patches)
            self.calls = getattr(self, "calls", 0) + 1
            return outputs if self.calls < 7 else outputs._replace(pixel_logits=outputs.pixel_logits * math.inf)

    with pytest.raises(RunError, match="no longer finite"):
        train_tiny(tmp_path, network=Diverging())
    assert load_checkpoint(tmp_path / LAST)["state"]["step"] == 4


def test_a_disk_that_is_full_from_the_beginning_is_one_clear_error(tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise RunError("last.pt: cannot write (No space left on device)")

    with pytest.raises(RunError, match="No space left"):  # an open metrics file would be a warning, hence an error
        train_tiny(tmp_path / "run", save=full)


def test_validation_of_one_class_is_refused(tmp_path: Path) -> None:
    class Authentic(TinySource):
        def validation_batches(self) -> Any:
            for batch in super().validation_batches():
                yield batch._replace(masks=torch.zeros_like(batch.masks), labels=torch.zeros_like(batch.labels))

    with pytest.raises(DataError, match="only one class"):
        train_tiny(tmp_path, source=Authentic())


def test_network_with_one_head_is_judged_by_that_head(tmp_path: Path) -> None:
    class PixelOnly(TinyNetwork):
        def forward(self, patches: torch.Tensor) -> Any:
            return super().forward(patches)._replace(patch_logits=None)

    train_tiny(tmp_path, network=PixelOnly(), steps=15)
    line = metrics_of(tmp_path)[-1]
    assert line["criterion"] == line["pixel_auc"]
    assert "patch_auc" not in line


def test_global_switch_for_deterministic_algorithms_is_put_back(tmp_path: Path) -> None:
    train_tiny(tmp_path, steps=1)
    assert not torch.are_deterministic_algorithms_enabled()


def test_bfloat16_trains_too(tmp_path: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    train_tiny(tmp_path, fabric=fabric, steps=30)
    losses = [line["loss"] for line in metrics_of(tmp_path) if line["event"] == "training"]
    assert all(isinstance(loss, float) and math.isfinite(loss) for loss in losses)
    assert load_checkpoint(tmp_path / LAST)["network"]["patch.weight"].dtype is torch.float32


def _train_without_dropout(fabric: Fabric, run: Path) -> None:
    torch.set_num_threads(1)
    network = TinyNetwork()
    network.dropout = nn.Identity()
    train_tiny(run, fabric=fabric, network=network, steps=20, validate_every=20)


def _train_in_one_of_two(fabric: Fabric, run: Path) -> None:
    with leaving_the_group():
        _train_without_dropout(fabric, run)


def test_two_processes_learn_what_one_learns_from_the_same_batches(tmp_path: Path) -> None:
    _train_without_dropout(Fabric(accelerator="cpu", devices=1), tmp_path / "one")
    two = Fabric(accelerator="cpu", devices=2, strategy="ddp_spawn")
    two.launch(_train_in_one_of_two, tmp_path / "two")
    one, both = (load_checkpoint(tmp_path / name / LAST)["network"] for name in ("one", "two"))
    for key, weight in one.items():
        torch.testing.assert_close(both[key], weight, rtol=0, atol=1e-5)
    first, second = (metrics_without_times(tmp_path / name) for name in ("one", "two"))
    assert first[0]["loss"] == pytest.approx(second[0]["loss"], abs=1e-5)
    assert first[1]["pixel_auc"] == pytest.approx(second[1]["pixel_auc"], abs=1e-4)
