import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from unseam.evaluation.counts import score_bins
from unseam.evaluation.rings import RINGS, centre_distance, ring_auc, rings


def test_each_ring_holds_about_a_sixteenth_of_the_photo() -> None:
    shares = np.bincount(rings((120, 200)).ravel(), minlength=RINGS) / (120 * 200)
    assert shares == pytest.approx(1 / RINGS, abs=0.004)


def test_rings_grow_outwards() -> None:
    found = rings((64, 64))
    assert found[32, 32] == 0
    assert found[0, 0] == RINGS - 1


def test_ring_auc_agrees_with_scikit_learn_ring_by_ring() -> None:
    rng = np.random.default_rng(0)
    heat, truth = rng.random((60, 80)).astype(np.float32), np.zeros((60, 80), bool)
    truth[10:30, 20:50] = True
    heat[truth] = heat[truth] ** 0.5
    areas, weights = [], []
    for ring in range(RINGS):
        inside = rings(heat.shape) == ring
        positives, negatives = np.count_nonzero(truth[inside]), np.count_nonzero(~truth[inside])
        if positives and negatives:
            areas.append(roc_auc_score(truth[inside], heat[inside]))
            weights.append(positives * negatives)
    assert ring_auc(score_bins(heat), truth) == pytest.approx(np.average(areas, weights=weights), abs=1e-4)


def test_knowing_only_the_centre_is_worth_little() -> None:
    truth = np.zeros((256, 384), bool)
    truth[100:200, 140:300] = True
    centre = (1 - 2 * centre_distance(truth.shape)).astype(np.float32)
    assert roc_auc_score(truth.ravel(), centre.ravel()) > 0.85
    assert ring_auc(score_bins(centre), truth) == pytest.approx(0.5, abs=0.08)


def test_truth_and_its_inverse_are_one_and_zero() -> None:
    truth = np.zeros((64, 96), bool)
    truth[10:30, 20:50] = True
    assert ring_auc(score_bins(truth), truth) == 1
    assert ring_auc(score_bins(~truth), truth) == 0


def test_without_a_pair_it_is_undefined() -> None:
    assert ring_auc(score_bins(np.full((9, 9), 0.5)), np.zeros((9, 9), bool)) is None
