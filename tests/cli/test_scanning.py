import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyarrow import parquet

from support.command import recorder, run, started
from unseam.scanning import distributed, local
from unseam.scanning.plan import ScanSummary


def test_a_folder_becomes_a_table_and_one_line(photo: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    result = run("scan", photo.parent, "--method", model, "--out", out, "--workers", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"1 done, 0 not applicable, 0 failed -> {out}\n"
    (row,) = parquet.read_table(out).to_pylist()
    assert (row["path"], row["verdict"], row["method"]) == ("spot.png", "manipulated", "brightness")
    assert row["score_brightness"] == row["score"]
    assert len(row["digest_brightness"]) == 64


def test_failed_files_are_one_line_each_and_the_exit_code_says_so(photo: Path, model: Path, tmp_path: Path) -> None:
    photo.with_name("bad.jpg").write_text("no photo", encoding="utf-8")
    photo.with_name("notes.txt").touch()
    out = tmp_path / "out.parquet"
    result = run("scan", photo.parent, "--method", model, "--out", out, "--workers", "1")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("unseam: bad.jpg: ")
    assert result.stdout.splitlines() == [
        "1 other files left out, which are not photos (--all-files takes them)",
        f"1 done, 0 not applicable, 1 failed -> {out}",
    ]
    again = run("scan", photo.parent, "--method", model, "--out", out, "--resume", "--workers", "1")
    assert f"1 done, 0 not applicable, 1 failed (2 from before) -> {out}" in again.stdout


def test_more_failures_than_anyone_reads_are_counted(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    summary = ScanSummary()
    list(summary.count({"path": f"{n}.jpg", "status": "failed", "error": "bad"} for n in range(30)))
    monkeypatch.setattr(local, "scan_locally", recorder([], summary))
    lines = run("scan", "a", "--method", model, "--out", "b").stderr.splitlines()
    assert lines[0] == "unseam: 0.jpg: bad"
    assert lines[20:] == ["unseam: and 10 more; they are the rows of b whose status is failed"]


def test_options_reach_the_engine(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(local, "scan_locally", recorder(calls, ScanSummary()))
    limits = ["--fast", "--timeout", "0", "--memory", "1.5", "--max-pixels", "7", "--workers", "3", "--all-files"]
    assert run("scan", "a", "--method", model, "--out", "b", "--resume", "--retry-failed", *limits).exit_code == 0
    ((plan,), _) = calls[0]
    assert (plan.place, plan.out, list(plan.methods), plan.workers) == ("a", "b", ["brightness"], 3)
    assert plan.methods["brightness"].options.fast
    assert (plan.seconds, plan.memory, plan.max_pixels) == (None, 1_500_000_000, 7)
    assert plan.resume
    assert plan.retry_failed
    assert plan.all_files
    run("scan", "a", "--method", model, "--out", "b")
    ((plan,), _) = calls[1]
    assert plan.seconds == 600
    assert plan.workers >= 1
    assert not plan.resume
    assert plan.memory is None or plan.memory > 10**6


def test_the_engine_ray_gets_plan_and_address(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(distributed, "scan_on_cluster", recorder(calls, ScanSummary()))
    options = ["--engine", "ray", "--address", "auto", "--out", "s3://b/c"]
    assert run("scan", "s3://b/a", "--method", model, *options).exit_code == 0
    ((plan, address), _) = calls[0]
    assert (plan.place, plan.out, address) == ("s3://b/a", "s3://b/c", "auto")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--out'"),
        (["--out", "b", "--address", "auto"], "--address is for --engine ray"),
        (["--out", "b", "--retry-failed"], "--retry-failed goes with --resume"),
        (["--out", "b", "--engine", "horse"], "'horse' is not one of"),
        (["--out", "b", "--method", "nothing"], "no method 'nothing'"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(arguments: list[str], message: str) -> None:
    result = run("scan", "a", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_folder_that_is_not_there_and_an_output_that_is_are_one_line(model: Path, tmp_path: Path) -> None:
    result = run("scan", tmp_path / "gone", "--method", model, "--out", tmp_path / "out.parquet")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    (tmp_path / "out.parquet").touch()
    result = run("scan", tmp_path, "--method", model, "--out", tmp_path / "out.parquet")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"unseam: {tmp_path}/out.parquet exists; continue it with --resume")


def test_an_interruption_is_one_line(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "scan_locally", interrupt)
    result = run("scan", "a", "--method", model, "--out", "b")
    assert result.exit_code == 130
    assert result.stderr == "unseam: interrupted; finished rows are kept, and --resume continues\n"


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    def fill(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local, "scan_locally", fill)
    result = run("scan", "a", "--method", model, "--out", "b")
    assert result.exit_code == 1
    assert result.stderr.startswith("unseam: the scan stopped ([Errno 28] No space left on device); fix that")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_keeps_what_was_finished(photo: Path, model: Path, tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (2000, 2000)).save(photo.with_name(f"{number}.png"))
    out = tmp_path / "out.parquet"
    journal = tmp_path / "out.parquet.unfinished" / "rows.jsonl"
    process = started("scan", photo.parent, "--method", model, "--out", out, "--workers", "2")
    while not journal.exists() or not journal.read_bytes():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert errors == "unseam: interrupted; finished rows are kept, and --resume continues\n"
    assert not out.exists()
    assert run("scan", photo.parent, "--method", model, "--out", out, "--resume", "--workers", "2").exit_code == 0
    assert parquet.read_table(out).num_rows == 7
