import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from support.tiny_models import ModelMaker
from unseam import methods
from unseam.errors import DataError, UnseamError
from unseam.evaluation.run import EvaluationPlan, run_evaluation
from unseam.models.load import load_model
from unseam.system.folder_lock import LOCK, FolderLock


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
    evaluation = run_evaluation([str(make_model())], root, tmp_path / "out", EvaluationPlan(patches_per_photo=0))
    assert evaluation.patches == {}
    assert "## Patches" not in evaluation.markdown()


def test_whole_photos_can_be_left_out(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    both = run_evaluation([str(make_model())], root, tmp_path / "both")
    alone = run_evaluation(
        [str(make_model())], root, tmp_path / "alone", EvaluationPlan(whole_photos=False), command="unseam x"
    )
    assert alone.table is None
    assert alone.patches["brightness"].gated == both.patches["brightness"].gated
    assert not (tmp_path / "alone" / "rows.jsonl").exists()
    text = (tmp_path / "alone" / "results.md").read_text(encoding="utf-8")
    assert "`unseam x`" in text
    assert "## Patches" in text


def test_unknown_data_sets_and_methods_are_refused(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    with pytest.raises(DataError, match="there are: folder"):
        run_evaluation([], root, tmp_path / "out", EvaluationPlan(dataset="nist"))
    with pytest.raises(UnseamError, match="no-such"):
        run_evaluation(["no-such"], root, tmp_path / "out")
    with pytest.raises(DataError, match="two methods of one name"):
        run_evaluation([str(make_model()), str(make_model())], root, tmp_path / "out")  # of one stem, in two folders


@pytest.mark.parametrize("whole_photos", [True, False])
def test_a_folder_in_which_another_process_is_at_work_is_refused_and_stays_as_it_is(
    root: Path, tmp_path: Path, make_model: ModelMaker, whole_photos: bool
) -> None:
    out = tmp_path / "out"
    with FolderLock(out, DataError):
        with pytest.raises(DataError, match="out: another process is at work in it"):
            run_evaluation([str(make_model())], root, out, EvaluationPlan(whole_photos=whole_photos))
        assert [path.name for path in out.iterdir()] == [LOCK]


def test_everything_is_written_that_the_run_promises(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    plan = EvaluationPlan(degrade=("blur=1",), patches_per_photo=2)
    evaluation = run_evaluation([str(make_model())], root, tmp_path / "out", plan)
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {
        *("results.md", "results.csv", "rows.parquet", "rows.jsonl", "counts.bin", "curves.csv", "curves.png"),
        *("reliability.csv", "reliability.png", "patches.csv", "robustness.csv", "robustness-blur.png"),
        *(f"sheets/{name}.png" for name in ("brightness", "centre", "texture")),
    }
    assert parquet.read_table(tmp_path / "out" / "rows.parquet").num_rows == 4 * 2 * 3
    assert evaluation.failures == ()


def test_a_sample_of_the_set_is_named_in_the_tables(root: Path, tmp_path: Path, make_model: ModelMaker) -> None:
    plan = EvaluationPlan(limit=3, seed=5, patches_per_photo=0)
    evaluation = run_evaluation([str(make_model())], root, tmp_path / "out", plan)
    assert "A random sample of 3 of the 4 photos, each kind in its share (seed 5)." in evaluation.markdown()
    assert evaluation.table
    assert (evaluation.table.photos, evaluation.table.forged) == (3, 2)
    whole = run_evaluation([str(make_model())], root, tmp_path / "whole", EvaluationPlan(limit=4, patches_per_photo=0))
    assert "random sample" not in whole.markdown()


def test_all_stands_for_every_method(
    root: Path, tmp_path: Path, make_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {name: load_model(make_model(name=name)) for name in ("one", "two")}
    monkeypatch.setattr(methods, "METHODS", models)
    evaluation = run_evaluation(["all"], root, tmp_path / "out", EvaluationPlan(patches_per_photo=0))
    assert evaluation.table
    assert set(evaluation.table.methods) == {"one", "two", "centre", "texture"}


def test_a_run_that_was_killed_goes_on_where_it_was(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unseam", "evaluate", "--method", "block-grid", "--root", root]
    command += ["--out", tmp_path / "out", "--workers", "1", "--degrade", "noise"]
    rows = tmp_path / "out" / "rows.jsonl"
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (rows.exists() and rows.read_bytes().count(b"\n") >= 6):
        assert first.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    first.kill()
    first.wait()
    kept = set(rows.read_text().splitlines()[:6])
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    lines = rows.read_text().splitlines()
    assert kept <= set(lines)
    assert len(lines) == len(set(lines)) == 4 * 5 * 3
    assert "4 photos: 3 forged, 1 authentic" in again.stdout
