import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.models.patch.patches import Blend, PatchGrid, cut, cut_batches, touched, window

SIZES = st.integers(1, 90)
SIDES_AND_STRIDES = st.sampled_from([(64, 32), (64, 8), (64, 64), (16, 8), (8, 8), (7, 3), (1, 1)])


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, channels), dtype=np.uint8)


def blended(patches: np.ndarray, height: int, width: int, stride: int) -> np.ndarray:
    grid = PatchGrid(height, width, patches.shape[1], stride)
    blend = Blend(grid)
    blend.add(np.arange(len(grid)), patches)
    return blend.finish()


@given(SIZES, SIZES, SIDES_AND_STRIDES)
def test_blending_what_was_cut_gives_back_the_very_same_values(
    height: int, width: int, side_and_stride: tuple[int, int]
) -> None:
    side, stride = side_and_stride
    pixels = photo(height, width, channels=1)
    patches = cut(pixels, side, stride)[..., 0].astype(np.float32)
    np.testing.assert_array_equal(blended(patches, height, width, stride), pixels[..., 0])


@given(SIZES, SIZES, SIDES_AND_STRIDES)
def test_every_pixel_is_covered_and_every_patch_starts_at_a_multiple_of_the_stride(
    height: int, width: int, side_and_stride: tuple[int, int]
) -> None:
    side, stride = side_and_stride
    grid = PatchGrid(height, width, side, stride)
    covered = np.zeros((height, width), dtype=int)
    for top, left, bottom, right in grid.boxes():
        assert top % stride == 0
        assert left % stride == 0
        assert top < bottom <= height
        assert left < right <= width
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1
    assert len(grid) == len(grid.boxes())


def test_a_patch_inside_the_photo_is_that_part_of_the_photo() -> None:
    pixels = photo(100, 200)
    patches = cut(pixels, 64, 32)
    assert patches.shape == (3 * 6, 64, 64, 3)
    np.testing.assert_array_equal(
        patches[1 * 6 + 2][:64], np.pad(pixels, ((0, 60), (0, 0), (0, 0)), "reflect")[32:96, 64:128]
    )


@given(st.integers(2, 90), st.integers(2, 90))
def test_what_overhangs_the_border_is_mirrored_as_numpy_mirrors(height: int, width: int) -> None:
    pixels = photo(height, width)
    grid = PatchGrid(height, width, 64, 32)
    down, across = int(grid.tops[-1]) + 64 - height, int(grid.lefts[-1]) + 64 - width
    padded = np.pad(pixels, ((0, max(down, 0)), (0, max(across, 0)), (0, 0)), "reflect")
    top, left = grid.corners()[-1]
    np.testing.assert_array_equal(cut(pixels, 64, 32)[-1], padded[top : top + 64, left : left + 64])


def test_a_photo_of_one_pixel_fills_a_whole_patch() -> None:
    pixels = np.full((1, 1, 3), 77, dtype=np.uint8)
    patches = cut(pixels, 64, 32)
    assert patches.shape == (1, 64, 64, 3)
    assert (patches == 77).all()


@given(SIZES, SIZES, st.integers(1, 40))
def test_batches_hold_the_same_patches_as_one_cut(height: int, width: int, batch: int) -> None:
    pixels = photo(height, width)
    grid = PatchGrid(height, width, 16, 8)
    batches = list(cut_batches(pixels, grid, batch))
    assert [number for numbers, _ in batches for number in numbers] == list(range(len(grid)))
    assert {len(numbers) for numbers, _ in batches[:-1]} <= {batch}
    np.testing.assert_array_equal(np.concatenate([patches for _, patches in batches]), cut(pixels, 16, 8))


def test_some_patches_are_the_same_as_among_all() -> None:
    pixels, grid = photo(70, 50), PatchGrid(70, 50, 16, 8)
    chosen = np.array([3, 4, 11, len(grid) - 1])
    batches = list(cut_batches(pixels, grid, 3, chosen))
    np.testing.assert_array_equal(np.concatenate([numbers for numbers, _ in batches]), chosen)
    np.testing.assert_array_equal(np.concatenate([patches for _, patches in batches]), cut(pixels, 16, 8)[chosen])


def test_patches_that_an_area_touches_are_those_that_hold_one_of_its_pixels() -> None:
    grid = PatchGrid(40, 40, 16, 8)
    area = np.zeros((40, 40), bool)
    area[0, 8] = True
    assert [tuple(grid.corners()[number]) for number in np.flatnonzero(touched(area, grid))] == [(0, 0), (0, 8)]


def test_cutting_neither_changes_the_photo_nor_hands_out_views_of_it() -> None:
    pixels = photo(80, 80)
    before = pixels.copy()
    patches = cut(pixels, 64, 32)
    patches[:] = 0
    np.testing.assert_array_equal(pixels, before)


def test_seams_between_patches_do_not_show() -> None:
    grid = PatchGrid(64, 160, 64, 32)
    steps = np.array([0, 1, 0, 1], dtype=np.float32)
    blend = Blend(grid)
    blend.add(np.arange(len(steps)), steps)
    row = blend.finish()[0]
    assert row.min() == 0
    assert np.abs(np.diff(row)).max() < 0.04  # one patch against the next, without blending, is a step of 1


def test_the_window_is_never_zero_and_symmetric() -> None:
    for side in (1, 2, 7, 64):
        assert window(side).min() >= 1
        np.testing.assert_array_equal(window(side), window(side)[::-1])


def test_one_value_a_patch_is_the_same_as_a_constant_map_a_patch() -> None:
    grid = PatchGrid(100, 130, 64, 32)
    values = np.linspace(0, 1, len(grid), dtype=np.float32)
    blend = Blend(grid)
    blend.add(np.arange(len(values)), values)
    maps = np.broadcast_to(values[:, None, None], (len(grid), 64, 64))
    np.testing.assert_array_equal(blend.finish(), blended(maps, 100, 130, 32))


def test_memory_stays_small_whatever_the_number_of_patches() -> None:
    pixels = np.zeros((1024, 1024, 3), dtype=np.uint8)
    grid = PatchGrid(1024, 1024, 64, 8)  # 14,641 patches: 180 MB as uint8
    tracemalloc.start()
    for _ in cut_batches(pixels, grid, 16):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6


@pytest.mark.parametrize(("height", "side", "stride"), [(0, 64, 32), (10, 0, 1), (10, 8, 0), (10, 8, 9)])
def test_impossible_grids_are_refused(height: int, side: int, stride: int) -> None:
    with pytest.raises(ValueError, match=r"at least one pixel|leaves gaps"):
        PatchGrid(height, 10, side, stride)


def test_pixels_of_another_size_than_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="expected pixels of 10 x 10"):
        next(cut_batches(photo(11, 10), PatchGrid(10, 10, 8, 8), 4))
