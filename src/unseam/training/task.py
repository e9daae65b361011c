"""What the training loop must know of a task: its losses, and how to judge a network; one for each kind of network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from lightning.fabric import Fabric
from torch import Tensor, nn

B = TypeVar("B")


class Judged(Protocol):
    """How a network does on the validation split."""

    @property
    def criterion(self) -> float:
        """What the best checkpoint is chosen by; larger is better."""
        ...

    def as_line(self) -> dict[str, float]:
        """Flat names for the metrics file."""
        ...


class Task(Protocol):
    """What a kind of network is trained for. Batches are named tuples of tensors."""

    @property
    def items(self) -> str:
        """What a batch counts: patches, or photos."""
        ...

    def losses(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:  # noqa: ANN401 - each task has its own batches
        """Run the network; each part of the loss as a float32 scalar, weighted: the loss is their sum."""
        ...

    def validate(self, fabric: Fabric, model: nn.Module, batches: Iterator[Any]) -> Judged:
        """Judge the validation split; each process takes every ``world_size``-th batch."""
        ...


def total(parts: dict[str, Tensor]) -> Tensor:
    """Sum of the parts of a loss."""
    whole = sum(parts.values())
    assert isinstance(whole, Tensor)
    return whole


def on_device(fabric: Fabric, batch: B) -> B:
    """Move the tensors of a batch to the device, where they are not there already."""
    moved: B = fabric.to_device(batch)
    return moved
