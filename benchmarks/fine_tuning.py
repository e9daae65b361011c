"""Fine-tune a model on a small set of forgeries, fold by fold, and measure it before and after on photos left out.

    python benchmarks/fine_tuning.py FOLDER --model MODEL.onnx --out runs/fine-tuning [--masks masks] [--folds 5]

As Bappy et al. (ICCV 2017, section 4.2, DOI 10.1109/ICCV.2017.532) do for COVERAGE. FOLDER holds ``images/`` and masks;
every photo is tested once, by a model that never saw it nor another of its group; one in five of the others is for
validation. Labels and pixels are decided at a probability of 0.5 before and after. An interrupted run goes on when run
again; with another model, other masks or other folds it is refused.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unseam.datasets import find_adapter
from unseam.datasets.sample import Sample
from unseam.datasets.splits import DataSet
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.markdown import markdown_table
from unseam.evaluation.metrics import MEAN_AUC, MEAN_RING_AUC
from unseam.evaluation.patchwise import judge_windows
from unseam.models.load import load_patch_model
from unseam.reproduction.networks import WithSettings
from unseam.reproduction.results import mean_cell

WINDOWS_PER_PHOTO = 32
TERMS = "for this comparison only"
VALIDATION_SHARE = 5
"""One photo in so many of those that are not tested says when to stop."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one model got in one fold: its metrics, and how many forged photos were tested."""

    metrics: tuple[float | None, ...]
    forged: int


OF_WINDOWS = ("patch accuracy", "patch AUC", "pixel accuracy", "majority", "pixel AUC of windows")
METRICS = (*OF_WINDOWS, "pixel AUC, mean per photo", "ring AUC")
"""In the order of `Found.metrics`."""


def sides(samples: Sequence[Sample], folds: int, fold: int) -> list[str]:
    """Say for every sample which side it is on: groups in an order of chance, dealt out one by one."""
    groups = sorted({sample.group for sample in samples})
    order = [groups[place] for place in np.random.default_rng(2017).permutation(len(groups))]
    rest = [group for index, group in enumerate(order) if index % folds != fold]
    named = dict.fromkeys(order[fold::folds], "test") | dict.fromkeys(rest[:: max(2, VALIDATION_SHARE)], "validation")
    return [named.get(sample.group, "train") for sample in samples]


def write_fold(samples: Sequence[Sample], chosen: Sequence[str], path: Path) -> DataSet:
    """Write the table of pairs that says which photo is on which side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", "mask", "kind", "group", "split"])
        for sample, side in zip(samples, chosen, strict=True):
            mask = sample.mask.resolve() if sample.mask else ""
            writer.writerow([sample.photo.resolve(), mask, sample.kind, sample.group, side])
    return DataSet(path)


def fine_tune(data: DataSet, recipe: Path, model: Path, out: Path) -> Path:
    """Give the model file of a finished fine-tuning; a half-done one is gone on with, one of other data refused."""
    from unseam.training import export_run, train
    from unseam.training.export import ModelTerms, validation_samples

    run = out / "run"
    if train(recipe, [data], run, init_from=model, resume=run.exists(), quiet=True).reason == "interrupted":
        raise KeyboardInterrupt
    terms = ModelTerms(TERMS, ({"name": "the set", "licence": "its own", "photographs": 0},))
    return export_run(run, out / "model.onnx", terms=terms, samples=validation_samples([data]), calibrated=False)


def measure(model: Path, test: Sequence[Sample], out: Path) -> Found:
    """Judge the windows of a fold, and its whole photos."""
    localizer = load_patch_model(model)
    at_half = WithSettings(localizer, replace(localizer.settings, patch_threshold=0.5, pixel_threshold=0.5))
    windows = judge_windows(at_half, test, per_photo=WINDOWS_PER_PHOTO)
    patch, pixel = windows.patch.metrics(), windows.pixel.metrics()
    photos = evaluate({"model": localizer}, test, out)
    metrics = [patch["accuracy"], patch["auc"], pixel["accuracy"], pixel["majority"], pixel["auc"]]
    means = [photos.value("model", metric) for metric in (MEAN_AUC, MEAN_RING_AUC)]
    return Found((*metrics, *means), photos.forged)


def main() -> None:
    """Print a table: every metric before and after, mean over the folds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--masks", default="masks")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--recipe", type=Path, default=Path(__file__).parents[1] / "recipes" / "fine-tune.toml")
    asked = parser.parse_args()
    samples = find_adapter("folder")(str(asked.folder), masks=asked.masks, split=None).samples
    found: dict[str, list[Found]] = {"before": [], "after": []}
    for fold in range(asked.folds):
        out = asked.out / f"fold-{fold + 1}"
        data = write_fold(samples, sides(samples, asked.folds, fold), out / "pairs.csv")
        models = {"before": asked.model, "after": fine_tune(data, asked.recipe, asked.model, out)}
        for name, model in models.items():
            found[name].append(measure(model, data.samples("test").samples, out / name))
        print(f"fold {fold + 1} of {asked.folds} done", flush=True)  # noqa: T201
    print(report(found))  # noqa: T201


def report(found: Mapping[str, Sequence[Found]]) -> str:
    """Write the means over folds, before and after, and their differences, as a Markdown table with intervals."""
    before, after = (found[name] for name in ("before", "after"))
    lines = [
        [name, *(cell(column(folds, place)) for place in range(len(METRICS))), str(sum(fold.forged for fold in folds))]
        for name, folds in found.items()
    ]
    gains = [differences(column(before, place), column(after, place)) for place in range(len(METRICS))]
    return markdown_table(["model", *METRICS, "forged photos"], [*lines, ["after - before", *map(cell, gains), ""]])


def column(folds: Sequence[Found], place: int) -> list[float | None]:
    """Give one metric of every fold."""
    return [fold.metrics[place] for fold in folds]


def differences(before: Sequence[float | None], after: Sequence[float | None]) -> list[float | None]:
    """Subtract fold by fold."""
    return [None if None in (a, b) else b - a for a, b in zip(before, after, strict=True)]  # type: ignore[operator]


def cell(values: Sequence[float | None]) -> str:
    """Write the mean over folds with Student's 95 % interval."""
    return mean_cell([value for value in values if value is not None])


if __name__ == "__main__":
    main()
