"""No space left, refused by the kernel in the middle of a write: one line, nothing half-written, and the rest later."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyarrow import parquet

from support.command import run
from support.faults import full_disk
from support.scan_work import Red, save
from support.synthetic import rows_of, textured
from unseam.errors import UnseamError
from unseam.forging import ForgeConfig, factory, forge_folder
from unseam.scanning.local import scan_locally
from unseam.scanning.plan import ScanPlan


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_below(folder)}


def test_localize_names_each_photo_whose_report_does_not_fit(photos: Path, model: Path, tmp_path: Path) -> None:
    paths, out = sorted(photos.iterdir())[:2], tmp_path / "out"
    with full_disk(2000):
        result = run("localize", *paths, "--method", model, "--out", out)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    for line, path in zip(lines, paths, strict=True):
        assert line.startswith(f"unseam: {path}: cannot write the report below {out}: ")
    assert not files_below(out)
    assert run("localize", *paths, "--method", model, "--out", out).exit_code == 0


def test_localize_names_the_jpeg_for_which_the_temporary_folder_has_no_room(photos: Path) -> None:
    jpeg = photos / "0.jpg"
    Image.open(photos / "0.png").save(jpeg, quality=90)
    with full_disk(500):
        result = run("localize", jpeg, photos / "1.png", "--method", "dct-model", "--json")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1  # of the other photo
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"unseam: {jpeg}: ")
    assert "its coefficients cannot be read, because the folder for temporary files cannot be written" in line
    assert "(File too large); free some space there" in line


def plan(folder: Path, out: Path, **options: Any) -> ScanPlan:
    return ScanPlan(str(folder), str(out), {"red": Red()}, workers=1, **options)


def comparable(out: Path) -> list[dict[str, Any]]:
    rows = parquet.read_table(out).to_pylist()
    return [{name: value for name, value in row.items() if not name.startswith("seconds")} for row in rows]


def test_scan_keeps_the_rows_that_fit_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "full.parquet"
    for number in range(12):
        save(folder / f"{number}.png", red=10 * number)
    with full_disk(5000), pytest.raises(OSError, match="File too large"):
        scan_locally(plan(folder, out))
    journal = tmp_path / "full.parquet.unfinished" / "rows.jsonl"
    assert not out.exists()
    kept = journal.read_bytes()
    assert 0 < kept.count(b"\n") < 12
    summary = scan_locally(plan(folder, out, resume=True))
    assert summary.found_before == kept.count(b"\n")
    scan_locally(plan(folder, tmp_path / "whole.parquet"))
    assert comparable(out) == comparable(tmp_path / "whole.parquet")


def test_scan_tells_a_full_disk_on_one_line(photos: Path, model: Path, tmp_path: Path) -> None:
    with full_disk(300):
        result = run("scan", photos, "--method", model, "--out", tmp_path / "out.parquet", "--workers", "1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "fix that and use --resume" in result.stderr
    assert not (tmp_path / "out.parquet").exists()


def test_forge_resumes_where_the_disk_was_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for number in range(4):
        Image.fromarray(textured(240, 300, number)).save(photographs / f"{number}.png")
    config, out = ForgeConfig(sides=(160, 224), object_share=0.0), tmp_path / "full"
    forge_folder([photographs], [], tmp_path / "whole", count=24, seed=5, config=config)
    monkeypatch.setattr(factory, "CACHE_BYTES", 0)  # else the decoded photographs are the first that do not fit
    with full_disk(50_000), pytest.raises(OSError, match="File too large"):
        forge_folder([photographs], [], out, count=24, seed=5, config=config)
    assert not (out / "manifest.csv").exists()
    for path in (out / "images").glob("[0-9]*"):
        Image.open(io.BytesIO(path.read_bytes())).load()  # what has its name is whole
    summary = forge_folder([photographs], [], out, count=24, seed=5, config=config)
    assert 0 < summary.found < 24
    assert len(rows_of(out)) == 24
    assert contents(out) == contents(tmp_path / "whole")


def test_forge_tells_a_full_disk_on_one_line(photos: Path, tmp_path: Path) -> None:
    with full_disk(300):
        result = run("forge", photos, "--out", tmp_path / "out", "--count", "2", "--sides", "64", "80")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "File too large; what was finished before is on disk" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_file_that_does_not_fit_leaves_the_old_one(tmp_path: Path, model: Path) -> None:
    export = pytest.importorskip("unseam.training.export", reason="training needs unseam[train]")
    target = tmp_path / "mine.onnx"
    target.write_bytes(b"old")
    with full_disk(300), pytest.raises(UnseamError, match="cannot write"):
        export.write_model(target, model.read_bytes())
    assert target.read_bytes() == b"old"
    assert not list(tmp_path.glob("*.partial"))
