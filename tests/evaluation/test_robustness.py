import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.fakes import Fake, knowing
from support.heatmaps import found
from unseam.datasets.sample import Sample
from unseam.errors import NotApplicable
from unseam.evaluation.degrade import ORIGINAL, Condition, find_conditions
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.metrics import F1_AT_THRESHOLD, MEAN_AUC
from unseam.evaluation.rows import RowStore
from unseam.evaluation.tables import EvaluationTable
from unseam.method import Heatmap
from unseam.photo.photo import Photo

BLUR, RESIZED = Condition("blur", 2), Condition("resize", 0.5)


def only_jpeg(photo: Photo) -> Heatmap:
    if photo.jpeg is None:
        raise NotApplicable("no coefficients")
    return knowing(photo)


def sharpness(photo: Photo) -> Heatmap:
    """Hot where neighbours differ: right on the sharp square, and lost by blurring."""
    grey = photo.pixels[..., 0].astype(np.float32)
    return found(np.clip(np.abs(grey - np.roll(grey, 1, axis=1)) / 255, 0, 1), 0.5, threshold=0.2)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Two photos as JPEG with a square of white and black columns, one authentic, one whose region is one pixel."""
    found = []
    for number, side in enumerate((40, 30, 0, 1)):
        pixels, mask = np.full((80, 120, 3), 60, np.uint8), np.zeros((80, 120), np.uint8)
        mask[20 : 20 + side, 30 : 30 + side] = 255
        pixels[mask > 0] = 255
        pixels[20 : 20 + side, 31 : 30 + side : 2] = 220
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpg", quality=100, subsampling=0)
        Image.fromarray(mask).save(tmp_path / f"{number}.png")
        truth = tmp_path / f"{number}.png" if side else None
        found.append(Sample(f"{number}.jpg", tmp_path / f"{number}.jpg", truth, "splice" if side else "authentic"))
    return found


def run(out: Path, samples: list[Sample], *fakes: Fake, **options: object) -> EvaluationTable:
    conditions = find_conditions(["blur=2", "resize=0.5"])
    return evaluate({fake.name: fake for fake in fakes}, samples, out, conditions=conditions, **options)  # type: ignore[arg-type]


def test_figures_stand_beside_those_of_the_original_photos(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path / "out", samples[:3], Fake("sharp", sharpness), Fake("knowing", knowing))
    robust = table.robustness
    assert robust is not None
    assert robust.value(ORIGINAL, "knowing", MEAN_AUC) == table.value("knowing", MEAN_AUC) == 1
    assert (robust.value(BLUR, "knowing", F1_AT_THRESHOLD) or 0) > 0.8
    assert (robust.value(BLUR, "sharp", MEAN_AUC) or 1) < (table.value("sharp", MEAN_AUC) or 0)
    assert robust.sweeps == {"blur": [BLUR], "resize": [RESIZED]}
    assert set(robust.metrics[BLUR]) == {"sharp", "knowing", "centre", "texture"}


def test_degraded_photos_play_no_part_in_the_other_figures(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path / "out", samples, Fake("sharp", sharpness))
    alone = evaluate({"sharp": Fake("sharp", sharpness)}, samples, tmp_path / "alone")
    assert table.metrics == alone.metrics
    assert table.outcomes == alone.outcomes
    assert alone.robustness is None
    assert "Degraded" not in alone.markdown()


def test_where_a_method_is_not_applicable_it_counts_as_a_constant_map(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path / "out", samples[:2], Fake("only-jpeg", only_jpeg))
    assert table.robustness is not None
    assert table.robustness.value(BLUR, "only-jpeg", MEAN_AUC) == 0.5
    assert table.robustness.judged[BLUR]["only-jpeg"] == 0
    assert "| only-jpeg | 2 of 2 | 0 of 2 |" in table.markdown()


def test_a_region_that_vanishes_is_a_failure_and_leaves_the_figures_to_the_others(
    tmp_path: Path, samples: list[Sample]
) -> None:
    table = run(tmp_path / "out", samples, Fake("knowing", knowing))
    assert len(table.failures) == 3
    assert table.failures[0].startswith("3.jpg (resize 0.5), knowing: ")
    assert table.robustness is not None
    assert table.robustness.photos == {ORIGINAL: 4, BLUR: 4, RESIZED: 3}


def test_a_sweep_that_was_finished_is_not_measured_again(tmp_path: Path, samples: list[Sample]) -> None:
    first, again = Fake("knowing", knowing), Fake("knowing", knowing)
    before = run(tmp_path / "out", samples[:2], first)
    assert run(tmp_path / "out", samples[:2], again) == before
    assert (len(first.calls), len(again.calls)) == (6, 0)
    assert all(row.length == 0 for row in RowStore(tmp_path / "out").finished.values() if row.condition != ORIGINAL)


def test_another_seed_measures_the_degraded_photos_again_and_no_others(tmp_path: Path, samples: list[Sample]) -> None:
    run(tmp_path / "out", samples[:2], Fake("knowing", knowing))
    other = Fake("knowing", knowing)
    run(tmp_path / "out", samples[:2], other, seed=1)
    assert len(other.calls) == 4


def test_tables_name_strengths_and_numbers_of_photos(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path / "out", samples[:3], Fake("knowing", knowing))
    text = table.markdown()
    assert "### blur: blur, standard deviation in pixels" in text
    assert f"| {MEAN_AUC} (2 photos) | original | 2 |" in text
    lines = list(csv.DictReader(io.StringIO((tmp_path / "out" / "robustness.csv").read_text())))
    assert {(line["degradation"], line["strength"]) for line in lines} == {
        ("original", "0"),
        ("blur", "2"),
        ("resize", "0.5"),
    }
    (found,) = [
        n for n in lines if (n["method"], n["degradation"], n["metric"]) == ("knowing", "original", F1_AT_THRESHOLD)
    ]
    assert (float(found["value"]), found["photos"]) == (
        pytest.approx(table.value("knowing", F1_AT_THRESHOLD), abs=1e-6),
        "2",
    )
