from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.tiny_models import ModelMaker


@pytest.fixture
def model(make_model: ModelMaker) -> Path:
    return make_model(patch_threshold=0.1)


@pytest.fixture
def photos(tmp_path: Path, spotted: NDArray[np.uint8]) -> Path:
    """A folder of six small photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        Image.fromarray(np.roll(spotted, 5 * number, axis=1)).save(folder / f"{number}.png")
    return folder
