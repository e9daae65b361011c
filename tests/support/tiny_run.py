"""A run that takes a second: a network of a few weights, patches with one brighter half, and a door to kill it.

Run as a program it trains in a process of its own: ``python tiny_run.py RUN``, slowly enough to be killed in
its training, its validation, and its checkpoints.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from unseam.training.checkpoint import Checkpoint, save_checkpoint
from unseam.training.loop import TrainingResult, train_loop
from unseam.training.patch.network import Outputs
from unseam.training.patch.validation import PatchTask

SIDE = 8
VALIDATING = "validating"
"""Name of the file that a slow run writes when a validation begins."""

OPTIMISATION: dict[str, Any] = {
    "steps": 60,
    "batch": 8,
    "learning_rate": 3e-3,
    "warmup_steps": 5,
    "final_learning_rate": 1e-4,
    "weight_decay": 0.0,
    "gradient_clip": 1.0,
    "seed": 7,
    "validate_every": 15,
    "patience": 100,
    "checkpoint_every": 4,
    "precision": "float32",
    "augment": True,
}


class TinyBatch(NamedTuple):
    patches: Tensor
    masks: Tensor
    labels: Tensor


class TinySource:
    """Noise, in half of the patches with one brighter half; a function of the step alone."""

    def __init__(self, batch: int = 8, pause: float = 0.0, marker: Path | None = None) -> None:
        self._batch, self._pause, self._marker = batch, pause, marker

    def batch(self, step: int, rank: int, world: int) -> TinyBatch:
        time.sleep(self._pause)
        share = self._batch // world
        whole = self._make(1000 + step)
        return TinyBatch(*(part[rank * share : (rank + 1) * share] for part in whole))

    def validation_batches(self) -> Iterator[TinyBatch]:
        for index in range(4):
            if self._marker is not None:
                self._marker.touch()
            time.sleep(self._pause)
            yield self._make(index)

    def _make(self, seed: int) -> TinyBatch:
        generator = torch.Generator().manual_seed(seed)
        patches = torch.randint(0, 200, (self._batch, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
        masks = torch.zeros((self._batch, SIDE, SIDE), dtype=torch.bool)
        masks[::2, : SIDE // 2] = True
        patches[masks] += 40
        return TinyBatch(patches, masks, masks.any(dim=(1, 2)).long())


class TinyNetwork(nn.Module):
    """Both heads in some hundred weights, with dropout, so that random numbers matter too."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.dropout = nn.Dropout(0.1)
        self.pixel = nn.Conv2d(4, 2, 1)
        self.patch = nn.Linear(4, 2)

    def forward(self, patches: Tensor) -> Outputs:
        features = self.dropout(torch.relu(self.features(patches)))
        return Outputs(self.patch(features.mean(dim=(2, 3))), self.pixel(features))


def metrics_of(run: Path) -> list[dict[str, Any]]:
    """Read the complete lines of a run's metrics."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def train_tiny(
    run: Path,
    *,
    fabric: Fabric | None = None,
    network: nn.Module | None = None,
    source: Any = None,
    recipe: dict[str, object] | None = None,
    **changes: Any,
) -> TrainingResult:
    """Train the tiny network; settings of the optimisation and of the loop by name."""
    optimisation = SimpleNamespace(**{name: changes.pop(name, value) for name, value in OPTIMISATION.items()})
    return train_loop(
        fabric or Fabric(accelerator="cpu", devices=1),
        network or TinyNetwork(),
        source or TinySource(optimisation.batch),
        optimisation,
        run,
        task=PatchTask(),
        recipe=recipe or {"name": "tiny", "optimisation": {"steps": optimisation.steps}},
        quiet=True,
        **changes,
    )


def _write_slowly(file: BinaryIO, content: memoryview) -> None:
    for start in range(0, len(content), 2048):
        file.write(content[start : start + 2048])
        time.sleep(0.005)


def save_slowly(checkpoint: Checkpoint, path: Path) -> None:
    """As ``save_checkpoint``, in small pieces, so that a kill falls between two of them."""
    save_checkpoint(checkpoint, path, write=_write_slowly)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    train_tiny(folder, source=TinySource(pause=0.01, marker=folder / VALIDATING), resume=True, save=save_slowly)
