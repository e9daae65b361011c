import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from unseam.datasets.windows import WindowPool, region_boxes, window_table

Mask = NDArray[np.bool_]


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    mask = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        mask[top : top + draw(st.integers(1, 200)), left : left + draw(st.integers(1, 200))] = True
    return mask


def square(size: int = 512, top: int = 200, left: int = 160, side: int = 96) -> Mask:
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


@settings(deadline=None, max_examples=80)
@given(masks(), st.sampled_from([32, 64]), st.sampled_from([1, 8, 32]), st.integers(0, 2**32))
def test_every_window_lies_inside_its_photo_and_its_label_agrees_with_the_mask(
    mask: Mask, side: int, grid: int, seed: int
) -> None:
    found = window_table(mask, side=side, grid=grid).draw(np.random.default_rng(seed), 20)
    tops, lefts, labels = found.tops, found.lefts, found.labels
    assert len(tops) == (20 if min(mask.shape) >= side else 0)
    assert np.all(tops >= 0)
    assert np.all(tops + side <= mask.shape[0])
    assert np.all(lefts >= 0)
    assert np.all(lefts + side <= mask.shape[1])
    assert not np.any(tops % grid)
    assert not np.any(lefts % grid)
    shares = [mask[y : y + side, x : x + side].mean() for y, x in zip(tops, lefts, strict=True)]
    assert np.array_equal(labels, np.array(shares) > 0.125)


@settings(deadline=None, max_examples=60)
@given(masks())
def test_table_holds_every_grid_position_once_and_touched_windows_are_never_far(mask: Mask) -> None:
    table = window_table(mask)
    cells = np.concatenate(table.kinds)
    rows, columns = ((length - 64) // 8 + 1 if length >= 64 else 0 for length in mask.shape)
    assert sorted(cells) == list(range(rows * columns))
    touched = [mask[y : y + 64, x : x + 64].any() for y, x in np.array(np.divmod(table.far, table.columns)).T * 8]
    assert not any(touched)


def test_labels_are_balanced_one_to_one_where_the_photo_has_both() -> None:
    labels = window_table(square()).draw(np.random.default_rng(0), 100).labels
    assert labels.sum() == 50


def test_odd_draws_are_balanced_in_the_long_run() -> None:
    rng, table = np.random.default_rng(0), window_table(square())
    share = np.mean([table.draw(rng, 1).labels[0] for _ in range(2000)])
    assert share == pytest.approx(0.5, abs=0.05)


def test_shares_follow_the_settings() -> None:
    windows = window_table(square()).draw(np.random.default_rng(1), 200, positive_share=0.25, near_share=1.0)
    assert windows.labels.sum() == 50


def test_rule_decides_the_label() -> None:
    strict, lenient = (len(window_table(square(), rule=rule).positives) for rule in (0.5, 0.125))
    assert 0 < strict < lenient


def test_exactly_the_share_of_the_rule_is_authentic() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:8] = True
    assert len(window_table(mask).positives) == 0
    mask[8, 0] = True
    assert len(window_table(mask).positives) == 1


def test_authentic_photo_gives_only_authentic_windows() -> None:
    labels = window_table(np.zeros((200, 300), bool)).draw(np.random.default_rng(0), 40).labels
    assert len(labels) == 40
    assert not labels.any()


def test_wholly_manipulated_photo_gives_only_manipulated_windows() -> None:
    assert window_table(np.ones((200, 300), bool)).draw(np.random.default_rng(0), 40).labels.all()


@pytest.mark.parametrize("shape", [(63, 500), (500, 63), (1, 1)])
def test_photo_smaller_than_a_window_gives_none(shape: tuple[int, int]) -> None:
    table = window_table(np.ones(shape, bool))
    assert len(table) == 0
    assert len(table.draw(np.random.default_rng(0), 10)) == 0


def test_region_sits_in_the_centre_of_its_enlarged_box_and_slid_boxes_hold_part_of_it() -> None:
    mask = square(size=800, top=300, left=320, side=96)
    boxes = region_boxes(mask)
    assert boxes.shape == (9, 4)
    top, left, bottom, right = boxes[4]
    assert (300 - top, bottom - 396) == (320 - left, right - 416) == (64, 64)
    held = [int(mask[y:b, x:r].sum()) for y, x, b, r in boxes]
    assert held[4] == mask.sum()
    assert all(0 < pixels < mask.sum() for pixels in held[:4] + held[5:])


def test_each_region_has_its_own_boxes() -> None:
    mask = square(side=40)
    mask[400:440, 400:440] = True
    assert len(region_boxes(mask)) == 18


def test_near_windows_surround_the_region_and_far_windows_lie_outside_every_box() -> None:
    mask = square(size=1024)
    table = window_table(mask)
    inside = np.zeros(mask.shape, np.uint8)
    for top, left, bottom, right in region_boxes(mask):
        inside[top:bottom, left:right] = 1
    whole = cv2.boxFilter(inside, cv2.CV_32S, (64, 64), anchor=(0, 0), normalize=False) == 64 * 64
    rows, columns = np.divmod(table.near, table.columns)
    assert len(rows) > 100
    assert whole[rows * 8, columns * 8].all()
    assert len(table.far) > 100


def test_same_seed_draws_the_same_windows() -> None:
    draws = [window_table(square()).draw(np.random.default_rng(7), 30) for _ in range(2)]
    assert np.array_equal(draws[0].tops, draws[1].tops)
    assert np.array_equal(draws[0].lefts, draws[1].lefts)


def test_distinct_draw_repeats_no_window_and_stops_when_a_kind_is_exhausted() -> None:
    mask = np.zeros((128, 128), bool)
    mask[:9, :64] = True
    table = window_table(mask)
    windows = table.draw(np.random.default_rng(0), 60, distinct=True)
    assert len(set(zip(windows.tops, windows.lefts, strict=True))) == len(windows)
    assert windows.labels.sum() == len(table.positives) < 30


def test_pool_draws_from_every_photo_with_labels_that_agree_with_its_mask() -> None:
    masks = [square(256, 60, 80, 90), np.zeros((128, 300), bool), np.ones((20, 20), bool), square(200, 8, 0, 70)]
    windows = WindowPool([window_table(mask) for mask in masks]).draw(np.random.default_rng(0), 400)
    cut = [
        masks[p][y : y + 64, x : x + 64] for p, y, x in zip(windows.photos, windows.tops, windows.lefts, strict=True)
    ]
    assert all(window.shape == (64, 64) for window in cut)
    assert np.array_equal(windows.labels, [window.mean() > 0.125 for window in cut])
    assert windows.labels.sum() == 200
    assert set(windows.photos) == {0, 1, 3}


def test_pool_counts_small_photos_as_much_as_large_ones() -> None:
    pool = WindowPool([window_table(square(1024)), window_table(square(200, 8, 0, 70))])
    windows = pool.draw(np.random.default_rng(0), 4000)
    assert np.mean(windows.photos[windows.labels] == 0) == pytest.approx(0.5, abs=0.05)


def test_pool_of_nothing_draws_nothing() -> None:
    pool = WindowPool([window_table(np.zeros((10, 10), bool))])
    assert pool.counts == (0, 0, 0)
    assert len(pool.draw(np.random.default_rng(0), 5)) == 0
