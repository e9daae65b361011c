"""Versions of everything that can change a result, to be stored with it."""

from __future__ import annotations

import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

LIBRARIES = ("unseam", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "jpeglib")
"""Packages whose versions can change a result."""


@cache
def versions() -> MappingProxyType[str, str]:
    """Name Python and the installed packages of ``LIBRARIES`` with their versions."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # another build of the same library, say opencv-python
            found[name] = version(name)
    return MappingProxyType(found)
