"""Write docs/dependencies.md from pyproject.toml and from what pip-licenses finds installed.

python tools/dependencies_table.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import files
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
COMMAND = ("-m", "piplicenses", "--from", "mixed", "--format", "json", "--with-system")

NOT_ALLOWED = ("GPL", "General Public", "Proprietary", "Commercial", "UNKNOWN")
"""No licence of a package may contain these. MPL-2.0 is allowed: it binds changes to a package's own files."""

USES = {
    "c2pa-python": "Content Credentials",
    "cryptography": "certificates for signed test files",
    "fastapi": "the HTTP API",
    "filelock": "one process at a time in a folder",
    "fsspec": "photos in object stores",
    "httpx": "HTTP requests in tests",
    "hypothesis": "property tests",
    "jinja2": "the HTML report",
    "jpeglib": "the coefficients of a JPEG file",
    "lightning": "devices, precision and several processes in training (Fabric)",
    "matplotlib": "plots",
    "mkdocs": "the site of this documentation",
    "mkdocs-material": "its theme",
    "mkdocs-jupyter": "the notebook as a page",
    "mkdocstrings": "its API reference, from docstrings",
    "mypy": "type checks",
    "numba": "compiled loops that fill holes in forged photos",
    "numpy": "arrays",
    "onnx": "writing and checking model files",
    "onnxruntime": "running the networks",
    "onnxscript": "export of networks from torch",
    "opencv-python-headless": "image operations, contours, inpainting",
    "packaging": "requirements, read for this page",
    "pip-licenses": "licences, read for this page",
    "pillow": "decoding photos, EXIF, quantization tables",
    "pillow-heif": "HEIC photographs",
    "playwright": "tests of the web page in a real browser",
    "prometheus-client": "the metrics of the service",
    "pyarrow": "rows as Parquet",
    "pytest": "tests",
    "pytest-xdist": "tests, on all cores",
    "python-multipart": "uploads",
    "pywavelets": "an oracle for filters, in tests",
    "ray": "a scan on a cluster",
    "rich": "progress bars",
    "ruff": "format and lint",
    "scikit-learn": "an oracle for metrics, in tests",
    "scipy": "optimization in calibration, intervals in tables, an oracle in tests",
    "starlette": "requests and responses of the HTTP API",
    "torch": "training",
    "typer": "the command line",
    "uv": "empty environments to test packages in",
    "uvicorn": "the HTTP server",
}
"""What each package named in pyproject.toml is for."""

TOP = """# Dependencies

`pip install unseam` brings the packages without an entry under *extra*, and those that they need in turn. Versions and
licences are those of the environment that wrote this page, on Linux. MB are megabytes of installed files, as the
package lists them. pyproject.toml names the lowest versions; `make lowest` and `make newest` run the tests with the
lowest and the newest.

A test keeps the first table complete and allows no licence of the GPL family. Some wheels contain compiled libraries
under other terms than the package's own: FFmpeg in `opencv-python-headless` (LGPL-2.1; unseam reads no video), libheif
and libde265 (LGPL-3.0) and x265 (GPL-2.0) in `pillow-heif`, which is why HEIC is an extra, and the run-time libraries
of GCC in `numpy`, `scipy` and `opencv-python-headless` (GPL-3.0 with the exception that lets any program use them).

One data file comes from elsewhere: `assets/c2pa-trust-list.pem`, the C2PA's list of authorities whose Content
Credentials are trusted, under the Open Use of Data Agreement 1.0 (O-UDA-1.0); its header names source, date and terms.

`make audit` checks these versions for known vulnerabilities. Made by: `python tools/dependencies_table.py`
"""


def extras() -> dict[str, list[str]]:
    """Map each package named in pyproject.toml to the extras that name it; none for a package of unseam itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"]} | project["optional-dependencies"]
    found: dict[str, list[str]] = {}
    for extra, lines in groups.items():
        for line in lines:
            found.setdefault(canonicalize_name(Requirement(line).name), []).append(extra)
    del found["unseam"]
    return {name: [] if "" in named else named for name, named in found.items()}


def installed() -> dict[str, tuple[str, str]]:
    """Map each installed package to its version and licence."""
    listed = subprocess.run([sys.executable, *COMMAND], check=True, capture_output=True, text=True).stdout
    found = {canonicalize_name(one["Name"]): (one["Version"], one["License"]) for one in json.loads(listed)}
    return {
        name: (version.partition("+")[0], licence) for name, (version, licence) in found.items() if name != "unseam"
    }


def megabytes(name: str) -> str:
    """Sum the files of an installed package."""
    size = sum(file.size or 0 for file in files(name) or []) / 1e6
    return f"{size:.0f}" if size >= 1 else f"{size:.1f}"


def page() -> str:
    """Write the page."""
    packages, named = installed(), extras()
    missing = sorted(named.keys() - packages.keys())
    if missing:
        raise SystemExit(f'not installed: {", ".join(missing)}; pip install -e ".[dev,docs]"')
    direct = [
        (name, *packages[name], megabytes(name), ", ".join(named[name]), USES[name])
        for name in sorted(named, key=lambda name: (named[name] != [], name))
    ]
    others = [(name, *packages[name], megabytes(name)) for name in sorted(packages.keys() - named.keys())]
    return "\n".join(
        [
            TOP,
            "## Used by unseam itself\n",
            *_table(("package", "version", "licence", "MB", "extra", "for"), direct),
            "\n## What these need, the extras of development included\n",
            *_table(("package", "version", "licence", "MB"), others),
            "",
        ]
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
