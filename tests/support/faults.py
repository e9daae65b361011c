"""Faults as the operating system makes them, for as long as a block lasts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """Let no file of this process, and of those it starts, grow beyond so many bytes: the kernel refuses the rest.

    A real disk that is full would need a mount, which containers do not allow; the refusal comes from the same calls,
    in the middle of a write, and what was written before it stays.
    """
    resource = pytest.importorskip("resource", reason="Windows has no limits of its own for files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(kind: str, folder: Path) -> Iterator[Path]:
    """Give a place below ``folder`` where nothing can be written; skip where this machine cannot make it."""
    place = folder / "locked"
    if kind == "a file in the way":
        place.write_bytes(b"mine")
        yield place / "out"
        assert place.read_bytes() == b"mine"
    elif kind == "a folder without permission":
        if not hasattr(os, "geteuid") or os.geteuid() == 0:
            pytest.skip("root and Windows write to any folder")
        place.mkdir(mode=0o555)
        yield place / "out"
    else:
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "ro,size=4k", "tmpfs", str(place)]
        if (
            sys.platform != "linux"
            or os.geteuid()
            or subprocess.run(mount, capture_output=True, check=False).returncode
        ):
            pytest.skip("this machine does not let tests mount a file system")
        try:
            yield place / "out"
        finally:
            subprocess.run(["umount", str(place)], check=True)


READ_ONLY = ("a file in the way", "a folder without permission", "a read-only file system")
