"""How well a method finds manipulated pixels: counts first, then metrics, tables and curves."""

from __future__ import annotations

from importlib.util import find_spec

from unseam.errors import MissingExtra

_NEEDED = ("matplotlib", "pyarrow")
"""Packages of the extra ``eval``."""


def demand_extra() -> None:
    """Raise `MissingExtra` with the pip command unless curves can be drawn and rows written as Parquet."""
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise MissingExtra(f'evaluation needs {", ".join(missing)}: pip install "unseam[eval]"')
