"""Run the tests with the lowest versions of every package that pyproject.toml allows, or with the newest.

    python .ci/bounds.py lowest         on the lowest Python, the packages that pyproject.toml names at their bounds
    python .ci/bounds.py newest         on the newest Python, every package as new as it can be

Further arguments go to pytest, instead of `WITHOUT`. torch stays at the version that the extra ``test`` names: other
CPU builds are in no index. The environment is made anew each time, in .venv-lowest/ or .venv-newest/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from environments import ROOT, empty_environment, install, interpreters, uv

EXTRAS = ("heif", "eval", "scan", "ray", "web", "train", "test")

WITHOUT = ("--ignore=tests/reproduction", "--deselect=tests/training/test_training.py")
"""What trains networks for minutes and calls no package that other tests do not call."""

NOT_LOWEST = ("--ignore=tests/test_dependencies.py",)
"""What is true of packages as new as the page of dependencies: older ones need others."""

PARALLEL = ("-n", "logical", "--dist", "loadgroup")
"""As ``make test``: a process on each core, and what shares something slow on one."""

RESOLUTION = {"lowest": "lowest-direct", "newest": "highest"}
"""What uv calls them; direct: what pyproject.toml does not name is as new as it can be."""


def main() -> None:
    """Install and test; exit with what pytest says."""
    which = sys.argv[1]
    arguments = sys.argv[2:] or ["tests", *WITHOUT, *(NOT_LOWEST if which == "lowest" else ())]
    found = interpreters()
    version = min(found) if which == "lowest" else max(found)
    own = empty_environment(ROOT / f".venv-{which}", found[version])
    chosen = [argument for extra in EXTRAS for argument in ("--extra", extra)]
    install(own, "--requirements", ROOT / "pyproject.toml", *chosen, resolution=RESOLUTION[which])
    with tempfile.TemporaryDirectory() as folder:  # a new path each time: uv takes what it knows for unchanged
        uv("build", "--wheel", "--python", found[version], "--out-dir", folder, ROOT)
        install(own, "--no-deps", *Path(folder).glob("*.whl"))  # as a package its bounds would be those of a stranger
    print(f"Python {version}, {which} versions:", flush=True)
    uv("pip", "freeze", "--python", own)
    tests = [own, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PARALLEL, *arguments]
    raise SystemExit(subprocess.run(tests, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
