"""Fixtures for all tests: small model files made on the spot, so that no test depends on the shipped model."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from support.tiny_models import METADATA, ModelMaker, graph, save_model


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> ModelMaker:
    """Write a model file; keyword arguments replace entries of the metadata, None leaves one out."""

    def make(heads: tuple[str, ...] = ("patch_probability", "pixel_probability"), **changes: object) -> Path:
        metadata = {key: value for key, value in {**METADATA, **changes}.items() if value is not None}
        path = tmp_path_factory.mktemp("model") / "brightness.onnx"
        return save_model(path, graph(heads), json.dumps(metadata))

    return make


@pytest.fixture(scope="session")
def brightness_model(make_model: ModelMaker) -> Path:
    return make_model()


@pytest.fixture
def spotted() -> NDArray[np.uint8]:
    """A dark photo of 160 x 192 with one bright square, off the centre: rows 40 to 119, columns 24 to 103."""
    pixels = np.random.default_rng(7).integers(0, 40, (160, 192, 3), dtype=np.uint8)
    pixels[40:120, 24:104] += 200
    return pixels
