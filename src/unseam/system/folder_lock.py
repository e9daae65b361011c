"""A folder for one process at a time: the second process is refused before it touches anything.

filelock locks the hidden file ``.lock`` in the folder. The system releases the lock when the process ends, however it
ends; a file that a kill left behind is locked like a new one.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from unseam.errors import UnseamError

LOCK = ".lock"
"""Hidden, so that nobody who looks for photos or results sees it."""

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a network file system without locks answers."""


class FolderLock:
    """Exclusive write access to a folder until `release`; a context manager that releases it.

    On a file system without locks nobody is refused.

    Parameters
    ----------
    folder : Path
        Made if missing.
    refusal : type of UnseamError
        What is raised where the folder is taken.

    Raises
    ------
    UnseamError
        ``refusal``, where another process, or another lock of this one, holds the folder.
    OSError
        When nothing can be written there.
    """

    def __init__(self, folder: Path, refusal: type[UnseamError]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = FileLock(folder / LOCK, timeout=0, thread_local=False, fallback_to_soft=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise refusal(f"{folder}: another process is at work in it; wait for it, or name another folder") from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise

    def release(self) -> None:
        """Let others in; a second call does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):  # Windows removes no open file: one that stays is locked like a new one
                (self._folder / LOCK).unlink()
        self._lock.release()

    def remove_folder(self) -> None:
        """Delete the folder and release it, in that order: nobody starts in a folder that is about to go."""
        windows = os.name == "nt"  # which deletes no open file: there the rest follows the release
        shutil.rmtree(self._folder, ignore_errors=windows)
        self._lock.release()
        if windows:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
