"""Imports go one way: a module imports its own room and what stands below it."""

import ast
from pathlib import Path

import pytest

import unseam

SOURCE = Path(unseam.__file__).parent

LAYERS = (
    "cli",
    "web",
    "reproduction",
    "training",
    "scanning",
    "evaluation",
    "datasets",
    "forging",
    "batch",
    "analyze",
    "report",
    "methods",
    "models",
    "detectors",
    "drawing",
    "method",
    "provenance",
    "photo",
    "jpeg",
    "system",
    "errors",
)
"""From the top down; ``unseam`` itself and ``__main__`` stand above all."""


def _layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    """Return the layers that a file imports, at run time, in a function, or for its types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "unseam" else [f"unseam.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("unseam.")}
    return found


FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or not path.name.startswith("__"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_imports_only_its_room_and_what_stands_below(path: Path) -> None:
    own = _layer(path)
    upward = {other for other in _imported(path) if LAYERS.index(other) < LAYERS.index(own)}
    assert not upward, f"{own} imports {', '.join(sorted(upward))}, which stands above it"


def test_every_room_and_loose_module_has_its_layer() -> None:
    found = {_layer(path) for path in FILES}
    assert found == set(LAYERS)
