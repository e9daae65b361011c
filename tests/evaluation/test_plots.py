from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.errors import MissingExtra
from unseam.evaluation.curves import FALSE_ALARM_GRID, RECALL_GRID, Curve
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.metrics import F1_AT_THRESHOLD, MEAN_AUC, Metric
from unseam.evaluation.plots import draw_curves, draw_robustness
from unseam.evaluation.robustness import Robustness

METHODS = [*(f"method-{number}" for number in range(13)), "centre", "texture"]


def curves(power: float) -> list[Curve]:
    roc, precision = FALSE_ALARM_GRID**power, 1 - RECALL_GRID ** (1 / power)
    return [
        Curve(kind, averaging, 3, x, y)  # type: ignore[arg-type]
        for averaging in ("mean", "pooled")
        for kind, x, y in (("roc", FALSE_ALARM_GRID, roc), ("precision-recall", RECALL_GRID, precision))
    ]


def colours(path: Path) -> set[tuple[int, ...]]:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    values, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(int(part) for part in value) for value, count in zip(values, counts, strict=True) if count > 100}


def test_every_method_has_a_line_in_the_picture(tmp_path: Path) -> None:
    found = {name: curves(0.2 + 0.05 * number) for number, name in enumerate(METHODS)}
    draw_curves(found, {name: name for name in METHODS}, tmp_path / "all.png")
    draw_curves({"centre": curves(0.5)}, {"centre": "centre"}, tmp_path / "one.png")
    blue, orange = (31, 119, 180), (255, 127, 14)
    assert {blue, orange} <= colours(tmp_path / "all.png")
    assert not {blue, orange} & colours(tmp_path / "one.png")


def test_each_degradation_has_a_picture_and_undefined_figures_a_gap(tmp_path: Path) -> None:
    conditions = [ORIGINAL, Condition("blur", 1), Condition("blur", 2), Condition("jpeg", 90)]
    metrics = {
        condition: {name: (Metric(MEAN_AUC, 0.6, 3), Metric(F1_AT_THRESHOLD, None, 0)) for name in METHODS}
        for condition in conditions
    }
    robust = Robustness(metrics, {}, {})
    paths = draw_robustness(robust, METHODS, tmp_path)
    assert [path.name for path in paths] == ["robustness-blur.png", "robustness-jpeg.png"]
    assert all(len(colours(path)) > 5 for path in paths)


def test_a_picture_that_cannot_be_finished_leaves_the_old_one_and_no_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")

    def fail(_metric: object, place: Path, **_: object) -> None:
        place.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        draw_curves({"m": curves(0.5)}, {"m": "m"}, path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("curves.png", b"old")]


def test_without_matplotlib_the_error_names_the_pip_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("unseam.evaluation.find_spec", lambda name: None if name == "matplotlib" else object())
    with pytest.raises(MissingExtra, match=r'matplotlib: pip install "unseam\[eval\]"'):
        draw_curves({"m": curves(0.5)}, {"m": "m"}, tmp_path / "a.png")
