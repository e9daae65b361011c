from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from support.synthetic import textured
from unseam.forging.history import LOSSLESS, Compression, compressed
from unseam.forging.rendering import NO_RENDERING
from unseam.forging.tiles import Tiles, tiled

PHOTO = textured(300, 420, 7)
TILES = Tiles(64, 24, 40, 0.4, Compression(quality=40), LOSSLESS, NO_RENDERING)


def changed_tiles(tiles: Tiles, seed: int) -> set[tuple[int, int]]:
    """Return the tiles that were compressed; every tile must be compressed as a whole or not at all."""
    done = tiled(PHOTO, tiles, np.random.default_rng(seed))
    differs, found = (done != PHOTO).any(axis=2), set()
    for row in range(-1, 5):
        for column in range(-1, 7):
            top, left = tiles.top + row * tiles.side, tiles.left + column * tiles.side
            tile = differs[max(top, 0) : max(top + tiles.side, 0), max(left, 0) : max(left + tiles.side, 0)]
            if tile.size:
                assert tile.mean() == 0 or tile.mean() > 0.8
                found |= {(row, column)} if tile.any() else set()
    return found


def test_tiles_differ_on_their_lattice_and_nowhere_else() -> None:
    assert 0 < len(changed_tiles(TILES, 1)) < 42
    assert changed_tiles(TILES, 1) != changed_tiles(TILES, 2)


@pytest.mark.parametrize("corner", [(24, 40), (0, 0), (13, 6)])
def test_the_compression_of_tiles_lies_on_the_lattices_own_grid(corner: tuple[int, int]) -> None:
    """Inside a tile that was compressed, the pixels are those of a compression whose blocks start at its corner."""
    tiles = replace(TILES, top=corner[0], left=corner[1], share=0.01)
    done = tiled(PHOTO, tiles, np.random.default_rng(0))
    top, left = corner[0] + 64, corner[1] + 64
    whole = compressed(PHOTO[corner[0] % 8 :, corner[1] % 8 :], tiles.kept)
    row, column = top - corner[0] % 8, left - corner[1] % 8
    tile = done[top : top + 64, left : left + 64]
    assert (tile[8:-8, 8:-8] == whole[row + 8 : row + 56, column + 8 : column + 56]).all()


def test_textured_tiles_are_rendered_anew_more_often_than_flat_ones() -> None:
    photo = PHOTO.copy()
    photo[:, :210] = 128 + (photo[:, :210].astype(int) - 128) // 8
    tiles = replace(TILES, side=32, top=0, left=18, kept=LOSSLESS, anew=Compression(quality=20))
    flat = busy = 0
    for seed in range(10):
        anew = (tiled(photo, tiles, np.random.default_rng(seed)) != photo).any(axis=2)
        flat, busy = flat + int(anew[:, :210].sum()), busy + int(anew[:, 210:].sum())
    assert busy > 2 * flat > 0


def test_a_frame_inside_one_tile_is_left_whole() -> None:
    tiles = replace(TILES, side=512, top=0, left=0)
    done = tiled(PHOTO, tiles, np.random.default_rng(0))
    assert any((done == other).all() for other in (PHOTO, compressed(PHOTO, tiles.kept)))
