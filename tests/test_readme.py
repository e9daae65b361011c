"""README promises nothing that does not run."""

import doctest
import re
import runpy
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unseam.cli import app

ROOT = Path(__file__).parents[1]
NAMES = ("README.md", "MODEL_CARD.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md")
DOCUMENTS = [*(ROOT / name for name in NAMES), *sorted((ROOT / "docs").rglob("*.md"))]
SUBCOMMANDS = {"datasets": [["check"]]}


def _name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def _blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "docs/start/engineer.md"])
def test_the_python_of_a_document_gives_the_output_it_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "\n".join(_blocks(ROOT / name, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_command_that_a_document_names_exists_with_its_options(document: Path) -> None:
    commands = re.findall(r"^(?:\$ )?unseam ([a-z]+)((?: .*)?)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    for name, rest in commands:
        words = shlex.split(rest, comments=True)
        command = [name, words[0]] if words[:1] in SUBCOMMANDS.get(name, []) else [name]
        result = CliRunner().invoke(app, [*command, "--help"])
        assert result.exit_code == 0, f"unseam {' '.join(command)} does not exist"
        options = [word for word in words if word.startswith("--")]
        missing = [option for option in options if option not in result.output]
        assert not missing, f"unseam {' '.join(command)} has no {', '.join(missing)}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_file_that_a_document_links_to_is_there(document: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", prose)
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named
    assert named <= targets


def test_every_page_of_the_docs_is_in_the_sites_navigation_and_no_other() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n", 1)[1]
    listed = re.findall(r":\s+(\S+\.(?:md|ipynb))\s*$", navigation, re.MULTILINE)
    assert len(set(listed)) == len(listed)
    pages = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".ipynb")]
    there = {path.relative_to(ROOT / "docs").as_posix() for path in pages}
    inside = {name for name in listed if not name.startswith("repository/")}
    assert inside == there
    missing = [name for name in set(listed) - inside if not (ROOT / name.removeprefix("repository/")).is_file()]
    assert not missing


def test_overview_of_the_methods_is_current() -> None:
    overview = runpy.run_path(str(ROOT / "tools" / "methods_table.py"))["page"]()
    written = (ROOT / "docs" / "methods" / "index.md").read_text(encoding="utf-8")
    assert written == overview, "run: python tools/methods_table.py"
