"""What ``unseam evaluate`` does, with plain arguments."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseam.datasets import ADAPTERS
from unseam.datasets.folder import MASKS
from unseam.datasets.sample import SampleSet
from unseam.errors import DataError
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.patchwise import PATCHES_PER_PHOTO, PatchResults, judge_windows, patch_lines, patch_table
from unseam.evaluation.tables import EvaluationTable
from unseam.localizer import Localizer
from unseam.method import Method
from unseam.methods import ShippedLocalizer, find_method


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The tables over whole photos, if they were asked for, and those over patches for methods that are localizers."""

    table: EvaluationTable | None
    patches: Mapping[str, PatchResults]
    command: str = ""

    def markdown(self) -> str:
        """Write everything for people; also in ``results.md``."""
        text = self.table.markdown() if self.table else f"# Evaluation\n\nMade by: `{self.command}`\n"
        if not self.patches:
            return text
        failures = dict.fromkeys(line for found in self.patches.values() for line in found.failures)
        parts = [
            "## Patches, cut as the paper does, balanced 1 : 1 (at the model's own thresholds)",
            patch_table(self.patches),
        ]
        if failures:
            parts.append("\n".join(f"- {line}" for line in failures))
        return text + "\n" + "\n\n".join(parts) + "\n"


def run_evaluation(
    methods: Sequence[str],
    root: Path,
    out: Path,
    *,
    dataset: str = "folder",
    split: str | None = None,
    masks: str = MASKS,
    whole_photos: bool = True,
    patches_per_photo: int = PATCHES_PER_PHOTO,
    seed: int = 0,
    workers: int = 1,
    command: str = "",
) -> Evaluation:
    """Measure methods on a data set and write the tables.

    Parameters
    ----------
    methods : sequence of str
        Names in ``METHODS``, or paths of ONNX files.
    root, out : Path
        Folder of the data set, and of the results.
    dataset : str
        Name of an adapter.
    split : str, optional
        Only this split, where the data set has splits.
    masks : str
        Name of the folder of masks.
    whole_photos : bool
        False for the tables over patches alone, which cost a fraction of the time.
    patches_per_photo : int
        Windows per photo for the tables over patches; 0 for none.
    seed : int
        Of the windows.
    workers : int
        Photos judged at a time.
    command : str
        The command line, printed in the tables.

    Returns
    -------
    Evaluation
        Written to ``out`` as ``results.md``, ``results.csv`` (whole photos), ``patches.csv``, and ``rows.jsonl``.

    Raises
    ------
    DataError
        No such data set, folder of another layout, no usable photo, two methods of one name.
    UnseamError
        A method that does not exist, or a model file that cannot be used.
    """
    found = _samples(dataset, root, masks, split)
    named = _named(methods)
    table = None
    if whole_photos:
        table = evaluate(named, found.samples, out, workers=workers, command=command, exclusions=found.exclusions)
    localizers = _localizers(named) if patches_per_photo else {}
    patches = {
        name: judge_windows(localizer, found.samples, per_photo=patches_per_photo, seed=seed)
        for name, localizer in localizers.items()
    }
    evaluation = Evaluation(table, patches, command)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(evaluation.markdown(), encoding="utf-8")
    if patches:
        with (out / "patches.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(patch_lines(patches))
    return evaluation


def _samples(dataset: str, root: Path, masks: str, split: str | None) -> SampleSet:
    if dataset not in ADAPTERS:
        raise DataError(f"no data set {dataset!r}; there are: {', '.join(ADAPTERS)}")
    return ADAPTERS[dataset](str(root), masks=masks, split=split)


def _named(methods: Sequence[str]) -> dict[str, Method]:
    """Name a model file by its stem: several files may hold one network's name."""
    named = {(Path(name).stem if name.lower().endswith(".onnx") else name): find_method(name) for name in methods}
    if len(named) < len(methods):
        raise DataError(f"two methods of one name among {', '.join(methods)}; rename one of the files")
    return named


def _localizers(methods: Mapping[str, Method]) -> dict[str, Localizer]:
    loaded = {n: method.load() if isinstance(method, ShippedLocalizer) else method for n, method in methods.items()}
    return {name: method for name, method in loaded.items() if isinstance(method, Localizer)}
