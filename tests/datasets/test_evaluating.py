"""``unseam evaluate --dataset NAME`` on data sets in miniature, with the smallest of methods."""

from pathlib import Path

import pytest

from support.dataset_layouts import LAYOUTS
from support.tiny_models import ModelMaker
from unseam.evaluation.run import EvaluationPlan, run_evaluation

LEFT_OUT = "Left out: "


@pytest.mark.parametrize("name", ["columbia", "misd", "nc2016"])
def test_whole_photos_are_judged_against_the_truth_of_the_adapter(
    tmp_path: Path, make_model: ModelMaker, name: str
) -> None:
    layout = LAYOUTS[name]
    plan = EvaluationPlan(dataset=name, patches_per_photo=0)
    results = run_evaluation([str(make_model())], layout.build(tmp_path / name), tmp_path / "out", plan)
    assert results.table is not None
    text = results.markdown()
    for reason in set(layout.left_out.values()) - {"no picture"}:
        assert any(reason in line for line in text.splitlines() if line.startswith(LEFT_OUT)), reason
    assert results.table.value("brightness", "pixel AUC, mean over forged photos") is not None


def test_masks_that_look_inverted_are_told_in_the_tables(tmp_path: Path, make_model: ModelMaker) -> None:
    root = LAYOUTS["dso-1"].build(tmp_path / "set")
    told = []
    for masks in ("white", "black"):
        plan = EvaluationPlan(dataset="dso-1", masks=masks, whole_photos=True, patches_per_photo=0)
        told.append("swapped" in run_evaluation([str(make_model())], root, tmp_path / masks, plan).markdown())
    assert told == [True, False]
