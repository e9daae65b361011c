"""Use an installed unseam as its users do: run by the Python of its environment, in an empty folder.

    python -I smoke.py import|core|extras PHOTO MASK

``core`` expects an environment without extras, ``extras`` one with web, scan and eval.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen


def main() -> None:
    """Run what the first argument names; the first thing that is wrong ends it with a traceback."""
    task, photo, mask = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    tasks: dict[str, tuple[Callable[[], None], ...]] = {
        "import": (look,),
        "core": (look, partial(analyze, photo), partial(localize, photo), refuse),
        "extras": (partial(scan, photo), partial(evaluate, photo, mask), serve),
    }
    for step in tasks[task]:
        step()


def look() -> None:
    """Check that it is the installed package, with its data files."""
    import unseam

    room = files("unseam")
    check(Path(unseam.__file__).is_relative_to(sys.prefix), f"{unseam.__file__} is not in {sys.prefix}")
    for name in ("py.typed", "recipes/fusion.toml", "assets/fusion.onnx", "report/templates/report.html"):
        check(room.joinpath(*name.split("/")).is_file(), f"{name} is missing")
    check(command("--version") == f"unseam {version('unseam')}\n", "another version")
    check("localize" in command("--help"), "no help")
    listed = command("methods")
    check(all(name in listed for name in unseam.METHODS), "unseam methods leaves some out")


def analyze(photo: Path) -> None:
    """Ask every default method for a map of a forgery, in three lines of Python."""
    import unseam

    report = unseam.analyze(photo)
    shape = unseam.load_photo(photo).pixels.shape[:2]
    for name in unseam.DEFAULT_METHODS:
        result = report.results[name]
        check(isinstance(result, unseam.Heatmap) and result.heat.shape == shape, f"{name}: {result}")
    check(report.verdict.finding == "manipulated", f"{photo.name} is a forgery; the verdict is {report.verdict}")


def localize(photo: Path) -> None:
    """Make a report with its pictures by one command."""
    command("localize", photo, "--out", "reports")
    names = {path.name for path in Path("reports", photo.stem).iterdir()}
    wanted = {"report.html", "report.json", "fusion.heat.png", "fusion.mask.png", "fusion.overlay.png"}
    check(wanted <= names, f"the report lacks {wanted - names}")


def refuse() -> None:
    """Prove that what needs an extra says which, in one line."""
    check(find_spec("fastapi") is None and find_spec("pyarrow") is None, "the environment is not empty")
    for extra, arguments in {"web": ["serve"], "scan": ["scan", ".", "--out", "rows.parquet"]}.items():
        answer = subprocess.run([script(), *arguments], capture_output=True, text=True, check=False)
        check(answer.returncode == 1 and f"unseam[{extra}]" in answer.stderr, f"unseam {arguments[0]}: {answer}")
        check(answer.stderr.count("\n") == 1, f"more than a line: {answer.stderr}")


def scan(photo: Path) -> None:
    """Make a table of a folder, with a row for each file."""
    import pyarrow.parquet

    folder = Path("photos")
    folder.mkdir()
    shutil.copy(photo, folder)
    shutil.copy(photo, folder / f"again{photo.suffix}")
    command("scan", folder, "--out", "rows.parquet", "--method", "block-grid")
    rows = pyarrow.parquet.read_table("rows.parquet").num_rows
    check(rows == 2, f"{rows} rows for 2 files")


def evaluate(photo: Path, mask: Path) -> None:
    """Make tables and curves of a data set."""
    for source, folder in ((photo, "images"), (mask, "masks")):
        target = Path("data", folder, f"{photo.stem}{source.suffix}")
        target.parent.mkdir(parents=True)
        shutil.copy(source, target)
    command("evaluate", "--method", "block-grid", "--root", "data", "--out", "evaluation", "--workers", "1")
    kinds = {path.suffix for path in Path("evaluation").rglob("*")}
    check({".md", ".png", ".parquet"} <= kinds, f"unseam evaluate wrote {kinds} only")


def serve() -> None:
    """Start the service, ask whether it is well and for its page, and stop it."""
    started = [script(), "serve", "--port", "0", "--workers", "1", "--method", "block-grid"]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(word for word in server.stdout.readline().split() if word.startswith("http"))
            for path, wanted in (("healthz", b"ok"), ("", b"<html")):
                with urlopen(f"{address.rstrip('/')}/{path}", timeout=60) as answer:
                    check(wanted in answer.read(), f"/{path} of the service does not answer {wanted!r}")
        finally:
            server.terminate()
    check(server.returncode == 0, f"unseam serve ended with {server.returncode}")


def script() -> Path:
    """Return the command of this environment."""
    name = shutil.which("unseam", path=str(Path(sys.executable).parent))
    check(name is not None, "no command unseam in the environment")
    return Path(str(name))


def command(*arguments: str | Path) -> str:
    """Run the command, expect success and nothing on stderr, and give what it printed."""
    answer = subprocess.run([script(), *arguments], capture_output=True, text=True, check=False)
    check(answer.returncode == 0 and not answer.stderr, f"unseam {arguments[0]}: {answer}")
    return answer.stdout


def check(holds: bool, complaint: str) -> None:
    """End unless something holds."""
    if not holds:
        raise SystemExit(f"smoke test: {complaint}")


if __name__ == "__main__":
    main()
