"""Which connected parts of a map are marked."""

import numpy as np

from unseam.models.fusion.seeded_mask import HOTTEST_CELLS, Parts, mask_of_map


def test_a_component_is_marked_where_it_is_hot_somewhere() -> None:
    heat = np.zeros((40, 40), np.float32)
    heat[2:12, 2:12] = 0.7  # warm, nowhere hot
    heat[20:30, 20:30] = 0.7
    heat[24:28, 24:28] = 0.95
    mask = mask_of_map(heat, 0.6, 0.9)
    assert mask[21:29, 21:29].all()
    assert not mask[:18].any()


def test_something_is_marked_even_where_nothing_reaches_the_thresholds() -> None:
    heat = np.zeros((40, 40), np.float32)
    heat[5:20, 5:20] = 0.3
    mask = mask_of_map(heat, 0.6, 0.9)
    assert HOTTEST_CELLS <= np.count_nonzero(mask) <= 15 * 15
    assert not mask[25:].any()
    assert mask_of_map(np.zeros((4, 4), np.float32), 0.5, 0.5).all()


def test_specks_do_not_hide_that_nothing_is_large_enough() -> None:
    heat = np.zeros((40, 40), np.float32)
    heat[3, 3] = heat[30, 30] = 1.0
    assert np.count_nonzero(mask_of_map(heat, 0.1, 0.1)) >= HOTTEST_CELLS


def test_parts_touch_at_corners_and_know_their_cells_and_their_peak() -> None:
    heat = np.zeros((6, 6), np.float32)
    heat[0, 0], heat[1, 1] = 0.6, 0.8
    heat[4, 2:5] = 0.7
    parts = Parts.of(heat, 0.6)
    assert parts.cells.tolist() == [2, 3]
    assert parts.peak.tolist() == [np.float32(0.8), np.float32(0.7)]
    assert [parts.labels[1, 1], parts.labels[4, 4], parts.labels[3, 3]] == [1, 2, 0]


def test_a_peak_at_the_threshold_counts_in_the_precision_of_the_heat() -> None:
    heat = np.full((4, 4), 0.9, np.float32)  # as a float64 it is a little below 0.9
    assert Parts.of(heat, 0.5).kept(0.9, 16).tolist() == [True]
    assert Parts.of(heat, 0.5).kept(0.91).tolist() == [False]
    assert Parts.of(heat, 0.5).kept(0.5, 17).tolist() == [False]
