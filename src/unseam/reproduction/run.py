"""What ``unseam reproduce`` does: data, networks, whole photos, pages; an interrupted run resumes when run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.evaluation import demand_extra
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.curves import FALSE_ALARM_GRID
from unseam.evaluation.plots import draw_roc
from unseam.evaluation.rows import RowStore
from unseam.evaluation.tables import EvaluationTable
from unseam.forging.config import ForgeConfig
from unseam.forging.factory import forge_folder
from unseam.forging.manifest import read_rows
from unseam.reproduction.networks import (
    Experiment,
    Measured,
    identify,
    measure_baseline,
    measure_network,
    stored_network,
)
from unseam.reproduction.page import Reproduction, write_pages
from unseam.reproduction.paper import PAPER_NETWORK, PUBLISHED, recipes
from unseam.reproduction.photos import draw_examples, draw_seams, judge_photos, photo_table
from unseam.reproduction.results import claims_table, mean_roc, network_tables, seeds_and_digests
from unseam.system.atomic_files import write_csv

SMOKE_STEPS, SMOKE_WINDOWS, SMOKE_COUNT, SMOKE_SIDE = 2, 64, 80, 192
"""Of a smoke run: training steps, validation windows, forgeries, and their side in pixels."""

EXAMPLES = Path(__file__).parents[3] / "examples"
"""The repository's own photographs."""

SMOKE_SPLIT_SEED = 1
"""With it, each split has some of the seven photographs in `EXAMPLES`."""

SMOKE_AREA = (0.15, 0.40)
"""Share of the frame that the edits of a smoke run cover, so that every split has windows of more than 50 %."""

SEED_OF_FORGERIES = 2017


@dataclass(frozen=True, slots=True)
class Settings:
    """What is reproduced, and on what.

    Attributes
    ----------
    dataset : DataSet, optional
        A data set at hand.
    photos, objects : tuple of Path
        Else: photographs to forge from, and folders of photographs with object masks.
    count : int
        Forgeries and authentic outputs made of them.
    easy : bool
        Hard seams and light compression, `ForgeConfig.easy`: what a small budget can learn.
    seeds : int
        Trainings of each network, each with other initial weights and patches.
    steps : int, optional
        Training steps in place of the recipes' own.
    only : tuple of str
        Only these recipes; all by default. Processes with different recipes may share a folder: a last run without
        finds everything measured, and writes the pages.
    whole_photos : bool
        Whether Table 6 is made, which judges whole photos.
    smoke : bool
        A few forgeries of ``examples/`` and two steps: does everything work?
    workers, devices : int
        Processes for forging and judging; devices of each training.
    accelerator : str
        As in `unseam.training.train`.
    """

    dataset: DataSet | None = None
    photos: tuple[Path, ...] = ()
    objects: tuple[Path, ...] = ()
    count: int = 1000
    easy: bool = False
    seeds: int = 3
    steps: int | None = None
    only: tuple[str, ...] = ()
    whole_photos: bool = True
    smoke: bool = False
    workers: int = 1
    devices: int = 1
    accelerator: str = "auto"
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ReproductionResult:
    """The page, whether everything wanted was tried, and what failed."""

    page: Path
    finished: bool
    failures: tuple[str, ...] = ()


def reproduce(settings: Settings, out: Path, *, command: str = "") -> ReproductionResult:
    """Train and measure the paper's networks, and write its tables next to the paper's numbers.

    Parameters
    ----------
    settings : Settings
    out : Path
        Folder of everything; what is finished in it is not done again.
    command : str
        The command line, printed on the page.

    Returns
    -------
    ReproductionResult
        The page is written anew after every network, so that a stopped run has one. The paper's own networks come
        first, then whole photos, then what the paper leaves open and further seeds. A network that these data cannot
        train, and a photo that cannot be judged, are among the failures; all others are measured.

    Raises
    ------
    DataError
        No data or two kinds of it, an unknown recipe, a split without photos, or a folder with results of
        something else; before anything is trained.
    UnseamError
        As forging, training, export and evaluation do; `MissingExtra` without the extras ``train`` and ``eval``.
    """
    _check(settings)
    _make(out)
    data = settings.dataset or _forged(settings, out / "forged")
    test = data.samples("test").samples
    experiment = Experiment(
        data=data,
        test=test,
        identity=identify(data, test),
        out=out,
        steps=SMOKE_STEPS if settings.smoke and settings.steps is None else settings.steps,
        validation_windows=SMOKE_WINDOWS if settings.smoke else None,
        devices=settings.devices,
        accelerator=settings.accelerator,
        quiet=settings.quiet,
    )
    names = tuple(dict.fromkeys(settings.only)) or recipes()
    wanted = [(name, seed) for seed in range(1, settings.seeds + 1) for name in names]
    stored = [stored_network(experiment, name, seed) for name, seed in wanted]
    baselines = [measure_baseline(experiment, name) for name in BASELINES]
    pages = _Pages(settings, experiment, command)
    for measured in (*baselines, *(one for one in stored if one is not None)):
        pages.add(measured)
    pages.todo = [network for network, one in zip(wanted, stored, strict=True) if one is None]
    first = [(name, seed) for name, seed in pages.todo if seed == 1 and name in PUBLISHED]
    later = [network for network in pages.todo if network not in first]
    finished = pages.measure(first)
    if finished and settings.whole_photos and any(run.seed == 1 for run in pages.runs.get(PAPER_NETWORK, ())):
        pages.judge_photos()
    finished = finished and pages.measure(later)
    return ReproductionResult(pages.write(), finished, pages.all_failures())


def _check(settings: Settings) -> None:
    demand_extra()
    kinds = [settings.dataset is not None, bool(settings.photos), settings.smoke]
    if sum(kinds) != 1:
        raise DataError("name one: a data set (--dataset, --root), photographs to forge from (--photos), or --smoke")
    unknown = [name for name in settings.only if name not in recipes()]
    if unknown:
        raise DataError(f"no network {', '.join(unknown)}; there are: {', '.join(recipes())}")
    if settings.smoke and not EXAMPLES.is_dir():
        raise DataError("--smoke runs on the repository's examples/; run it from a clone of the repository")


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{out}: the folder cannot be made ({error.strerror}); name another") from error


def _forged(settings: Settings, out: Path) -> DataSet:
    """Make the forgeries, or find them made."""
    photos, objects, count = settings.photos, settings.objects, settings.count
    config = ForgeConfig.easy() if settings.easy else ForgeConfig()
    if settings.smoke:
        authentic = [*(EXAMPLES / "originals").glob("*.jpg"), *(EXAMPLES / "photos").glob("authentic-*")]
        photos, objects, count = tuple(sorted(authentic)), (), SMOKE_COUNT
        config = replace(config, sides=(SMOKE_SIDE, SMOKE_SIDE), area=SMOKE_AREA, split_seed=SMOKE_SPLIT_SEED)
    if not objects:
        config = replace(config, object_share=0.0)
    made = len(read_rows(out))
    if made not in (0, count):  # more would join them, and everything measured would be of other data
        raise DataError(f"{out} holds {made} forgeries, not {count}; ask for {made}, or name a new folder")
    forge_folder(photos, objects, out, count=count, seed=SEED_OF_FORGERIES, workers=settings.workers, config=config)
    return DataSet(out)


@dataclass(slots=True)
class _Pages:
    """What is known so far, what is not, and the pages that show both."""

    settings: Settings
    experiment: Experiment
    command: str
    runs: dict[str, list[Measured]] = field(default_factory=dict)
    todo: list[tuple[str, int]] = field(default_factory=list)
    photos: EvaluationTable | None = None
    failures: list[str] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        """Take a measurement in; seeds in their order."""
        self.runs.setdefault(measured.recipe, []).append(measured)
        self.runs[measured.recipe].sort(key=lambda run: run.seed)

    def measure(self, networks: Sequence[tuple[str, int]]) -> bool:
        """Train and measure networks, and write the pages after each; False if somebody stopped it."""
        for name, seed in networks:
            try:
                measured = measure_network(self.experiment, name, seed)
            except DataError as error:
                self.failures.append(f"{name} (seed {seed}): {error}")
            else:
                if measured is None:
                    return False
                self.add(measured)
            self.todo.remove((name, seed))
            self.write()
        return True

    def judge_photos(self) -> None:
        """Judge the test photos whole, by the paper's network of the first seed."""
        out = self.experiment.out / "photos"
        self.photos = judge_photos(self._model(), self.experiment.test, out, workers=self.settings.workers)

    def all_failures(self) -> tuple[str, ...]:
        """Networks that could not be trained, and photos that could not be judged; each once."""
        of_windows = [line for found in self.runs.values() for run in found for line in run.failures]
        return tuple(dict.fromkeys([*self.failures, *of_windows, *(self.photos.failures if self.photos else ())]))

    def write(self) -> Path:
        """Write the pages."""
        networks = {name: found for name, found in self.runs.items() if name not in BASELINES}
        tables = network_tables(self.runs)
        if self.photos is not None:
            numbered = sum(table.title.startswith("Table ") for table in tables)  # before what the paper leaves open
            tables.insert(numbered, photo_table(self.photos, self._basis(self.photos)))
        claims = claims_table(networks)
        found = Reproduction(
            tables=[*tables, *([claims] if claims.rows else [])],
            pictures=self._pictures(),
            facts=_facts(self.settings, self.experiment),
            command=self.command,
            smoke=self.settings.smoke,
            unfinished=tuple(f"{name} (seed {seed})" for name, seed in self.todo),
            failures=self.all_failures(),
        )
        return write_pages(found, self.experiment.out)

    def _basis(self, photos: EvaluationTable) -> str:
        counts = f"{photos.photos} test photos, {photos.forged} of them forged"
        return "; ".join([counts, *seeds_and_digests(self.runs[PAPER_NETWORK][:1])])

    def _model(self) -> Path:
        return self.experiment.place("models", PAPER_NETWORK, 1, ".onnx")

    def _pictures(self) -> dict[str, Path]:
        folder, test = self.experiment.out / "figures", self.experiment.test
        folder.mkdir(exist_ok=True)
        pictures: dict[str, Path] = {}
        seams, curves, examples = (folder / f"{name}.png" for name in ("seams", "roc", "examples"))
        if seams.is_file() or draw_seams(test, seams):
            pictures["Figure 3. Seams, and authentic windows of the same photos"] = seams
        if known := self._roc():
            draw_roc(FALSE_ALARM_GRID, known, curves)
            _write_roc(known, folder / "roc.csv")
            pictures["Figure 4. ROC curves of J-Conv-LSTM-Conv on balanced test windows"] = curves
        if self.photos is not None and (examples.is_file() or self._draw_examples(examples)):
            pictures["Figure 5. Best, median and worst test photos of J-Conv-LSTM-Conv"] = examples
        return pictures

    def _draw_examples(self, path: Path) -> bool:
        return draw_examples(self._model(), self.experiment.test, RowStore(self.experiment.out / "photos"), path)

    def _roc(self) -> dict[str, NDArray[np.float64]]:
        network = self.runs.get(PAPER_NETWORK, [])
        seeds = "one seed" if len(network) == 1 else f"mean of {len(network)} seeds"
        rates = {f"{task} ({seeds})": mean_roc(network, task) for task in ("patch", "pixel")}
        return {label: rate for label, rate in rates.items() if rate is not None}


def _write_roc(known: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Write the curves of Figure 4, a line per false positive rate."""
    rates = zip(FALSE_ALARM_GRID, *known.values(), strict=True)
    write_csv(path, [("false positive rate", *known), *([f"{rate:.5f}" for rate in line] for line in rates)])


def _facts(settings: Settings, experiment: Experiment) -> dict[str, str]:
    forged = sum(sample.mask is not None for sample in experiment.test)
    splits = "split 65 / 10 / 25 by photograph or group, where the set names no splits itself"
    where = "forgeries made for this run" if settings.dataset is None else f"data set {experiment.data.name}"
    return {
        "Data": f"{where}; {splits}",
        "Test split": f"{len(experiment.test)} photos, {forged} of them forged",
        "Test windows": "balanced 1 : 1 over all photos where there are both kinds; the same for every row of a table",
        "Decisions": "at a probability of 0.5, as the paper's softmax; baselines: at 0.5",
        "Weights": "those of the best validation",
    }
