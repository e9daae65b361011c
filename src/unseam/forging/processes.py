"""One function for many tasks, in order, on several processes, with a progress bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Console
from rich.progress import track

from unseam.errors import DataError
from unseam.system.pool import Pool
from unseam.system.worker import Crash

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class _Guarded(Generic[A, B]):
    """A function of numbered tasks that returns what it cannot do instead of ending its process."""

    work: Callable[[A], B]

    def __call__(self, task: tuple[int, A]) -> B | Exception:
        try:
            return self.work(task[1])
        except Exception as error:  # noqa: BLE001 - raised again by the process that asked
            return error


def mapped(work: Callable[[A], B], tasks: Sequence[A], workers: int, title: str) -> list[B]:
    """Apply a function to every task; its results are never None.

    Raises
    ------
    DataError
        A process died.
    Exception
        What the function raised first.
    """
    console = Console(stderr=True)
    results = enumerate(map(work, tasks)) if workers == 1 else _results(work, tasks, workers)
    shown = track(results, title, len(tasks), console=console, disable=not console.is_terminal, transient=True)
    return [result for _, result in sorted(shown, key=lambda numbered: numbered[0])]


def _results(work: Callable[[A], B], tasks: Sequence[A], workers: int) -> Iterator[tuple[int, B]]:
    """Yield numbered results as they are finished."""
    pool: Pool[tuple[int, A], B | Exception] = Pool(_Guarded(work), workers, one_thread=True)
    for (number, _), result in pool.run(enumerate(tasks)):
        if isinstance(result, Crash):
            raise DataError("a worker process died (too little memory?); run again: it does the rest")
        if isinstance(result, Exception):
            raise result
        yield number, result
