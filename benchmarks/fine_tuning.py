"""Fine-tune a model on a small set of forgeries, fold by fold, and measure it before and after on photos left out.

    python benchmarks/fine_tuning.py FOLDER --model MODEL.onnx --out runs/fine-tuning [--masks masks] [--folds 5]

As Bappy et al. (ICCV 2017, section 4.2, DOI 10.1109/ICCV.2017.532) do for COVERAGE. FOLDER holds ``images/`` and masks;
every photo is tested once, by a model that never saw it; the next fold's first photos are for validation. An
interrupted run goes on when run again.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unseam.datasets import find_adapter
from unseam.datasets.sample import Sample
from unseam.datasets.splits import DataSet
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.figures import MEAN_AUC, MEAN_RING_AUC
from unseam.evaluation.markdown import markdown_table
from unseam.evaluation.patchwise import Verdicts, judge_windows
from unseam.localizer import load_patch_localizer

WINDOWS_PER_PHOTO = 32
TERMS = "for this comparison only"
VALIDATION_SHARE = 5
"""One photo in so many of those that are not tested says when to stop."""

Scores = dict[str, dict[str, Verdicts]]


def sides(samples: Sequence[Sample], folds: int, fold: int) -> list[str]:
    """Say for every sample which side it is on: photos in an order of chance, dealt out one by one."""
    places = np.random.default_rng(2017).permutation(len(samples))
    of_fold = {int(place): index % folds for index, place in enumerate(places)}
    rest = [int(place) for index, place in enumerate(places) if index % folds != fold]
    validation = set(rest[:: max(2, VALIDATION_SHARE)])
    return [
        "test" if of_fold[place] == fold else "validation" if place in validation else "train"
        for place in range(len(samples))
    ]


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
    """Give the model file of a finished fine-tuning; a half-done one is gone on with."""
    from unseam.training import export_run, train
    from unseam.training.export import ModelTerms, validation_samples

    tuned = out / "model.onnx"
    if not tuned.is_file():
        run = out / "run"
        if train(recipe, [data], run, begin_from=model, resume=run.exists(), quiet=True).reason == "interrupted":
            raise KeyboardInterrupt
        terms = ModelTerms(TERMS, ({"name": "the set", "licence": "its own", "photographs": 0},))
        export_run(run, tuned, terms=terms, samples=validation_samples([data]), calibrated=False)
    return tuned


def main() -> None:
    """Print a table: windows of all folds together, and whole photos."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--masks", default="masks")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--recipe", type=Path, default=Path(__file__).parents[1] / "recipes" / "fine-tune.toml")
    asked = parser.parse_args()
    samples = find_adapter("folder")(str(asked.folder), masks=asked.masks, split=None).samples
    windows: Scores = {name: {"patch": Verdicts(), "pixel": Verdicts()} for name in ("before", "after")}
    photos: dict[str, list[tuple[float | None, float | None, int]]] = {"before": [], "after": []}
    for fold in range(asked.folds):
        out = asked.out / f"fold-{fold + 1}"
        data = write_fold(samples, sides(samples, asked.folds, fold), out / "pairs.csv")
        models = {"before": asked.model, "after": fine_tune(data, asked.recipe, asked.model, out)}
        methods = {name: load_patch_localizer(path) for name, path in models.items()}
        test = data.samples("test").samples
        table = evaluate(methods, test, out / "photos")
        for name, method in methods.items():
            found = judge_windows(method, test, per_photo=WINDOWS_PER_PHOTO)
            for task, verdicts in (("patch", found.patch), ("pixel", found.pixel)):
                had = windows[name][task]
                windows[name][task] = Verdicts(had.counts + verdicts.counts, had.decided + verdicts.decided)
            photos[name].append((table.value(name, MEAN_AUC), table.value(name, MEAN_RING_AUC), len(test)))
        print(f"fold {fold + 1} of {asked.folds} done", flush=True)  # noqa: T201
    print(report(windows, photos))  # noqa: T201


def report(windows: Scores, photos: dict[str, list[tuple[float | None, float | None, int]]]) -> str:
    """Write what was found before and after as a Markdown table."""
    header = ["model", "patch accuracy", "patch AUC", "pixel accuracy", "majority", "pixel AUC of windows"]
    header += ["pixel AUC, mean per photo", "ring AUC", "photos"]
    rows = []
    for name, verdicts in windows.items():
        patch, pixel = verdicts["patch"].figures(), verdicts["pixel"].figures()
        cells = [patch["accuracy"], patch["auc"], pixel["accuracy"], pixel["majority"], pixel["auc"]]
        weights = [count for *_, count in photos[name]]
        means = [_mean([found[place] for found in photos[name]], weights) for place in (0, 1)]
        rows.append([name, *(_cell(value) for value in [*cells, *means]), str(sum(weights))])
    return markdown_table(header, rows)


def _mean(values: Sequence[float | int | None], weights: Sequence[int]) -> float | None:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    return float(np.average([v for v, _ in known], weights=[w for _, w in known])) if known else None


def _cell(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    main()
