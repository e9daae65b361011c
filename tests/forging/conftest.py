"""Small synthetic photographs and objects to forge from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from support.synthetic import textured


def write_photos(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        image = Image.fromarray(textured(240 + 8 * i, 260 + 4 * i, seed + i))
        image.save(folder / f"{i:02d}.jpg", quality=95) if i % 2 else image.save(folder / f"{i:02d}.png")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "plain"
    write_photos(folder, 12, 0)
    return folder


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("objects") / "things"
    write_photos(folder / "images", 8, 100)
    (folder / "masks").mkdir()
    for path in sorted((folder / "images").iterdir()):
        with Image.open(path) as image:
            mask = np.zeros((image.height, image.width), np.uint8)
        cv2.circle(mask, (70, 80), 40, 1, -1)
        cv2.rectangle(mask, (150, 60), (230, 190), 2, -1)
        Image.fromarray(mask).save(folder / "masks" / f"{path.stem}.png")
    return folder
