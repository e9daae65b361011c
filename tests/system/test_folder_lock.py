import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unseam.errors import DataError, RunError
from unseam.system.folder_lock import LOCK, FolderLock

if os.name == "nt":
    pytest.skip("Windows has no such locks", allow_module_level=True)

HOLDER = """
import sys
from pathlib import Path
from unseam.errors import DataError
from unseam.system.folder_lock import FolderLock

with FolderLock(Path(sys.argv[1]), DataError):
    print("locked", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_folder_of_another_process_is_refused_until_that_process_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    process = holder(folder)
    try:
        with pytest.raises(RunError, match=rf"^{folder}: another process is at work in it; wait for it, or name"):
            FolderLock(folder, RunError)
    finally:
        process.kill()
        process.communicate()
    assert (folder / LOCK).exists()
    with FolderLock(folder, RunError):
        pass
    assert not list(folder.iterdir())


def test_a_folder_of_a_process_that_ended_by_itself_is_as_it_was(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.communicate()
    assert process.returncode == 0
    assert not list(tmp_path.iterdir())


def test_one_process_is_refused_by_itself_and_let_in_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with FolderLock(tmp_path, DataError):
            with pytest.raises(DataError, match="at work"):
                FolderLock(tmp_path, DataError)
            assert (tmp_path / LOCK).exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with FolderLock(tmp_path, DataError):
        pass


def test_releasing_twice_leaves_the_lock_of_who_came_between(tmp_path: Path) -> None:
    first = FolderLock(tmp_path, DataError)
    first.release()
    with FolderLock(tmp_path, DataError):
        first.release()
        with pytest.raises(DataError, match="at work"):
            FolderLock(tmp_path, DataError)


def test_who_lost_its_folder_leaves_the_lock_of_who_made_it_anew(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with FolderLock(folder, DataError) as lost:
        shutil.rmtree(folder)
        with FolderLock(folder, DataError):
            lost.release()
            with pytest.raises(DataError, match="at work"):
                FolderLock(folder, DataError)


def test_a_file_that_its_holder_removes_while_another_opens_it_is_not_what_the_other_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, first = os.open, FolderLock(tmp_path, DataError)

    def open_and_let_the_first_go(*arguments: Any) -> int:
        descriptor = real(*arguments)
        first.release()
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_and_let_the_first_go)
        second = FolderLock(tmp_path, DataError)
    with second, pytest.raises(DataError, match="at work"):
        FolderLock(tmp_path, DataError)


def test_a_file_system_without_locks_refuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with FolderLock(tmp_path, DataError), FolderLock(tmp_path, DataError):
        pass
    assert not list(tmp_path.iterdir())


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"\.lock"):
        FolderLock(tmp_path, DataError)
    assert not (tmp_path / "elsewhere").exists()
