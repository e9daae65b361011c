import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from support.tiny_models import ModelMaker
from unseam.datasets.sample import Sample
from unseam.evaluation.baselines import CONTROLS
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.method_digest import method_digest, row_keys, source_files
from unseam.method import Method
from unseam.methods import METHODS
from unseam.models.network import NetworkOptions
from unseam.models.patch.method import load_model

DETECTOR = """
from dataclasses import replace

import numpy as np

from unseam import methods
from unseam.method import Heatmap


def judge(photo):
    from trace_parts.inside import HEAT

    return Heatmap(np.full((photo.height, photo.width), HEAT, np.float32), 0.5)


METHOD = replace(methods.METHODS["block-grid"], judge=judge)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A detector of its own package, with a module that it imports inside a function, and a stranger beside it."""
    folder = tmp_path / "trace_parts"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "outside.py").write_text(DETECTOR)
    (folder / "inside.py").write_text("HEAT = 0.4\n")
    (folder / "stranger.py").write_text("HEAT = 0.4\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("trace_parts", "trace_parts.outside", "trace_parts.inside"):  # of an earlier test
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def made_by(folder: Path) -> Method:
    spec = importlib.util.spec_from_file_location("trace_parts.outside", folder / "outside.py")
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules["trace_parts.outside"] = module
    spec.loader.exec_module(module)
    method: Method = module.METHOD
    return method


@pytest.mark.parametrize("edited", ["outside.py", "inside.py"])
def test_a_detector_whose_code_was_edited_is_another_one(package: Path, edited: str) -> None:
    before = method_digest(made_by(package))
    assert method_digest(made_by(package)) == before
    with (package / edited).open("a") as file:
        file.write("# edited\n")
    assert method_digest(made_by(package)) != before


def test_a_module_that_the_detector_does_not_use_plays_no_part(package: Path) -> None:
    before = method_digest(made_by(package))
    (package / "stranger.py").write_text("HEAT = 0.9\n")
    assert method_digest(made_by(package)) == before


def test_a_shipped_detector_is_identified_by_its_own_file_and_what_that_imports() -> None:
    names = {path.name for path in source_files(METHODS["block-grid"])}
    assert {"block_grid.py", "detector.py", "statistic.py", "photo.py", "coefficients.py"} <= names
    assert not names & {"jpeg_ghost.py", "localizer.py", "methods.py"}


def test_every_method_and_control_has_a_digest_of_its_own() -> None:
    digests = [method_digest(method) for method in (*METHODS.values(), *CONTROLS.values())]
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
