from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from support.tiny_run import metrics_of
from unseam.errors import RunError
from unseam.training.metrics_log import MetricsLog, cut_back


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path)
    for step in (10, 20, 20, 30):
        log.write({"event": "training", "step": step, "loss": 1 / step})
    log.sync()
    log.close()
    return path


def test_lines_come_back_as_written(metrics: Path) -> None:
    assert [line["loss"] for line in metrics_of(metrics.parent)] == [0.1, 0.05, 0.05, 1 / 30]


def test_cutting_back_keeps_the_lines_up_to_the_step(metrics: Path) -> None:
    cut_back(metrics, 20)
    assert [line["step"] for line in metrics_of(metrics.parent)] == [10, 20, 20]


def test_half_written_last_line_is_cut_off(metrics: Path) -> None:
    whole = metrics.read_bytes()
    metrics.write_bytes(whole + b'{"step": 3')
    cut_back(metrics, 30)
    assert metrics.read_bytes() == whole


def test_half_written_last_line_that_happens_to_be_json_is_cut_off_too(metrics: Path) -> None:
    whole = metrics.read_bytes()
    metrics.write_bytes(whole + b'{"step": 30}')
    cut_back(metrics, 30)
    assert metrics.read_bytes() == whole


def test_cutting_back_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    cut_back(tmp_path / "metrics.jsonl", 3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"garbage\n", "not JSON"),
        (b"[1]\n", "no object"),
        (b"[" * 60_000 + b"\n", "not JSON"),
        (b'{"event": "training"}\n', "no step"),
        (b'{"step": "' + b"a" * 9000 + b'"}\n', "no step that is an integer: {'step': 'aaaaaaaaaaaa...aaaaaaaaaaaaa'}"),
    ],
)
def test_damaged_line_is_an_error_that_shows_it(metrics: Path, line: bytes, reason: str) -> None:
    metrics.write_bytes(line + metrics.read_bytes())
    with pytest.raises(RunError, match=reason):
        cut_back(metrics, 20)


def test_number_that_is_not_finite_is_refused(metrics: Path) -> None:
    log = MetricsLog(metrics)
    with pytest.raises(ValueError, match="JSON compliant"):
        log.write({"step": 40, "loss": float("nan")})
    log.close()


def test_folder_that_is_not_there_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"missing.metrics.jsonl: cannot write"):
        MetricsLog(tmp_path / "missing" / "metrics.jsonl")
