from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.synthetic import PLAIN, SMALL, rows_of, textured
from unseam.errors import DataError, MissingExtra
from unseam.forging import ForgeConfig, factory, forge_folder
from unseam.forging.factory import load_sources
from unseam.forging.make import make
from unseam.forging.pixels import PixelStore
from unseam.forging.planner import Planner

pytestmark = pytest.mark.xdist_group("factory")


def files_of(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def forged(photos: Path, objects: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("forged") / "set"
    summary = forge_folder([photos], [objects], out, count=80, seed=3, config=SMALL)
    assert (summary.made, summary.found, summary.photographs, summary.skipped) == (80, 0, 20, ())
    assert sum(summary.kinds.values()) == sum(summary.splits.values()) == 80
    return out


def test_every_file_has_its_row_and_every_forgery_a_mask_of_its_size(forged: Path) -> None:
    rows = rows_of(forged)
    assert {row["kind"] for row in rows} == {"splice", "copy-move", "removal", "authentic"}
    named = {row[column] for row in rows for column in ("file", "mask", "mask_source") if row[column]}
    assert named | {"manifest.csv", "forge.json"} == set(files_of(forged))
    for row in rows:
        with Image.open(forged / row["file"]) as image:
            size = image.size
            saved = image.format
        assert (row["format"], int(row["height"]), int(row["width"])) == (saved, size[1], size[0])
        assert bool(row["mask_source"]) == (row["kind"] == "copy-move")
        assert bool(row["mask"]) == (row["kind"] != "authentic")
        for column in ("mask", "mask_source"):
            if row[column]:
                truth = np.asarray(Image.open(forged / row[column]))
                assert truth.shape == size[::-1]
                assert set(np.unique(truth)) == {0, 255}
        if row["mask"]:
            mask = np.asarray(Image.open(forged / row["mask"]))
            assert (mask > 0).mean() == pytest.approx(float(row["area"]), abs=1e-4)


def test_host_and_donor_belong_to_the_split_of_the_row(forged: Path, photos: Path, objects: Path) -> None:
    split = {source.name: source.split for source in load_sources([photos], [objects], split_seed=SMALL.split_seed)}
    rows = rows_of(forged)
    assert all(split[row["host"]] == row["split"] for row in rows)
    donors = [row for row in rows if row["donor"]]
    assert donors
    assert all(split[row["donor"]] == row["split"] and row["donor"] != row["host"] for row in donors)


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(
    forged: Path, photos: Path, objects: Path, tmp_path: Path
) -> None:
    forge_folder([photos], [objects], tmp_path / "two", count=80, seed=3, workers=2, config=SMALL)
    assert files_of(tmp_path / "two") == files_of(forged)


def test_another_seed_gives_other_forgeries(forged: Path, photos: Path, objects: Path, tmp_path: Path) -> None:
    forge_folder([photos], [objects], tmp_path / "other", count=4, seed=4, config=SMALL)
    mine = files_of(forged)
    assert not any(mine.get(name) == data for name, data in files_of(tmp_path / "other").items())


def test_an_interrupted_run_goes_on_where_it_stopped(
    forged: Path, photos: Path, objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def failing(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise KeyboardInterrupt
        return make(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(factory, "make", failing)
        with pytest.raises(KeyboardInterrupt):
            forge_folder([photos], [objects], tmp_path / "cut", count=80, seed=3, config=SMALL)
    assert not (tmp_path / "cut" / "manifest.csv").exists()
    summary = forge_folder([photos], [objects], tmp_path / "cut", count=80, seed=3, config=SMALL)
    assert (summary.made, summary.found) == (50, 30)
    assert files_of(tmp_path / "cut") == files_of(forged)


def test_a_second_run_into_one_folder_is_refused_and_the_first_is_not_disturbed(
    forged: Path, photos: Path, objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def interrupted(*args: object) -> object:
        if not refused:
            with pytest.raises(DataError, match="out: another process is at work in it") as refusal:
                forge_folder([photos], [objects], tmp_path / "out", count=80, seed=3, config=SMALL)
            refused.append(refusal)
        return make(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(factory, "make", interrupted)
    summary = forge_folder([photos], [objects], tmp_path / "out", count=80, seed=3, config=SMALL)
    assert (summary.made, len(refused)) == (80, 1)
    assert files_of(tmp_path / "out") == files_of(forged)


def test_a_file_that_cannot_be_finished_leaves_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, data: bytes) -> None:
        path.touch()
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        factory._write(tmp_path / "forge.json", b"{}")
    assert not list(tmp_path.iterdir())


def test_a_larger_count_extends_a_folder(photos: Path, objects: Path, tmp_path: Path) -> None:
    forge_folder([photos], [objects], tmp_path / "out", count=5, seed=3, config=SMALL)
    summary = forge_folder([photos], [objects], tmp_path / "out", count=9, seed=3, config=SMALL)
    assert (summary.made, summary.found) == (4, 5)
    forge_folder([photos], [objects], tmp_path / "at-once", count=9, seed=3, config=SMALL)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "at-once")


def test_a_folder_of_other_forgeries_is_refused(forged: Path, photos: Path, objects: Path) -> None:
    with pytest.raises(DataError, match="another seed"):
        forge_folder([photos], [objects], forged, count=5, seed=99, config=SMALL)


def test_before_saving_only_the_mask_differs_from_the_host(photos: Path, objects: Path, tmp_path: Path) -> None:
    config = replace(PLAIN, feather=0.0, matte=0.0, png_share=1.0, authentic=0.0)
    sources = load_sources([photos], [objects], split_seed=config.split_seed)
    planner, store = Planner(sources, config, 1), PixelStore(tmp_path)
    seen = set()
    for index in range(60):
        plan = planner.plan(index)
        made = make(plan, sources, store)
        pixels, mask, host = np.asarray(Image.open(io.BytesIO(made.data))), made.mask, made.host
        assert mask is not None
        assert (pixels[~mask] == host[~mask]).all()
        assert (pixels[mask] != host[mask]).any()
        seen.add((plan.kind, plan.seam))
    assert len(seen) >= 8


def test_splits_are_taken_from_a_folder_whose_photographs_are_not_used(
    photos: Path, objects: Path, tmp_path: Path
) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    lines = ["file,licence,sha1_full"]
    for path in sorted(photos.iterdir()):
        with Image.open(path) as image:
            image.crop((8, 8, 208, 208)).save(crops / f"{path.stem}.png")
        lines.append(f"{path.stem}.png,free,{hashlib.sha1(path.read_bytes()).hexdigest()}")
    (crops / "crops.csv").write_text("\n".join(lines))
    known = {s.terms.original: s.split for s in load_sources([crops], [], split_seed=SMALL.split_seed)}
    config = replace(SMALL, object_share=0.0)
    summary = forge_folder([photos], [], tmp_path / "out", count=30, seed=3, config=config, split_as=[crops])
    assert summary.photographs == 12
    for row in rows_of(tmp_path / "out"):
        assert row["split"] == known[row["host_original"]]
    alone = {s.original: s.split for s in load_sources([photos], [], split_seed=SMALL.split_seed)}
    assert alone != known


def test_the_manifest_says_where_the_grid_of_the_hosts_own_jpeg_begins(tmp_path: Path) -> None:
    """Compressed coarsely, neighbours across a block's border differ most."""
    (tmp_path / "photos").mkdir()
    for number in range(2):
        Image.fromarray(textured(240, 300, number)).save(tmp_path / "photos" / f"{number}.jpg", quality=12)
    plain = {"host_history_share": 0.0, "rendering_share": 0.0, "tile_share": 0.0, "two_camera_share": 0.0}
    kinds = {"splice": 0.0, "copy_move": 0.0, "removal": 0.0}
    config = replace(PLAIN, native_share=1.0, png_share=1.0, object_share=0.0, **plain, **kinds)
    forge_folder([tmp_path / "photos"], [], tmp_path / "out", count=12, seed=3, config=config)
    starts = set()
    for row in rows_of(tmp_path / "out"):
        assert row["host_steps"].split()[0] == "67"  # of 16 in the standard table, at quality 12
        grey = np.asarray(Image.open(tmp_path / "out" / row["file"])).astype(float).mean(axis=2)
        steps = [np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis) for axis in (0, 1)]
        folded = [np.bincount(np.arange(len(s)) % 8, s) / np.bincount(np.arange(len(s)) % 8) for s in steps]
        starts.add(row["host_grid"])
        assert [(int(np.argmax(f)) + 1) % 8 for f in folded] == list(map(int, row["host_grid"].split()))
    assert len(starts) > 3


def test_the_manifest_tells_photographs_apart_by_content(forged: Path, photos: Path, objects: Path) -> None:
    digests = {source.name: source.digest for source in load_sources([photos], [objects], split_seed=SMALL.split_seed)}
    for row in rows_of(forged):
        for who in ("host", "donor"):
            assert row[f"{who}_sha256"] == (digests[row[who]][:16] if row[who] else "")


def test_a_copys_source_lies_where_the_manifest_says_and_holds_what_was_copied(
    photos: Path, objects: Path, tmp_path: Path
) -> None:
    config = replace(PLAIN, splice=0.0, removal=0.0, authentic=0.0, resample_share=0.0, flip_share=0.0)
    config = replace(config, feather=0.0, matte=0.0, smooth=0.0, poisson=0.0)
    sources = load_sources([photos], [objects], split_seed=config.split_seed)
    planner, store = Planner(sources, config, 1), PixelStore(tmp_path)
    for index in range(20):
        made = make(planner.plan(index), sources, store)
        where, origin, mask = made.edit.where, made.edit.origin, made.edit.mask
        assert origin is not None
        assert mask is not None
        down, across = (where[f"paste_{side}"] - where[f"cut_{side}"] for side in ("top", "left"))
        there = np.argwhere(mask)
        assert (made.edit.pixels[mask] == made.host[there[:, 0] - down, there[:, 1] - across]).all()
        assert origin[there[:, 0] - down, there[:, 1] - across].all()


def test_what_cannot_be_used_is_listed_with_its_reason(photos: Path, objects: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    (mixed / "images").mkdir(parents=True)
    (mixed / "masks").mkdir()
    for name in ("02.png", "04.png", "06.png"):
        shutil.copy(photos / name, mixed / "images" / name)
    Image.new("RGB", (50, 400)).save(mixed / "images" / "thin.png")
    (mixed / "images" / "broken.jpg").write_bytes(b"no photograph")
    (mixed / "images" / "empty.jpg").write_bytes(b"")
    (mixed / "masks" / "04.png").write_bytes(b"no mask")
    Image.new("L", (10, 10)).save(mixed / "masks" / "06.png")
    summary = forge_folder([mixed], [mixed, objects], tmp_path / "out", count=4, seed=1, config=SMALL)
    reasons = dict(summary.skipped)
    assert {Path(name).name for name in reasons} == {"thin.png", "broken.jpg", "empty.jpg", "04.png", "06.png"}
    assert "expected at least 160" in reasons["mixed/images/thin.png"]
    assert "cannot be read" in reasons["mixed/images/04.png"]
    assert "expected the same size" in reasons["mixed/images/06.png"]
    assert summary.photographs == 9


def test_one_photograph_is_too_few(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least two"):
        forge_folder([photos / "00.png"], [], tmp_path / "out", count=2, seed=1, config=SMALL)
    assert not list(tmp_path.iterdir())


def test_no_objects_are_refused_unless_none_are_asked_for(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no objects"):
        forge_folder([photos], [], tmp_path / "out", count=2, seed=1, config=SMALL)
    summary = forge_folder([photos], [], tmp_path / "out", count=6, seed=1, config=replace(SMALL, object_share=0.0))
    assert summary.made == 6


def test_a_count_of_zero_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="count 0"):
        forge_folder([photos], [], tmp_path / "out", count=0, seed=1)


def test_the_easy_preset_has_hard_seams_and_high_quality(photos: Path, objects: Path, tmp_path: Path) -> None:
    easy = replace(ForgeConfig.easy(), sides=SMALL.sides)
    forge_folder([photos], [objects], tmp_path / "out", count=30, seed=1, config=easy)
    rows = rows_of(tmp_path / "out")
    assert {row["seam"] for row in rows} == {"hard", ""}
    assert all(row["adjustment"] == "none" for row in rows)
    assert all(row["format"] == "PNG" or int(row["quality"]) >= 90 for row in rows)


@pytest.mark.parametrize(
    ("name", "text"), [("3.json", "{"), ("3.json", "[1]"), ("x.json", "{}"), ("3.json", "[" * 60_000)]
)
def test_a_damaged_row_of_an_interrupted_run_is_reported(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / factory.WORK / "rows").mkdir(parents=True)
    (tmp_path / factory.WORK / "rows" / name).write_text(text)
    with pytest.raises(DataError, match="not a row of a forgery"):
        factory._finished(tmp_path)


def test_without_numba_the_error_names_the_extra(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unseam.forging.factory.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"needs numba: pip install \"unseam\[forge\]\""):
        forge_folder([photos], [], tmp_path / "out", count=1, seed=0)
    assert not (tmp_path / "out").exists()
