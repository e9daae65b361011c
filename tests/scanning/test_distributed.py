"""The engine of a cluster, on two workers of this machine: the rows are those of the local engine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from support.scan_work import Red, save
from unseam.errors import DataError, MissingExtra
from unseam.scanning import distributed
from unseam.scanning.distributed import ParquetParts, scan_on_cluster
from unseam.scanning.local import scan_locally
from unseam.scanning.plan import ScanPlan
from unseam.scanning.rows import ScanRow, failed_row

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*")  # Ray warns about its own settings


def plan(folder: Path | str, out: Path, **changes: Any) -> ScanPlan:
    return ScanPlan(
        **{"place": str(folder), "out": str(out), "methods": {"red": Red()}, "workers": 2, "seconds": 5.0, **changes}
    )


def comparable(out: Path) -> dict[str, dict[str, Any]]:
    rows = parquet.read_table(out).to_pylist()
    kept = [{name: value for name, value in row.items() if not name.startswith("seconds")} for row in rows]
    found = {row["path"]: row for row in kept}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(9):
        save(folder / f"{number % 3}" / f"{number // 3}.png", red=30 * number)
    for word in ("crash", "hang", "raise", "decline"):
        save(folder / f"{word}.png", word)
    (folder / "empty.png").touch()
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture
def _nodes_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray.data", reason='ray is not installed: pip install "unseam[ray]"')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setattr(distributed, "FILES_PER_BLOCK", 3)


@pytest.mark.usefixtures("_nodes_find_the_tests")
def test_a_cluster_gives_the_rows_of_the_local_engine_and_goes_on(photos: Path, tmp_path: Path) -> None:
    local = scan_locally(plan(photos, tmp_path / "local.parquet"))
    expected = comparable(tmp_path / "local.parquet")
    cluster = scan_on_cluster(plan(photos, tmp_path / "cluster"))
    assert comparable(tmp_path / "cluster") == expected
    assert (cluster.counts, cluster.left_out, sorted(cluster.failures)) == (local.counts, 1, sorted(local.failures))
    assert expected["crash.png"]["status"] == expected["hang.png"]["status"] == "failed"

    save(photos / "new.png", red=250)
    save(photos / "empty.png", red=250)
    again = scan_on_cluster(plan(f"{photos}", tmp_path / "cluster", resume=True, retry_failed=True, seconds=1.0))
    assert again.found_before == len(expected) - 4
    rows = comparable(tmp_path / "cluster")
    assert rows["new.png"]["verdict"] == rows["empty.png"]["verdict"] == "manipulated"
    assert rows.keys() == {*expected, "new.png"}


def test_an_output_that_is_there_is_not_written_over(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason='ray is not installed: pip install "unseam[ray]"')
    settings = plan(photos, tmp_path).settings(plan(photos, tmp_path).source())
    ParquetParts(str(tmp_path / "out")).write([], settings, list)
    with pytest.raises(DataError, match="exists; continue it with --resume"):
        scan_on_cluster(plan(photos, tmp_path / "out"))
    with pytest.raises(DataError, match="started with other settings"):
        scan_on_cluster(plan(photos, tmp_path / "out", resume=True, max_pixels=9))


def test_parts_in_a_store_appear_whole_and_are_cleaned_when_a_scan_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    settings, place = {"layout": 1, "methods": {"red": "1"}}, "memory://bucket/rows"
    rows = [failed_row(path, ["red"], "bad") for path in ("a.jpg", "b/", "c.jpg", "d.jpg")]
    rows[2]["status"] = "done"
    monkeypatch.setattr(distributed, "ROWS_PER_PART", 3)
    ParquetParts(place).write(rows, settings, list)
    assert [name[:11] for name in ParquetParts(place).names()] == ["part-000000", "part-000001"]
    assert sorted(ParquetParts(place).paths()) == ["a.jpg", "b/", "c.jpg", "d.jpg"]
    ParquetParts(place).begin(settings, retry_failed=False)
    assert sorted(ParquetParts(place).paths()) == ["a.jpg", "c.jpg", "d.jpg"]
    ParquetParts(place).begin(settings, retry_failed=True)
    assert list(ParquetParts(place).paths()) == ["c.jpg"]


def test_rows_that_came_before_an_interruption_are_written(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")

    def interrupted() -> Iterator[ScanRow]:
        yield failed_row("a.jpg", ["red"], "bad")
        raise KeyboardInterrupt

    parts = ParquetParts(str(tmp_path / "out"))
    with pytest.raises(KeyboardInterrupt):
        parts.write(interrupted(), {"layout": 1, "methods": {"red": "1"}}, list)
    assert list(parts.paths()) == ["a.jpg"]
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".parquet"]


def test_without_the_extra_the_error_names_the_pip_command(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unseam.scanning.find_spec", lambda name: None if name == "ray" else object())
    with pytest.raises(MissingExtra, match=r'needs ray: pip install "unseam\[ray\]"'):
        scan_on_cluster(plan(photos, tmp_path / "out"))
