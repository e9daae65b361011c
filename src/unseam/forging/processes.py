"""Spread work over processes that end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar

import cv2
from rich.console import Console
from rich.progress import track

from unseam.errors import DataError

A = TypeVar("A")
B = TypeVar("B")


def mapped(work: Callable[[A], B], tasks: Sequence[A], workers: int, title: str) -> list[B]:
    """Apply one function to every task, in processes if there are several, with a progress bar on a terminal."""
    console = Console(stderr=True)
    with _mapping(workers) as mapping:
        results = mapping(work, tasks)
        return list(track(results, title, len(tasks), console=console, disable=not console.is_terminal, transient=True))


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[[Callable[[A], B], Sequence[A]], Iterable[B]]]:
    if workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start_worker) as pool:
        try:
            yield lambda work, tasks: pool.map(work, tasks, chunksize=16)
        except BrokenProcessPool as error:
            raise DataError("a worker process died (too little memory?); run again: it does the rest") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Let the processes share the cores, without OpenCV's threads, and end with the process that started them."""
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone: a killed parent cannot stop its workers, which would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
