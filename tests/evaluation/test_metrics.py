import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import brier_score_loss, roc_auc_score

from unseam.evaluation.counts import Confusion
from unseam.evaluation.metrics import MEAN_AUC, Figure, as_constant, bootstrap_interval, mean_figures
from unseam.evaluation.rows import Row

FORGED_SCORES, AUTHENTIC_SCORES = (0.9, 0.5, 0.7, 0.2), (0.1, 0.5, 0.6)


def row(number: int, manipulated: int, score: float, *, outcome: str = "judged", regions: int = 0) -> Row:
    return Row(
        key=str(number),
        photo=f"{number}.png",
        kind="splice" if manipulated else "authentic",
        split="",
        method="m",
        outcome=outcome,  # type: ignore[arg-type]
        height=10,
        width=10,
        manipulated=manipulated,
        auc=0.6 if manipulated else None,
        own=Confusion(manipulated, 5, 0, 95 - manipulated),
        half=Confusion(manipulated, 5, 0, 95 - manipulated),
        regions=regions,
        score=score,
    )


@pytest.fixture
def rows() -> list[Row]:
    forged = [row(i, 20, score) for i, score in enumerate(FORGED_SCORES)]
    return forged + [row(9 + i, 0, score, regions=i) for i, score in enumerate(AUTHENTIC_SCORES)]


def named(figures: tuple[Figure, ...], start: str) -> Figure:
    (found,) = [figure for figure in figures if figure.name.startswith(start)]
    return found


def test_detection_agrees_with_scikit_learn(rows: list[Row]) -> None:
    figures = mean_figures(rows)
    truth, scores = [1] * 4 + [0] * 3, [*FORGED_SCORES, *AUTHENTIC_SCORES]
    assert named(figures, "score AUC").value == pytest.approx(roc_auc_score(truth, scores), abs=1e-9)
    weights = [1 / 4] * 4 + [1 / 3] * 3
    expected = brier_score_loss(truth, scores, sample_weight=weights)
    assert named(figures, "Brier").value == pytest.approx(expected)


def test_a_score_of_one_half_is_no_evidence_and_no_alarm(rows: list[Row]) -> None:
    figures = mean_figures(rows)
    alarms = named(figures, "false alarms: share of authentic photos with a score")
    assert (alarms.value, alarms.photos) == (pytest.approx(1 / 3), 3)
    assert named(figures, "found: share of forged photos").value == pytest.approx(2 / 4)


def test_regions_on_authentic_photos_are_false_alarms(rows: list[Row]) -> None:
    assert named(mean_figures(rows), "false alarms: share of authentic photos with any region").value == 2 / 3


def test_a_row_that_was_not_judged_counts_as_a_constant_map() -> None:
    unknown = as_constant(row(0, 20, 0.9, outcome="not applicable", regions=3))
    assert (unknown.auc, unknown.ring_auc, unknown.average_precision, unknown.score) == (0.5, 0.5, 0.2, 0.5)
    assert unknown.own == Confusion(0, 0, 20, 80)
    assert as_constant(row(1, 20, 0.9)) == row(1, 20, 0.9)


def test_figures_without_what_they_are_of_are_not_available(rows: list[Row]) -> None:
    without_authentic, without_forged = mean_figures(rows[:4]), mean_figures(rows[4:])
    for start in ("score AUC", "Brier", "false alarms: share of authentic photos with a score"):
        assert named(without_authentic, start).value is None
    for start in ("pixel AUC, mean", "score AUC", "Brier", "found", "F1 at the method's own mask, mean"):
        assert named(without_forged, start).value is None
    assert named(mean_figures([]), "accuracy of the majority").value is None


def test_a_mean_over_one_photo_has_no_interval(rows: list[Row]) -> None:
    alone, both = (named(mean_figures(rows[:count]), MEAN_AUC) for count in (1, 2))
    assert (alone.value, alone.photos, alone.low, alone.high) == (0.6, 1, None, None)
    assert alone.cells == (MEAN_AUC, "0.600000", "n/a", "n/a", "1")
    assert (both.low, both.high) == (pytest.approx(0.6), pytest.approx(0.6))


@pytest.mark.parametrize("size", [8, 60])
def test_interval_agrees_with_that_of_scipy(size: int) -> None:
    values = np.random.default_rng(1).beta(2, 5, size)
    rng = np.random.default_rng(2)
    known = bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=rng).confidence_interval
    assert bootstrap_interval(values) == pytest.approx((known.low, known.high), abs=0.05 * (known.high - known.low))


def test_interval_holds_the_mean_and_narrows_with_more_photos() -> None:
    values = np.random.default_rng(0).random(400)
    (low, high), (wide_low, wide_high) = (bootstrap_interval(part) for part in (values, values[:20]))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert wide_high - wide_low > 2 * (high - low)
