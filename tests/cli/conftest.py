from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.tiny_models import ModelMaker
from unseam import methods
from unseam.models.load import load_model


@pytest.fixture
def photo(tmp_path: Path, spotted: NDArray[np.uint8]) -> Path:
    path = tmp_path / "photos" / "spot.png"
    path.parent.mkdir()
    Image.fromarray(spotted).save(path)
    return path


@pytest.fixture
def model(make_model: ModelMaker) -> Path:
    return make_model(patch_threshold=0.1)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Let METHODS hold the small model."""
    monkeypatch.setattr(methods, "METHODS", {"brightness": load_model(model)})
    monkeypatch.setattr(methods, "DEFAULT_METHODS", ("brightness",))
