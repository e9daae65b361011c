"""What ``unseam reproduce`` does: data, networks, whole photos, pages; an interrupted run goes on when run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.evaluation import demand_extra
from unseam.evaluation.curves import FALSE_ALARM_GRID
from unseam.evaluation.plots import draw_roc
from unseam.evaluation.rows import RowStore
from unseam.evaluation.tables import EvaluationTable
from unseam.forging.config import ForgeConfig
from unseam.forging.factory import forge_folder
from unseam.reproduction.networks import Experiment, Measured, measure_network
from unseam.reproduction.page import Reproduction, write_pages
from unseam.reproduction.paper import PAPER_NETWORK, PUBLISHED, recipes
from unseam.reproduction.photos import draw_examples, draw_seams, judge_photos, photo_table
from unseam.reproduction.results import claims_table, mean_roc, network_tables

SMOKE_STEPS, SMOKE_WINDOWS, SMOKE_COUNT, SMOKE_SIDE = 2, 64, 48, 192
"""Of a smoke run: training steps, validation windows, forgeries, and their side in pixels."""

EXAMPLES = Path(__file__).parents[3] / "examples"
"""The repository's own photographs."""

SMOKE_SPLIT_SEED = 1
"""With it, each side of the split has some of the seven photographs in `EXAMPLES`."""

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
        Trainings of each network, each with initial weights and patches of its own.
    steps : int, optional
        Training steps in place of the recipes' own.
    only : tuple of str
        Only these recipes; all by default.
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
class Outcome:
    """The page, and whether everything that was asked for is on it."""

    page: Path
    finished: bool


def reproduce(settings: Settings, out: Path, *, command: str = "") -> Outcome:
    """Train and measure the paper's networks, and write its tables beside the paper's numbers.

    Parameters
    ----------
    settings : Settings
    out : Path
        Folder of everything; what is finished in it is not done again.
    command : str
        The command line, printed on the page.

    Returns
    -------
    Outcome
        The page is written anew after every network, so that a stopped run has one. The paper's own networks come
        first, then whole photos, then what the paper leaves open and further seeds.

    Raises
    ------
    DataError
        No data or two kinds of it, an unknown recipe, a side of the split without photos, or a folder with results of
        something else.
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
        out=out,
        steps=SMOKE_STEPS if settings.smoke and settings.steps is None else settings.steps,
        validation_windows=SMOKE_WINDOWS if settings.smoke else None,
        devices=settings.devices,
        accelerator=settings.accelerator,
        quiet=settings.quiet,
    )
    wanted = [(name, seed) for seed in range(1, settings.seeds + 1) for name in settings.only or recipes()]
    whole = max((place for place, (name, seed) in enumerate(wanted) if seed == 1 and name in PUBLISHED), default=-1)
    runs: dict[str, list[Measured]] = {}
    photos: EvaluationTable | None = None
    for place, (name, seed) in enumerate(wanted):
        measured = measure_network(experiment, name, seed)
        if measured is None:
            page = _write(settings, experiment, runs, photos, command, wanted[place:])
            return Outcome(page, finished=False)
        runs.setdefault(name, []).append(measured)
        page = _write(settings, experiment, runs, photos, command, wanted[place + 1 :])
        if place == whole and settings.whole_photos and PAPER_NETWORK in runs:
            model = experiment.place("models", PAPER_NETWORK, 1, ".onnx")
            photos = judge_photos(model, test, out / "photos", workers=settings.workers)
            page = _write(settings, experiment, runs, photos, command, wanted[place + 1 :])
    return Outcome(page, finished=True)


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
        config = replace(config, sides=(SMOKE_SIDE, SMOKE_SIDE), split_seed=SMOKE_SPLIT_SEED)
    if not objects:
        config = replace(config, object_share=0.0)
    forge_folder(photos, objects, out, count=count, seed=SEED_OF_FORGERIES, workers=settings.workers, config=config)
    return DataSet(out)


def _write(
    settings: Settings,
    experiment: Experiment,
    runs: dict[str, list[Measured]],
    photos: EvaluationTable | None,
    command: str,
    missing: Sequence[tuple[str, int]],
) -> Path:
    tables = [*network_tables(runs), *([photo_table(photos)] if photos else [])]
    claims = claims_table(runs)
    found = Reproduction(
        tables=[*tables, *([claims] if claims.rows else [])],
        pictures=_pictures(experiment, runs, photos is not None),
        facts=_facts(settings, experiment, runs),
        command=command,
        smoke=settings.smoke,
        unfinished=tuple(f"{name} (seed {seed})" for name, seed in missing),
    )
    return write_pages(found, experiment.out)


def _pictures(experiment: Experiment, runs: dict[str, list[Measured]], judged: bool) -> dict[str, Path]:
    folder = experiment.out / "figures"
    folder.mkdir(exist_ok=True)
    pictures: dict[str, Path] = {}
    seams, curves, examples = (folder / f"{name}.png" for name in ("seams", "roc", "examples"))
    if seams.is_file() or draw_seams(experiment.test, seams):
        pictures["Figure 3. Seams, and authentic windows of the same photos"] = seams
    network = runs.get(PAPER_NETWORK, [])
    rates = {task: mean_roc(network, task) for task in ("patch", "pixel")}
    if known := {f"{task} ({_seeds(len(network))})": rate for task, rate in rates.items() if rate is not None}:
        draw_roc(FALSE_ALARM_GRID, known, curves)
        pictures["Figure 4. ROC curves of J-Conv-LSTM-Conv on balanced test windows"] = curves
    model = experiment.place("models", PAPER_NETWORK, 1, ".onnx")
    if judged and draw_examples(model, experiment.test, RowStore(experiment.out / "photos"), examples):
        pictures["Figure 5. Best, median and worst test photos of J-Conv-LSTM-Conv"] = examples
    return pictures


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"mean of {count} seeds"


def _facts(settings: Settings, experiment: Experiment, runs: dict[str, list[Measured]]) -> dict[str, str]:
    forged = sum(sample.mask is not None for sample in experiment.test)
    where = "forgeries made for this run" if settings.dataset is None else f"data set {experiment.data.name}"
    measured = [run for found in runs.values() for run in found]
    windows = sorted({f"{n[1]:,} at {float(rule):.1%}" for run in measured for rule, n in run.windows.items()})
    digests = {run.recipe: run.digest[:12] for run in measured if run.seed == 1}
    return {
        "Data": f"{where}; split 65 / 10 / 25 by photograph or group",
        "Test side": f"{len(experiment.test)} photos, {forged} of them forged",
        "Test windows": f"balanced 1 : 1, by label rule: {', '.join(windows)}",
        "Decisions": "at a probability of 0.5, as the paper's softmax",
        "Seeds": ", ".join(str(seed) for seed in sorted({run.seed for run in measured})),
        "Recipes and test photos (SHA-256, seed 1)": ", ".join(f"{name} {digest}" for name, digest in digests.items()),
    }
