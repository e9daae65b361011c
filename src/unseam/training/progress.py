"""What a person sees while a network is trained: one line on stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightning.fabric import Fabric
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from unseam.training.optimisation import Optimisation
    from unseam.training.run_folder import RunState

SPEED_WINDOW_S = 10.0
"""Seconds over which the shown speed is averaged."""


class ProgressBar:
    """Steps done, speed, time left, best validation; nothing when quiet or not the first process."""

    def __init__(self, optimisation: Optimisation, state: RunState, fabric: Fabric, *, items: str, quiet: bool) -> None:
        self._items = items
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[best]}"),
            console=Console(stderr=True),
            disable=quiet or not fabric.is_global_zero,
        )
        self._task = self._bar.add_task("", total=optimisation.steps, completed=state.step, speed="", best="")
        self._mark = (time.perf_counter(), state.patches)

    def advance(self, state: RunState) -> None:
        """Show one more step."""
        best = f"best {state.best_value:.4f} at step {state.best_step}" if state.best_step else ""
        self._bar.update(self._task, completed=state.step, best=best)
        seconds, seen = time.perf_counter() - self._mark[0], state.patches - self._mark[1]
        if seconds >= SPEED_WINDOW_S or self._mark[1] == 0:
            self._bar.update(self._task, speed=f"{seen / max(seconds, 1e-9):.0f} {self._items}/s")
        if seconds >= SPEED_WINDOW_S:
            self._mark = (time.perf_counter(), state.patches)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
