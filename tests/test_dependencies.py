"""The page of dependencies is complete, and what is installed has licences that the project may build on."""

import runpy
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

TOOLS = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "dependencies_table.py"))
LINES = [line for line in TOOLS["PAGE"].read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
ROWS = sorted((line.strip("| ").split(" | ") for line in LINES), key=lambda cells: cells[0].startswith("**"))
LISTED = {cells[0].strip("*"): cells for cells in ROWS if cells[0] != "package"}
WANTED = [requirement for extra in ("", *TOOLS["extras"]()) for requirement in TOOLS["direct"](extra)]
OWN = sorted({canonicalize_name(requirement.name) for requirement in WANTED})


@pytest.mark.parametrize("name", OWN)
def test_every_package_that_is_asked_for_is_on_the_page_with_its_use(name: str) -> None:
    assert LISTED[name][0] == f"**{name}**", "run: python tools/dependencies_table.py"
    assert LISTED[name][3] == TOOLS["USES"][name]


def test_no_use_is_left_of_a_package_that_is_asked_for_no_longer() -> None:
    assert set(TOOLS["USES"]) == set(OWN)


def test_every_licence_on_the_page_is_allowed() -> None:
    assert len(LISTED) > 60
    assert {name: TOOLS["forbidden"](cells[2]) for name, cells in LISTED.items() if TOOLS["forbidden"](cells[2])} == {}


def test_every_installed_package_that_unseam_itself_needs_is_on_the_page_and_has_an_allowed_licence() -> None:
    needed = TOOLS["closure"](TOOLS["direct"](""))
    licences = {name: TOOLS["licence"](TOOLS["installed"](name)) for name in needed}
    assert set(needed) <= set(LISTED), "run: python tools/dependencies_table.py"
    assert {name: said for name, said in licences.items() if TOOLS["forbidden"](said)} == {}


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("MIT", set()),
        ("Apache-2.0 WITH LLVM-exception AND (MIT OR BSD-3-Clause)", set()),
        ("MIT AND GPL-3.0-only", {"GPL-3.0-only"}),
        ("unknown", {"unknown"}),
    ],
)
def test_a_licence_that_is_not_allowed_is_named(expression: str, parts: set[str]) -> None:
    assert TOOLS["forbidden"](expression) == parts
