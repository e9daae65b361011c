import subprocess
import sys
from pathlib import Path

import pytest

from unseam.errors import DataError, RunError
from unseam.system.folder_lock import LOCK, FolderLock

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
        with pytest.raises(RunError, match="b: another process is at work in it; wait for it, or name"):
            FolderLock(folder, RunError)
    finally:
        process.kill()
        process.communicate()
    with FolderLock(folder, RunError):
        pass
    assert not list(folder.iterdir())


def test_one_process_is_refused_by_itself_and_let_in_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with FolderLock(tmp_path, DataError):
            with pytest.raises(DataError, match="at work"):
                FolderLock(tmp_path, DataError)
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


def test_a_removed_folder_is_gone_and_can_be_made_and_locked_anew(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    lock = FolderLock(folder, DataError)
    (folder / "inner").mkdir()
    lock.remove_folder()
    assert not folder.exists()
    with FolderLock(folder, DataError):
        lock.release()
        with pytest.raises(DataError, match="at work"):
            FolderLock(folder, DataError)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_file_system_without_locks_refuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with FolderLock(tmp_path, DataError), FolderLock(tmp_path, DataError):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"\.lock"):
        FolderLock(tmp_path, DataError)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no open file")
def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    with FolderLock(tmp_path, DataError):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]
    assert not list(tmp_path.iterdir())
