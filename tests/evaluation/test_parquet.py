import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from unseam.errors import MissingExtra
from unseam.evaluation import demand_extra
from unseam.evaluation.counts import Confusion
from unseam.evaluation.degrade import Condition
from unseam.evaluation.parquet import column_names, write_rows
from unseam.evaluation.rows import Row

ROWS = [
    Row(
        "k",
        "a.png",
        "splice",
        "",
        "m",
        "judged",
        manipulated=3,
        auc=0.75,
        at_threshold=Confusion(1, 2, 3, 4),
        score=0.5,
    ),
    Row("l", "b.png", "authentic", "", "m", "not applicable", Condition("jpeg", 90), "no coefficients"),
]


def test_rows_come_back_with_their_types_and_undefined_metrics_as_null(tmp_path: Path) -> None:
    write_rows(ROWS, tmp_path / "rows.parquet")
    first, second = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert (first["photo"], first["auc"], first["manipulated"], first["degradation"]) == ("a.png", 0.75, 3, "")
    names = ("true_positives", "true_negatives", "false_positives", "false_negatives")
    assert [first[f"at_threshold_{name}"] for name in names] == [1, 4, 2, 3]
    assert (second["degradation"], second["strength"], second["reason"]) == ("jpeg", 90, "no coefficients")
    assert second["auc"] is second["at_threshold_true_positives"] is second["score"] is None
    assert list(first) == column_names()


def test_no_row_is_a_file_with_the_same_columns(tmp_path: Path) -> None:
    write_rows([], tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").column_names == column_names()


def test_without_the_extra_the_error_names_the_pip_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("unseam.evaluation.find_spec", lambda name: None if name == "pyarrow" else object())
    with pytest.raises(MissingExtra, match=r'pyarrow: pip install "unseam\[eval\]"'):
        demand_extra()
    with pytest.raises(MissingExtra):
        write_rows(ROWS, tmp_path / "rows.parquet")


def test_measuring_loads_neither_pyarrow_nor_matplotlib() -> None:
    program = "import sys, unseam.evaluation.run; sys.exit(any(m in sys.modules for m in ('pyarrow', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
