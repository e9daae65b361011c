"""Build the wheel and the source archive, look into them, install both into empty environments, and use them.

    python .ci/packages.py              every Python from 3.11 to 3.13 that is installed
    python .ci/packages.py 3.11         only these

What is built lies in dist/ afterwards.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

from environments import ROOT, VERSIONS, empty_environment, install, interpreters, settings, uv

SMOKE = ROOT / ".ci" / "smoke.py"
PHOTO = ROOT / "examples" / "photos" / "removal-hikers.jpg"
MASK = ROOT / "examples" / "masks" / "removal-hikers.png"
EXTRAS = ("web", "scan", "eval")


def main() -> None:
    """Run every check; the first failure ends it."""
    wheel, archive = build()
    look_into(wheel, archive)
    wanted = sys.argv[1:] or VERSIONS
    found = {version: python for version, python in interpreters().items() if version in wanted}
    for version in wanted:
        if version not in found:
            say(f"Python {version} is not installed here: not tried")
    if not found:
        raise SystemExit("no Python to try the packages with")
    with tempfile.TemporaryDirectory() as folder:
        for number, (version, python) in enumerate(found.items()):
            try_out(Path(folder) / version, python, wheel)
            if number == 0:
                try_out(Path(folder) / "archive", python, archive, installed_only=True)
                try_out(Path(folder) / "extras", python, wheel, EXTRAS)


def build() -> tuple[Path, Path]:
    """Build both from what is in this folder, the wheel out of the archive, as an installer would."""
    folder = ROOT / "dist"
    for old in folder.glob("unseam-*"):
        old.unlink()
    uv("build", "--python", sys.executable, "--out-dir", folder, ROOT)
    (wheel,), (archive,) = folder.glob("unseam-*.whl"), folder.glob("unseam-*.tar.gz")
    return wheel, archive


def look_into(wheel: Path, archive: Path) -> None:
    """Prove that both hold what is under version control, all of it and nothing else, and the licence."""
    files = tracked("src/unseam", "recipes")
    inside = {name.removeprefix("src/") if name.startswith("src/") else f"unseam/{name}" for name in files}
    held = set(zipfile.ZipFile(wheel).namelist())
    facts = {name for name in held if ".dist-info/" in name}
    compare(wheel, held - facts, inside)
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in facts):
        raise SystemExit(f"{wheel.name} lacks the licence")
    with tarfile.open(archive) as opened:
        held = {member.name.partition("/")[2] for member in opened.getmembers() if member.isfile()}
    included = settings()["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    always = {"PKG-INFO", "pyproject.toml", "LICENSE", ".gitignore"}
    compare(archive, held, tracked(*included) | always)
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in (wheel, archive))
    say(f"{sizes}: every file that belongs there, no other")


def tracked(*paths: str) -> set[str]:
    """Return the files below these paths that are under version control."""
    answer = subprocess.run(["git", "ls-files", "-z", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(answer.stdout.split("\0")) - {""}


def compare(package: Path, held: set[str], expected: set[str]) -> None:
    """End with the names of what is missing from a package, or does not belong there."""
    missing, stray = sorted(expected - held), sorted(held - expected)
    if missing or stray:
        raise SystemExit(
            f"{package.name} lacks {missing or 'nothing'} and holds what is not tracked: {stray or 'nothing'}"
        )


def try_out(
    folder: Path, python: Path, package: Path, extras: tuple[str, ...] = (), *, installed_only: bool = False
) -> None:
    """Install a package into an empty environment and use it from outside the repository."""
    started = time.monotonic()
    own = empty_environment(folder, python)
    install(own, f"unseam[{','.join(extras)}] @ {package.as_uri()}" if extras else package)
    work = folder / "work"
    work.mkdir()
    task = "import" if installed_only else "extras" if extras else "core"
    subprocess.run([own, "-I", SMOKE, task, PHOTO, MASK], check=True, cwd=work)
    version = ".".join(python_version(own))
    say(f"Python {version}, {package.name}, {task}: works ({time.monotonic() - started:.0f} s)")


def python_version(python: Path) -> list[str]:
    """Return the parts of the version of an interpreter."""
    program = "import sys; print(*sys.version_info[:3])"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def say(line: str) -> None:
    """Print a line at once, between those of other programs."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
