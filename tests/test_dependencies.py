"""The page of dependencies is complete, and what is installed has licences that the project may build on."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("piplicenses", reason="licences are read by pip-licenses, of the extra dev")

TOOL = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "dependencies_table.py"))
TABLE = TOOL["PAGE"].read_text(encoding="utf-8").partition("## Used by unseam itself")[2].partition("##")[0]
LISTED = {cells[0]: cells for line in TABLE.splitlines()[4:] if len(cells := line.strip("| ").split(" | ")) == 6}
NAMED = TOOL["extras"]()


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_package_of_pyproject_is_on_the_page_with_its_extras_and_its_use(name: str) -> None:
    assert LISTED[name][4:] == [", ".join(NAMED[name]), TOOL["USES"][name]], "run: python tools/dependencies_table.py"


def test_a_package_that_pyproject_names_no_longer_is_gone() -> None:
    assert set(LISTED) == set(TOOL["USES"]) == set(NAMED)


def test_no_installed_package_has_a_licence_that_is_not_allowed() -> None:
    packages = TOOL["installed"]()
    assert len(packages) > 60
    refused = {
        name: licence for name, (_, licence) in packages.items() if any(word in licence for word in TOOL["NOT_ALLOWED"])
    }
    assert refused == {}
