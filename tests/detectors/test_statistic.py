import numpy as np

from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of, spread
from unseam.photo.photo import load_photo

CURVE = LlrCurve(slope=2.0, middle=1.0, threshold=0.7)
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


def test_the_heat_is_the_logistic() -> None:
    heatmap = heatmap_of(CURVE.llr(Statistic(np.full((3, 5), 1.5), (8, 8))), PHOTO, CURVE)
    np.testing.assert_allclose(heatmap.heat, 1 / (1 + np.exp(-2 * 0.5)), rtol=1e-6)
    assert heatmap.score is None
    assert heatmap.heat.shape == (20, 33)
    assert heatmap.heat.dtype == np.float32


def test_at_the_middle_of_the_curve_neither_hypothesis_is_more_likely() -> None:
    assert (heatmap_of(CURVE.llr(Statistic(np.full((3, 5), 1.0), (8, 8))), PHOTO, CURVE).heat == 0.5).all()


def test_extreme_ratios_neither_overflows_nor_leaves_the_range() -> None:
    values = np.array([[-1e300, 1e300, np.nan]])
    heatmap = heatmap_of(CURVE.llr(Statistic(values, (20, 11))), PHOTO, CURVE)
    assert heatmap.heat[0, 0] == 0
    assert heatmap.heat[0, 11] == 1
    assert heatmap.heat[0, 22] == 0.5


def test_unknown_cells_are_one_half_and_never_marked() -> None:
    heatmap = heatmap_of(CURVE.llr(Statistic(np.full((3, 5), np.nan), (8, 8))), PHOTO, CURVE)
    assert (heatmap.heat == 0.5).all()
    assert not heatmap.mask.any()


def test_a_heat_of_one_half_that_is_unknown_is_not_marked_even_at_a_threshold_of_one_half() -> None:
    curve = LlrCurve(slope=2.0, middle=1.0, threshold=0.5)
    mask = heatmap_of(curve.llr(Statistic(np.array([[np.nan, 1.0]]), (20, 17))), PHOTO, curve).mask
    assert not mask[:, :17].any()
    assert mask[:, 17:].all()


def test_a_curve_keeps_the_grid_and_what_is_unknown() -> None:
    measured = Statistic(np.array([[1.0, np.nan, 2.5]]), (8, 4), (3, 5))
    llr = CURVE.llr(measured)
    np.testing.assert_array_equal(llr.values, [[0.0, np.nan, 3.0]])
    assert (llr.step, llr.origin) == (measured.step, measured.origin)


def test_nothing_is_stretched_per_photo() -> None:
    loud, quiet = np.zeros((3, 5)), np.zeros((3, 5))
    loud[0], quiet[0] = 9.0, 1e-3
    assert heatmap_of(CURVE.llr(Statistic(loud, (8, 8))), PHOTO, CURVE).heat.max() > 0.99
    assert heatmap_of(CURVE.llr(Statistic(quiet, (8, 8))), PHOTO, CURVE).heat.max() < 0.2
