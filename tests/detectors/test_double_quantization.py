"""Pooled votes: a part that votes for one compression stands out, few signs and few votes say little."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.double_quantization import POOLING, Votes, pooled

SHAPE = (30, 40)


def votes(seed: int, once_share: float = 0.0, region: tuple[slice, slice] | None = None) -> Votes:
    """Coefficients of 1 where compressed twice (nine in ten) and of 1 or 2 alike where once; 0 in one of five."""
    rng = np.random.default_rng(seed)
    single = rng.random(SHAPE) < once_share
    if region:
        single[region] = True
    drawn = np.where(rng.random(SHAPE) < np.where(single, 0.5, 0.9), 1, 2)
    drawn[rng.random(SHAPE) < 0.2] = 0
    log_odds = np.log([1.0, 0.5 / 0.9, 0.5 / 0.1])
    counts = np.bincount(drawn.ravel(), minlength=3).astype(np.float64)
    return Votes(drawn, 0, log_odds, np.array([200.0, 500, 500]), counts)


@pytest.fixture
def region() -> tuple[slice, slice]:
    return slice(8, 22), slice(10, 25)


def test_a_region_that_votes_for_one_compression_is_positive_and_the_rest_negative(
    region: tuple[slice, slice],
) -> None:
    found = pooled([votes(seed, region=region) for seed in range(20)], SHAPE, POOLING)
    inside = np.zeros(SHAPE, bool)
    inside[region] = True
    core = np.zeros(SHAPE, bool)
    core[11:19, 13:22] = True
    assert found[core].min() > 5
    assert found[:4].max() < -5
    assert np.mean((found > 0) == inside) > 0.93


def test_log_odds_that_lean_to_one_side_throughout_do_not_move_it(region: tuple[slice, slice]) -> None:
    straight = [votes(seed, region=region) for seed in range(20)]
    leaning = [replace(vote, log_odds=vote.log_odds - 0.7) for vote in straight]
    np.testing.assert_allclose(pooled(leaning, SHAPE, POOLING), pooled(straight, SHAPE, POOLING), atol=1e-9)


def test_few_signs_fade() -> None:
    many, few = (pooled([votes(seed, 0.2) for seed in range(n)], SHAPE, POOLING) for n in (12, 2))
    assert np.abs(few).max() < 0.2 * np.abs(many).max()


def test_no_sign_says_nothing() -> None:
    assert np.isnan(pooled([], SHAPE, POOLING)).all()
    against = replace(votes(0), log_odds=np.array([0.0, 1.0, -1.0]))  # the file is more as after one than once is
    assert np.isnan(pooled([against], SHAPE, POOLING)).all()
    weak = replace(votes(0), log_odds=np.array([0.0, -0.004, 0.004]))  # below the least distance
    assert np.isnan(pooled([weak], SHAPE, POOLING)).all()


def test_a_part_of_zeros_alone_knows_nothing() -> None:
    silent: list[Votes] = []
    for seed in range(12):
        vote = votes(seed, 0.2)
        coefficients: NDArray[np.signedinteger] = vote.coefficients.copy()
        coefficients[:, 20:] = 0
        silent.append(replace(vote, coefficients=coefficients))
    found = pooled(silent, SHAPE, POOLING)
    assert np.isnan(found[:, 30:]).all()
    assert np.isfinite(found[:, :20]).all()


def test_the_log_odds_of_zero_do_not_count() -> None:
    plain = [votes(seed, 0.2) for seed in range(12)]
    loud = [replace(vote, log_odds=vote.log_odds + np.array([5.0, 0, 0])) for vote in plain]
    np.testing.assert_array_equal(pooled(loud, SHAPE, POOLING), pooled(plain, SHAPE, POOLING))


def test_coefficients_beyond_the_table_take_its_last_entry() -> None:
    vote = votes(0, 0.2)
    coefficients = vote.coefficients.copy()
    coefficients[coefficients == 2] = 9
    np.testing.assert_array_equal(
        pooled([replace(vote, coefficients=coefficients)], SHAPE, POOLING), pooled([vote], SHAPE, POOLING)
    )
