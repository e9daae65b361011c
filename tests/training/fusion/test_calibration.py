"""Score, thresholds, masks and power, fitted on frames made on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support.tiny_forgeries import write_forgeries
from unseam.datasets.splits import DataSet
from unseam.detectors.statistic import logistic
from unseam.errors import DataError
from unseam.method import Finding
from unseam.methods import METHODS
from unseam.models.fusion.history import History
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.metadata import FusionSettings
from unseam.models.fusion.method import FusionMethod
from unseam.models.fusion.photo_head import COPIES
from unseam.models.fusion.power import EDITS, MIN_RATIO
from unseam.models.fusion.resampling import Traces
from unseam.models.load import load_model
from unseam.models.metadata import HeatCalibration
from unseam.training.fusion import power_fit
from unseam.training.fusion.calibration import calibrated_settings
from unseam.training.fusion.calibration_frames import Frame, Kept, frame_of, measured, measured_frames, read_frame
from unseam.training.fusion.mask_fit import mask_rule
from unseam.training.fusion.power_fit import power_classes
from unseam.training.fusion.recalibrate import recalibrated
from unseam.training.fusion.score_fit import Scores, balance, cautious, fitted_head, fitted_scores, verdict_thresholds

CELLS = 24


def frame(number: int, *, manipulated: bool, contrast: float = 6.0, quality: int = 0, pixels: int = 200_000) -> Frame:
    """Return a frame with a hot square of the given contrast if it is manipulated, else with a faint one at times."""
    rng = np.random.default_rng(number)
    truth = np.zeros((CELLS, CELLS), bool)
    truth[6:14, 8:16] = manipulated
    cell = rng.normal(-3, 0.5, truth.shape) + (truth * contrast if manipulated else 0.5 * (number % 3))
    blocks = np.zeros((CELLS // 2, CELLS // 2), np.float32)
    windows = np.full((1, 1), rng.normal(contrast / 3 if manipulated else -1, 1), np.float32)
    odds = LogOdds(cell.astype(np.float32), blocks, windows)
    share = float(truth.mean())
    history = History(quality, pixels, Traces())
    return frame_of(odds, odds, truth, history, group=f"photo {number}", share=share, doubt=None)


def frames(count: int = 300, **how: float) -> list[Frame]:
    return [frame(number, manipulated=number % 2 == 0, **how) for number in range(count)]  # type: ignore[arg-type]


def shipped() -> FusionSettings:
    method = METHODS["fusion"].load()  # type: ignore[attr-defined]
    settings = method.settings
    assert isinstance(settings, FusionSettings)
    return settings


def test_what_is_fitted_keeps_its_promises_on_the_photos_it_was_fitted_on() -> None:
    found = calibrated_settings(shipped(), frames(), {"splits": {"validation": 300}})
    assert found.thresholds.suspicious <= found.thresholds.manipulated
    assert found.false_alarms is not None
    assert found.false_alarms.marked <= 0.1
    assert found.false_alarms.at(found.thresholds.manipulated) == pytest.approx(0.01, abs=0.011)
    assert found.calibration == {"splits": {"validation": 300}, "authentic": 150, "forgeries": 150}
    rates = found.power[0]
    assert rates.forgeries.flagged > 0.9
    assert (rates.authentic.photos, rates.forgeries.photos) == (150, 150)


def test_one_class_is_refused_and_photos_that_cannot_be_judged_do_not_count() -> None:
    doubted = [replace(part, doubt="too small") if part.manipulated else part for part in frames(40)]
    with pytest.raises(DataError, match="one class"):
        calibrated_settings(shipped(), doubted, {})


def test_the_score_of_photos_not_fitted_on_is_calibrated() -> None:
    measured = frames(600, contrast=1.0)
    scores = fitted_head(measured)
    probability = logistic(scores.log_odds)
    manipulated = np.array([part.manipulated for part in measured])
    for low, high in ((0.0, 0.5), (0.5, 1.0)):
        inside = (probability >= low) & (probability <= high)
        assert manipulated[inside].mean() == pytest.approx(probability[inside].mean(), abs=0.08)


def test_neither_size_nor_quality_tells_the_classes_apart() -> None:
    measured = [frame(n, manipulated=n % 3 == 0, quality=90 if n % 5 else 60) for n in range(90)]
    weights = balance(measured)
    for quality in (60, 90):
        sums = [
            sum(
                w for w, f in zip(weights, measured, strict=True) if f.history.quality == quality and f.manipulated is m
            )
            for m in (False, True)
        ]
        assert sums[0] == pytest.approx(sums[1])
    alone = balance([*measured, frame(91, manipulated=False, pixels=5_000_000)])
    assert alone[-1] == 0


@pytest.mark.parametrize("count", [60, 100, 1234])
def test_no_more_authentic_photos_reach_a_threshold_than_may(count: int) -> None:
    authentic = [frame(number, manipulated=False) for number in range(count)]
    odds = np.random.default_rng(count).normal(0, 1, count)
    found = verdict_thresholds(Scores(shipped().photo_head, odds - 1 if count >= 100 else odds, odds), authentic)
    scores = logistic(odds)
    assert np.mean(scores >= found.manipulated) <= 0.01
    assert np.mean(scores >= found.suspicious) <= 0.10
    assert np.mean(scores >= found.suspicious) >= 0.10 - 1 / count


@pytest.mark.parametrize("searched", [100, 99])
def test_the_way_to_run_the_method_with_more_false_alarms_sets_the_thresholds_if_enough_ran_so(searched: int) -> None:
    authentic = [frame(number, manipulated=False) for number in range(200)]
    odds, head = np.random.default_rng(0).normal(0, 1, 200), shipped().photo_head
    more = np.where(np.arange(200) < searched, odds + 1, np.nan)
    plain, found = (verdict_thresholds(Scores(head, odds, part), authentic) for part in (odds, more))
    assert (found.suspicious > plain.suspicious) == (searched == 100)


def test_where_copied_regions_were_not_looked_for_the_other_score_counts() -> None:
    measured = [replace(part, values=None) if n % 4 else part for n, part in enumerate(frames(400))]
    scores, _ = fitted_scores(measured)
    assert np.isnan(scores.searched).sum() == 300
    assert not np.isnan(scores.log_odds).any()
    assert scores.log_odds[4] == scores.searched[4] != scores.fast[4]


def test_compressions_count_alike_for_the_thresholds_however_many_photos_there_are_of_each() -> None:
    """Nine in ten photos are of quality 95 and score low: they must not let those of quality 60 be flagged."""
    authentic = [frame(number, manipulated=False, quality=60 if number % 10 == 0 else 95) for number in range(1000)]
    odds = np.array([(1.0 if part.history.quality == 60 else -1.0) + 1e-3 * n for n, part in enumerate(authentic)])
    found = verdict_thresholds(Scores(shipped().photo_head, odds, odds), authentic)
    weak = np.array([part.history.quality == 60 for part in authentic])
    assert np.mean(logistic(odds)[weak] >= found.suspicious) == pytest.approx(0.2, abs=0.02)
    assert not (logistic(odds)[~weak] >= found.suspicious).any()


def test_a_class_that_cannot_be_told_apart_flags_less() -> None:
    """Among photos of quality 60 the scores of forgeries are hardly higher than those of authentic ones."""
    weak = [frame(n, manipulated=n % 2 == 0, contrast=0.4, quality=60) for n in range(400)]
    measured = [*weak, *frames(400)]
    scores = fitted_head(measured)
    lowered, thresholds = fitted_scores(measured)
    flagged = logistic(lowered.log_odds[:400]) >= thresholds.suspicious
    manipulated = np.array([part.manipulated for part in weak])
    assert flagged[manipulated].mean() >= MIN_RATIO * flagged[~manipulated].mean()
    assert (lowered.log_odds <= scores.log_odds).all()
    np.testing.assert_array_equal(lowered.log_odds[400:], scores.log_odds[400:])
    assert cautious(scores, measured, thresholds).head == lowered.head


def test_the_mask_rule_is_the_one_that_finds_most_of_the_forgeries() -> None:
    heat = HeatCalibration(1.0, 0.0)
    rule = mask_rule([part for part in frames(20) if part.manipulated], heat, np.random.default_rng(0))
    assert logistic(-1.5) <= rule.extent <= logistic(3.0)
    assert rule.seed >= rule.extent


def test_power_counts_verdicts_by_history_and_by_size_of_the_edit() -> None:
    measured = [frame(n, manipulated=n % 2 == 0, quality=95) for n in range(200)]
    findings = [Finding.SUSPICIOUS if part.manipulated else Finding.NO_EVIDENCE for part in measured]
    classes = power_classes(measured, findings)
    found = next(part for part in classes if part.holds(measured[0].history))
    assert (found.forgeries.flagged, found.forgeries.manipulated, found.authentic.flagged) == (1, 0, 0)
    held = [rates.photos for rates in found.by_edit]
    place = next(n for n, (low, high, _) in enumerate(EDITS) if low <= measured[0].share < high)
    assert held[place] == 100
    empty = next(part for part in classes if part.holds(History(0, 100_000, Traces())))
    assert empty.authentic.photos == 0


def test_a_small_class_takes_all_sizes_of_its_quality() -> None:
    measured = [frame(n, manipulated=n % 2 == 0, pixels=5_000_000 if n < 10 else 100_000) for n in range(200)]
    classes = power_classes(measured, [Finding.NO_EVIDENCE] * 200)
    assert next(part for part in classes if part.holds(measured[0].history)).authentic.photos == 100


def test_of_two_mask_rules_that_are_as_good_the_lower_one_is_taken() -> None:
    """The square is far hotter than the rest: averaged over 3 x 3 cells, extents of 1/3 to 2/3 find all of it."""
    rule = mask_rule(
        [frame(number, manipulated=True, contrast=12.0) for number in range(20)],
        HeatCalibration(1.0, 0.0),
        np.random.default_rng(0),
    )
    assert 1 / 3 < rule.extent < 0.5


def test_the_network_runs_once_on_each_photo_and_a_file_is_calibrated_anew_without_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = DataSet(write_forgeries(tmp_path / "forged")).samples().samples[:12]
    method = METHODS["fusion"].load()  # type: ignore[attr-defined]
    kept = Kept(outputs=tmp_path / "outputs")
    first = measured_frames(method, samples, kept)
    files = sorted((tmp_path / "outputs").iterdir())
    assert len(files) == len(samples)
    assert any(_same(read_frame(files[0]), part) for part in first)

    def never(*_: object) -> None:
        raise AssertionError("the network ran again")

    monkeypatch.setattr(type(method), "log_odds", never)
    monkeypatch.setattr(power_fit, "MIN_CLASS", 1)
    out = tmp_path / "again.onnx"
    judgeable: Sequence[Frame] = [replace(part, doubt=None) for part in first]
    monkeypatch.setattr("unseam.training.fusion.recalibrate.measured_frames", lambda *_: judgeable)
    out.write_bytes(recalibrated(method.path, samples, kept))
    again = load_model(out)
    assert isinstance(again, FusionMethod)
    assert again.settings.calibration["authentic"] == sum(not part.manipulated for part in first)
    assert again.settings.features == method.settings.features


def test_stored_features_give_the_frame_that_a_photo_gives(tmp_path: Path) -> None:
    sample = DataSet(write_forgeries(tmp_path / "forged")).samples().samples[0]
    method = METHODS["fusion"].load()  # type: ignore[attr-defined]
    stored, plain = (measured(method, sample, kept) for kept in (Kept(tmp_path), Kept()))
    for values, expected in ((stored.values, plain.values), (stored.fast_values, plain.fast_values)):
        assert values == pytest.approx(expected, rel=0.02, abs=0.02)
    assert plain.values is not None
    assert (plain.values[COPIES], plain.fast_values[COPIES]) == (1, 0)
    assert measured(method, sample, Kept(copies=0.0)).values is None


def _same(one: Frame, other: Frame) -> bool:
    return one.values == other.values and np.array_equal(one.cell, other.cell) and one.history == other.history
