"""Empty virtual environments for the checks of packages, made and filled by uv."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

VERSIONS = ("3.11", "3.12", "3.13")
"""Of Python, that the package is for."""


def settings() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def interpreters() -> dict[str, Path]:
    """Find a Python of each of `VERSIONS`; those that are not installed are left out."""
    found: dict[str, Path] = {}
    for version in VERSIONS:
        for candidate in _candidates(version):
            python = _own_path(candidate, version)
            if python is not None:
                found[version] = python
                break
    return found


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    yield f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def _own_path(python: str, version: str) -> Path | None:
    """Return the path of an interpreter if it runs and is of this version."""
    program = "import sys; print('%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable))"
    try:
        answer = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # not there, or a shim of one that is not
        return None
    found, _, path = answer.stdout.strip().partition(" ")
    return Path(path) if found == version else None


def uv(*arguments: str | Path) -> None:
    """Run uv with the Pythons that are there; SystemExit when it fails, and it has said why."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    if "PIP_FIND_LINKS" in environment:  # a folder of packages that pip looks into, say for the CPU build of torch
        environment.setdefault("UV_FIND_LINKS", environment["PIP_FIND_LINKS"])
    command = [sys.executable, "-m", "uv", "--quiet", *map(str, arguments)]
    failed = subprocess.run(command, check=False, env=environment).returncode
    if failed:
        raise SystemExit(failed)


def empty_environment(folder: Path, python: Path) -> Path:
    """Make an empty virtual environment, in place of an older one, and give the path of its Python."""
    uv("venv", "--clear", "--python", python, folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python: Path, *what: str | Path, resolution: str = "highest") -> None:
    """Install into an environment: the newest versions, or with ``lowest-direct`` the lowest that are allowed."""
    uv("pip", "install", "--python", python, "--resolution", resolution, *what)
