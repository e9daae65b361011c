"""From a recipe and data sets to a trained network: devices, precision and processes, then the loop."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from lightning.fabric import Fabric
from rich.console import Console
from torch.multiprocessing.spawn import ProcessException

from unseam.datasets.splits import DataSet
from unseam.errors import RecipeError, RunError
from unseam.training.families import family_of
from unseam.training.family import Loading
from unseam.training.fusion.feature_store import store_features
from unseam.training.fusion.recipe import FusionRecipe
from unseam.training.fusion.source import drawn_validation
from unseam.training.loop import TrainingResult, train_loop
from unseam.training.memory import keep_freed_memory
from unseam.training.optimisation import Precision
from unseam.training.recipe import Recipe, load_recipe
from unseam.training.run_folder import alone_in, check_folder
from unseam.training.splits import data_digest, training_splits
from unseam.training.stop_signal import StopSignal

FULL: Literal["32-true"] = "32-true"
HALF: Literal["bf16-mixed"] = "bf16-mixed"
"""Fabric's names for float32 and for bfloat16 with weights and losses in float32."""

RUNS = Path("runs")
"""Where runs go by default."""

FEATURES = "features"
"""Folder within a run of the network `fusion`: its feature store, where no other is named."""


@dataclass(frozen=True, slots=True)
class _TrainingJob:
    """What every process gets; picklable."""

    recipe: Recipe
    data: tuple[Path | DataSet, ...]
    run: Path
    init_from: Path | None
    features: Path
    workers: int
    resume: bool
    quiet: bool


def measure(recipe: Path, data: Sequence[Path | DataSet], features: Path, *, workers: int = 0) -> int:
    """Compute the block features that a recipe of the network `fusion` trains on, as far as they are not there yet.

    Parameters
    ----------
    recipe : Path
        A TOML file.
    data : sequence of Path or DataSet
        As in `train`.
    features : Path
        The feature store, made if missing.
    workers : int
        Processes; 0 for one a core.

    Returns
    -------
    int
        Training and validation photos in the store.

    Raises
    ------
    RecipeError
        When the recipe is of another network.
    DataError, PhotoError
        When the data cannot be read.
    """
    found = load_recipe(recipe)
    if not isinstance(found, FusionRecipe):
        raise RecipeError(f"{recipe}: found a network of patches, which needs no features; expected a table [fusion]")
    splits = training_splits(data)
    validation = drawn_validation(splits.validation, found.blocks.validation_photos)
    for title, samples in (("training", splits.train), ("validation", validation)):
        store_features(samples, found.blocks, features, workers=workers, title=f"features, {title}")
    return len(splits.train) + len(validation)


def train(
    recipe: Path | Recipe,
    data: Sequence[Path | DataSet],
    run: Path | None = None,
    *,
    init_from: Path | None = None,
    features: Path | None = None,
    workers: int = 0,
    resume: bool = False,
    devices: int = 1,
    accelerator: str = "auto",
    quiet: bool = False,
) -> TrainingResult:
    """Train the network of a recipe on folders of forgeries, or on other data sets.

    Parameters
    ----------
    recipe : Path or Recipe
        A TOML file, or what was read from one.
    data : sequence of Path or DataSet
        Folders written by ``unseam forge``, whose manifests say what is for training and what for validation; or public
        data sets (`unseam.datasets.splits.DataSet`), which are split by group where they do not say it.
    run : Path, optional
        The run's folder; ``runs/NAME`` by default, NAME being the recipe's.
    init_from : Path, optional
        Folder of a run, or model file (.onnx), whose weights are the initial ones (a curriculum, or fine-tuning as the
        paper does for COVERAGE); random weights by default.
    features : Path, optional
        Feature store of the network `fusion`, which several runs may share; ``RUN/features`` by default.
    workers : int
        Processes that compute features which are not in the store; 0 for one a core.
    resume : bool
        Go on from the last checkpoint.
    devices : int
        Processes, each with its own device and its share of every batch.
    accelerator : str
        "auto", "cpu" or "cuda".
    quiet : bool
        No progress bar.

    Returns
    -------
    TrainingResult
        How the run ended.

    Raises
    ------
    RecipeError, RunError, DataError, ModelError
        As in `unseam.training.recipe.load_recipe` and `unseam.training.loop.train_loop`.
    """
    recipe = load_recipe(recipe) if isinstance(recipe, Path) else recipe
    if devices < 1 or recipe.optimisation.batch % devices:
        raise RecipeError(f"a batch of {recipe.optimisation.batch} cannot be shared by {devices} devices alike")
    run = run or RUNS / recipe.name
    job = _TrainingJob(recipe, tuple(data), run, init_from, features or run / FEATURES, workers, resume, quiet)
    with alone_in(job.run, writes=True):  # refused before anything is read; the process that writes locks it
        check_folder(job.run, resume=resume)
    fabric = _fabric(accelerator, devices, recipe.optimisation.precision)
    if devices == 1:
        return _train_here(fabric, job)
    with StopSignal(forward=True):
        return _train_in_processes(fabric, job)


def _fabric(accelerator: str, devices: int, precision: Precision) -> Fabric:
    for package in ("lightning.fabric", "lightning.pytorch"):  # they greet on stderr
        logging.getLogger(package).setLevel(logging.WARNING)
    # Spawned processes work from a console script and from a test alike, on every platform.
    strategy = "auto" if devices == 1 else "ddp_spawn"
    try:
        return Fabric(
            accelerator=accelerator,
            devices=devices,
            strategy=strategy,
            precision=HALF if precision == "bf16" or (precision == "auto" and has_bfloat16(accelerator)) else FULL,
        )
    except (RuntimeError, ValueError) as error:  # Lightning's MisconfigurationException is a RuntimeError's sibling
        raise RunError(f"{devices} x {accelerator}: no such devices here ({error})") from error


def has_bfloat16(accelerator: str) -> bool:
    """Whether bfloat16 is the processor's own there; elsewhere it is emulated, ten times slower than float32."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    probes = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(bool(probe()) for probe in probes if probe is not None)


def _train_in_processes(fabric: Fabric, job: _TrainingJob) -> TrainingResult:
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # our error says which process it ended
    try:
        result = fabric.launch(partial(_train_in_child, job=job))
    except ProcessException as error:
        reason = str(error).strip().splitlines()[-1]
        raise RunError(f"one of the training processes failed: {reason}") from error
    return TrainingResult(**result)


def _train_in_child(fabric: Fabric, job: _TrainingJob) -> dict[str, object]:
    """Train, and hand the result over as a dict: Fabric looks for tensors in it, and a frozen dataclass is refused."""
    with leaving_the_group():
        return asdict(_train_here(fabric, job))


@contextmanager
def leaving_the_group() -> Iterator[None]:
    """Leave the group of processes at the end of a block.

    A process that ends inside it may crash after its work is done: Gloo's threads then free tensors that need an
    interpreter which is gone (pytorch/pytorch#179291).
    """
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def _train_here(fabric: Fabric, job: _TrainingJob) -> TrainingResult:
    recipe = job.recipe
    torch.manual_seed(recipe.optimisation.seed)
    family = family_of(recipe)
    quiet = job.quiet or not fabric.is_global_zero
    with alone_in(job.run, writes=fabric.is_global_zero):
        source = family.source(recipe, training_splits(job.data), Loading(fabric, job.features, job.workers, quiet))
        network = family.build(recipe, source)
        earlier = {} if job.init_from is None else family.initialise(network, job.init_from)
        if not quiet:
            for reason, count in source.left_out.items():
                Console(stderr=True).print(f"left out: {count} files, {reason}", markup=False, highlight=False)
        keep_freed_memory()  # after loading: what decoding freed goes back to the system
        return train_loop(
            fabric,
            network,
            source,
            recipe.optimisation,
            job.run,
            task=family.task(recipe),
            recipe=recipe.as_dict(),
            facts={"data_digest": data_digest(job.data), **earlier},
            resume=job.resume,
            quiet=job.quiet,
        )
