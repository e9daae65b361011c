"""README promises nothing that does not run."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unseam.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "MODEL_CARD.md", "CONTRIBUTING.md")]
PAGES = ("training.md", "datasets.md", "evaluation.md", "forging.md", "report.md", "scale.md")
DOCUMENTS += [ROOT / "docs" / name for name in PAGES]
SUBCOMMANDS = {"datasets": [["check"]]}
DOCUMENTS += sorted((ROOT / "docs" / "methods").glob("*.md"))


def _blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_python_of_the_readme_gives_the_output_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = _blocks(ROOT / "README.md", "python")
    assert blocks
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
        assert test.examples
        assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
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
