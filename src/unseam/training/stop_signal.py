"""Ctrl-C, as a wish: the step in progress is finished, and all processes stop after the same step."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

import torch
from lightning.fabric import Fabric
from torch import Tensor

AGREE_EVERY = 10
"""Steps between two agreements of several processes to stop; each costs one small message."""


class StopSignal:
    """A context in which the first SIGINT or SIGTERM requests a stop, and the second one stops at once.

    Outside the main thread Python delivers no signals: there the context does nothing.

    Parameters
    ----------
    forward : bool
        Whether this process only waits for its children: they get its SIGTERM (a terminal's SIGINT they get anyway).
    """

    def __init__(self, *, forward: bool = False) -> None:
        self.requested = False
        self._forward = forward
        self._before: dict[signal.Signals, Any] = {}

    def agreed(self, fabric: Fabric, step: int) -> bool:
        """Whether to stop before this step; of several processes, all answer alike."""
        if fabric.world_size == 1:
            return self.requested
        if step % AGREE_EVERY:
            return False
        wishes = fabric.all_reduce(torch.tensor(float(self.requested), device=fabric.device), reduce_op="sum")
        assert isinstance(wishes, Tensor)
        return bool(wishes > 0)

    def _request(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if self._forward and number == signal.SIGTERM:
            for child in multiprocessing.active_children():
                child.terminate()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
