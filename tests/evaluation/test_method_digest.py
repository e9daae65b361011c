from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.tiny_models import ModelMaker
from unseam.datasets.sample import Sample
from unseam.detectors.statistic import UNCALIBRATED
from unseam.evaluation import method_digest as module
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.method_digest import method_digest, row_keys
from unseam.methods import DETECTORS, METHODS
from unseam.models.load import load_model
from unseam.models.network import NetworkOptions


def test_a_detector_with_other_parameters_is_another_one() -> None:
    detector = DETECTORS["block-grid"]
    other = replace(detector, config=replace(detector.config, curve=UNCALIBRATED))
    assert method_digest(detector) == method_digest(replace(detector)) != method_digest(other)


def test_another_version_is_another_method(monkeypatch: pytest.MonkeyPatch) -> None:
    before = method_digest(DETECTORS["block-grid"])
    monkeypatch.setattr(module, "version", lambda _: "99.0")
    assert method_digest(DETECTORS["block-grid"]) != before


def test_every_method_and_control_has_a_digest_of_its_own() -> None:
    digests = [method_digest(method) for method in (*METHODS.values(), *BASELINES.values())]
    assert len(set(digests)) == len(digests)


def test_options_that_change_no_map_play_no_part(make_model: ModelMaker) -> None:
    localizer = load_model(make_model())
    threaded = replace(localizer, options=NetworkOptions(threads=3))
    coarse = replace(localizer, options=NetworkOptions(stride=64))
    assert method_digest(localizer) == method_digest(threaded) != method_digest(coarse)


def test_a_model_file_of_other_content_is_another_method(make_model: ModelMaker) -> None:
    first, other = (load_model(make_model(patch_threshold=t)) for t in (0.1, 0.2))
    assert method_digest(first) != method_digest(other)


@pytest.mark.parametrize("changed", ["photo.png", "mask.png"])
def test_a_row_belongs_to_the_content_of_photo_and_mask(tmp_path: Path, changed: str) -> None:
    for name in ("photo.png", "mask.png"):
        Image.fromarray(np.eye(9, dtype=np.uint8)).save(tmp_path / name)
    sample = Sample("photo.png", tmp_path / "photo.png", tmp_path / "mask.png")
    before = row_keys(sample, ORIGINAL, {"m": "1"})
    Image.fromarray(np.eye(9, k=1, dtype=np.uint8)).save(tmp_path / changed)
    assert row_keys(sample, ORIGINAL, {"m": "1"}) != before


def test_a_row_belongs_to_its_degradation_and_there_to_the_seed(tmp_path: Path) -> None:
    Image.fromarray(np.eye(9, dtype=np.uint8)).save(tmp_path / "photo.png")
    sample, blur = Sample("photo.png", tmp_path / "photo.png"), Condition("blur", 1)
    keys = [row_keys(sample, *rest)["m"] for rest in ((ORIGINAL, {"m": ""}), (blur, {"m": ""}), (blur, {"m": ""}, 1))]
    keys.append(row_keys(sample, Condition("blur", 2), {"m": ""})["m"])
    assert len(set(keys)) == 4
    assert row_keys(sample, ORIGINAL, {"m": ""}, 1)["m"] == keys[0]
