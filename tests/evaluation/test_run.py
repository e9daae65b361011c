import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiny_models import ModelMaker
from unseam.errors import DataError, UnseamError
from unseam.evaluation.run import Plan, run_evaluation


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("images", "masks", "authentic"):
        (tmp_path / "set" / name).mkdir(parents=True)
    for index in range(3):
        mask = np.zeros((160, 200), np.uint8)
        mask[40:110, 60:150] = 255
        pixels = np.repeat(np.maximum(mask, 20 * index)[..., None], 3, axis=2)
        Image.fromarray(pixels).save(tmp_path / "set" / "images" / f"{index}.png")
        Image.fromarray(mask).save(tmp_path / "set" / "masks" / f"{index}.png")
    Image.new("RGB", (200, 160)).save(tmp_path / "set" / "authentic" / "a.png")
    (tmp_path / "set" / "masks" / "widow.png").write_bytes(b"")
    return tmp_path / "set"


def test_a_model_file_is_measured_on_photos_and_on_patches(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    model = shutil.copy(make_model(), tmp_path / "bright.onnx")
    evaluation = run_evaluation([str(model)], root, tmp_path / "out", command="unseam evaluate x")
    assert evaluation.table is not None
    assert (evaluation.table.value("bright", "pixel AUC, mean over forged photos") or 0) > 0.9
    assert evaluation.patches["bright"].manipulated == 12
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert text == evaluation.markdown()
    assert "`unseam evaluate x`" in text
    assert "mask without a photo" in text
    assert "## Patches" in text
    assert (tmp_path / "out" / "patches.csv").read_text().splitlines()[1].startswith("bright,patch,4,24,12,")


def test_patches_can_be_left_out(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    evaluation = run_evaluation([str(make_model())], root, tmp_path / "out", Plan(patches_per_photo=0))
    assert evaluation.patches == {}
    assert "## Patches" not in evaluation.markdown()


def test_whole_photos_can_be_left_out(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    both = run_evaluation([str(make_model())], root, tmp_path / "both")
    alone = run_evaluation([str(make_model())], root, tmp_path / "alone", Plan(whole_photos=False), command="unseam x")
    assert alone.table is None
    assert alone.patches["brightness"].gated == both.patches["brightness"].gated
    assert not (tmp_path / "alone" / "rows.jsonl").exists()
    text = (tmp_path / "alone" / "results.md").read_text(encoding="utf-8")
    assert "`unseam x`" in text
    assert "## Patches" in text


def test_unknown_data_sets_and_methods_are_refused(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    with pytest.raises(DataError, match="there are: folder"):
        run_evaluation([], root, tmp_path / "out", Plan(dataset="nist"))
    with pytest.raises(UnseamError, match="no-such"):
        run_evaluation(["no-such"], root, tmp_path / "out")
    twice = str(make_model())
    with pytest.raises(DataError, match="two methods of one name"):
        run_evaluation([twice, twice], root, tmp_path / "out")
