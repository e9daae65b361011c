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
from torch import nn
from torch.multiprocessing.spawn import ProcessException

from unseam.datasets.splits import DataSet
from unseam.errors import RecipeError, RunError
from unseam.training.fusion.network import build_fusion
from unseam.training.fusion.source import FusionSource, load_fusion_source
from unseam.training.fusion.task import FusionTask
from unseam.training.initial_weights import begin_fusion_with, begin_with
from unseam.training.loop import PATCHES, TrainingResult, train_loop
from unseam.training.memory import keep_freed_memory
from unseam.training.patch.network import LocalizationNetwork
from unseam.training.patch.source import PatchSource, data_digest, load_source, training_sides
from unseam.training.recipe import FusionRecipe, Precision, Recipe, load_recipe
from unseam.training.run_folder import alone_in, check_folder
from unseam.training.stop_signal import StopSignal
from unseam.training.task import Task

FULL: Literal["32-true"] = "32-true"
HALF: Literal["bf16-mixed"] = "bf16-mixed"
"""Fabric's words for float32 and for bfloat16 with weights and losses in float32."""

RUNS = Path("runs")
"""Where runs go that are not told where to go."""

FEATURES = "features"
"""Folder within a run of the network `fusion`: what was measured of its photos. It may be linked or copied."""

GPU_SHARE = 0.5
"""Photographs go to the GPU if they fit into this share of its free memory; the rest is the network's."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What every process is told; picklable."""

    recipe: Recipe | FusionRecipe
    data: tuple[Path | DataSet, ...]
    run: Path
    begin_from: Path | None
    resume: bool
    quiet: bool


def train(
    recipe: Path | Recipe | FusionRecipe,
    data: Sequence[Path | DataSet],
    run: Path | None = None,
    *,
    begin_from: Path | None = None,
    resume: bool = False,
    devices: int = 1,
    accelerator: str = "auto",
    quiet: bool = False,
) -> TrainingResult:
    """Train the network of a recipe on folders of forgeries, or on other data sets.

    Parameters
    ----------
    recipe : Path, Recipe or FusionRecipe
        A TOML file, or what was read from one.
    data : sequence of Path or DataSet
        Folders written by ``unseam forge``, whose manifests say what is for training and what for validation; or public
        data sets (`unseam.datasets.splits.DataSet`), which are split by group where they do not say it.
    run : Path, optional
        The run's folder; ``runs/NAME`` by default, NAME being the recipe's.
    begin_from : Path, optional
        Folder of a run, or model file (.onnx), whose weights this one begins with (a curriculum, or fine-tuning as the
        paper does for COVERAGE); random weights by default.
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
    job = _Job(recipe, tuple(data), run or RUNS / recipe.name, begin_from, resume, quiet)
    with alone_in(job.run, writes=True):  # told before anything is read; who writes locks it for as long as it does
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


def _train_in_processes(fabric: Fabric, job: _Job) -> TrainingResult:
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # whom it ends is told by our error
    try:
        result = fabric.launch(partial(_train_in_child, job=job))
    except ProcessException as error:
        reason = str(error).strip().splitlines()[-1]
        raise RunError(f"one of the training processes failed: {reason}") from error
    return TrainingResult(**result)


def _train_in_child(fabric: Fabric, job: _Job) -> dict[str, object]:
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


def _train_here(fabric: Fabric, job: _Job) -> TrainingResult:
    recipe = job.recipe
    torch.manual_seed(recipe.optimisation.seed)
    prepare = _fusion if isinstance(recipe, FusionRecipe) else _patches
    with alone_in(job.run, writes=fabric.is_global_zero):
        network, source, task, earlier = prepare(job, fabric)
        if fabric.is_global_zero and not job.quiet:
            for reason, count in source.left_out.items():
                Console(stderr=True).print(f"left out: {count} files, {reason}", markup=False, highlight=False)
        keep_freed_memory()  # after loading: what decoding freed goes back to the system
        return train_loop(
            fabric,
            network,
            source,
            recipe.optimisation,
            job.run,
            task=task,
            recipe=recipe.as_dict(),
            facts={"data_digest": data_digest(job.data), **earlier},
            resume=job.resume,
            quiet=job.quiet,
        )


Prepared = tuple[nn.Module, PatchSource | FusionSource, Task, dict[str, object]]
"""Network, its photos, what it is trained for, and the facts of what it begins with."""


def _patches(job: _Job, fabric: Fabric) -> Prepared:
    """Prepare a network that judges patches."""
    recipe = job.recipe
    assert isinstance(recipe, Recipe)
    network = LocalizationNetwork(recipe.network)
    earlier = {} if job.begin_from is None else begin_with(network, job.begin_from)
    source = load_source(
        job.data,
        recipe.data,
        side=recipe.network.patch_side,
        batch=recipe.optimisation.batch,
        seed=recipe.optimisation.seed,
    )
    return network, _placed(source, fabric.device), PATCHES, earlier


def _fusion(job: _Job, fabric: Fabric) -> Prepared:
    """Prepare the network that reads evidence; of several processes the first measures the photos."""
    recipe = job.recipe
    assert isinstance(recipe, FusionRecipe)
    with fabric.rank_zero_first():
        source = load_fusion_source(
            training_sides(job.data),
            recipe.blocks,
            batch=recipe.optimisation.batch,
            seed=recipe.optimisation.seed,
            cache=job.run / FEATURES,
            quiet=job.quiet or not fabric.is_global_zero,
        )
    network = build_fusion(recipe.fusion, *source.moments())
    earlier = {} if job.begin_from is None else begin_fusion_with(network, job.begin_from)
    return network, source, FusionTask(), earlier


def _placed(source: PatchSource, device: torch.device) -> PatchSource:
    """Hold the photographs on the GPU if there is one with room for them."""
    if device.type != "cuda":
        return source
    needed = sum(t.nbytes for photos in (source.train, source.validation) for t in (photos.pixels, photos.masks))
    free, _total = torch.cuda.mem_get_info(device)
    return source.to(device) if needed <= GPU_SHARE * free else source
