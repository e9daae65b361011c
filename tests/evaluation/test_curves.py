import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score, roc_curve

from unseam.evaluation.counts import Confusion, Counts
from unseam.evaluation.curves import FALSE_ALARM_GRID, Curve, method_curves, precision_at, roc_at, write_curves
from unseam.evaluation.rows import Outcome, Row, RowStore, pack

FINE = np.linspace(0, 1, 20_001)


def tilted(seed: int, size: int = 4000, saturated: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(size) < 0.2
    logits = rng.normal(0, 2, size) + truth - (14 if saturated else 0)
    return (1 / (1 + np.exp(-logits))).astype(np.float32), truth


@pytest.mark.parametrize("saturated", [False, True])
def test_roc_agrees_with_scikit_learn(saturated: bool) -> None:
    scores, truth = tilted(0, saturated=saturated)
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    found = roc_at(Counts.of(scores, truth), FINE)
    # Two neighbours among 800 forged pixels may share a bin: a step of 1/800 becomes a slope.
    assert found == pytest.approx(np.interp(FINE, false, true), abs=5e-3)
    assert auc(FINE, found) == pytest.approx(roc_auc_score(truth, scores), abs=1e-3)


def test_area_under_the_precision_steps_is_the_average_precision() -> None:
    scores, truth = tilted(1)
    found = precision_at(Counts.of(scores, truth), (FINE[1:] + FINE[:-1]) / 2)
    assert found.mean() == pytest.approx(average_precision_score(truth, scores), abs=1e-3)


def test_a_tie_is_a_straight_line() -> None:
    counts = Counts.constant(0.5, 30, 70)
    assert roc_at(counts, FALSE_ALARM_GRID) == pytest.approx(FALSE_ALARM_GRID)
    assert precision_at(counts, FINE) == pytest.approx(0.3)


def test_perfect_scores_reach_the_corner() -> None:
    counts = Counts.of(np.array([0.1, 0.2, 0.8]), np.array([False, False, True]))
    assert roc_at(counts, FALSE_ALARM_GRID).min() == 1
    assert precision_at(counts, FINE).min() == 1


def placed(store: RowStore, number: int, outcome: Outcome = "judged") -> Row:
    scores, truth = tilted(number, 4000)
    positives = int(truth.sum())
    row = Row(str(number), str(number), "splice", "", "m", outcome, height=40, width=100, manipulated=positives)
    if outcome == "judged":
        return store.append(
            Row(**{**{n: getattr(row, n) for n in Row.__slots__}, "at_threshold": Confusion(0, 0, 0, 0)}),
            pack(Counts.of(scores, truth)),
        )
    return store.append(row)


def test_mean_curves_are_the_mean_of_the_photos_and_pooled_ones_of_all_pixels(tmp_path: Path) -> None:
    store = RowStore(tmp_path)
    rows = [placed(store, 0), placed(store, 1), placed(store, 2, "not applicable")]
    curves = {(curve.kind, curve.averaging): curve for curve in method_curves(rows, store)}
    counts = [Counts.of(*tilted(number)) for number in (0, 1)]
    constant = Counts.constant(0.5, rows[2].manipulated, 4000 - rows[2].manipulated)
    means = [roc_at(part, FALSE_ALARM_GRID) for part in (*counts, constant)]
    assert curves["roc", "mean"].y == pytest.approx(np.mean(means, axis=0))
    assert curves["roc", "mean"].photos == 3
    together = counts[0] + counts[1] + constant
    assert curves["roc", "pooled"].y == pytest.approx(roc_at(together, FALSE_ALARM_GRID))
    assert curves["precision-recall", "pooled"].y == pytest.approx(precision_at(together, np.linspace(0, 1, 101)))


def test_without_forged_photos_there_is_no_curve(tmp_path: Path) -> None:
    row = Row("0", "0", "authentic", "", "m", "judged", height=4, width=4)
    assert method_curves([row], RowStore(tmp_path)) == ()


def test_curves_are_written_point_by_point(tmp_path: Path) -> None:
    curve = Curve("roc", "mean", 3, np.array([0.0, 1.0]), np.array([0.25, 1.0]))
    write_curves({"m": [curve]}, tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open() as file:
        lines = list(csv.reader(file))
    assert lines[1:] == [["m", "roc", "mean", "3", "0.0", "0.25"], ["m", "roc", "mean", "3", "1.0", "1.0"]]
