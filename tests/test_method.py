from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from support.tiny_models import ModelMaker
from unseam.errors import ModelError
from unseam.method import MIN_REGION_AREA, FalseAlarms, Finding, Heatmap, Power, Region, VerdictThresholds, find_regions
from unseam.methods import DETECTORS
from unseam.models.load import load_model


def test_the_rate_at_a_score_counts_photographs_that_score_at_least_as_high() -> None:
    known = FalseAlarms(0.05, "somewhere", (0.1, 0.2, 0.2, 0.9))
    assert [known.at(score) for score in (0.0, 0.2, 0.21, 0.9, 0.95)] == [1, 0.75, 0.25, 0.25, 0]
    assert FalseAlarms(0.05, "somewhere").at(0.5) is None


@pytest.mark.parametrize(("marked", "scores"), [(1.5, ()), (-0.1, ()), (0.5, (0.2, 0.1))])
def test_impossible_rates_are_refused(marked: float, scores: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        FalseAlarms(marked, "somewhere", scores)


def test_a_model_file_may_say_how_often_it_is_wrong(make_model: ModelMaker) -> None:
    assert load_model(make_model()).info.false_alarms is None
    held = {"marked": 0.04, "source": "100 photographs", "scores": [0.1, 0.6]}
    known = load_model(make_model(false_alarms=held)).info.false_alarms
    assert known == FalseAlarms(0.04, "100 photographs", (0.1, 0.6))


@pytest.mark.parametrize(
    "held",
    [
        [],
        {"marked": 0.04},
        {"marked": 4, "source": "x"},
        {"marked": "0", "source": "x"},
        {"marked": 0, "source": "x", "scores": 3},
        {"marked": 0, "source": "x", "scores": [0.2, 0.1]},
    ],
)
def test_a_model_file_with_impossible_false_alarms_is_refused(make_model: ModelMaker, held: object) -> None:
    with pytest.raises(ModelError, match="false_alarms"):
        load_model(make_model(false_alarms=held))


def test_every_classical_detector_says_how_often_it_is_wrong() -> None:
    for detector in DETECTORS.values():
        known = detector.info.false_alarms
        assert known is not None
        assert known.marked == 0.05


def test_components_below_the_minimum_go_and_the_rest_are_the_regions() -> None:
    marked = np.zeros((100, 120), bool)
    marked[10:26, 10:26] = True  # 256 pixels
    marked[26, 26] = True  # touches at a corner
    marked[50:65, 50:67] = True  # 255 pixels
    heat = np.where(marked, np.float32(0.9), np.float32(0.1))
    found = Heatmap.of(heat, marked)
    assert found.mask.sum() == MIN_REGION_AREA + 1
    assert not found.mask[40:].any()
    assert found.regions == (Region(10, 10, 27, 27, MIN_REGION_AREA + 1, pytest.approx(0.9)),)


def test_an_empty_mask_has_no_region_and_a_full_one_is_one() -> None:
    heat = np.zeros((20, 30), np.float32)
    assert Heatmap.of(heat, heat > 1).regions == ()
    assert Heatmap.of(heat, heat == 0).regions == (Region(0, 0, 20, 30, 600, 0.0),)


HEAT = np.zeros((20, 30), np.float32)
EMPTY = HEAT > 1


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((HEAT, EMPTY[:10], ()), "a mask of"),
        ((HEAT, ~EMPTY, ()), "regions of 0 pixels in a mask of 600"),
        ((HEAT, EMPTY, (), 0.5), "both or neither"),
        ((HEAT, EMPTY, (), None, Finding.NO_EVIDENCE), "both or neither"),
        ((HEAT, EMPTY, (), 0.5, Finding.CANNOT_TELL), "doubt None"),
        ((HEAT, EMPTY, (), 0.5, Finding.NO_EVIDENCE, None, None, "too small"), "doubt 'too small'"),
    ],
)
def test_parts_that_contradict_one_another_are_refused(parts: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Heatmap(*parts)


def test_the_thresholds_of_a_verdict_belong_to_the_higher_finding() -> None:
    thresholds = VerdictThresholds(manipulated=0.9, suspicious=0.6)
    found = [thresholds.finding(score) for score in (0.1, 0.6, 0.89, 0.9)]
    assert found == [Finding.NO_EVIDENCE, Finding.SUSPICIOUS, Finding.SUSPICIOUS, Finding.MANIPULATED]
    with pytest.raises(ValueError, match="expected 0 <= suspicious <= manipulated <= 1"):
        VerdictThresholds(manipulated=0.5, suspicious=0.6)


def test_the_power_of_a_method_is_one_sentence() -> None:
    power = Power("recompressed at about 80, 0.6 megapixels", 0.12, 0.01, (("below 1 %", 0.03),), 400)
    assert power.sentence == (
        "Of photographs like this one (recompressed at about 80, 0.6 megapixels), unseam flags 12 in 100 forgeries "
        "made to test it and 1 in 100 authentic ones."
    )


def test_a_measured_share_is_never_said_to_be_none() -> None:
    power = Power("saved without loss, 0.3 megapixels", 0.6, 0.002, (), 100)
    assert power.sentence.endswith(
        "unseam flags 60 in 100 forgeries made to test it and fewer than 1 in 100 authentic ones."
    )


def test_a_region_has_its_box_area_and_mean_heat() -> None:
    heat = np.zeros((100, 120), np.float32)
    heat[20:60, 30:70] = 0.9
    (region,) = find_regions(heat >= 0.5, heat)
    assert (region.top, region.left, region.bottom, region.right) == (20, 30, 60, 70)
    assert region.area == 1600
    assert region.mean_heat == pytest.approx(0.9, abs=1e-6)


def test_regions_come_largest_first() -> None:
    mask = np.zeros((100, 100), dtype=bool)
    mask[:8, :8] = True
    mask[50:70, 50:70] = True
    assert [region.area for region in find_regions(mask, mask.astype(np.float32))] == [400, 64]


def test_components_that_touch_at_a_corner_are_one_region() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[:10, :10] = mask[10:20, 10:20] = True
    assert [region.area for region in find_regions(mask, mask.astype(np.float32))] == [200]


def test_an_empty_mask_has_no_regions() -> None:
    assert find_regions(np.zeros((5, 5), dtype=bool), np.zeros((5, 5), dtype=np.float32)) == ()


@given(st.integers(0, 2**32 - 1))
def test_regions_agree_with_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    heat = random.random((17, 23), dtype=np.float32)
    mask = heat > 0.6
    labels, count = label(mask, structure=np.ones((3, 3)))
    expected = sorted((int((labels == k).sum()), float(heat[labels == k].mean())) for k in range(1, count + 1))
    found = sorted((region.area, region.mean_heat) for region in find_regions(mask, heat))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
