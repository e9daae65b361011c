from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.command import recorder, run
from support.dataset_layouts import LAYOUTS
from unseam.datasets import ADAPTERS
from unseam.forging import factory


def test_forge_hands_over_and_tells_what_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    summary = factory.ForgeSummary(tmp_path, 3, 1, {"splice": 4}, {"train": 4}, 7, (("tiny.jpg", "too small"),))
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, summary))
    result = run(
        "forge",
        "a",
        "b",
        "--objects",
        "c",
        "--objects",
        "d",
        "--out",
        "e",
        "--count",
        "4",
        "--seed",
        "5",
        "--preset",
        "easy",
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["splice 4", "train 4", f"3 made, 1 found, from 7 photographs -> {tmp_path}"]
    assert result.stderr == "unseam: tiny.jpg: too small; left out\n"
    ((arguments, options),) = calls
    assert arguments == ([Path("a"), Path("b")], [Path("c"), Path("d")], Path("e"))
    assert options == {"count": 4, "seed": 5, "workers": 1, "config": factory.ForgeConfig.easy(), "split_as": []}


def test_forge_without_objects_cuts_out_blobs_and_polygons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())))
    assert run("forge", "a", "--out", "e", "--count", "1").exit_code == 0
    ((arguments, options),) = calls
    assert arguments == ([Path("a")], [], Path("e"))
    assert options["config"].object_share == 0


def test_forge_makes_frames_of_the_sides_that_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    summary = factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, summary))
    asked = ("forge", "a", "--objects", "c", "--out", "e", "--count", "1", "--sides")
    assert run(*asked, "240", "480").exit_code == 0
    assert run(*asked, "240", "480", "--preset", "easy").exit_code == 0
    plain, easy = (options["config"] for _, options in calls)
    assert plain == replace(factory.ForgeConfig(), sides=(240, 480))
    assert easy == replace(factory.ForgeConfig.easy(), sides=(240, 480))


def test_forge_launders_as_many_files_as_asked_and_takes_splits_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())))
    asked = ("forge", "a", "--objects", "c", "--out", "e", "--count", "1", "--preset", "large")
    assert run(*asked, "--launder", "0.4", "--split-as", "f").exit_code == 0
    ((_, options),) = calls
    assert options["config"] == replace(factory.ForgeConfig.large(), laundered_share=0.4)
    assert options["split_as"] == [Path("f")]


def test_forge_keeps_the_proportions_of_forgeries_whatever_the_share_of_authentic_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(factory, "forge_folder", recorder(calls, factory.ForgeSummary(tmp_path, 0, 1, {}, {}, 2, ())))
    assert run("forge", "a", "--out", "e", "--count", "1", "--authentic", "0.7").exit_code == 0
    ((_, options),) = calls
    kinds, plain = options["config"].kinds, factory.ForgeConfig().kinds
    assert kinds["authentic"] == pytest.approx(0.7)
    assert sum(kinds.values()) == pytest.approx(1)
    assert kinds["splice"] / kinds["removal"] == pytest.approx(plain["splice"] / plain["removal"])


def test_forge_refuses_an_unknown_preset(tmp_path: Path) -> None:
    result = run("forge", "a", "--out", tmp_path / "e", "--count", "1", "--preset", "huge")
    assert result.exit_code == 2
    assert "'huge' is not a preset; expected default, easy, large" in " ".join(result.stderr.split())


@pytest.mark.parametrize("sides", [("480", "240"), ("63", "240")])
def test_forge_refuses_sides_that_are_out_of_order_or_tiny(sides: tuple[str, str], tmp_path: Path) -> None:
    result = run("forge", "a", "--out", tmp_path / "e", "--count", "1", "--sides", *sides)
    assert result.exit_code != 0
    assert "sides" in result.stderr
    assert not list(tmp_path.iterdir())


def forged(folder: Path) -> Path:
    """A folder as unseam forge writes it, of one copy-move and one authentic output."""
    rows = ["images/0.png,masks/0.png,masks_source/0.png,train,copy-move,a", "images/1.png,,,validation,authentic,b"]
    for name in ("images", "masks", "masks_source"):
        (folder / name).mkdir(parents=True)
    photo, mask = np.full((120, 150, 3), 99, np.uint8), np.zeros((120, 150), np.uint8)
    for name in ("0", "1"):
        Image.fromarray(photo).save(folder / "images" / f"{name}.png")
    mask[20:60, 20:70] = 255
    Image.fromarray(mask).save(folder / "masks" / "0.png")
    Image.fromarray(mask[::-1]).save(folder / "masks_source" / "0.png")
    columns = "file,mask,mask_source,split,kind,host"
    more = ["fill", "shape", "seam", "seam_width", "format", "tables", "quality", "subsampling", "adjustment"]
    lines = [
        ",".join([columns, *more, "laundering", "index"]),
        *(f"{row},,blob,matte,2.5,JPEG,ijg,80,4:2:0,none,telegram,{n}" for n, row in enumerate(rows)),
    ]
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder


def test_forge_draws_a_sheet_of_what_it_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out, sheet = forged(tmp_path / "out"), tmp_path / "new" / "sheet.png"
    monkeypatch.setattr(factory, "forge_folder", recorder([], factory.ForgeSummary(out, 2, 0, {}, {}, 2, ())))
    result = run("forge", "a", "--out", out, "--count", "2", "--preview", sheet)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == f"-> {sheet}"
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        assert min(image.size) > 500


def test_windows_prints_splits_and_labels_and_draws_them(tmp_path: Path) -> None:
    out, sheet = forged(tmp_path / "out"), tmp_path / "sheet.png"
    result = run("windows", "--data", out, "--preview", sheet)
    assert result.exit_code == 0
    train, validation, drawn = result.stdout.splitlines()
    assert train.startswith("train: 1 photos of 1 groups; windows: ")
    assert validation == (
        "validation: 1 photos of 1 groups; windows: 0 manipulated, 0 authentic near a region, 88 elsewhere"
    )
    assert drawn == f"-> {sheet}"
    assert sheet.is_file()


def test_windows_follow_the_rule_and_name_what_is_left_out(tmp_path: Path) -> None:
    out = forged(tmp_path / "out")
    (out / "images" / "stranger.png").write_bytes(b"")
    counts = [run("windows", "--data", out, "--rule", rule).stdout.splitlines()[0] for rule in ("0.125", "0.5")]
    assert counts[0] != counts[1]
    result = run("windows", "--dataset", "folder", "--root", out)
    assert result.stdout.splitlines()[0] == counts[0]
    assert result.stderr == "unseam: left out: 1 files, not named in manifest.csv\n"


@pytest.mark.parametrize("arguments", [(), ("--data", "a", "--root", "b"), ("--dataset", "casia1"), ("--root", "b")])
def test_windows_needs_one_data_set_in_full(arguments: tuple[str, ...]) -> None:
    result = run("windows", *arguments)
    assert result.exit_code == 2
    assert "--dataset" in result.stderr


def test_forge_without_photographs_is_one_line(tmp_path: Path) -> None:
    result = run("forge", tmp_path, "--out", tmp_path / "out", "--count", "1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("unseam: ")


def test_datasets_lists_each_with_terms_and_citation() -> None:
    result = run("datasets")
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line and not line.startswith(" ")] == list(ADAPTERS)
    assert "doi:10.1109/ICIP.2016.7532339" in result.stdout
    assert "├──" not in result.stdout
    drawn = run("datasets", "--layout").stdout
    assert "    ├── image/" in drawn


def test_check_counts_kinds_parts_shares_and_what_was_left_out(tmp_path: Path) -> None:
    root = LAYOUTS["coverage"].build(tmp_path / "COVERAGE")
    result = run("datasets", "check", "coverage", "--root", root, "--names", "2")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "4 photos in 2 groups: authentic 2, copy-move 2",
        "masks mark 20.0 to 20.0 % (median 20.0, mean 20.0) of their photos",
        "left out: 5 files",
        "      4  mask of another kind than the chosen one: mask/1copy.tif, mask/1paste.tif, 2 more",
        "      1  no picture: label/TFlabel.mat",
    ]
    nameless = run("datasets", "check", "coverage", "--root", root, "--names", "0", "--masks", "copy").stdout
    assert nameless.splitlines()[-1] == "      1  no picture"
    parts = run("datasets", "check", "grip", "--root", LAYOUTS["grip"].build(tmp_path / "grip")).stdout
    assert "parts: plain 2, all 1, ln20 1" in parts


def test_check_says_when_black_and_white_seem_to_be_swapped(tmp_path: Path) -> None:
    root = LAYOUTS["dso-1"].build(tmp_path)
    result = run("datasets", "check", "dso-1", "--root", root, "--masks", "white")
    assert result.exit_code == 0
    assert "swapped" in result.stderr
    assert "swapped" not in run("datasets", "check", "dso-1", "--root", root).stderr


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_preview_shows_photos_and_masks(tmp_path: Path, name: str) -> None:
    root = LAYOUTS[name].build(tmp_path / "set")
    sheet = tmp_path / "sheets" / "preview.png"
    result = run("datasets", "check", name, "--root", root, "--preview", sheet)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"-> {sheet}"
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("L"))
    assert (pixels == 0).mean() > 0.02  # the black of a mask
    assert [path.name for path in sheet.parent.iterdir()] == ["preview.png"]


def test_preview_tells_of_a_photo_whose_header_alone_can_be_read(tmp_path: Path) -> None:
    root = LAYOUTS["coverage"].build(tmp_path / "set")
    photo = root / "image" / "1t.tif"
    Image.new("RGB", (40, 32)).save(photo.with_suffix(".png"))
    photo.unlink()
    whole = photo.with_suffix(".png").read_bytes()
    photo.with_suffix(".png").write_bytes(whole[: len(whole) // 2])
    result = run("datasets", "check", "coverage", "--root", root, "--preview", tmp_path / "p.png")
    assert result.exit_code == 0
    assert (tmp_path / "p.png").stat().st_size > 0


def test_check_of_an_unknown_set_or_another_folder_is_one_line(tmp_path: Path) -> None:
    unknown = run("datasets", "check", "nose", "--root", tmp_path)
    assert (unknown.exit_code, len(unknown.stderr.splitlines())) == (1, 1)
    assert "there are: folder, nc2016" in unknown.stderr
    empty = run("datasets", "check", "coverage", "--root", tmp_path)
    assert (empty.exit_code, len(empty.stderr.splitlines())) == (1, 1)
    assert "expected image/Nt.tif" in empty.stderr
