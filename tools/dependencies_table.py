"""The page of the packages that unseam stands on, from what is installed.

python tools/dependencies_table.py
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"

DEVELOPMENT = ("test", "docs", "dev")
"""Extras that only developers need."""

ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "LLVM-exception"),
    *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib"),
    "MPL-2.0",  # binds changes to its own files; they are used as they are
}
"""Licences that a package may have, as in SPDX; BSD where a package does not say which."""

WORDS = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MPL": "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages say that do not name their licence as SPDX does."""

USES = {
    "c2pa-python": "Content Credentials: signatures, checked",
    "cryptography": "certificates for signed test files",
    "fastapi": "the HTTP API",
    "fsspec": "photos in object stores",
    "httpx": "requests to the service, in tests",
    "hypothesis": "tests of properties, on made-up input",
    "jinja2": "the HTML report",
    "jpeglib": "a JPEG file's own coefficients",
    "lightning": "devices, precision and several processes in training (its Fabric)",
    "matplotlib": "curves as pictures",
    "mkdocs": "the site of this documentation",
    "mkdocs-material": "its looks",
    "mkdocstrings": "its API reference, from docstrings",
    "mypy": "types, checked",
    "numba": "compiled loops of copy-move and block-grid",
    "numpy": "arrays",
    "onnx": "model files, written and checked",
    "onnxruntime": "running the networks",
    "onnxscript": "export of networks from torch",
    "opencv-python-headless": "image operations, contours, inpainting",
    "packaging": "requirements, read for this page",
    "pillow": "decoding photos, EXIF, quantization tables",
    "pillow-heif": "HEIC photographs of phones",
    "playwright": "the web page in a real browser, in tests",
    "pyarrow": "rows as Parquet",
    "pytest": "tests",
    "python-multipart": "uploads",
    "pywavelets": "wavelets",
    "ray": "a scan on a cluster",
    "rich": "progress bars",
    "ruff": "format and lint",
    "scikit-learn": "the oracle of figures, in tests",
    "scipy": "signal processing and statistics",
    "starlette": "requests and responses of the HTTP API",
    "torch": "training",
    "typer": "the command line",
    "uv": "empty environments, in checks of packages",
    "uvicorn": "the server below the API",
}
"""What each package that pyproject.toml names is for."""

TOP = """# Dependencies

Every package that `pip install unseam` and its extras bring along, on Linux with Python 3.11 to 3.13: those that it
uses itself (in bold), and those that these need in turn. Versions are those that this page was made with;
pyproject.toml names the lowest, and `make lowest` and `make newest` run the tests with the lowest and the newest.

A test keeps this page complete, and allows permissive licences and MPL-2.0 alone (which binds changes to a package's
own files; here they are used as they are). Some packages bring compiled libraries in their wheels, whose licences are
in the packages' own files. Those that ask for more than the package's own licence: FFmpeg in `opencv-python-headless`
(LGPL-2.1; unseam reads no video), libheif and libde265 (LGPL-3.0) and x265 (GPL-2.0) in `pillow-heif`, which is why
HEIC is an extra, and the run-time libraries of GCC in `numpy`, `scipy` and `opencv-python-headless` (GPL-3.0 with the
exception that lets any program use them).

One file of data is not ours: `assets/c2pa-trust-list.pem`, the C2PA's list of authorities whose Content Credentials are
trusted, under the Open Use of Data Agreement 1.0 (O-UDA-1.0); its head names source, date and terms.

Known weaknesses of these versions: `make audit` asks the database of the Python Package Index.

Made by: `python tools/dependencies_table.py`
"""


def page() -> str:
    """Write the page."""
    core = closure(direct(""))
    parts = [TOP, section("unseam itself", direct(""), core)]
    known = set(core)
    for extra in (extra for extra in extras() if extra not in DEVELOPMENT):
        found = closure(direct(extra))
        parts.append(section(f"Extra `{extra}`", direct(extra), new(found, set(core), direct(extra))))
        known |= set(found)
    named = {requirement.name for extra in extras() if extra not in DEVELOPMENT for requirement in direct(extra)}
    developing = [needed for extra in DEVELOPMENT for needed in direct(extra) if needed.name not in named]
    parts.append(section("To develop unseam", developing, new(closure(developing), known, developing)))
    return "\n".join(parts)


def new(found: dict[str, set[str]], known: set[str], wanted: list[Requirement]) -> dict[str, set[str]]:
    """Leave out the packages that another table has, unless they are asked for here and only came along there."""
    own = {canonicalize_name(requirement.name) for requirement in wanted}
    return {name: by for name, by in found.items() if name not in known or name in own}


def extras() -> list[str]:
    """Name the extras, in the order of pyproject.toml."""
    return list(_project()["optional-dependencies"])


def direct(extra: str) -> list[Requirement]:
    """Give what pyproject.toml asks for: for an extra, or for unseam itself where there is none named."""
    project = _project()
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [needed for needed in map(Requirement, lines) if canonicalize_name(needed.name) != "unseam"]


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def closure(wanted: Iterable[Requirement]) -> dict[str, set[str]]:
    """Follow requirements through what is installed; name to the names that need it (none for what is wanted)."""
    found: dict[str, set[str]] = {}
    waiting = [(requirement, "") for requirement in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, by = waiting.pop()
        name, chosen = canonicalize_name(requirement.name), frozenset(requirement.extras)
        found.setdefault(name, set()).update({by} - {""})
        if (name, chosen) not in seen:
            seen.add((name, chosen))
            waiting += [(needed, name) for needed in _needs(installed(name), chosen)]
    return found


def _needs(package: Distribution, chosen: frozenset[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, package.requires or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in chosen | {""}):
            yield requirement


def installed(name: str) -> Distribution:
    """Give an installed package; SystemExit with what to do where it is not."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise SystemExit(f'{name} is not installed: pip install -e ".[dev,docs]"') from None


def licence(package: Distribution) -> str:
    """Name the licence of a package as SPDX does, from what it says of itself."""
    facts = package.metadata
    said = facts.get("License-Expression") or facts.get("License") or ""
    if said and "\n" not in said.strip() and said not in ("UNKNOWN", "BSD"):
        return WORDS.get(said, said)
    classifiers = [line for line in facts.get_all("Classifier") or [] if line.startswith("License")]
    words = [line.rpartition(" :: ")[2] for line in classifiers]
    return " AND ".join(WORDS.get(word, word) for word in words) or "unknown"


def forbidden(expression: str) -> set[str]:
    """Give the parts of a licence expression that `ALLOWED` lacks."""
    return set(re.split(r" (?:AND|OR|WITH) ", expression.replace("(", "").replace(")", ""))) - ALLOWED


def section(title: str, wanted: list[Requirement], found: dict[str, set[str]]) -> str:
    """Write one table: what is used itself first, then what comes with it."""
    own = {canonicalize_name(requirement.name) for requirement in wanted}
    rows = [f"## {title}\n\n| package | version | licence | for |\n|---|---|---|---|\n"]
    for name in sorted(found, key=lambda name: (name not in own, name)):
        package = installed(name)
        shown = f"**{name}**" if name in own else name
        why = USES[name] if name in own else ", ".join(sorted(found[name]))
        version = package.version.partition("+")[0]  # no build for one kind of processor
        rows.append(f"| {shown} | {version} | {licence(package)} | {why} |\n")
    return "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
