"""What a family of networks is: all that training and export must know of it, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import onnx
from lightning.fabric import Fabric
from torch import nn

from unseam.datasets.sample import Sample
from unseam.models.metadata import NetworkSettings
from unseam.training.splits import TrainingSplits
from unseam.training.task import Task

Facts = dict[str, object]
"""Of JSON types: what identifies the data and the initial weights of a run."""


class Source(Protocol):
    """Where batches come from; both methods must be pure functions, so that a resumed run sees the same batches."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Reason -> how many files of the data sets were not used for it."""
        ...

    def batch(self, step: int, rank: int, world: int) -> Any:  # noqa: ANN401 - what the task takes
        """Return this process's share of the batch of one step."""
        ...

    def validation_batches(self) -> Iterator[Any]:
        """Yield the validation split, always the same, in the same order."""
        ...


@dataclass(frozen=True, slots=True)
class Loading:
    """How the photos of a run are read.

    Attributes
    ----------
    fabric : Fabric
        Of the run: its device, and its processes.
    features : Path
        Feature store of the network `fusion`.
    workers : int
        Processes that compute features; 0 for one a core.
    quiet : bool
        No progress bar.
    """

    fabric: Fabric
    features: Path
    workers: int
    quiet: bool


R = TypeVar("R", contravariant=True)
N = TypeVar("N", bound=nn.Module)
S = TypeVar("S", bound=NetworkSettings)


class NetworkFamily(Protocol[R, N, S]):
    """Networks that are fed the same way. R is their recipe, N the network, S the settings of its model file."""

    def source(self, recipe: R, splits: TrainingSplits, loading: Loading) -> Source:
        """Read the photos of a run."""
        ...

    def build(self, recipe: R, source: Any) -> N:  # noqa: ANN401 - the family's own
        """Make a network with random weights."""
        ...

    def initialise(self, network: N, init_from: Path) -> Facts:
        """Fill a network with the weights of a run's folder or of a model file; return where they come from."""
        ...

    def task(self, recipe: R) -> Task:
        """Return what the network is trained for."""
        ...

    def restore(self, recipe: R, weights: Mapping[str, Any]) -> N:
        """Make a network with the weights of a checkpoint."""
        ...

    def graph(self, network: N) -> onnx.ModelProto:
        """Write the network as an ONNX graph; it is copied, not changed."""
        ...

    def check_parity(self, model: bytes, network: N, samples: Sequence[Sample]) -> None:
        """Prove that onnxruntime gives the numbers of torch, on random input and on photos; ModelError if not."""
        ...

    def settings(self, recipe: R, described: Mapping[str, Any], seen: int) -> S:
        """Return the settings of an uncalibrated model file.

        ``described`` is what every model file says of itself, whatever its network is fed; ``seen`` is how many patches
        or photos the network was trained on.
        """
        ...

    def parse(self, text: str) -> S:
        """Read the settings of a model file; ModelError where they are wrong."""
        ...

    def calibrate(self, draft: Path, settings: S, samples: Sequence[Sample], threads: int) -> S:
        """Fit the settings to what an uncalibrated model file gives on validation photos."""
        ...
