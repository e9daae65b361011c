import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from support.command import run
from support.heatmaps import info_of
from unseam import batch, methods
from unseam.analyze import Step
from unseam.cli import photos as room
from unseam.photo.paths import find_photos
from unseam.report.report import Report


def test_a_photo_gets_one_line_and_a_report(photo: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("localize", photo, "--method", model, "--out", out)
    assert result.exit_code == 0
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{photo}  manipulated  Likely manipulated: region 1 (")
    assert first.endswith(f"  -> {out / 'spot' / 'report.html'}")
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
    assert "  No evidence of manipulation: nothing in this photo stands out" in lines[0]
    assert lines[2] == f"Open {tmp_path / 'out' / 'index.html'}"
    bad, gone = result.stderr.splitlines()
    assert bad.startswith("unseam: ")
    assert "bad.jpg" in bad
    assert "gone.jpg" in gone
    assert (tmp_path / "out" / "index.html").is_file()


def test_what_is_left_out_of_a_folder_is_counted(photo: Path, model: Path) -> None:
    photo.with_name("notes.txt").write_text("no photo", encoding="utf-8")
    photo.with_name("film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    result = run("localize", photo.parent, "--method", model, "--json")
    assert result.exit_code == 0
    assert result.stderr == "unseam: 2 files left out as not a photo: a text (1), a video (1)\n"


def test_a_limit_is_named_as_the_option_of_the_command(photo: Path, model: Path) -> None:
    result = run("localize", photo, "--method", model, "--max-pixels", "100", "--json")
    assert result.exit_code == 1
    assert "raise --max-pixels if memory allows" in result.stderr


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
    assert (tmp_path / room.DEFAULT_OUT / "spot" / "report.html").is_file()


def test_a_photo_below_one_patch_is_no_failure(tmp_path: Path, model: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "small.png")
    result = run("localize", tmp_path / "small.png", "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "Cannot tell: the photo is 20 x 10 pixels, and brightness judges patches of 64 x 64." in result.stdout


def test_the_stride_reaches_the_network(photo: Path, model: Path) -> None:
    counts = {}
    for stride in ("64", "16"):
        document = json.loads(run("localize", photo, "--method", model, "--json", "--stride", stride).stdout)
        counts[stride] = len(document["methods"][0]["patches"]["boxes"])
    assert counts == {"64": 3 * 3, "16": 7 * 9}


def test_fast_reaches_the_network(photo: Path, model: Path) -> None:
    for extra, count in (((), 4 * 5), (("--fast",), 3 * 3), (("--fast", "--stride", "16"), 7 * 9)):
        document = json.loads(run("localize", photo, "--method", model, "--json", *extra).stdout)
        assert len(document["methods"][0]["patches"]["boxes"]) == count


def test_the_options_that_were_set_are_in_the_report(photo: Path, model: Path) -> None:
    document = json.loads(run("localize", photo, "--method", model, "--fast", "--stride", "64", "--json").stdout)
    assert document["methods"][0]["options"] == ["stride 64", "fast"]


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
        (["localize", "x.jpg", "--method", "nothing"], "no method 'nothing'; there are: fusion, cnn-lstm"),
        (["localize", "x.jpg", "--stride", "12"], "12 is not a multiple of 8"),
        (["localize", "x.jpg", "--stride", "0"], "0 is not a multiple of 8"),
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
    monkeypatch.setattr(methods, "METHODS", {"plain": SimpleNamespace(info=info_of("plain"))})
    result = run("localize", "x.jpg", "--method", "plain", "--stride", "16")
    assert result.exit_code == 2
    assert "--stride is for networks that judge patches" in result.stderr


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
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(batch, "analyze", broken)
    assert isinstance(run("localize", photo, "--method", model).exception, ZeroDivisionError)


def test_a_name_with_control_characters_stays_on_one_line(tmp_path: Path, model: Path) -> None:
    result = run("localize", tmp_path / "two\nlines\x1b[31m.jpg", "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_on_a_terminal_progress_is_on_stderr_and_stdout_stays_clean(
    photo: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    outcomes = [batch.Outcome(found) for found in find_photos([photo])] * 2

    def judge(progress: Callable[[Step], None]) -> Iterator[batch.Outcome]:
        for outcome in outcomes:
            progress(Step("noise-level", 1, 1))
            time.sleep(0.15)  # until the bar is drawn anew
            yield outcome

    assert list(room._with_progress(judge, [photo, photo])) == outcomes
    captured = capsys.readouterr()
    assert captured.out == ""
    for shown in ("spot.png", "noise-level", "1/2", "photos/s"):
        assert shown in captured.err


def test_a_rate_is_given_in_photos_or_in_seconds_whichever_is_more_than_one() -> None:
    assert room._rate(30, 12.0) == "2.5 photos/s"
    assert room._rate(4, 10.0) == "2.5 s/photo"


def test_an_interrupted_run_says_how_far_it_came_and_keeps_what_was_finished(
    photo: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "three").mkdir()
    for name in "abc":
        shutil.copy(photo, tmp_path / "three" / f"{name}.png")
    analyze = batch.analyze

    def stopped(path: Path, *arguments: Any, **options: Any) -> Report:
        if path.name == "b.png":
            raise KeyboardInterrupt
        return analyze(path, *arguments, **options)

    monkeypatch.setattr(batch, "analyze", stopped)
    result = run("localize", tmp_path / "three", "--method", model, "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert "interrupted after 1 of 3 photos" in result.stderr
    assert json.loads(next((tmp_path / "out").rglob("report.json")).read_text())["verdict"]


def test_methods_lists_what_a_person_needs_to_know(listed: None, model: Path) -> None:
    result = run("methods")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[:6] == [
        "brightness (default)",
        "  paper:       none: a network for tests",
        "  detects:     bright pixels",
        "  blind spots: in the dark",
        "  needs:       nothing but pixels",
        f"  model:       SHA-256 {sha256(model.read_bytes()).hexdigest()}",
    ]


def test_methods_as_json(listed: None, model: Path) -> None:
    document = json.loads(run("methods", "--json").stdout)
    assert document["default"] == ["brightness"]
    (method,) = document["methods"]
    assert set(method) == {"name", "paper", "detects", "blind_spots", "needs", "min_size", "digest"}
    assert method["digest"] == sha256(model.read_bytes()).hexdigest()
    assert method["min_size"] == [1, 1]


@pytest.mark.parametrize(("wanted", "found"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_matrix_products_take_one_thread_unless_the_user_says_otherwise(wanted: dict[str, str], found: str) -> None:
    judge = "from unseam.cli import app; app(['localize', 'none.jpg'], standalone_mode=False)"
    code = f"import os; {judge}; print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | wanted

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)

    assert answer.stdout.split() == [found]
