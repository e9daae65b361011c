"""The notebooks of the docs show what their code gives today."""

import json
import runpy
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the notebooks draw with unseam[eval]")

ROOT = Path(__file__).parents[1]
TOOLS = runpy.run_path(str(ROOT / "tools" / "notebooks.py"))
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LARGEST = 1_500_000
"""Bytes of a notebook with its pictures."""


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_outputs_of_a_notebook_are_those_of_its_code(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stored = json.loads(path.read_text(encoding="utf-8"))
    today = TOOLS["executed"](stored)
    assert TOOLS["texts"](stored) == TOOLS["texts"](today), "run: python tools/notebooks.py"
    kinds = [[[*output.get("data", {})] for output in cell.get("outputs", [])] for cell in stored["cells"]]
    assert kinds == [[[*output.get("data", {})] for output in cell.get("outputs", [])] for cell in today["cells"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_small_and_every_picture_has_a_description(path: Path) -> None:
    assert path.stat().st_size < LARGEST
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            assert cell["metadata"]["alt"]


def test_a_cell_keeps_what_it_prints_returns_and_draws() -> None:
    source = ["import matplotlib.pyplot as plt\n", "plt.figure()\n", "print('said')\n", "6 * 7"]
    cells = [{"cell_type": "code", "metadata": {}, "source": source}]
    (cell,) = TOOLS["executed"]({"cells": cells})["cells"]
    assert [output["output_type"] for output in cell["outputs"]] == ["stream", "display_data", "execute_result"]
    assert TOOLS["texts"]({"cells": [cell]}) == ["said\n", "42"]
