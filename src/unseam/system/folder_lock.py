"""A folder for one process at a time: of two that would write there, the second is refused before it touches anything.

The system holds the lock, on a file ``.lock`` in the folder, and takes it from a process that ends, however it ends.
Who lets go removes the file; one that a kill left behind is locked like a new one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from unseam.errors import UnseamError

LOCK = ".lock"
"""Hidden, so that nobody who looks for photos or results sees it."""


class FolderLock:
    """A folder that nobody else may write to until `release`; a context that releases it.

    Where there are no such locks (Windows, some network file systems), nobody is refused.

    Parameters
    ----------
    folder : Path
        Made if missing.
    refusal : type of UnseamError
        What is raised where the folder is taken.

    Raises
    ------
    UnseamError
        ``refusal``, where another process, or another lock of this one, has the folder.
    OSError
        When nothing can be written there.
    """

    def __init__(self, folder: Path, refusal: type[UnseamError]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOCK
        try:
            self._descriptor = _locked(self._path)
        except BlockingIOError as error:
            raise refusal(f"{folder}: another process is at work in it; wait for it, or name another folder") from error

    def release(self) -> None:
        """Let others in; the second time nothing happens."""
        if self._descriptor is None:
            return
        if _is_at(self._path, self._descriptor):  # not where the folder was removed, and another made since
            with suppress(OSError):  # one that stays is locked like a new one
                self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _locked(path: Path) -> int | None:
    """Lock a file until its descriptor is closed; None on Windows, BlockingIOError where another has it."""
    try:
        import fcntl
    except ImportError:
        return None
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # a network file system without locks
            return descriptor
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)  # removed between opening and locking: whoever comes next would lock another file


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one that has this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
