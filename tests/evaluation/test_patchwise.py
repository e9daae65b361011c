from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.heatmaps import found
from support.tiny_models import ModelMaker
from unseam.datasets.sample import Sample
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.patchwise import MapJudge, judge_windows, patch_table
from unseam.method import Heatmap
from unseam.models.load import load_model
from unseam.photo.photo import Photo

Answer = tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]


@dataclass(frozen=True)
class Settings:
    patch_side: int = 64
    patch_rule: float = 0.125
    patch_threshold: float = 0.5
    pixel_threshold: float = 0.5
    smoothing_sigma: float = 0.0


@dataclass
class Knowing:
    """The forged part of the test photos is white; this judge sees it, or sees the opposite."""

    settings: Settings = Settings()
    right: bool = True
    patch_head: bool = True

    def judge(self, patches: NDArray[np.uint8]) -> Answer:
        white = patches[..., 0] > 200
        label = (white.mean(axis=(1, 2)) > 0.125) == self.right
        return label.astype(np.float32) if self.patch_head else None, (white == self.right).astype(np.float32)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    found = []
    for index in range(6):
        pixels, mask = np.zeros((200, 240, 3), np.uint8), np.zeros((200, 240), np.uint8)
        if index < 4:
            mask[40 : 100 + index, 60:150] = 255
        pixels[mask > 0] = 255
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        Image.fromarray(mask).save(tmp_path / f"mask{index}.png")
        truth = tmp_path / f"mask{index}.png" if index < 4 else None
        found.append(Sample(f"{index}.png", tmp_path / f"{index}.png", truth))
    return found


def test_windows_are_balanced_over_forged_and_authentic_photos(samples: list[Sample]) -> None:
    results = judge_windows(Knowing(), samples, per_photo=8)
    assert (results.windows, results.manipulated) == (32, 16)
    assert results.patch.decided.majority == 0.5
    assert results.pixel.decided.total == 32 * 64 * 64


def test_a_judge_that_knows_is_right_and_its_opposite_is_wrong(samples: list[Sample]) -> None:
    right, wrong = judge_windows(Knowing(), samples), judge_windows(Knowing(right=False), samples)
    for verdicts in (right.patch, right.pixel):
        assert (verdicts.metrics()["auc"], verdicts.metrics()["accuracy"], verdicts.metrics()["f1"]) == (1, 1, 1)
    assert wrong.pixel.metrics()["auc"] == 0
    assert wrong.pixel.metrics()["accuracy"] == 0
    assert wrong.patch.metrics()["accuracy"] == 0


def test_pixels_of_a_rejected_patch_are_gated_but_keep_their_scores(samples: list[Sample]) -> None:
    @dataclass
    class Timid(Knowing):
        def judge(self, patches: NDArray[np.uint8]) -> Answer:
            return np.zeros(len(patches), np.float32), super().judge(patches)[1]

    results = judge_windows(Timid(), samples)
    assert results.pixel.metrics()["auc"] == 1
    assert results.pixel.metrics()["recall"] == 1
    assert results.gated.recall == 0


def test_a_network_without_patch_head_has_pixel_figures_only(samples: list[Sample]) -> None:
    results = judge_windows(Knowing(patch_head=False), samples)
    assert results.patch.metrics()["accuracy"] is None
    assert results.gated == results.pixel.decided
    assert "| patch |" not in patch_table({"m": results})


def test_same_seed_measures_the_same_windows_and_another_seed_others(samples: list[Sample]) -> None:
    first, again, other = (judge_windows(Knowing(), samples, seed=seed).pixel.decided for seed in (1, 1, 2))
    assert first == again != other


def test_authentic_photos_alone_are_measured_without_balance(samples: list[Sample]) -> None:
    results = judge_windows(Knowing(), samples[4:])
    assert (results.windows, results.manipulated) == (16, 0)
    assert results.patch.metrics()["auc"] is None


def test_photos_that_cannot_be_used_are_listed(samples: list[Sample]) -> None:
    samples[0].photo.write_bytes(samples[0].photo.read_bytes()[:120])
    samples[5].photo.write_bytes(b"no photo")
    results = judge_windows(Knowing(), samples)
    assert sorted(line.partition(":")[0] for line in results.failures) == ["0.png", "5.png"]
    assert results.photos == 4


def test_no_window_is_no_result(tmp_path: Path) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "small.png")
    results = judge_windows(Knowing(), [Sample("small.png", tmp_path / "small.png")])
    assert results.windows == 0
    assert patch_table({"m": results}).count("\n") == 1


def test_a_localizer_is_a_patch_judge(samples: list[Sample], make_model: ModelMaker) -> None:
    results = judge_windows(load_model(make_model()), samples)
    assert results.patch.decided.total == 32
    assert (results.pixel.metrics()["auc"] or 0) > 0.9
    table = patch_table({"bright": results})
    assert "| bright | patch | 6 | 32 | 16 |" in table
    assert table.count("| bright |") == 3


def test_controls_judge_the_same_windows_by_their_maps(samples: list[Sample]) -> None:
    def white(photo: Photo) -> Heatmap:
        return found((photo.pixels[..., 0] > 200) * np.float32(0.8) + np.float32(0.1))

    network = judge_windows(Knowing(), samples, seed=3)
    baseline = replace(BASELINES["texture"], heat=lambda photo: white(photo).heat)  # type: ignore[type-var]
    beside = judge_windows(MapJudge(baseline, Settings()), samples, seed=3)
    assert (beside.windows, beside.manipulated) == (network.windows, network.manipulated)
    assert beside.pixel.decided == network.pixel.decided
    assert beside.patch.metrics()["auc"] == 1
    assert beside.gated.precision == 1


def test_a_control_that_has_no_evidence_marks_nothing(samples: list[Sample]) -> None:
    flat = replace(BASELINES["centre"], heat=lambda p: np.full((p.height, p.width), 0.5, np.float32))  # type: ignore[type-var]
    results = judge_windows(MapJudge(flat, Settings(pixel_threshold=0.1, patch_threshold=0.1)), samples)
    assert results.pixel.metrics()["recall"] == results.patch.metrics()["recall"] == 0
    assert results.pixel.metrics()["auc"] == 0.5
