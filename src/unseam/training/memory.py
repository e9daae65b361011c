"""Keep freed memory for the next step, rather than give it back to the system and ask again.

glibc maps each large tensor anew, and the kernel clears every page of it at the first touch. A training step makes and
frees gigabytes. What this gives is measured by ``benchmarks/training_speed.py``, and written in ``docs/training.md``.
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of glibc's malloc.h, parameters of mallopt(3)."""


def keep_freed_memory() -> bool:
    """Ask glibc not to return freed memory; whether it agreed. Does nothing on other C libraries."""
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))
