import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from unseam.evaluation.counts import Confusion, Counts, bin_threshold, score_bins


def beta(seed: int, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(20_000) < 0.1
    return np.where(truth, rng.beta(b, a, truth.size), rng.beta(a, b, truth.size)).astype(np.float32), truth


SCORES = [(1, 2, 3), (2, 0.5, 0.6), (3, 0.5, 0.5), (4, 20, 30)]


@pytest.mark.parametrize(("seed", "a", "b"), SCORES)
def test_auc_and_average_precision_agree_with_scikit_learn(seed: int, a: float, b: float) -> None:
    scores, truth = beta(seed, a, b)
    counts = Counts.of(scores, truth)
    assert counts.auc() == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-4)
    assert counts.average_precision() == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("centre", "spread"), [(-14, 1.5), (0, 6), (12, 2)])
def test_saturated_scores_keep_their_order(centre: float, spread: float, dtype: type) -> None:
    logits = np.random.default_rng(0).normal(centre, spread, 20_000)
    truth = np.random.default_rng(1).random(20_000) < 0.2
    scores = (1 / (1 + np.exp(-(logits + truth)))).astype(dtype)
    assert Counts.of(scores, truth).auc() == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-4)


def test_ties_count_half() -> None:
    truth = np.array([0, 1, 0, 1])
    assert Counts.of(np.array([0.3, 0.3, 0.1, 0.9]), truth).auc() == 0.875
    assert Counts.of(np.full(4, 0.5), truth).auc() == 0.5
    assert Counts.of(np.array([0.0, 1.0, 0.0, 1.0]), truth).auc() == 1.0


@pytest.mark.parametrize(("seed", "a", "b"), SCORES)
def test_figures_at_a_threshold_agree_with_scikit_learn(seed: int, a: float, b: float) -> None:
    scores, truth = beta(seed, a, b)
    confusion, marked = Counts.of(scores, truth).at(0.5), scores >= 0.5
    assert confusion == Confusion.of(marked, truth)
    assert confusion.accuracy == pytest.approx(metrics.accuracy_score(truth, marked))
    assert confusion.precision == pytest.approx(metrics.precision_score(truth, marked))
    assert confusion.recall == pytest.approx(metrics.recall_score(truth, marked))
    assert confusion.f1 == pytest.approx(metrics.f1_score(truth, marked))
    assert confusion.iou == pytest.approx(metrics.jaccard_score(truth, marked))
    assert confusion.mcc == pytest.approx(metrics.matthews_corrcoef(truth, marked))
    assert confusion.majority == pytest.approx(max(truth.mean(), 1 - truth.mean()))


@pytest.mark.parametrize("metric", ["f1", "iou", "mcc", "accuracy"])
def test_best_threshold_beats_every_other(metric: str) -> None:
    scores, truth = beta(1, 2, 3)
    counts = Counts.of(scores, truth)
    best = counts.best(metric)  # type: ignore[arg-type]
    assert best is not None
    threshold, confusion = best
    assert confusion == counts.at(threshold + 1e-9)
    values = [getattr(Confusion.of(scores >= t, truth), metric) for t in np.linspace(0.01, 0.99, 99)]
    found = getattr(confusion, metric)
    assert found >= max(value for value in values if value is not None) - 1e-9
    assert found == pytest.approx(max(value for value in values if value is not None), abs=0.02)


def test_counts_merge_by_addition() -> None:
    scores, truth = beta(1, 2, 3)
    merged = Counts.of(scores[:7000], truth[:7000]) + Counts.of(scores[7000:], truth[7000:])
    assert merged.auc() == Counts.of(scores, truth).auc()
    parts = Confusion(1, 2, 3, 4) + Confusion(10, 20, 30, 40)
    assert parts == Confusion(11, 22, 33, 44)


def test_undefined_figures_are_none_and_not_zero() -> None:
    authentic = Counts.of(np.array([0.2, 0.7]), np.array([False, False]))
    assert (authentic.auc(), authentic.average_precision(), authentic.best("f1")) == (None, None, None)
    confusion = authentic.at(0.5)
    assert (confusion.recall, confusion.f1, confusion.iou, confusion.mcc) == (None, None, None, None)
    assert confusion.accuracy == 0.5
    assert Confusion(0, 0, 5, 5).precision is None
    assert Confusion(0, 0, 5, 5).f1 == 0
    assert Confusion(0, 0, 0, 0).accuracy is None
    assert Counts.empty().auc() is None
    assert Counts.empty().best("accuracy") is None


def test_constant_counts_one_score() -> None:
    assert Counts.constant(0.5, 30, 70).auc() == 0.5
    assert Counts.constant(0.5, 30, 70).at(0.5) == Confusion(30, 70, 0, 0)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_scores_outside_zero_to_one_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        Counts.of([bad], [True])


def test_scores_and_truth_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Counts.of([0.1, 0.2, 0.3], [True, False])


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_bins_keep_the_order_of_scores(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    assert score_bins(low) <= score_bins(high)
    assert bin_threshold(int(score_bins(low))) <= low + 1e-8
