"""A reproduction of one small network that is killed: ``python killed_run.py OUT MOMENT``.

Run in a process of its own, which ends by SIGKILL in the training or while its windows are judged.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from unseam.reproduction.run import Settings, reproduce

SMALL = Settings(
    smoke=True, seeds=1, steps=2, only=("fcn",), whole_photos=False, accelerator="cpu", quiet=True, workers=1
)
"""One network, two steps, on the repository's examples."""

MOMENTS = {
    "training": ("unseam.training.patch.source", "Photos.cut"),
    "judging": ("unseam.reproduction.networks", "load_patch_model"),
    "writing the page": ("unseam.reproduction.run", "write_pages"),
}
"""Moment -> module and what is called there."""


def die(*_: Any, **__: Any) -> None:
    """End this process as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    import importlib

    torch.set_num_threads(1)
    out, moment = Path(sys.argv[1]), sys.argv[2]
    module, name = MOMENTS[moment]
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, die)
    reproduce(SMALL, out)
