"""unseam finds the seams in manipulated photographs.

>>> import unseam
>>> unseam.DEFAULT_METHODS
('fusion', 'dct-model', 'block-grid')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# The function has the name of its module; bound here, once, it cannot be hidden by a later import of the module.
from unseam.analyze import Report, Verdict, analyze
from unseam.errors import NotApplicable, UnseamError
from unseam.method import Finding, Heatmap, Method, MethodInfo

if TYPE_CHECKING:
    from unseam.method import Region
    from unseam.methods import DEFAULT_METHODS, METHODS
    from unseam.models.load import load_model
    from unseam.photo.photo import Photo, load_photo

    __version__: str

__all__ = [
    "DEFAULT_METHODS",
    "METHODS",
    "Finding",
    "Heatmap",
    "Method",
    "MethodInfo",
    "NotApplicable",
    "Photo",
    "Region",
    "Report",
    "UnseamError",
    "Verdict",
    "__version__",
    "analyze",
    "load_model",
    "load_photo",
]

_ROOMS = {
    "DEFAULT_METHODS": "unseam.methods",
    "METHODS": "unseam.methods",
    "Photo": "unseam.photo.photo",
    "Region": "unseam.method",
    "load_model": "unseam.models.load",
    "load_photo": "unseam.photo.photo",
}
"""Where the names are that would make `import unseam` slow; they are loaded when they are first used."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's names have any type
    if name == "__version__":
        return import_module("importlib.metadata").version("unseam")
    if name not in _ROOMS:
        raise AttributeError(f"module 'unseam' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
