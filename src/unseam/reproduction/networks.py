"""One network of the paper: trained, exported, and measured on balanced windows of photographs it never saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample
from unseam.datasets.splits import DataSet
from unseam.datasets.windows import MANIPULATED_SHARE, WINDOW_SIDE
from unseam.errors import DataError, RecipeError
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.curves import FALSE_ALARM_GRID, roc_at
from unseam.evaluation.method_digest import file_digest
from unseam.evaluation.patchwise import MapJudge, PatchJudge, PatchResults, Undecided, Verdicts, judge_windows
from unseam.models.load import load_patch_model
from unseam.models.metadata import PatchNetworkSettings
from unseam.models.patch.method import PatchMethod
from unseam.reproduction.paper import HALF, Task, rules_of
from unseam.system.atomic_files import write_text

if TYPE_CHECKING:  # at run time it loads torch
    from unseam.training.patch.recipe import PatchRecipe

TERMS = "for this comparison only"
"""Licence that the model files of a reproduction name: so that they are not published by accident."""

WINDOWS_PER_PHOTO = 32
"""Test windows drawn from each photo at most, before they are balanced."""

DECIMALS = 5
"""Of the places of a stored ROC curve."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What all networks of one reproduction share.

    Attributes
    ----------
    data : DataSet
        Where they learn, and what they are tested on.
    test : tuple of Sample
        Its test split.
    identity : str
        Of the data, see `identify`: results on other data are refused.
    out : Path
        Folder of runs, models and measurements.
    steps, validation_windows : int, optional
        In place of the recipes' own.
    devices : int
        Of each training.
    accelerator : str
        As in `unseam.training.train`.
    quiet : bool
        No progress bars of the trainings.
    """

    data: DataSet
    test: tuple[Sample, ...]
    identity: str
    out: Path
    steps: int | None = None
    validation_windows: int | None = None
    devices: int = 1
    accelerator: str = "auto"
    quiet: bool = False

    def place(self, folder: str, recipe: str, seed: int, suffix: str = "") -> Path:
        """Where something about one network lies."""
        return self.out / folder / f"seed-{seed}" / f"{recipe}{suffix}"


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of one trained network, or of a baseline.

    Attributes
    ----------
    recipe, seed : str, int
        What was trained; a baseline's name.
    digest : str
        Of recipe and data: a measurement of something else must not find this.
    patches_seen : int
        Training patches until the weights that were measured; 0 for a baseline.
    metrics : mapping
        "RULE TASK" -> metric -> value; None where the network lacks the task.
    windows : mapping
        Rule -> photos, windows, manipulated windows.
    roc : mapping
        Task -> true positive rates at `FALSE_ALARM_GRID`, under the first rule.
    failures : tuple of str
        Test photos that could not be used, and why.
    """

    recipe: str
    seed: int
    digest: str
    patches_seen: int
    metrics: Mapping[str, Mapping[str, float | None]]
    windows: Mapping[str, tuple[int, int, int]]
    roc: Mapping[str, tuple[float, ...]]
    failures: tuple[str, ...] = ()

    def value(self, rule: float, task: Task, metric: str) -> float | None:
        """Look up a metric; None where the network was not measured or lacks the task."""
        return self.metrics.get(_key(rule, task), {}).get(metric)


def recipe_path(name: str) -> Path:
    """Find a recipe of the paper's networks: in the installed package, or in the repository."""
    installed = Path(str(resources.files("unseam"))) / "recipes" / "paper"
    for folder in (installed, Path(__file__).parents[3] / "recipes" / "paper"):
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise RecipeError(f"found no recipe {name}.toml with the package; install unseam again, or run from its repository")


def identify(data: DataSet, test: Sequence[Sample]) -> str:
    """SHA-256 of what is learned from and of what is tested on: photographs, masks, splits."""
    from unseam.training.splits import data_digest

    files = [(s.name, *(file_digest(path) for path in (s.photo, *s.masks))) for s in test]
    return hashlib.sha256(json.dumps([data_digest([data]), files]).encode()).hexdigest()


def stored_network(experiment: Experiment, name: str, seed: int) -> Measured | None:
    """Read what was measured before; None if nothing was.

    Raises
    ------
    DataError
        A measurement of another recipe, of other data, or of another version.
    """
    return _stored(experiment, name, seed, _digest(_recipe(name, seed, experiment), experiment))


def measure_network(experiment: Experiment, name: str, seed: int) -> Measured | None:
    """Train, export and measure one network; None if somebody stopped it.

    Raises
    ------
    DataError
        The data cannot train or test this network.
    RecipeError, RunError, ModelError
        As training and export do.
    """
    recipe = _recipe(name, seed, experiment)
    model = _train(experiment, recipe, name, seed)
    if model is None:
        return None
    localizer = load_patch_model(model)
    judges = {rule: WithSettings(localizer, replace(localizer.settings, patch_rule=rule)) for rule in rules_of(name)}
    measured = _judge(judges, experiment, name, seed, _digest(recipe, experiment))
    measured = replace(measured, patches_seen=localizer.settings.patches_seen)
    return _kept(experiment, measured)


def measure_baseline(experiment: Experiment, name: str) -> Measured:
    """Measure a baseline on the windows of the networks, under both label rules, or read what was measured before."""
    digest = hashlib.sha256(f"{name} {experiment.identity}".encode()).hexdigest()
    if stored := _stored(experiment, name, 1, digest):
        return stored
    judges = {rule: MapJudge(BASELINES[name], Undecided(WINDOW_SIDE, rule)) for rule in (MANIPULATED_SHARE, HALF)}
    return _kept(experiment, _judge(judges, experiment, name, 1, digest))


def _stored(experiment: Experiment, name: str, seed: int, digest: str) -> Measured | None:
    path = experiment.place("measured", name, seed, ".json")
    return _read(path, digest) if path.is_file() else None


def _kept(experiment: Experiment, measured: Measured) -> Measured:
    path = experiment.place("measured", measured.recipe, measured.seed, ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(_as_json(measured), indent=1))
    return measured


def _recipe(name: str, seed: int, experiment: Experiment) -> PatchRecipe:
    from unseam.training.recipe import load_patch_recipe

    recipe = load_patch_recipe(recipe_path(name))
    o, data = recipe.optimisation, recipe.data
    if experiment.steps is not None:
        o = replace(o, steps=experiment.steps, validate_every=min(o.validate_every, experiment.steps))
    if experiment.validation_windows is not None:
        data = replace(data, validation_windows=experiment.validation_windows)
    return replace(recipe, data=data, optimisation=replace(o, seed=seed))


def _train(experiment: Experiment, recipe: PatchRecipe, name: str, seed: int) -> Path | None:
    """Return the model file of a finished training; None if it was interrupted. A half-done run is resumed."""
    from unseam.training import export_run, train
    from unseam.training.export import ModelTerms, validation_samples

    run, model = experiment.place("runs", name, seed), experiment.place("models", name, seed, ".onnx")
    result = train(
        recipe,
        [experiment.data],
        run,
        resume=run.exists(),
        devices=experiment.devices,
        accelerator=experiment.accelerator,
        quiet=experiment.quiet,
    )
    if result.reason == "interrupted":
        return None
    terms = ModelTerms(TERMS, ({"name": str(experiment.data.name), "licence": "the data set's own", "photographs": 0},))
    samples = validation_samples([experiment.data])
    return export_run(run, model, terms=terms, samples=samples, calibrated=False)  # raw: decided at 0.5, as the paper


@dataclass(frozen=True, slots=True)
class WithSettings:
    """A localizer of which windows are drawn, labelled and decided by other settings than those in its file."""

    localizer: PatchMethod
    settings: PatchNetworkSettings

    def judge(self, patches: NDArray[np.uint8]) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Judge as `PatchMethod.judge`."""
        return self.localizer.judge(patches)


def _judge(
    judges: Mapping[float, PatchJudge | MapJudge], experiment: Experiment, name: str, seed: int, digest: str
) -> Measured:
    """Judge the test windows, by label rule; they are the same for every network and baseline."""
    metrics: dict[str, dict[str, float | None]] = {}
    windows: dict[str, tuple[int, int, int]] = {}
    roc: dict[str, tuple[float, ...]] = {}
    failures: dict[str, None] = {}
    for rule, judge in judges.items():
        found = judge_windows(judge, experiment.test, per_photo=WINDOWS_PER_PHOTO)
        windows[str(rule)] = (found.photos, found.windows, found.manipulated)
        failures |= dict.fromkeys(found.failures)
        for task, verdicts in _tasks(found).items():
            metrics[_key(rule, task)] = verdicts.metrics()
            roc.setdefault(task, _roc(verdicts))
    return Measured(name, seed, digest, 0, metrics, windows, roc, tuple(failures))


def _tasks(found: PatchResults) -> dict[Task, Verdicts]:
    tasks: dict[Task, Verdicts] = {"patch": found.patch, "pixel": found.pixel}
    return {task: verdicts for task, verdicts in tasks.items() if verdicts.decided.total}


def _roc(verdicts: Verdicts) -> tuple[float, ...]:
    if verdicts.counts.auc() is None:
        return ()
    return tuple(round(float(rate), DECIMALS) for rate in roc_at(verdicts.counts, FALSE_ALARM_GRID))


def _key(rule: float, task: Task) -> str:
    return f"{rule} {task}"


def _digest(recipe: PatchRecipe, experiment: Experiment) -> str:
    return hashlib.sha256(json.dumps([recipe.as_dict(), experiment.identity], sort_keys=True).encode()).hexdigest()


def _as_json(measured: Measured) -> dict[str, Any]:
    return {name: getattr(measured, name) for name in Measured.__slots__}


def _read(path: Path, digest: str) -> Measured:
    try:
        measured = Measured(**json.loads(path.read_text(encoding="utf-8")))
        _demand_whole(measured)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: no measurement of this version ({error}); delete it to measure anew") from error
    if measured.digest != digest:
        raise DataError(f"{path}: measured with another recipe or on other photographs; name a new folder")
    return measured


def _demand_whole(measured: Measured) -> None:
    tables = (measured.metrics, measured.windows, measured.roc)
    if not all(isinstance(table, dict) for table in tables):
        raise TypeError("a table is missing")
    if not all(isinstance(metrics, dict) for metrics in measured.metrics.values()):
        raise TypeError("metrics are missing")
    if not isinstance(measured.patches_seen, int):
        raise TypeError("patches_seen is not a number")
