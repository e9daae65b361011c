"""A run's folder: its checkpoints and metrics, and the state that they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from unseam.errors import RecipeError, RunError
from unseam.system.folder_lock import FolderLock
from unseam.training.checkpoint import BEST, LAST, METRICS, Checkpoint, load_checkpoint, writing_to
from unseam.training.metrics_log import MetricsLog, Value, cut_back
from unseam.training.task import Judged


@dataclass(slots=True)
class RunState:
    """Where a run stands, apart from weights and moments.

    Attributes
    ----------
    step, patches : int
        Steps done; patches, or photos, seen by all processes together.
    stale : int
        Validations since the best one.
    best_step, best_value : int, float
        When the validation was best, and its criterion; 0 before the first.
    seconds : float
        Wall-clock time of the run, earlier sessions included.
    parts : list of str
        Of the loss.
    window : (parts,) float32
        Their sums since the last line of the metrics.
    """

    step: int = 0
    patches: int = 0
    stale: int = 0
    best_step: int = 0
    best_value: float = 0.0
    seconds: float = 0.0
    window_start: int = 0
    window_patches: int = 0
    window_seconds: float = 0.0
    parts: list[str] = field(default_factory=list)
    window: Tensor = field(default_factory=lambda: torch.zeros(()))

    def add_step(self, parts: Mapping[str, Tensor], *, patches: int) -> None:
        """Count one step; the sums stay on the device, so that nothing waits for it."""
        self.step += 1
        self.patches += patches
        self.parts = list(parts)
        sums = torch.stack([loss.detach() for loss in parts.values()])
        self.window = self.window.to(sums.device) + sums

    def close_window(self) -> tuple[int, int, float, list[str], Tensor]:
        """Return steps, patches, seconds, parts of the loss and their sums since the last call."""
        steps, patches = self.step - self.window_start, self.patches - self.window_patches
        closed = (steps, patches, self.seconds - self.window_seconds, self.parts, self.window)
        self.window_start, self.window_patches = self.step, self.patches
        self.window_seconds, self.window = self.seconds, torch.zeros(())
        return closed

    def judge(self, criterion: float) -> bool:
        """Count one validation; whether it is the best so far."""
        improved = self.best_step == 0 or criterion > self.best_value
        self.stale = 0 if improved else self.stale + 1
        if improved:
            self.best_step, self.best_value = self.step, criterion
        return improved

    def as_dict(self) -> dict[str, Any]:
        """Fields as a checkpoint holds them."""
        return {name: getattr(self, name) for name in self.__slots__} | {"window": self.window.cpu()}


class RunFolder:
    """The open folder of a run; a context that closes its metrics file.

    Parameters
    ----------
    path : Path
        The folder, made if missing.
    recipe, facts : dict
        Of JSON types. Both travel in the checkpoints; only the same ones can resume.
    writes : bool
        Whether this process writes; of several, one does.
    save : callable
        Writes a checkpoint.
    """

    def __init__(
        self,
        path: Path,
        *,
        recipe: Mapping[str, object],
        facts: Mapping[str, object],
        writes: bool,
        save: Callable[[Checkpoint, Path], None],
    ) -> None:
        self._path, self._writes, self._save = path, writes, save
        self._texts = {"recipe": _canonical(recipe), "facts": _canonical(facts)}
        self._best: Checkpoint | None = None
        self._log: MetricsLog | None = None
        self.saved_step = -1

    def open(self, network: nn.Module, adam: torch.optim.Optimizer, *, resume: bool) -> RunState:
        """Begin a run, or fill network and optimiser from its last checkpoint.

        Raises
        ------
        RunError
            When the folder holds a run and is not to be resumed, or cannot be read or written.
        RecipeError
            When its run was made with another recipe or network, or with other data.
        """
        if self._writes:
            check_folder(self._path, resume=resume)
        last = self._path / LAST
        state = self._restore(load_checkpoint(last), network, adam) if resume and last.exists() else RunState()
        if self._writes:
            cut_back(self._path / METRICS, state.step)
            self._log = MetricsLog(self._path / METRICS)
            try:
                if state.step:
                    self._write_best()
                else:
                    self.save(state, network, adam)
            except BaseException:  # before the context is entered, which closes it otherwise
                self._log.close()
                raise
        self.saved_step = state.step
        return state

    def _restore(self, checkpoint: Checkpoint, network: nn.Module, adam: torch.optim.Optimizer) -> RunState:
        for kind, text in self._texts.items():
            _refuse_another(kind, checkpoint[kind], text, self._path)
        try:
            network.load_state_dict(checkpoint["network"])
            adam.load_state_dict(checkpoint["optimiser"])
        except (RuntimeError, ValueError) as error:
            raise RecipeError(f"{self._path}: its checkpoint is of another network ({error})") from error
        self._best = checkpoint["best"]
        return RunState(**checkpoint["state"])

    def log(self, line: Mapping[str, Value]) -> None:
        """Append a line to the metrics."""
        if self._log is not None:
            self._log.write(line)

    def save(
        self,
        state: RunState,
        network: nn.Module,
        adam: torch.optim.Optimizer,
        *,
        improved: Judged | None = None,
    ) -> None:
        """Write ``last.pt`` after its metrics, and ``best.pt`` after it where the validation improved."""
        self.saved_step = state.step
        if not self._writes or self._log is None:
            return
        if not bool(state.window.isfinite().all()):
            raise RunError(f"{self._path}: the loss is no longer finite; the last checkpoint is from before")
        if improved is not None:
            self._best = {**self._texts, "network": _copied(network), "validation": improved.as_line()}
            self._best |= {"step": state.step, "patches": state.patches}
        self._log.sync()
        weights, moments = network.state_dict(), adam.state_dict()
        last = {**self._texts, "state": state.as_dict(), "network": weights, "optimiser": moments, "best": self._best}
        self._save(last, self._path / LAST)
        if improved is not None:
            self._write_best()

    def _write_best(self) -> None:
        if self._best is not None:
            self._save(self._best, self._path / BEST)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._log is not None:
            self._log.close()


def check_folder(path: Path, *, resume: bool) -> None:
    """Make a run's folder, unless it holds a run that is not to be resumed.

    Raises
    ------
    RunError
        When it does, or when it cannot be made.
    """
    with writing_to(path):
        path.mkdir(parents=True, exist_ok=True)
    found = [name for name in (LAST, BEST, METRICS) if (path / name).exists()]
    if found and not resume:
        raise RunError(
            f"{path}: holds a run already ({', '.join(found)}); resume it (--resume), or name another folder"
        )


def alone_in(path: Path, *, writes: bool) -> AbstractContextManager[object]:
    """Lock a run's folder, in the one process that writes to it: the process that locks is the one that writes.

    Raises
    ------
    RunError
        When another training has it, or it cannot be written.
    """
    if not writes:
        return nullcontext()
    with writing_to(path):
        return FolderLock(path, RunError)


_DIFFERENT = {"recipe": "another recipe", "facts": "other data"}


def _canonical(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, allow_nan=False)


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().cpu().clone() for name, weight in network.state_dict().items()}


def _refuse_another(kind: str, made_with: str, wanted: str, path: Path) -> None:
    if made_with == wanted:
        return
    old, new = _flat(json.loads(made_with)), _flat(json.loads(wanted))
    differing = [
        f"{key} was {old.get(key)}, is {new.get(key)}" for key in sorted(old | new) if old.get(key) != new.get(key)
    ]
    raise RecipeError(
        f"{path}: the run was made with {_DIFFERENT[kind]} ({'; '.join(differing)}); "
        "resume with its own, or name another folder"
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
