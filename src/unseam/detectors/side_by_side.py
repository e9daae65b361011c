"""Work on parts of a picture in threads, so that the result does not depend on their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import cv2

T = TypeVar("T")


def side_by_side(work: Callable[..., T], parts: Iterable[tuple[Any, ...]]) -> list[T]:
    """Call ``work(*part)`` for each part, in as many threads as OpenCV may use; they end before this returns.

    The threads are Python's; numpy and OpenCV release the interpreter lock in their loops.
    """
    parts = list(parts)
    threads = min(max(1, cv2.getNumThreads()), len(parts))
    if threads < 2:
        return [work(*part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return [running.result() for running in [pool.submit(work, *part) for part in parts]]
