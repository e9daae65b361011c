from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import brier_score_loss, roc_auc_score

from unseam.evaluation.counts import Confusion
from unseam.evaluation.metrics import (
    FLAGGED_AUTHENTIC,
    FLAGGED_FORGED,
    MEAN_AUC,
    Metric,
    as_constant,
    bootstrap_interval,
    mean_metrics,
)
from unseam.evaluation.rows import Row
from unseam.method import Finding

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
        at_threshold=Confusion(manipulated, 5, 0, 95 - manipulated),
        at_half=Confusion(manipulated, 5, 0, 95 - manipulated),
        regions=regions,
        score=score,
        finding=Finding.MANIPULATED if score > 0.8 else Finding.SUSPICIOUS if score > 0.55 else Finding.NO_EVIDENCE,
    )


@pytest.fixture
def rows() -> list[Row]:
    forged = [row(i, 20, score) for i, score in enumerate(FORGED_SCORES)]
    return forged + [row(9 + i, 0, score, regions=i) for i, score in enumerate(AUTHENTIC_SCORES)]


def named(metrics: tuple[Metric, ...], start: str) -> Metric:
    (found,) = [metric for metric in metrics if metric.name.startswith(start)]
    return found


def test_detection_agrees_with_scikit_learn(rows: list[Row]) -> None:
    metrics = mean_metrics(rows)
    truth, scores = [1] * 4 + [0] * 3, [*FORGED_SCORES, *AUTHENTIC_SCORES]
    assert named(metrics, "image-level AUC").value == pytest.approx(roc_auc_score(truth, scores), abs=1e-9)
    weights = [1 / 4] * 4 + [1 / 3] * 3
    expected = brier_score_loss(truth, scores, sample_weight=weights)
    assert named(metrics, "Brier").value == pytest.approx(expected)


def test_a_score_of_one_half_is_no_evidence_and_no_alarm(rows: list[Row]) -> None:
    metrics = mean_metrics(rows)
    alarms = named(metrics, "false alarms: share of authentic photos with a score")
    assert (alarms.value, alarms.photos) == (pytest.approx(1 / 3), 3)
    assert named(metrics, "found: share of forged photos").value == pytest.approx(2 / 4)


def test_each_verdict_has_its_share_of_forged_and_of_authentic_photos(rows: list[Row]) -> None:
    metrics = mean_metrics([*rows, replace(rows[0], finding=None)])  # one more photo without a verdict
    for kind, shares in {"forged": (1 / 4, 1 / 4, 2 / 4, 0), "authentic": (0, 1 / 3, 2 / 3, 0)}.items():
        for finding, share in zip(Finding, shares, strict=True):
            found = named(metrics, f"{kind} photos: {finding}")
            assert (found.value, found.photos) == (pytest.approx(share), {"forged": 4, "authentic": 3}[kind])
    assert named(metrics, FLAGGED_FORGED).value == 2 / 4
    assert named(metrics, FLAGGED_AUTHENTIC).value == pytest.approx(1 / 3)
    assert named(mean_metrics([replace(found, finding=None) for found in rows]), FLAGGED_FORGED).value is None


def test_regions_on_authentic_photos_are_false_alarms(rows: list[Row]) -> None:
    assert named(mean_metrics(rows), "false alarms: share of authentic photos with any region").value == 2 / 3


def test_a_row_that_was_not_judged_counts_as_a_constant_map() -> None:
    unknown = as_constant(row(0, 20, 0.9, outcome="not applicable", regions=3))
    assert (unknown.auc, unknown.ring_auc, unknown.average_precision, unknown.score) == (0.5, 0.5, 0.2, 0.5)
    assert unknown.at_threshold == Confusion(0, 0, 20, 80)
    assert as_constant(row(1, 20, 0.9)) == row(1, 20, 0.9)


def test_metrics_without_what_they_are_of_are_not_available(rows: list[Row]) -> None:
    without_authentic, without_forged = mean_metrics(rows[:4]), mean_metrics(rows[4:])
    for start in ("image-level AUC", "Brier", "false alarms: share of authentic photos with a score"):
        assert named(without_authentic, start).value is None
    for start in ("pixel AUC, mean", "image-level AUC", "Brier", "found", "F1 at the method's threshold, mean"):
        assert named(without_forged, start).value is None
    assert named(mean_metrics([]), "accuracy of the majority").value is None


def test_a_mean_over_one_photo_has_no_interval(rows: list[Row]) -> None:
    alone, both = (named(mean_metrics(rows[:count]), MEAN_AUC) for count in (1, 2))
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
