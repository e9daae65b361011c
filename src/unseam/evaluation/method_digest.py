"""What makes a row the same again: the content of the photo, of its mask, and of the method.

A method is its model file, its settings, and the source of its code: of its own modules and of every module of the
same package that they import, inside functions too. Versions of other packages are not part of it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from unseam.datasets.sample import Sample
from unseam.evaluation import degrade
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.rows import LAYOUT
from unseam.method import Method
from unseam.methods import ShippedLocalizer
from unseam.models.network import LocalizerOptions


def row_keys(sample: Sample, condition: Condition, digests: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Identify each method's row on this sample by content: photo, mask, how it is degraded, and `method_digest`.

    The seed counts only where the photo is degraded.
    """
    content: list[object] = [LAYOUT, *_contents(sample)]
    if condition != ORIGINAL:
        content += [str(condition), seed, file_digest(Path(degrade.__file__))]
    return {name: _digest(*content, name, digest) for name, digest in digests.items()}


def _contents(sample: Sample) -> list[object]:
    """Give what a sample holds, files by their bytes; group and split change no row."""
    contents: list[object] = []
    for field in fields(sample):
        value = getattr(sample, field.name)
        if field.name not in ("group", "split"):
            values = value if isinstance(value, tuple) else (value,)
            contents += [field.name, *(file_digest(part) if isinstance(part, Path) else part for part in values)]
    return contents


def method_digest(method: Method) -> str:
    """Identify a method by its content: model file, settings that can change a map, source of its code."""
    if isinstance(method, ShippedLocalizer):
        method = method.load()
    options = getattr(method, "options", None)
    if isinstance(options, LocalizerOptions):
        options = replace(options, threads=0)  # the heat does not depend on it
    settings = options, getattr(method, "config", None), getattr(method, "digest", None)
    return _digest(method.name, *settings, *(file_digest(path) for path in source_files(method)))


def source_files(method: Method) -> list[Path]:
    """List the files of a method's code, in a fixed order.

    Returns
    -------
    list of Path
        The module of its class and those of the functions that it holds, with every module of their packages that
        these import, directly or not. Empty for a method made in an interpreter.
    """
    held: list[object] = [getattr(method, field.name) for field in fields(method)] if is_dataclass(method) else []
    functions = [value for value in held if inspect.isfunction(value)]
    waiting = {type(method).__module__, *(function.__module__ for function in functions)}
    found: dict[str, Path | None] = {}
    while waiting:
        module = waiting.pop()
        found[module] = path = _file_of(module)
        if path is not None:
            waiting |= _imports(path, module) - found.keys()
    return sorted({path for path in found.values() if path is not None})


def _file_of(module: str) -> Path | None:
    """Give a module's source; None where it has none, or is an object inside a module and none itself."""
    try:
        loaded = sys.modules.get(module)
        file = getattr(loaded, "__file__", None) if loaded else getattr(find_spec(module), "origin", None)
    except (ImportError, ValueError):
        return None
    return Path(file) if file and file.endswith(".py") else None


def _imports(path: Path, module: str) -> set[str]:
    """Name all that a file imports from its own package, wherever in the file it does so."""
    package = module.partition(".")[0]
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            named |= {name if _file_of(name) else node.module for name in inner}
    return {name for name in named if name.partition(".")[0] == package}


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; empty if it cannot be read, which is said where it is needed."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).hexdigest()
