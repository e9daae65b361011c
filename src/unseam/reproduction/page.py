"""Write a reproduction: one page for people, Markdown, and CSV; all three from the same cells."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseam.evaluation.markdown import markdown_table
from unseam.report.page import TEMPLATES
from unseam.reproduction.results import Table
from unseam.system.atomic_files import write_csv, write_text

TITLE = "Exploiting Spatial Structure for Localizing Manipulated Image Regions: the paper's tables, measured"

TOO_FEW = "Too few photos for any conclusion: this run only shows that everything works."
"""On every page of a smoke run."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Everything that is written.

    Attributes
    ----------
    tables : sequence of Table
        In the order of the page.
    pictures : mapping
        Caption -> PNG file.
    facts : mapping
        What a reader must know of the run: photos, seeds, steps, digests.
    command : str
        The command line that makes it again.
    smoke : bool
        Whether there are too few photos for any conclusion.
    unfinished : tuple of str
        Networks that are not measured yet.
    failures : tuple of str
        Networks that could not be trained on these data, photos that could not be judged, and why.
    """

    tables: Sequence[Table]
    pictures: Mapping[str, Path]
    facts: Mapping[str, str]
    command: str = ""
    smoke: bool = False
    unfinished: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What must stand at the top of every page."""
        missing = [f"Not measured yet: {', '.join(self.unfinished)}."] if self.unfinished else []
        return ([TOO_FEW] if self.smoke else []) + missing


def write_pages(found: Reproduction, out: Path) -> Path:
    """Write ``index.html``, ``tables.md`` and ``tables.csv``; give the page's path."""
    write_text(out / "tables.md", _markdown(found, out))
    _write_csv(found, out / "tables.csv")
    page = out / "index.html"
    write_text(page, _html(found))
    return page


def _markdown(found: Reproduction, out: Path) -> str:
    parts = [f"# {TITLE}", *(f"**{warning}**" for warning in found.warnings)]
    parts.append("\n".join(f"- {name}: {value}" for name, value in found.facts.items()))
    if found.command:
        parts.append(f"Made by: `{found.command}`")
    for table in found.tables:
        below = [text for text in (table.basis and f"{table.basis}.", table.note) if text]
        parts += [f"## {table.title}", markdown_table(table.header, table.rows), *below]
    if found.failures:
        parts += ["## Failures", "\n".join(f"- {failure}" for failure in found.failures)]
    parts += [f"![{caption}]({path.relative_to(out).as_posix()})" for caption, path in found.pictures.items()]
    return "\n\n".join(parts) + "\n"


def _write_csv(found: Reproduction, path: Path) -> None:
    """Write every cell on a separate line, with what it rests on; the run's facts come first."""
    warning = " ".join(found.warnings)
    facts = [
        ("Facts", name, "", value, "", warning) for name, value in {**found.facts, "Made by": found.command}.items()
    ]
    lines = [
        (table.title, row[0], column, cell, table.basis, warning)
        for table in found.tables
        for row in table.rows
        for column, cell in zip(table.header[1:], row[1:], strict=True)
    ]
    write_csv(path, [("table", "row", "column", "cell", "basis", "warning"), *facts, *lines])


def _html(found: Reproduction) -> str:
    pictures = {caption: _inline(path) for caption, path in found.pictures.items()}
    return TEMPLATES.get_template("reproduction.html").render(title=TITLE, found=found, pictures=pictures)


def _inline(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode('ascii')}"
