"""What ``unseam evaluate`` does, with plain arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseam.datasets.sample import LOOKS_INVERTED, Sample, SampleSet
from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.evaluation import demand_extra
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.contact_sheets import draw_contact_sheet
from unseam.evaluation.curves import Curve, method_curves, write_curves
from unseam.evaluation.degrade import ORIGINAL, find_conditions
from unseam.evaluation.evaluate import measure_all
from unseam.evaluation.metrics import MEAN_AUC
from unseam.evaluation.parquet import write_rows
from unseam.evaluation.patchwise import (
    PATCHES_PER_PHOTO,
    MapJudge,
    PatchJudge,
    PatchResults,
    judge_windows,
    patch_lines,
    patch_table,
)
from unseam.evaluation.plots import draw_curves, draw_reliability, draw_robustness
from unseam.evaluation.progress import progress_bar
from unseam.evaluation.reliability import reliability, write_reliability
from unseam.evaluation.rows import Row, RowStore
from unseam.evaluation.sampling import draw_samples
from unseam.evaluation.tables import EvaluationTable, build_table
from unseam.method import Method
from unseam.methods import ShippedMethod, expanded, find_method, with_options
from unseam.models.patch.method import PatchMethod
from unseam.system.atomic_files import write_csv, write_text
from unseam.system.folder_lock import FolderLock


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What is to be measured, and how.

    Attributes
    ----------
    dataset : str
        Name of an adapter.
    split : str, optional
        Only this part, where the data set has parts; ``train``, ``validation`` and ``test`` are made by group where it
        names none, as for training.
    masks : str, optional
        Which of several masks, or folder of masks; the data set's default if not given.
    limit : int, optional
        Measure a random sample of this many photos, each kind in its share.
    degrade : tuple of str
        Degradations to measure besides the photos as they are; see `find_conditions`.
    whole_photos : bool
        False for the tables over patches alone, which cost a fraction of the time.
    patches_per_photo : int
        Windows per photo for the tables over patches; 0 for none.
    seed : int
        Of the sample, of the degradations' noise, and of the windows.
    workers : int
        Processes that judge photos side by side; 0 to judge in this one.
    fast : bool
        How networks are run; see `unseam.models.network.NetworkOptions`.
    """

    dataset: str = "folder"
    split: str | None = None
    masks: str | None = None
    limit: int | None = None
    degrade: tuple[str, ...] = ()
    whole_photos: bool = True
    patches_per_photo: int = PATCHES_PER_PHOTO
    seed: int = 0
    workers: int = 0
    fast: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The tables over whole photos, if they were wanted, and those over patches for methods that judge patches."""

    table: EvaluationTable | None
    patches: Mapping[str, PatchResults]
    command: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """One line per photo that failed, with the method and the reason."""
        return (*(self.table.failures if self.table else ()), *self._patch_failures())

    def markdown(self) -> str:
        """Write everything for people; also in ``results.md``."""
        lines = [*self.notes, f"Made by: `{self.command}`"]
        text = self.table.markdown() if self.table else "# Evaluation\n\n" + "  \n".join(lines) + "\n"
        if not self.patches:
            return text
        parts = [
            "## Patches, cut as the paper does, balanced 1 : 1 (at the model's own thresholds)",
            patch_table(self.patches),
        ]
        if failures := self._patch_failures():
            parts.append("\n".join(f"- {line}" for line in failures))
        return text + "\n" + "\n\n".join(parts) + "\n"

    def _patch_failures(self) -> list[str]:
        return list(dict.fromkeys(line for found in self.patches.values() for line in found.failures))


def run_evaluation(
    methods: Sequence[str], root: Path, out: Path, plan: EvaluationPlan | None = None, *, command: str = ""
) -> Evaluation:
    """Measure methods on a data set and write everything that is known about them.

    Parameters
    ----------
    methods : sequence of str
        Names in ``METHODS``, ``all`` for each of these, or paths of ONNX files.
    root, out : Path
        Folder of the data set, and of the results.
    plan : EvaluationPlan, optional
        What is to be measured.
    command : str
        The command line, printed in the tables.

    Returns
    -------
    Evaluation
        Written to ``out``: ``results.md`` and ``results.csv``; ``rows.parquet`` (one row per photo, degradation and
        method); ``curves.csv`` and ``curves.png``; ``reliability.csv`` and ``reliability.png`` where there are forged
        and authentic photos; ``sheets/METHOD.png`` (best, median and worst photos);
        ``robustness.csv`` and ``robustness-NAME.png`` where photos are degraded; ``patches.csv`` for networks. An
        interrupted run resumes from ``rows.jsonl`` and ``counts.bin`` in the same folder.

    Raises
    ------
    DataError
        No such data set or degradation, folder of another layout, no usable photo, two methods of one name, or another
        process at work in ``out``.
    UnseamError
        A method that does not exist, or a model file that cannot be used; `MissingExtra` without the extra ``eval``.
    """
    plan = plan or EvaluationPlan()
    demand_extra()
    conditions = find_conditions(plan.degrade)
    found = _samples(plan, root)
    samples = found.samples if plan.limit is None else draw_samples(found.samples, plan.limit, plan.seed)
    named = _named(methods, plan)
    notes = (*_notes(plan, len(samples), len(found.samples)), *([LOOKS_INVERTED] if found.looks_inverted else []))
    table = None
    with FolderLock(out, DataError):
        if plan.whole_photos:
            store = RowStore(out)
            rows = measure_all(named, samples, store, conditions=conditions, seed=plan.seed, workers=plan.workers)
            table = build_table(rows, store, command=command, exclusions=found.exclusions, notes=notes)
            _write_all(table, {**named, **BASELINES}, samples, rows, store, out)
        evaluation = Evaluation(table, _judge_patches(named, samples, plan), command, notes)
        write_text(out / "results.md", evaluation.markdown())
        if evaluation.patches:
            write_csv(out / "patches.csv", patch_lines(evaluation.patches))
    return evaluation


def _samples(plan: EvaluationPlan, root: Path) -> SampleSet:
    return DataSet(root, plan.dataset, plan.masks).samples(plan.split)


def _notes(plan: EvaluationPlan, drawn: int, there: int) -> tuple[str, ...]:
    if drawn == there:
        return ()
    return (f"A random sample of {drawn} of the {there} photos, each kind in its share (seed {plan.seed}).",)


def _named(methods: Sequence[str], plan: EvaluationPlan) -> dict[str, Method]:
    """Name a model file by its stem: several files may hold one network's name."""
    listed = expanded(methods)
    names = [Path(name).stem if name.lower().endswith(".onnx") else name for name in listed]
    if len(set(names)) < len(listed):
        raise DataError(f"two methods of one name among {', '.join(listed)}; name each once, or rename a file")
    found = [with_options(find_method(name), fast=plan.fast) for name in listed]
    return dict(zip(names, found, strict=True))


def _write_all(
    table: EvaluationTable,
    methods: Mapping[str, Method],
    samples: Sequence[Sample],
    rows: Sequence[Row],
    store: RowStore,
    out: Path,
) -> None:
    """Write tables first, then what is made of the same rows, and last what needs methods again."""
    table.write(out)
    write_rows(rows, out / "rows.parquet")
    _draw_curves(table, rows, store, out)
    _draw_reliability([name for name in table.methods if name not in BASELINES], rows, out)
    if table.robustness:
        draw_robustness(table.robustness, table.methods, out)
    (out / "sheets").mkdir(exist_ok=True)
    by_name = {sample.name: sample for sample in samples}
    for name, method in progress_bar(methods.items(), "contact sheets", len(methods)):
        draw_contact_sheet(method, name, _rows_of(rows, name), by_name, out / "sheets" / f"{_stem(name)}.png")


def _draw_curves(table: EvaluationTable, rows: Sequence[Row], store: RowStore, out: Path) -> None:
    curves: dict[str, Sequence[Curve]] = {
        name: method_curves(_rows_of(rows, name), store)
        for name in progress_bar(table.methods, "curves", len(table.methods))
    }
    write_curves(curves, out / "curves.csv")
    values = {name: table.value(name, MEAN_AUC) for name in table.methods}
    labels = {name: name if value is None else f"{name} (mean AUC {value:.3f})" for name, value in values.items()}
    if any(curves.values()):
        draw_curves(curves, labels, out / "curves.png")


def _draw_reliability(methods: Sequence[str], rows: Sequence[Row], out: Path) -> None:
    """Hold scores against the truth where there are forged and authentic photos."""
    found = {name: one for name in methods if (one := reliability(_rows_of(rows, name))) is not None}
    if found:
        write_reliability(found, out / "reliability.csv")
        draw_reliability(found, out / "reliability.png")


def _stem(name: str) -> str:
    """Make a file name of a method's name; a model file may be called anything."""
    return re.sub(r"[^\w@-]", "_", name)


def _rows_of(rows: Sequence[Row], method: str) -> list[Row]:
    return [row for row in rows if row.method == method and row.condition == ORIGINAL]


def _judge_patches(
    methods: Mapping[str, Method], samples: Sequence[Sample], plan: EvaluationPlan
) -> dict[str, PatchResults]:
    if not plan.patches_per_photo:
        return {}
    loaded = {n: method.load() if isinstance(method, ShippedMethod) else method for n, method in methods.items()}
    judges: dict[str, PatchJudge | MapJudge] = {n: m for n, m in loaded.items() if isinstance(m, PatchMethod)}
    if judges:
        settings = next(iter(judges.values())).settings
        judges |= {name: MapJudge(baseline, settings) for name, baseline in BASELINES.items()}
    return {
        name: judge_windows(judge, samples, per_photo=plan.patches_per_photo, seed=plan.seed)
        for name, judge in judges.items()
    }
