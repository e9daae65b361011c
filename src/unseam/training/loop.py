"""The training loop, from top to bottom, on one or many devices.

Everything that a step needs is a function of the recipe and of the step's number: patches, learning rate, random
numbers. A run that was killed at any moment therefore resumes from its last checkpoint as if nothing had happened:
bit for bit on a CPU with the same versions and thread count.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from unseam.errors import RecipeError, RunError
from unseam.training.checkpoint import Checkpoint, save_checkpoint
from unseam.training.progress import ProgressBar
from unseam.training.run_folder import RunFolder, RunState
from unseam.training.schedule import learning_rate
from unseam.training.stop_signal import StopSignal
from unseam.training.task import Judged, Task, on_device, total

if TYPE_CHECKING:
    from unseam.training.family import Source
    from unseam.training.optimisation import Optimisation

LOG_EVERY = 20
"""Steps between two training lines of the metrics; each holds the mean over these steps."""

NO_MEMORY = "can't allocate memory"
"""Part of torch's message when the machine's memory runs out."""

STEP_SEEDS = 1_000_003
"""A prime apart: the seeds of one run's steps; a run of fewer steps has no seed twice."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a run ended.

    Attributes
    ----------
    reason : str
        "finished" (all steps done), "stopped early" (no improvement for `patience` validations) or "interrupted"
        (by a signal; it can be resumed).
    step : int
        Steps done.
    best_step : int
        The step whose weights ``best.pt`` holds; 0 if there was no validation yet.
    best_value : float
        The validation's criterion there; 0 if there was none yet.
    """

    reason: str
    step: int
    best_step: int
    best_value: float


def train_loop(
    fabric: Fabric,
    network: nn.Module,
    source: Source,
    optimisation: Optimisation,
    run: Path,
    *,
    task: Task,
    recipe: dict[str, object],
    facts: dict[str, object] | None = None,
    resume: bool = False,
    quiet: bool = False,
    save: Callable[[Checkpoint, Path], None] = save_checkpoint,
) -> TrainingResult:
    """Train a network until its steps are done, it stops improving, or somebody stops it.

    Parameters
    ----------
    fabric : Fabric
        Launched; it decides on device, precision and number of processes.
    network : nn.Module
        As the task wants it; its initial weights are those of the run.
    source : Source
        Of the batches.
    optimisation : Optimisation
        Steps, batch, learning rate and so on.
    run : Path
        The run's folder: ``last.pt``, ``best.pt``, ``metrics.jsonl``.
    task : Task
        What the network is trained for.
    recipe : dict
        Of JSON types: what decides the result. It travels in the checkpoints; only the same one can resume.
    facts : dict, optional
        Of JSON types: what identifies the data (``data_digest``). As the recipe, it travels and must be the same.
    resume : bool
        Go on from ``last.pt``; from the beginning if the run was killed before its first.
    quiet : bool
        No progress bar.
    save : callable
        Writes a checkpoint.

    Returns
    -------
    TrainingResult
        How the run ended.

    Raises
    ------
    RunError
        When the folder cannot be used, the loss is no longer finite, or memory runs out.
    RecipeError
        When the run was made with another recipe or other data, or the batch does not divide among the processes.
    DataError
        When the validation split lacks a class.
    """
    o = optimisation
    if o.batch % fabric.world_size:
        raise RecipeError(f"a batch of {o.batch} cannot be shared by {fabric.world_size} processes alike")
    # AdamW is Adam (the paper's) where the weight decay is 0, and decays the weights rather than the moments elsewhere.
    adam = torch.optim.AdamW(network.parameters(), lr=o.learning_rate, weight_decay=o.weight_decay)
    folder = RunFolder(run, recipe=recipe, facts=facts or {}, writes=fabric.is_global_zero, save=save)
    model, optimiser = fabric.setup(network, adam)
    state = folder.open(network, adam, resume=resume)
    with (
        _told_of_memory(run),
        StopSignal() as stop,
        _deterministic(fabric),
        folder,
        ProgressBar(o, state, fabric, items=task.items, quiet=quiet) as bar,
    ):
        started = time.perf_counter() - state.seconds
        while state.step < o.steps and state.stale < o.patience and not stop.agreed(fabric, state.step):
            rate = _set_learning_rate(adam, o, state.step)
            torch.manual_seed(STEP_SEEDS * o.seed + state.step * fabric.world_size + fabric.global_rank)
            batch = on_device(fabric, source.batch(state.step, fabric.global_rank, fabric.world_size))

            parts = task.losses(model, batch)
            adam.zero_grad()
            fabric.backward(total(parts))
            fabric.clip_gradients(model, optimiser, max_norm=o.gradient_clip, error_if_nonfinite=False)
            optimiser.step()

            state.add_step(parts, patches=len(batch[0]) * fabric.world_size)
            state.seconds = time.perf_counter() - started
            bar.advance(state)
            if state.step % LOG_EVERY == 0:
                folder.log(_training_line(fabric, state, rate, task))
            if state.step % o.validate_every == 0 or state.step == o.steps:
                validation = task.validate(fabric, model, source.validation_batches())
                state.seconds = time.perf_counter() - started
                improved = state.judge(validation.criterion)
                folder.log(_validation_line(state, validation, task))
                folder.save(state, network, adam, improved=validation if improved else None)
            elif state.step % o.checkpoint_every == 0:
                folder.save(state, network, adam)
        if folder.saved_step != state.step:
            folder.save(state, network, adam)
    return TrainingResult(_reason(state, o), state.step, state.best_step, state.best_value)


def _set_learning_rate(adam: torch.optim.Optimizer, o: Optimisation, step: int) -> float:
    rate = learning_rate(
        step, peak=o.learning_rate, final=o.final_learning_rate, warmup_steps=o.warmup_steps, steps=o.steps
    )
    for group in adam.param_groups:
        group["lr"] = rate
    return rate


def _training_line(fabric: Fabric, state: RunState, rate: float, task: Task) -> dict[str, str | int | float | None]:
    """Close the window of steps since the last line: mean losses over all processes, and speed."""
    steps, seen, seconds, parts, sums = state.close_window()
    means = (_mean_over_processes(fabric, sums) / steps).tolist()
    losses = {f"{part}_loss": mean for part, mean in zip(parts, means, strict=True)}
    return {
        "event": "training",
        "step": state.step,
        task.items: state.patches,
        "seconds": round(state.seconds, 3),
        "learning_rate": rate,
        **losses,
        "loss": sum(means),
        f"{task.items}_per_second": round(seen / max(seconds, 1e-9), 2),
    }


def _validation_line(state: RunState, validation: Judged, task: Task) -> dict[str, str | int | float | None]:
    return {
        "event": "validation",
        "step": state.step,
        task.items: state.patches,
        "seconds": round(state.seconds, 3),
        **validation.as_line(),
        "criterion": validation.criterion,
        "best_step": state.best_step,
    }


def _mean_over_processes(fabric: Fabric, values: Tensor) -> Tensor:
    mean = values if fabric.world_size == 1 else fabric.all_reduce(values, reduce_op="mean")
    assert isinstance(mean, Tensor)
    if not bool(mean.isfinite().all()):
        raise RunError("the loss is no longer finite; lower the learning rate or the gradient clip and start again")
    return mean


def _reason(state: RunState, o: Optimisation) -> str:
    if state.stale >= o.patience:
        return "stopped early"
    return "finished" if state.step >= o.steps else "interrupted"


@contextlib.contextmanager
def _told_of_memory(run: Path) -> Iterator[None]:
    """Turn the end of the memory, of the machine's or of a device's, into one clear error."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch has a separate class for devices alone
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and NO_MEMORY not in str(error):
            raise
        raise RunError(
            f"{run}: out of memory; the last complete checkpoint is intact: resume (--resume) where there is more, or "
            "train anew with a smaller batch"
        ) from error


@contextlib.contextmanager
def _deterministic(fabric: Fabric) -> Iterator[None]:
    """On a CPU, refuse operations whose result depends on timing; CUDA may differ in the last digits."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(fabric.device.type == "cpu")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
