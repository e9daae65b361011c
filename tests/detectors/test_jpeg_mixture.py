"""The mixture of coefficients compressed once and twice: equal to its definition, value by value."""

import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.jpeg_mixture import (
    BINS,
    MIN_GROWTH,
    ZERO,
    at,
    at_multiples,
    averaged,
    bins_of,
    cropped,
    doubled,
    histogram,
    likeliest,
    likeliest_shares,
    log_ratio,
    maximized,
)
from unseam.detectors.jpeg_rounding import Noise

Floats = NDArray[np.float64]


def nearest(value: int, step: int) -> dict[int, float]:
    """Give the nearest multiples of a step, with weights."""
    low = int(np.floor(value / step)) * step
    before, after = value - low, low + step - value
    return {low: 1.0} if before < after else {low + step: 1.0} if after < before else {low: 0.5, low + step: 0.5}


def slowly_doubled(counts: Floats, step: int, noise: Noise) -> Floats:
    spread, offsets = np.zeros(len(counts)), np.arange(-60, 61)
    kernel = np.exp(-((offsets + noise.mean) ** 2) / (2 * noise.variance))
    for place in np.flatnonzero(counts):
        for multiple, weight in nearest(int(place) - len(counts) // 2, step).items():
            spread[multiple + offsets + len(counts) // 2] += counts[place] * weight * kernel / kernel.sum()
    return spread


@pytest.fixture(scope="module")
def counts() -> Floats:
    values = np.zeros(400)
    values[130:270] = np.random.default_rng(0).integers(0, 50, 140)
    return values


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize("noise", [Noise(0.0, 0.3), Noise(0.2, 1.0), Noise(0.0, 9.0)])
def test_a_histogram_after_two_compressions_is_that_of_every_value_moved_and_blurred(
    counts: Floats, step: int, noise: Noise
) -> None:
    np.testing.assert_allclose(doubled(counts[None], step, noise)[0], slowly_doubled(counts, step, noise), atol=2e-3)


@pytest.mark.parametrize("step", [1, 2, 5, 8])
def test_quantizing_keeps_every_value_and_halves_ties(counts: Floats, step: int) -> None:
    found = at_multiples(counts[None], step)[0]
    middle = len(found) // 2
    expected = np.zeros(len(found))
    for place in np.flatnonzero(counts):
        for multiple, weight in nearest(int(place) - 200, step).items():
            expected[middle + multiple // step] += counts[place] * weight
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.sum() == pytest.approx(counts.sum())


def test_what_lies_between_two_whole_numbers_belongs_to_both_by_halves() -> None:
    values = np.array([0.2, 2.5, -1.5 + 1e-13, 2.51, -0.7])
    lower, upper = bins_of(values)
    np.testing.assert_array_equal(lower - ZERO, [0, 2, -2, 3, -1])
    np.testing.assert_array_equal(upper - ZERO, [0, 3, -1, 3, -1])
    counts = histogram(values)
    assert counts.sum() == len(values)
    assert counts[ZERO + 3] == 1.5
    np.testing.assert_allclose(at(values, np.arange(BINS, dtype=np.float64)) - ZERO, [0, 2.5, -1.5, 3, -1])


def test_values_far_out_of_range_are_counted_at_its_ends() -> None:
    assert histogram(np.array([1e9, -1e9, 0.0])).sum() == 3


def test_maximization_over_bins_is_that_over_coefficients() -> None:
    rng = np.random.default_rng(1)
    once, twice = rng.dirichlet(np.ones(40)), rng.dirichlet(np.ones(40))
    drawn = np.concatenate([rng.choice(40, 700, p=once), rng.choice(40, 300, p=twice)])
    share, likelihood = 0.95, -np.inf
    for _ in range(20):
        first, second = share * once[drawn], (1 - share) * twice[drawn]
        share = float(np.mean(first / (first + second)))
        before, likelihood = likelihood, float(np.log(share * once[drawn] + (1 - share) * twice[drawn]).sum())
        if likelihood - before < MIN_GROWTH:
            break
    observed = np.bincount(drawn, minlength=40)[None].astype(np.float64)
    shares, gains = maximized(observed, (twice / once)[None, None])
    assert shares[0, 0] == pytest.approx(share, rel=1e-4)
    assert gains[0, 0] == pytest.approx(likelihood - np.log(once[drawn]).sum(), rel=1e-4)


def test_the_likeliest_step_is_the_one_that_was_used() -> None:
    rng = np.random.default_rng(2)
    before = np.rint(rng.laplace(0, 40, 20000))
    after = np.rint(np.rint(before[:10000] / 9) * 9 + rng.normal(0, 0.5, 10000))
    noise = Noise(0.0, 0.25)
    observed = histogram(np.concatenate([after, before[10000:13000]]))
    found = likeliest(observed[None], histogram(before[10000:])[None], range(2, 17), noise)
    assert found.step[0] == 9
    assert found.gain[0] > 1000
    assert found.single[0] == pytest.approx(3 / 13, abs=0.1)
    ratio = log_ratio(histogram(before[10000:]), 10000, 9, noise)
    assert ratio[ZERO + 18] > 0 > ratio[ZERO + 22]


def test_several_sets_are_fitted_as_each_would_be_alone() -> None:
    rng = np.random.default_rng(3)
    sets = [histogram(np.rint(rng.laplace(0, 30, 3000) / step) * step) for step in (5, 8, 1)]
    calibration = np.stack([histogram(rng.laplace(0, 30, 3000)) for _ in sets])
    together = likeliest(np.stack(sets), calibration, range(2, 12), Noise(0.0, 0.2))
    for number, one in enumerate(sets):
        alone = likeliest(one[None], calibration[number : number + 1], range(2, 12), Noise(0.0, 0.2))
        assert together.step[number] == alone.step[0]
        assert together.likelihood[number] == pytest.approx(alone.likelihood[0], rel=1e-6)


def test_cropping_keeps_zero_in_the_middle_and_loses_nothing() -> None:
    one, other = np.zeros((1, BINS)), np.zeros((1, BINS))
    one[0, ZERO - 30], other[0, ZERO + 7] = 1, 2
    found = cropped((one, other), 5)
    assert [part.shape for part in found] == [(1, 72), (1, 72)]
    assert found[0][0, 36 - 30] == 1
    assert found[1][0, 36 + 7] == 2


def test_averages_count_the_unknown_as_zero_and_are_nan_where_nothing_is_known() -> None:
    values, known = np.full((9, 9), 3.0), np.zeros((9, 9), np.bool_)
    known[4, 4] = True
    found = averaged(values, known, 3)
    assert found[4, 4] == pytest.approx(1 / 3)
    assert found[3, 5] == pytest.approx(1 / 3)
    assert np.isnan(found[0, 0])


def test_the_likeliest_share_is_where_no_other_share_is_likelier() -> None:
    rng = np.random.default_rng(4)
    once, twice = rng.dirichlet(np.ones(40), 3), rng.dirichlet(np.ones(40), 3)
    observed = np.bincount(rng.choice(40, 3000, p=0.3 * once[0] + 0.7 * twice[0]), minlength=40).astype(np.float64)
    share, gain = likeliest_shares(observed, twice / once[0])
    shares = np.linspace(0, 1, 2001)[:, None, None]
    every = np.log(shares + (1 - shares) * twice / once[0]) @ observed
    np.testing.assert_allclose(share, shares[every.argmax(axis=0), 0, 0], atol=2e-3)
    np.testing.assert_allclose(gain, every.max(axis=0), rtol=1e-3, atol=1e-2)
    assert share[0] == pytest.approx(0.3, abs=0.05)
