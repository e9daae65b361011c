import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

import unseam
from tiny_models import ModelMaker
from unseam import batch, cli, methods
from unseam.errors import DataError, MissingExtra
from unseam.evaluation import run as evaluation_run
from unseam.forging import factory
from unseam.localizer import load_localizer

HELP = ["localize", "methods", "forge", "train", "export", "evaluate"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def photo(tmp_path: Path, spotted: NDArray[np.uint8]) -> Path:
    path = tmp_path / "photos" / "spot.png"
    path.parent.mkdir()
    Image.fromarray(spotted).save(path)
    return path


@pytest.fixture
def model(make_model: ModelMaker) -> Path:
    return make_model(patch_threshold=0.1)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Let METHODS hold the small model."""
    monkeypatch.setattr(methods, "METHODS", {"brightness": load_localizer(model)})
    monkeypatch.setattr(methods, "DEFAULT_METHOD", "brightness")


def test_a_photo_gets_one_line_and_a_report(photo: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("localize", photo, "--method", model, "--out", out)
    assert result.exit_code == 0
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{photo}  manipulated  score 0.9")
    assert "  1 region, " in first
    assert first.endswith(f" % of the photo  -> {out / 'spot' / 'report.html'}")
    assert second == f"Open {out / 'spot' / 'report.html'}"
    assert (out / "spot" / "report.json").is_file()
    assert not (out / "index.html").exists()


def test_several_photos_get_an_index_and_a_bad_one_stops_none(photo: Path, model: Path, tmp_path: Path) -> None:
    Image.new("RGB", (80, 80)).save(photo.with_name("dark.png"))
    photo.with_name("bad.jpg").write_text("no photo", encoding="utf-8")
    result = run("localize", photo.parent, photo.with_name("gone.jpg"), "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split("  ")[1] for line in lines[:2]] == ["no evidence", "manipulated"]
    assert "  no regions  -> " in lines[0]
    assert lines[2] == f"Open {tmp_path / 'out' / 'index.html'}"
    bad, gone = result.stderr.splitlines()
    assert bad.startswith("unseam: ")
    assert "bad.jpg" in bad
    assert "gone.jpg" in gone
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_second_run_does_not_take_its_own_pictures_for_photos(photo: Path, model: Path) -> None:
    out = photo.parent / "out"
    for _ in range(2):
        result = run("localize", photo.parent, "--method", model, "--out", out)
        assert len(result.stdout.splitlines()) == 2
    assert [path.name for path in out.iterdir()] == ["spot"]


def test_json_is_one_document_a_line_and_writes_no_files(
    photo: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (80, 80)).save(photo.with_name("dark.png"))
    photo.with_name("bad.jpg").write_bytes(b"")
    result = run("localize", photo.parent, "--method", model, "--json")
    assert result.exit_code == 1
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(document["path"]).name for document in documents] == ["dark.png", "spot.png"]
    assert [document["verdict"] for document in documents] == ["no evidence", "manipulated"]
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_json_with_a_folder_writes_both(photo: Path, model: Path, tmp_path: Path) -> None:
    result = run("localize", photo, "--method", model, "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verdict"] == "manipulated"
    assert (tmp_path / "out" / "spot" / "report.html").is_file()


def test_without_a_folder_reports_go_to_the_default_one(
    photo: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("localize", photo, "--method", model).exit_code == 0
    assert (tmp_path / cli.DEFAULT_OUT / "spot" / "report.html").is_file()


def test_a_photo_below_one_patch_is_no_failure(tmp_path: Path, model: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "small.png")
    result = run("localize", tmp_path / "small.png", "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "cannot tell  the photo is 20 x 10 pixels, and brightness judges patches of 64 x 64" in result.stdout


def test_the_stride_reaches_the_network(photo: Path, model: Path) -> None:
    counts = {}
    for stride in ("64", "16"):
        document = json.loads(run("localize", photo, "--method", model, "--json", "--stride", stride).stdout)
        counts[stride] = len(document["methods"][0]["patches"]["boxes"])
    assert counts == {"64": 3 * 3, "16": 7 * 9}


def test_several_methods_are_all_in_the_report(photo: Path, model: Path, brightness_model: Path) -> None:
    result = run("localize", photo, "--method", model, "--method", brightness_model, "--json")
    names = [method["name"] for method in json.loads(result.stdout)["methods"]]
    assert names[0] == "brightness"
    assert names[1].startswith("brightness@")


def test_the_default_method_is_used_when_none_is_named(listed: None, photo: Path) -> None:
    assert json.loads(run("localize", photo, "--json").stdout)["method"] == "brightness"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["localize"], "Missing argument"),
        (["localize", "x.jpg", "--method", "nothing"], "no method 'nothing'; there are: cnn-lstm"),
        (["localize", "x.jpg", "--stride", "12"], "12 is no multiple of 8"),
        (["localize", "x.jpg", "--stride", "0"], "0 is no multiple of 8"),
        (["localize", "x.jpg", "--max-pixels", "0"], "--max-pixels"),
        (["localize", "x.jpg", "--colour"], "No such option"),
        (["frobnicate"], "No such command"),
        (["forge", "x.jpg", "--out", "y", "--count", "0"], "--count"),
        (["train", "x.toml", "--data", "y", "--accelerator", "abacus"], "'abacus' is not one of"),
        (["evaluate", "--method", "x"], "Missing option"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_stride_without_a_network_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "METHODS", {"plain": SimpleNamespace(name="plain")})
    result = run("localize", "x.jpg", "--method", "plain", "--stride", "16")
    assert result.exit_code == 2
    assert "--stride is for learned methods" in result.stderr


def test_a_folder_without_photos_fails(tmp_path: Path, model: Path) -> None:
    result = run("localize", tmp_path, "--method", model)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"unseam: no photo in {tmp_path}; expected files such as")


@pytest.mark.parametrize("name", ["gone.onnx", "bad.onnx"])
def test_a_bad_model_file_is_one_line_however_many_photos(tmp_path: Path, photo: Path, name: str) -> None:
    (tmp_path / "bad.onnx").write_text("no model", encoding="utf-8")
    result = run("localize", photo, photo.parent, "--method", tmp_path / name)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr


def test_a_stride_longer_than_the_patch_is_one_line(photo: Path, model: Path) -> None:
    result = run("localize", photo, "--method", model, "--stride", "72")
    assert result.exit_code == 1
    assert result.stderr == "unseam: found stride 72, expected a multiple of 8 from 8 to 64\n"


def test_a_bug_keeps_its_traceback(photo: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(batch, "analyze", hungry)
    assert isinstance(run("localize", photo, "--method", model).exception, MemoryError)


def test_a_name_with_control_characters_stays_on_one_line(tmp_path: Path, model: Path) -> None:
    result = run("localize", tmp_path / "two\nlines\x1b[31m.jpg", "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_on_a_terminal_progress_is_on_stderr_and_stdout_stays_clean(
    photo: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    outcomes = [batch.Outcome(found) for found in cli.find_photos([photo])]
    assert list(cli._with_progress(iter(outcomes), [photo])) == outcomes
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "spot.png" in captured.err


def test_methods_lists_what_a_person_needs_to_know(listed: None) -> None:
    result = run("methods")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[:5] == [
        "brightness (default)",
        "  paper: none: a network for tests",
        "  sees:  bright pixels",
        "  blind: in the dark",
        "  needs: nothing but pixels",
    ]


def test_methods_as_json(listed: None) -> None:
    document = json.loads(run("methods", "--json").stdout)
    assert document["default"] == "brightness"
    (method,) = document["methods"]
    assert set(method) == {"name", "paper", "sees", "blind", "needs", "min_size"}
    assert method["min_size"] == [1, 1]


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"unseam {unseam.__version__}\n"


@pytest.mark.parametrize("command", HELP)
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert command in run("--help").stdout


def recorder(calls: list[Any], result: object) -> Any:
    def record(*arguments: object, **options: object) -> object:
        calls.append((arguments, options))
        return result

    return record


def test_forge_hands_over_and_tells_what_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    summary = factory.ForgeSummary(tmp_path, 3, 1, {"splice": 4}, {"train": 4}, 7, (("tiny.jpg", "too small"),))
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, summary))
    result = run(
        "forge", "a", "b", "--objects", "c", "--objects", "d", "--out", "e", "--count", "4", "--seed", "5", "--easy"
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["splice 4", "train 4", f"3 made, 1 found, from 7 photographs -> {tmp_path}"]
    assert result.stderr == "unseam: tiny.jpg: too small; left out\n"
    ((arguments, options),) = calls
    assert arguments == ([Path("a"), Path("b")], [Path("c"), Path("d")], Path("e"))
    assert options == {"count": 4, "seed": 5, "workers": 1, "config": factory.ForgeConfig.easy()}


def test_forge_without_objects_cuts_out_blobs_and_polygons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())))
    assert run("forge", "a", "--out", "e", "--count", "1").exit_code == 0
    ((arguments, options),) = calls
    assert arguments == ([Path("a")], [], Path("e"))
    assert options["config"].object_share == 0


def test_forge_without_photographs_is_one_line(tmp_path: Path) -> None:
    result = run("forge", tmp_path, "--out", tmp_path / "out", "--count", "1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("unseam: ")


def test_evaluate_hands_over_and_prints_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(evaluation_run, "run_evaluation", recorder(calls, SimpleNamespace(markdown=lambda: "# Tables")))
    monkeypatch.setattr(sys, "argv", ["unseam", "evaluate", "--root", "a b"])
    result = run("evaluate", "--method", "x", "--method", "y.onnx", "--root", "a b", "--out", "c", "--split", "test")
    assert result.stdout == "# Tables\n"
    ((arguments, options),) = calls
    assert arguments == (["x", "y.onnx"], Path("a b"), Path("c"))
    assert options["split"] == "test"
    assert options["dataset"] == "folder"
    assert options["command"] == "unseam evaluate --root 'a b'"


def test_evaluate_on_a_folder_of_another_layout_is_one_line(tmp_path: Path, model: Path) -> None:
    result = run("evaluate", "--method", model, "--root", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"unseam: {tmp_path}")
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record calls in place of training and export, which have tests of their own."""
    calls: list[Any] = []
    done = SimpleNamespace(reason="finished", step=100, best_value=0.75, best_step=80)
    export = SimpleNamespace(load_terms=lambda path: f"terms of {path}", validation_samples=lambda data: list(data))
    monkeypatch.setitem(
        sys.modules,
        "unseam.training",
        SimpleNamespace(train=recorder(calls, done), export_run=recorder(calls, Path("x.onnx")), __path__=[]),
    )
    monkeypatch.setitem(sys.modules, "unseam.training.export", export)
    return calls


def test_train_hands_over_and_tells_how_it_ended(training: list[Any]) -> None:
    folders = ("--data", "a", "--data", "b", "--out", "c", "--from", "d")
    result = run("train", "r.toml", *folders, "--resume", "--accelerator", "cpu")
    assert result.stdout == "finished at step 100; best 0.7500 at step 80\n"
    ((arguments, options),) = training
    assert arguments == (Path("r.toml"), [Path("a"), Path("b")], Path("c"))
    assert options == {"begin_from": Path("d"), "resume": True, "devices": 1, "accelerator": "cpu"}


def test_an_interrupted_training_exits_with_130(training: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = SimpleNamespace(reason="interrupted", step=5, best_value=0.0, best_step=0)
    monkeypatch.setattr(sys.modules["unseam.training"], "train", recorder([], stopped))
    result = run("train", "r.toml", "--data", "a")
    assert result.exit_code == 130
    assert "interrupted at step 5" in result.stdout


def test_export_hands_over_and_tells_where_the_file_is(training: list[Any]) -> None:
    result = run("export", "runs/x", "--terms", "t.toml", "--data", "a", "--raw")
    assert result.stdout == "-> x.onnx\n"
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


def test_any_error_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DataError("first line\nsecond line")

    monkeypatch.setattr(factory, "forge_folder", fail)
    result = run("forge", "a", "--out", "b", "--count", "1")
    assert result.exit_code == 1
    assert result.stderr == "unseam: first line second line\n"


MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from unseam.cli import main; main()"


def started(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_the_real_command_exits_with_0_1_and_2(photo: Path, model: Path, tmp_path: Path) -> None:
    for arguments, code in [
        (("localize", photo, "--method", model, "--out", tmp_path / "out"), 0),
        (("localize", tmp_path / "gone.jpg", "--method", model, "--out", tmp_path / "out"), 1),
        (("localize",), 2),
    ]:
        process = started(*arguments)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Traceback" not in errors


def test_a_terminal_that_lacks_a_letter_is_no_failure(photo: Path, model: Path, tmp_path: Path) -> None:
    odd = photo.rename(photo.with_name("写真 é.png"))
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    process = started("localize", odd, "--method", model, "--out", tmp_path / "out", env=environment, encoding="cp1252")
    lines, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "\\u5199\\u771f é.png  manipulated" in lines


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_is_one_line_and_leaves_no_half_written_file(photo: Path, model: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (3000, 3000)).save(large)
    out = tmp_path / "out"
    process = started("localize", photo, large, "--method", model, "--stride", "8", "--out", out)
    assert process.stdout is not None
    assert "spot.png" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "unseam: interrupted; what was finished before is on disk\n"
    assert (out / "spot" / "report.html").is_file()
    assert not list(out.rglob("*.tmp"))
