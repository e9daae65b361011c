"""Many files, one row each: restartable, and a file that breaks something costs its own row only."""

from __future__ import annotations

from importlib.util import find_spec

from unseam.errors import MissingExtra


def demand_extra(extra: str, *packages: str) -> None:
    """Raise `MissingExtra` with the pip command unless these packages of an extra are installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise MissingExtra(f'this scan needs {", ".join(missing)}: pip install "unseam[{extra}]"')
