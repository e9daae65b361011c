"""One score from the windows of a photo."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from unseam.detectors.statistic import logistic
from unseam.models.fusion.windows import STEP, WINDOW, photo_log_odds, window_shares
from unseam.models.metadata import PhotoCurve

PLAIN = PhotoCurve(1.0, 0.0)


@pytest.mark.parametrize("size", [(1, 1), (31, 33), (32, 64), (44, 44), (65, 200), (96, 128)])
def test_shares_are_what_the_networks_pooling_sees_of_each_window(size: tuple[int, int]) -> None:
    ones = torch.ones(1, 1, *size)
    counted = F.avg_pool2d(ones, WINDOW, STEP, padding=STEP, divisor_override=1)[0, 0].numpy()
    np.testing.assert_allclose(window_shares(*size), counted / counted.sum())


def test_one_word_about_all_windows_is_the_word_about_the_photo() -> None:
    windows = np.full((3, 5), 0.7, np.float32)
    assert photo_log_odds(windows, window_shares(70, 150), PhotoCurve(2.0, -1.0)) == pytest.approx(0.4, abs=1e-6)


def test_the_likelihood_ratio_of_a_photo_is_the_mean_of_those_of_its_windows() -> None:
    windows, shares = np.log(np.array([[3, 0.1], [0.2, 0.5]])).astype(np.float32), np.array([[0.4, 0.1], [0.3, 0.2]])
    expected = np.log(0.4 * 3 + 0.1 * 0.1 + 0.3 * 0.2 + 0.2 * 0.5)
    assert photo_log_odds(windows, shares, PLAIN) == pytest.approx(expected, abs=1e-6)


def test_a_plain_trace_in_one_of_many_windows_stands_and_a_weak_one_does_not() -> None:
    shares = window_shares(640, 640)
    for trace, least, most in ((12.0, 0.99, 1.0), (1.0, 0.0, 0.2)):
        windows = np.full(shares.shape, -2.0, np.float32)
        windows[7, 8] = trace
        assert least <= logistic(photo_log_odds(windows, shares, PLAIN)) <= most


def test_huge_log_odds_do_not_overflow() -> None:
    shares = window_shares(70, 70)
    for odds in (-1e30, 1e30):
        assert photo_log_odds(np.full(shares.shape, odds, np.float32), shares, PLAIN) == pytest.approx(odds)
