"""Check what users would install now for known vulnerabilities, in the database of the Python Package Index.

    python .ci/audit.py             the newest versions
    python .ci/audit.py lowest      the lowest that pyproject.toml allows, of the packages that it names

A package that is missing from the database fails the check, and so does a database that cannot be reached.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from environments import ROOT, VERSIONS, uv

EXTRAS = ("heif", "eval", "scan", "ray", "web", "train")


def main() -> None:
    """Resolve all extras without installing anything, and audit the versions; uv says what failed."""
    resolution = "lowest-direct" if sys.argv[1:] == ["lowest"] else "highest"
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        chosen = [argument for extra in EXTRAS for argument in ("--extra", extra)]
        form = ("--no-header", "--no-annotate", "--resolution", resolution, "--python-version", VERSIONS[0])
        uv("pip", "compile", ROOT / "pyproject.toml", *chosen, *form, "--output-file", listed)
        listed.write_text(re.sub(r"\+\w+", "", listed.read_text()))  # builds of one version share its vulnerabilities
        uv("tool", "run", "pip-audit", "--strict", "--disable-pip", "--no-deps", "--requirement", listed)


if __name__ == "__main__":
    main()
