"""Training of the paper's network and its export; the only folder that imports torch.

>>> import unseam.training  # loads no torch by itself
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from unseam.errors import MissingExtra

if TYPE_CHECKING:
    from unseam.training.export import export_run
    from unseam.training.launch import measure, train

__all__ = ["export_run", "measure", "train"]

_HOMES = {
    "train": "unseam.training.launch",
    "measure": "unseam.training.launch",
    "export_run": "unseam.training.export",
}
"""Where the public functions live; each is loaded when it is first needed."""

_NEEDED = ("torch", "lightning", "onnx", "onnxscript")
"""Packages of the extra ``train``."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise MissingExtra(f'training needs {", ".join(missing)}: pip install "unseam[train]"')
    return getattr(importlib.import_module(_HOMES[name]), name)
