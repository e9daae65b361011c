"""Loops that numpy cannot express, compiled by numba when they are first called.

Importing this file imports numba (extra ``forge``), which takes a while: it is imported when a hole is filled.

Compiling takes seconds, loading what was compiled before a fraction of one. Numba keeps it next to the package, else in
the user's cache folder, else in the folder that the environment variable NUMBA_CACHE_DIR names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile with numba, once for all processes where its cache can be written, else once for each process."""
    try:
        return cast(F, numba.njit(function, cache=True, nogil=True))
    except RuntimeError:  # numba finds no folder that it may write to
        return cast(F, numba.njit(function, nogil=True))


def inlined(function: F) -> F:
    """Compile into the loops that call the function: a call would cost more than its work."""
    return cast(F, numba.njit(function, nogil=True, forceinline=True))
