"""Running medians: those of scipy, to the last bit."""

import numpy as np
import pytest
from scipy.ndimage import median_filter

from unseam.detectors.medians import BAND, median_along, median_around

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("count", "length"), [(1, 9), (5, 9), (100, 31), (257, 1)])
def test_along_a_line_they_are_scipys_with_the_nearest_value_beyond_the_ends(count: int, length: int) -> None:
    values = RNG.normal(size=count)
    np.testing.assert_array_equal(median_along(values, length), median_filter(values, length, mode="nearest"))


@pytest.mark.parametrize("size", [(9, 7), (BAND + 1, 20), (2 * BAND, 3)])
@pytest.mark.parametrize("side", [1, 3, 7])
def test_over_a_square_they_are_scipys_with_mirrored_values_beyond_the_border(size: tuple[int, int], side: int) -> None:
    values = RNG.normal(size=size)
    np.testing.assert_array_equal(median_around(values, side), median_filter(values, side))
