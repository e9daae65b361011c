import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from support.scan_work import Red, save
from unseam.errors import DataError, MissingExtra
from unseam.scanning.local import scan_locally
from unseam.scanning.plan import ScanPlan

METHODS = {"red": Red()}


def plan(folder: Path, out: Path, **changes: Any) -> ScanPlan:
    return ScanPlan(**{"place": str(folder), "out": str(out), "methods": METHODS, "workers": 2, **changes})


def table(out: Path) -> dict[str, dict[str, Any]]:
    rows = parquet.read_table(out).to_pylist()
    found = {row["path"]: row for row in rows}
    assert len(found) == len(rows)
    assert list(found) == sorted(found)
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name, red in [("x.png", 0), ("a/x.png", 250), ("b/x.png", 60), ("b/y.png", 250)]:
        save(folder / name, red=red)
    (folder / "notes.txt").touch()
    return folder


def test_every_file_becomes_one_row_in_the_order_of_paths(photos: Path, tmp_path: Path) -> None:
    summary = scan_locally(plan(photos, tmp_path / "out.parquet"))
    rows = table(tmp_path / "out.parquet")
    assert {path: row["verdict"] for path, row in rows.items()} == {
        "a/x.png": "manipulated",
        "b/x.png": "no evidence",
        "b/y.png": "manipulated",
        "x.png": "no evidence",
    }
    assert summary.counts == {"done": 4, "not applicable": 0, "failed": 0}
    assert (summary.left_out, summary.found_before) == (1, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "photos"]


def test_a_file_that_breaks_its_worker_costs_its_own_row_only(photos: Path, tmp_path: Path) -> None:
    for word in ("crash", "hang", "raise", "decline", *(["eat"] if sys.platform == "linux" else [])):
        save(photos / f"{word}.png", word)
    scan_locally(plan(photos, tmp_path / "out.parquet", seconds=4, memory=2 * 10**9))
    rows = table(tmp_path / "out.parquet")
    assert {path for path, row in rows.items() if row["status"] == "done"} == {"a/x.png", "b/x.png", "b/y.png", "x.png"}
    assert rows["decline.png"]["status"] == "not applicable"
    assert "signal 11" in rows["crash.png"]["error"]
    assert "longer than 4 s" in rows["hang.png"]["error"]
    assert rows["raise.png"]["error"] == "red: RuntimeError: told to"
    if sys.platform == "linux":
        assert "more memory than a process may have" in rows["eat.png"]["error"]


def test_an_output_that_is_there_is_not_written_over(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_bytes(b"precious")
    with pytest.raises(DataError, match=r"out\.parquet exists; continue it with --resume"):
        scan_locally(plan(photos, out))
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        scan_locally(plan(photos, out, resume=True))
    assert out.read_bytes() == b"precious"
    out.unlink()
    out.with_name("out.parquet.unfinished").mkdir()
    with pytest.raises(DataError, match=r"out\.parquet\.unfinished exists"):
        scan_locally(plan(photos, out))


def test_a_finished_scan_goes_on_with_new_files_and_judges_no_old_one(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    scan_locally(plan(photos, out))
    before = table(out)
    save(photos / "c" / "new.png", red=250)
    save(photos / "x.png", red=250)  # changed, but judged already
    summary = scan_locally(plan(photos, out, resume=True))
    after = table(out)
    assert summary.found_before == 4
    assert after.pop("c/new.png")["verdict"] == "manipulated"
    assert after == before


def test_a_finished_scan_does_not_go_on_with_other_methods(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    scan_locally(plan(photos, out))
    with pytest.raises(DataError, match="started with other settings"):
        scan_locally(plan(photos, out, resume=True, methods={"calm": Red("calm", obeys=False)}))
    with pytest.raises(DataError, match="max_pixels was 250000000 and is now 5"):
        scan_locally(plan(photos, out, resume=True, max_pixels=5))


def test_what_failed_is_judged_again_only_when_asked(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    (photos / "bad.png").write_bytes(b"")
    assert scan_locally(plan(photos, out)).failures[0].startswith("bad.png: ")
    save(photos / "bad.png", red=250)
    scan_locally(plan(photos, out, resume=True))
    assert table(out)["bad.png"]["status"] == "failed"
    assert scan_locally(plan(photos, out, resume=True, retry_failed=True)).found_before == 4
    assert table(out)["bad.png"]["verdict"] == "manipulated"


def test_an_unreadable_folder_is_a_failed_row_until_it_can_be_read(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Any) -> object:
        if isinstance(path, Path) and path.name == "b":
            raise PermissionError(13, "Permission denied")
        return real(path)

    out = tmp_path / "out.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        summary = scan_locally(plan(photos, out))
    assert summary.failures == ["b/: the folder cannot be listed (Permission denied)"]
    assert table(out)["b/"]["status"] == "failed"
    scan_locally(plan(photos, out, resume=True))
    assert sorted(table(out)) == ["a/x.png", "b/x.png", "b/y.png", "x.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_a_name_that_is_no_text_is_scanned_once(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    save(photos / "x.png").rename(os.fsdecode(os.fsencode(photos) + b"/\xff.png"))
    scan_locally(plan(photos, out))
    assert table(out)["\\xff.png"]["status"] == "done"
    assert scan_locally(plan(photos, out, resume=True)).found_before == len(table(out)) == 4


def test_the_scan_of_an_empty_folder_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    scan_locally(plan(tmp_path / "photos", tmp_path / "out.parquet"))
    assert table(tmp_path / "out.parquet") == {}


def test_heat_maps_inside_the_scanned_folder_are_not_scanned(photos: Path, tmp_path: Path) -> None:
    out, maps = photos / "out.parquet", photos / "maps"
    scan_locally(plan(photos, out, heat_maps=maps))
    assert len(list(maps.rglob("*.png"))) == 4
    assert scan_locally(plan(photos, out, heat_maps=maps, resume=True)).counts["done"] == 4


def test_an_output_inside_the_scanned_folder_is_not_scanned(photos: Path) -> None:
    out = photos / "out.parquet"
    scan_locally(plan(photos, out, all_files=True))
    scan_locally(plan(photos, out, all_files=True, resume=True))
    assert sorted(table(out)) == ["a/x.png", "b/x.png", "b/y.png", "notes.txt", "x.png"]


def test_without_the_extra_the_error_names_the_pip_command(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unseam.scanning.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r'pyarrow: pip install "unseam\[scan\]"'):
        scan_locally(plan(photos, tmp_path / "out.parquet"))
