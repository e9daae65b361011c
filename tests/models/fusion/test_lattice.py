"""Tiles on a lattice of 256 pixels, and rectangles that lie elsewhere."""

import numpy as np
import pytest

from unseam.models.fusion.lattice import without_tiles
from unseam.models.fusion.log_odds import LogOdds


def odds(*boxes: tuple[int, int, int, int], size: int = 320) -> LogOdds:
    """Return a noisy map with boxes (top, left, bottom, right, in cells) that are 6 log odds hotter."""
    cell = np.random.default_rng(1).normal(-6, 1.5, (size, size)).astype(np.float32)
    for top, left, bottom, right in boxes:
        cell[top:bottom, left:right] += 6
    return LogOdds(cell, np.zeros((size // 2, size // 2), np.float32), np.array([[-3, 4], [-3, -2]], np.float32))


@pytest.mark.parametrize(
    "boxes",
    [
        [(64, 64, 128, 128)],
        [(0, 0, 128, 64), (192, 128, 256, 256)],
        [(128, 0, 256, 128)],  # 512 pixels
    ],
)
def test_tiles_are_taken_out(boxes: list[tuple[int, int, int, int]]) -> None:
    found = without_tiles(odds(*boxes))
    assert found is not None
    assert found.cell.max() < 1
    assert found.windows.max() < 0
    np.testing.assert_allclose(np.median(found.cell), -6, atol=0.5)


@pytest.mark.parametrize(
    "boxes",
    [[], [(40, 90, 104, 154)], [(72, 64, 136, 128)], [(100, 100, 130, 150)], [(20, 20, 300, 300)]],
)
def test_a_rectangle_elsewhere_stays(boxes: list[tuple[int, int, int, int]]) -> None:
    assert without_tiles(odds(*boxes)) is None


def test_what_stands_out_within_a_tile_still_does() -> None:
    found = without_tiles(odds((64, 64, 128, 128), (80, 80, 92, 92)))
    assert found is not None
    assert np.median(found.cell[80:92, 80:92]) > -2


def test_small_photos_have_no_tiles() -> None:
    assert without_tiles(odds((0, 0, 64, 64), size=70)) is None
