"""One run of a small network and its model file, for all tests of this folder: an export takes half a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.tiny_forgeries import write_forgeries
from unseam.training.export import ModelTerms, export_run, validation_samples
from unseam.training.launch import train
from unseam.training.recipe import recipe_from

RECIPE: dict[str, Any] = {
    "name": "tiny",
    "fusion": {"width": 8, "hidden": 4, "layers": 1},
    "blocks": {"crop": 8, "copy_move_share": 0.0},
    "optimisation": {"steps": 60, "batch": 4, "validate_every": 30, "learning_rate": 1e-2, "warmup_steps": 2},
}
TERMS = ModelTerms("CC0-1.0", ({"name": "noise", "licence": "CC0-1.0", "photographs": 8},), name="fusion")


@pytest.fixture(scope="session")
def recipe() -> dict[str, Any]:
    return RECIPE


@pytest.fixture(scope="session")
def forgeries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forgeries(tmp_path_factory.mktemp("fusion") / "forged")


@pytest.fixture(scope="session")
def run(forgeries: Path) -> Path:
    run = forgeries.parent / "run"
    train(recipe_from(RECIPE), [forgeries], run, workers=1, accelerator="cpu", quiet=True)
    return run


@pytest.fixture(scope="session")
def model(forgeries: Path, run: Path) -> Path:
    return export_run(run, terms=TERMS, samples=validation_samples([forgeries]))
