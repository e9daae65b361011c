"""How far a scan is: files, rate, and time left, on a terminal's standard error only.

Files are listed while others are analyzed, so that nobody waits for the list; a thread counts them for the time left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

T = TypeVar("T")

WINDOW = 60.0
"""Seconds over which the rate is averaged: longer than a large photo takes."""


class RateColumn(ProgressColumn):
    """Files a second."""

    def render(self, task: Task) -> Text:
        """Draw the rate; a dash until there is one."""
        return Text(f"{task.speed:.1f} files/s" if task.speed else "- files/s", style="progress.data.speed")


def progress(results: Iterable[T], found_before: int, count: Callable[[], Iterator[object]]) -> Iterator[T]:
    """Pass results on and show how far the scan is.

    Parameters
    ----------
    results : iterable
        One for each file that was finished.
    found_before : int
        Files that were finished before.
    count : function
        Yields something for every file; called in a separate thread, and only where the count is shown.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from results
        return
    columns = (BarColumn(), MofNCompleteColumn(), RateColumn(), TimeElapsedColumn(), TextColumn("left"))
    bar = Progress(*columns, TimeRemainingColumn(), console=console, speed_estimate_period=WINDOW)
    with bar:
        task = bar.add_task("", total=None, completed=found_before)
        Thread(target=_count, args=(bar, task, count), daemon=True).start()
        for result in results:
            yield result
            bar.advance(task)


def _count(bar: Progress, task: object, count: Callable[[], Iterator[object]]) -> None:
    total = 0
    for _ in count():
        total += 1
    bar.update(task, total=total)  # type: ignore[arg-type]
