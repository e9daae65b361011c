"""The quantization tables of cameras that come with the package."""

from importlib.resources import files

import numpy as np

from unseam.jpeg.quantization import CAMERA_TABLES, camera_tables


def test_camera_tables_are_many_small_and_plausible() -> None:
    tables = camera_tables()
    assert len(tables) == len(set(tables)) == 159
    assert (files("unseam") / "assets" / CAMERA_TABLES).read_bytes().__sizeof__() < 100_000
    for camera in tables:
        assert camera.subsampling in ("4:4:4", "4:2:2", "4:2:0")
        assert all(len(steps) == 64 and min(steps) >= 1 and max(steps) <= 255 for steps in (camera.luma, camera.chroma))
        assert np.mean(camera.luma) <= 58  # IJG quality 50
