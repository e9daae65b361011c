import json
import shutil
from pathlib import Path

import pytest

from unseam.errors import DataError
from unseam.scanning import journal as room
from unseam.scanning.journal import FinishedPaths, Journal
from unseam.scanning.rows import ScanRow

SETTINGS = {"source": "/photos", "methods": {"m": "1"}}


def row(path: str, status: str = "done") -> ScanRow:
    return {"path": path, "status": status, "score": 0.1}


def paths(journal: Journal) -> list[str]:
    return [found["path"] for found in journal.rows_by_path()]


def test_rows_are_there_for_who_comes_after_a_kill(tmp_path: Path) -> None:
    killed = Journal(tmp_path / "j", SETTINGS)
    killed.append(row("b"))
    killed.append(row("a"))
    lines = (tmp_path / "j" / "rows.jsonl").read_bytes()  # without close: what a kill leaves
    assert [json.loads(line)["path"] for line in lines.splitlines()] == ["b", "a"]
    killed.close()
    with Journal(tmp_path / "j", SETTINGS) as again:
        assert "a" in again.finished()
        assert paths(again) == ["a", "b"]


@pytest.mark.parametrize(
    "tail",
    [
        b'{"path":"c","sta',
        b'{"path":"c"}\n',
        b"\0\0\0\0\n",
        b'{"path":"c","status":"done"}',
        b'{"path":"c","status":"finished"}\n',
        b'{"path":"c","status":"done","score":"high"}\n',
        b'{"path":"c","status":"done","size":1e3}\n',
        b'{"path":"c","status":"done","size":' + b"9" * 30 + b"}\n",
        b'{"path":"c","status":"done","format":"\\ud800"}\n',
        b'{"path":["c"],"status":"done"}\n',
        b"[" * 60_000 + b"\n",
        b"9" * 5000 + b"\n",
    ],
)
def test_a_half_written_row_is_never_taken_for_finished(tmp_path: Path, tail: bytes) -> None:
    with Journal(tmp_path / "j", SETTINGS) as journal:
        journal.append(row("a"))
    with (tmp_path / "j" / "rows.jsonl").open("ab") as file:
        file.write(tail)
    with Journal(tmp_path / "j", SETTINGS) as again:
        assert "c" not in again.finished()
        again.append(row("d"))
        assert paths(again) == ["a", "d"]


def test_other_settings_are_refused_and_told(tmp_path: Path) -> None:
    Journal(tmp_path / "j", SETTINGS).close()
    with pytest.raises(DataError, match=r"methods was \{'m': '1'\} and is now \{'m': '2'\}"):
        Journal(tmp_path / "j", {**SETTINGS, "methods": {"m": "2"}})


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff\xfe", b"[" * 60_000, b"9" * 5000])
def test_settings_that_cannot_be_read_are_told(tmp_path: Path, text: bytes) -> None:
    Journal(tmp_path / "j", SETTINGS).close()
    (tmp_path / "j" / "scan.json").write_bytes(text)
    with pytest.raises(DataError, match=r"scan\.json is damaged"):
        Journal(tmp_path / "j", SETTINGS)


def test_settings_of_another_scan_are_told_in_short_and_in_print(tmp_path: Path) -> None:
    Journal(tmp_path / "j", SETTINGS).close()
    (tmp_path / "j" / "scan.json").write_text(json.dumps({"source": "\ud800" * 5000, "methods": {"m": "1"}}))
    with pytest.raises(DataError, match=r"^.{1,900}$") as told:
        Journal(tmp_path / "j", SETTINGS)
    assert str(told.value).isprintable()


def test_two_scans_cannot_write_to_one_journal(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j", SETTINGS)
    with pytest.raises(DataError, match="another process is at work"):
        Journal(tmp_path / "j", SETTINGS)
    first.close()
    Journal(tmp_path / "j", SETTINGS).close()


def test_a_journal_that_is_removed_keeps_others_out_until_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = shutil.rmtree

    def refuse_and_remove(folder: Path, **options: bool) -> None:
        with pytest.raises(DataError, match="another process is at work"):
            Journal(folder, SETTINGS)
        removed(folder, **options)

    with Journal(tmp_path / "j", SETTINGS) as journal, monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse_and_remove)
        journal.remove()
    assert not list(tmp_path.iterdir())


def test_rows_come_sorted_however_few_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ROWS_IN_MEMORY", 3)
    names = ["b/x", "a/x", "c", "a/b/x", "a", "é", "a-", "z", "B"]
    with Journal(tmp_path / "j", SETTINGS) as journal:
        for name in names:
            journal.append(row(name))
        assert [found["path"] for found in journal.rows_by_path([row("b/")])] == sorted([*names, "b/"])
        assert paths(journal) == sorted(names)
        journal.remove()
    assert not (tmp_path / "j").exists()


def test_failed_rows_can_be_dropped_and_the_rest_stays(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", SETTINGS) as journal:
        for name, status in [("a", "done"), ("b", "failed"), ("c", "not applicable"), ("d", "failed")]:
            journal.append(row(name, status))
        assert journal.drop("failed") == 2
        journal.append(row("e"))
        assert paths(journal) == ["a", "c", "e"]


def test_rows_to_begin_with_are_taken_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", SETTINGS, [row("a")]) as journal:
        journal.append(row("b"))
    with Journal(tmp_path / "j", SETTINGS, [row("x")]) as again:
        assert paths(again) == ["a", "b"]


def test_finished_paths_are_told_from_all_others() -> None:
    finished = FinishedPaths(f"{number}/x.jpg" for number in range(2000))
    assert len(finished) == 2000
    assert all(f"{number}/x.jpg" in finished for number in range(2000))
    assert not any(f"{number}/y.jpg" in finished for number in range(2000))
    assert "x" not in FinishedPaths([])


def test_a_folder_that_was_refused_is_free_for_who_comes_with_the_right_settings(tmp_path: Path) -> None:
    Journal(tmp_path / "j", SETTINGS).close()
    with pytest.raises(DataError, match="started with other settings"):
        Journal(tmp_path / "j", SETTINGS | {"source": "/others"})
    Journal(tmp_path / "j", SETTINGS).close()
