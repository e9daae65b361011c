from pathlib import Path
from typing import Any

import pytest

from support.scan_work import Red
from unseam.errors import DataError
from unseam.scanning.plan import FAILURES_PRINTED, ScanPlan, ScanSummary, share_of_memory


def plan(folder: Path, **changes: Any) -> ScanPlan:
    return ScanPlan(**{"place": str(folder), "out": "out.parquet", "methods": {"red": Red()}, **changes})


def test_settings_change_with_what_changes_rows_and_with_nothing_else(tmp_path: Path) -> None:
    def settings(**changes: Any) -> dict[str, Any]:
        made = plan(tmp_path, **changes)
        return made.settings(made.source())

    assert settings() == settings(workers=7, seconds=1.0, memory=10**9, resume=True)
    assert settings() != settings(max_pixels=10)
    assert settings() != settings(all_files=True)
    assert settings() != settings(heat_maps=tmp_path / "maps")


def test_methods_whose_columns_collide_are_refused(tmp_path: Path) -> None:
    made = plan(tmp_path, methods={"a-b": Red(), "a_b": Red()})
    with pytest.raises(DataError, match="two methods have the columns"):
        made.settings(made.source())


def test_a_summary_counts_every_row_and_keeps_the_first_failures() -> None:
    summary = ScanSummary()
    failed = [{"path": f"{number}.jpg", "status": "failed", "error": "broken"} for number in range(30)]
    rows = [*failed, {"path": "z.jpg", "status": "done"}]
    assert list(summary.count(rows)) == rows
    assert summary.counts == {"done": 1, "not applicable": 0, "failed": 30}
    assert len(summary.failures) == FAILURES_PRINTED
    assert summary.failures[0] == "0.jpg: broken"


def test_memory_is_shared_among_workers() -> None:
    whole = share_of_memory(1)
    if whole is None:
        pytest.skip("this system does not say how much memory it has")
    assert share_of_memory(4) == whole // 4
