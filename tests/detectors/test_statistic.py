import numpy as np
import pytest

from unseam.detectors.statistic import LEAST_SHARE, Curve, Statistic, heatmap_of, spread
from unseam.photo.photo import load_photo

CURVE = Curve(slope=2.0, middle=1.0, threshold=0.7, score_slope=1.0, score_middle=0.0)
PHOTO = load_photo(np.random.default_rng(0).integers(0, 256, (20, 33, 3), dtype=np.uint8))


def test_every_pixel_has_the_value_of_its_cell() -> None:
    grid = np.arange(6.0).reshape(2, 3)
    full = spread(grid, (8, 4), (0, 0), (16, 12))
    np.testing.assert_array_equal(full, np.kron(grid, np.ones((8, 4))))


def test_pixels_beyond_the_grid_have_the_value_of_the_nearest_cell() -> None:
    full = spread(np.array([[1.0, 2.0], [3.0, 4.0]]), (2, 2), (1, 3), (8, 9))
    assert full.shape == (8, 9)
    np.testing.assert_array_equal(full[:, 0], [1, 1, 1, 3, 3, 3, 3, 3])
    np.testing.assert_array_equal(full[0], [1, 1, 1, 1, 1, 2, 2, 2, 2])


def test_spreading_keeps_the_dtype() -> None:
    assert spread(np.ones((1, 1), np.float32), (8, 8), (0, 0), (3, 3)).dtype == np.float32
    assert spread(np.ones((1, 1), bool), (8, 8), (0, 0), (3, 3)).dtype == bool


def test_the_heat_is_the_logistic_curve_of_the_evidence() -> None:
    heatmap = heatmap_of(Statistic(np.full((3, 5), 1.5), (8, 8)), PHOTO, CURVE)
    np.testing.assert_allclose(heatmap.heat, 1 / (1 + np.exp(-2 * 0.5)), rtol=1e-6)
    assert heatmap.score == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert heatmap.heat.shape == (20, 33)
    assert heatmap.heat.dtype == np.float32


def test_the_middle_of_the_curve_speaks_for_neither_side() -> None:
    assert (heatmap_of(Statistic(np.full((3, 5), 1.0), (8, 8)), PHOTO, CURVE).heat == 0.5).all()


def test_extreme_evidence_neither_overflows_nor_leaves_the_range() -> None:
    values = np.array([[-1e300, 1e300, np.nan]])
    heatmap = heatmap_of(Statistic(values, (20, 11)), PHOTO, CURVE)
    assert heatmap.heat[0, 0] == 0
    assert heatmap.heat[0, 11] == 1
    assert heatmap.heat[0, 22] == 0.5


def test_unknown_cells_are_no_evidence_and_never_marked() -> None:
    heatmap = heatmap_of(Statistic(np.full((3, 5), np.nan), (8, 8)), PHOTO, CURVE)
    assert (heatmap.heat == 0.5).all()
    assert heatmap.score == 0.5
    assert heatmap.mask is not None
    assert not heatmap.mask.any()


def test_a_heat_of_one_half_that_is_unknown_is_not_marked_even_at_a_threshold_of_one_half() -> None:
    curve = Curve(slope=2.0, middle=1.0, threshold=0.5, score_slope=1.0, score_middle=0.0)
    mask = heatmap_of(Statistic(np.array([[np.nan, 1.0]]), (20, 17)), PHOTO, curve).mask
    assert mask is not None
    assert not mask[:, :17].any()
    assert mask[:, 17:].all()


def test_marked_parts_below_one_percent_of_the_frame_are_dropped_and_larger_ones_kept() -> None:
    values = np.zeros((40, 50))
    least = int(LEAST_SHARE * values.size)
    values[0, : least - 1] = 9
    values[20, :least] = 9
    photo = load_photo(np.zeros((40, 50, 3), np.uint8))
    mask = heatmap_of(Statistic(values, (1, 1)), photo, CURVE).mask
    assert mask is not None
    assert not mask[0].any()
    assert mask[20].sum() == least


def test_nothing_is_stretched_per_photo() -> None:
    loud, quiet = np.zeros((3, 5)), np.zeros((3, 5))
    loud[0], quiet[0] = 9.0, 1e-3
    assert heatmap_of(Statistic(loud, (8, 8)), PHOTO, CURVE).heat.max() > 0.99
    assert heatmap_of(Statistic(quiet, (8, 8)), PHOTO, CURVE).heat.max() < 0.2
