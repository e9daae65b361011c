import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.command import recorder, run
from support.tiny_forgeries import write_forgeries
from unseam.datasets.splits import DataSet
from unseam.errors import MissingExtra
from unseam.training.fusion.calibration_frames import Kept


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Record calls in place of training and export, which have tests of their own."""
    calls: list[Any] = []
    (tmp_path / "x.onnx").write_bytes(b"a model")
    done = SimpleNamespace(reason="finished", step=100, best_value=0.75, best_step=80)
    export = SimpleNamespace(load_terms=lambda path: f"terms of {path}", validation_samples=lambda data: list(data))
    monkeypatch.setitem(
        sys.modules,
        "unseam.training",
        SimpleNamespace(
            train=recorder(calls, done),
            measure=recorder(calls, 7),
            export_run=recorder(calls, tmp_path / "x.onnx"),
            __path__=[],
        ),
    )
    monkeypatch.setitem(sys.modules, "unseam.training.export", export)
    return calls


def test_train_hands_over_and_tells_how_it_ended(training: list[Any]) -> None:
    folders = ("--data", "a", "--data", "b", "--out", "c", "--init-from", "d", "--features", "e", "--workers", "2")
    result = run("train", "r.toml", *folders, "--resume", "--accelerator", "cpu")
    assert result.stdout == "finished at step 100; best 0.7500 at step 80\n"
    ((arguments, options),) = training
    assert arguments == (Path("r.toml"), [Path("a"), Path("b")], Path("c"))
    assert options == {
        "init_from": Path("d"),
        "features": Path("e"),
        "workers": 2,
        "resume": True,
        "devices": 1,
        "accelerator": "cpu",
    }


def test_features_are_computed_for_all_data_into_one_folder(training: list[Any]) -> None:
    result = run("features", "r.toml", "--data", "a", "--data", "b", "--out", "store", "--workers", "2")
    assert result.stdout == "7 photos -> store\n"
    ((arguments, options),) = training
    assert arguments == (Path("r.toml"), [Path("a"), Path("b")], Path("store"))
    assert options == {"workers": 2}


def test_train_and_export_take_a_public_data_set(training: list[Any]) -> None:
    public = ("--dataset", "casia1", "--root", "sets/casia", "--masks", "gt")
    place = DataSet(Path("sets/casia"), "casia1", "gt")
    assert run("train", "r.toml", *public).exit_code == 0
    assert run("train", "r.toml", "--data", "a", *public).exit_code == 0
    assert run("export", "runs/x", "--terms", "t.toml", *public).exit_code == 0
    assert [arguments[1] for arguments, _ in training[:2]] == [[place], [Path("a"), place]]
    assert training[2][1]["samples"] == [place]


@pytest.mark.parametrize("data", [(), ("--dataset", "casia1"), ("--root", "x"), ("--data", "a", "--root", "x")])
@pytest.mark.parametrize("command", [("train", "r.toml"), ("export", "r", "--terms", "t")])
def test_what_to_train_on_must_be_named_in_full(
    training: list[Any], command: tuple[str, ...], data: tuple[str, ...]
) -> None:
    result = run(*command, *data)
    assert result.exit_code == 2
    assert "--dataset" in result.stderr
    assert not training


def test_an_interrupted_training_exits_with_130(training: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = SimpleNamespace(reason="interrupted", step=5, best_value=0.0, best_step=0)
    monkeypatch.setattr(sys.modules["unseam.training"], "train", recorder([], stopped))
    result = run("train", "r.toml", "--data", "a")
    assert result.exit_code == 130
    assert "interrupted at step 5" in result.stdout


def test_export_hands_over_and_tells_where_the_file_is_and_its_digest(training: list[Any], tmp_path: Path) -> None:
    result = run("export", "runs/x", "--terms", "t.toml", "--data", "a", "--raw")
    assert result.stdout == f"-> {tmp_path / 'x.onnx'}  SHA-256 {sha256(b'a model').hexdigest()}\n"
    ((arguments, options),) = training
    assert arguments == (Path("runs/x"), None)
    assert options == {"terms": "terms of t.toml", "samples": [Path("a")], "calibrated": False}


@pytest.mark.parametrize(
    "arguments", [("train", "r.toml", "--data", "a"), ("export", "r", "--terms", "t", "--data", "a")]
)
def test_a_missing_extra_is_one_line_with_the_pip_command(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    class WithoutTorch:
        __path__: tuple[str, ...] = ()

        def __getattr__(self, name: str) -> object:
            raise MissingExtra('training needs torch: pip install "unseam[train]"')

    monkeypatch.setitem(sys.modules, "unseam.training", WithoutTorch())
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr == 'unseam: training needs torch: pip install "unseam[train]"\n'


def test_calibrate_takes_validation_photos_and_all_of_what_was_never_trained_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("trained", "unseen"):
        write_forgeries(tmp_path / name)
    calls: list[Any] = []
    monkeypatch.setattr("unseam.training.fusion.recalibrate.recalibrated", recorder(calls, b"a model"))
    monkeypatch.setattr("unseam.training.export.write_model", lambda path, model: path.write_bytes(model))
    places = ("--data", tmp_path / "trained", "--unseen", tmp_path / "unseen", "--cache", tmp_path / "cache")
    result = run("calibrate", "m.onnx", *places, "--out", tmp_path / "out.onnx")
    assert result.exit_code == 0, result.stderr
    (((model, samples, kept), _),) = calls
    assert model == Path("m.onnx")
    assert kept == Kept(outputs=tmp_path / "cache")
    splits = {
        name: {sample.split for sample in samples if sample.photo.is_relative_to(tmp_path / name)}
        for name in ("trained", "unseen")
    }
    assert splits["trained"] == {"validation"}
    assert splits["unseen"] >= {"train", "validation"}
