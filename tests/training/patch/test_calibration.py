from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from unseam.errors import DataError
from unseam.method import Heatmap
from unseam.models.metadata import ScoreCurve
from unseam.training.patch.calibration import (
    MAX_SLOPE,
    MIN_SLOPE,
    SCORE_QUANTILES,
    THRESHOLDS,
    _score_curve,
    _scores,
    _ThresholdTally,
    false_alarms,
    fit_platt,
    logit,
    marking_score,
)


def drawn(count: int, share: float, slope: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose true log odds are ``slope`` times as large, with a share of manipulated items."""
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < share
    true = rng.normal(np.where(labels, 1.0, -1.0), np.sqrt(2.0))  # two normals 2 apart, variance 2: log odds x
    return true / slope, labels


def test_logits_that_are_right_already_are_left_alone() -> None:
    slope, intercept = fit_platt(*drawn(40_000, 0.5))
    assert slope == pytest.approx(1.0, abs=0.05)
    assert intercept == pytest.approx(0.0, abs=0.05)


def test_overconfident_logits_are_flattened() -> None:
    assert fit_platt(*drawn(40_000, 0.5, slope=0.25))[0] == pytest.approx(0.25, abs=0.02)


def test_one_half_means_no_evidence_however_rare_the_manipulated_are() -> None:
    slope, intercept = fit_platt(*drawn(200_000, 0.02))
    assert slope == pytest.approx(1.0, abs=0.06)
    assert intercept == pytest.approx(0.0, abs=0.06)


def test_fit_agrees_with_scikit_learn() -> None:
    logits, labels = drawn(5_000, 0.2)
    oracle = LogisticRegression(C=1e9, class_weight="balanced").fit(logits[:, None], labels)
    slope, intercept = fit_platt(logits, labels)
    assert slope == pytest.approx(oracle.coef_[0, 0], rel=0.02)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=0.02)


def test_item_of_double_weight_counts_as_two() -> None:
    logits, labels = drawn(2_000, 0.5)
    twice = np.concatenate([np.arange(2_000), np.arange(0, 2_000, 3)])
    weights = np.where(np.arange(2_000) % 3 == 0, 2.0, 1.0)
    assert fit_platt(logits, labels, weights) == pytest.approx(fit_platt(logits[twice], labels[twice]), abs=0.01)


def test_separable_classes_give_a_finite_slope() -> None:
    slope, _ = fit_platt(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([False, False, True, True]))
    assert 1.0 < slope <= MAX_SLOPE


def test_scores_that_point_the_wrong_way_never_get_a_negative_slope() -> None:
    logits, labels = drawn(2_000, 0.5)
    assert fit_platt(-logits, labels)[0] == pytest.approx(MIN_SLOPE)


def test_missing_class_is_refused() -> None:
    with pytest.raises(DataError, match="one class is missing"):
        fit_platt(np.zeros(3), np.ones(3, bool))


def test_score_uses_the_quantile_that_tells_photos_apart() -> None:
    rng = np.random.default_rng(0)
    manipulated = np.arange(60) % 2 == 0
    quantiles = rng.normal(size=(60, 7))
    quantiles[:, 3] += np.where(manipulated, 2.0, -2.0)
    curve = _score_curve(quantiles, manipulated)
    assert curve.quantile == 0.99
    assert curve.slope > 0.5


def heatmap(heat: float, inside: float | None = None) -> tuple[Heatmap, np.ndarray]:
    values = np.full((64, 64), heat, np.float32)
    truth = np.zeros((64, 64), bool)
    if inside is not None:
        truth[16:48, 16:48] = True
        values[truth] = inside
    return Heatmap.of(values, values >= 0), truth


ALL = np.ones(20, bool)


def test_pixel_threshold_lies_between_the_authentic_and_the_manipulated_heat() -> None:
    tally = _ThresholdTally(sigma=2.0)
    for _ in range(10):
        tally.add(*heatmap(0.4))
        tally.add(*heatmap(0.4, inside=0.8))
    assert 0.4 < tally.best(ALL) <= 0.8


def test_pixel_threshold_does_not_mark_the_authentic_part_of_a_forgery() -> None:
    tally = _ThresholdTally(sigma=2.0)
    for _ in range(10):
        tally.add(*heatmap(0.2))
        tally.add(*heatmap(0.6, inside=0.8))
    assert 0.6 < tally.best(ALL) <= 0.8


def test_pixel_threshold_asks_only_the_forgeries_that_get_a_mask() -> None:
    tally = _ThresholdTally(sigma=2.0)
    tally.add(*heatmap(0.35, inside=0.5))  # cooler than the authentic part of the next: one threshold cannot fit both
    tally.add(*heatmap(0.6, inside=0.9))
    assert 0.35 < tally.best(np.array([True, False])) <= 0.5
    assert 0.6 < tally.best(np.array([False, True])) <= 0.9
    assert tally.best(np.zeros(2, bool)) == tally.best(np.ones(2, bool))


def test_share_of_authentic_photos_with_a_region_counts_those_that_get_a_mask() -> None:
    tally = _ThresholdTally(sigma=2.0)
    for index in range(10):
        values, truth = heatmap(0.4, inside=0.7 if index < 3 else None)
        tally.add(values, np.zeros_like(truth))
        tally.add(*heatmap(0.4, inside=0.8))
    below, between, above = (min(THRESHOLDS, key=lambda one: abs(one - at)) for at in (0.35, 0.5, 0.9))
    assert [tally.alarms_at(threshold, ALL) for threshold in (below, between, above)] == [1.0, 0.3, 0.0]
    few = np.arange(20) < 2
    assert [tally.alarms_at(threshold, few) for threshold in (below, between, above)] == [0.1, 0.1, 0.0]


@pytest.mark.parametrize("count", [5, 10, 40, 123])
def test_a_tenth_of_authentic_photos_at_most_reach_the_score_that_marks(count: int) -> None:
    scores = np.random.default_rng(count).uniform(size=count)
    marking = marking_score(scores)
    assert (scores >= marking).sum() == int(0.1 * count)
    assert marking_score(np.ones(count)) == 1.0


def test_scores_of_authentic_photos_are_kept_at_the_quantile_of_the_curve() -> None:
    logits = np.zeros((3, len(SCORE_QUANTILES)))
    logits[:, 1] = (2.0, -1.0, 0.0)
    curve = ScoreCurve(SCORE_QUANTILES[1], 2.0, 1.0)
    known = false_alarms(_scores(curve, logits), 0.25)
    expected = 1 / (1 + np.exp(-(2.0 * np.array([-1.0, 0.0, 2.0]) + 1.0)))
    assert known.scores == pytest.approx(expected, abs=1e-6)
    assert known.marked == 0.25
    assert "the 3 authentic validation photographs" in known.source


def test_logit_of_certainty_is_finite() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0], np.float32))).all()
