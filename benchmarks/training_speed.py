"""How many patches per second a training step takes, with each of the things that make it fast left out in turn.

    python benchmarks/training_speed.py [--batch 128] [--threads 2] [--steps 5]

Each line is a process of its own: what glibc has once been asked cannot be taken back.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping

VARIANTS: dict[str, dict[str, bool]] = {
    "all": {},
    "without keeping freed memory": {"keep": False},
    "without the fused conv3": {"fused": False},
    "float32": {"bf16": False},
    "none of them": {"keep": False, "fused": False},
}
"""In the precision that the recipes' ``auto`` takes on this processor, unless it is named."""


def measure(batch: int, threads: int, steps: int, *, keep: bool = True, fused: bool = True, bf16: bool = True) -> float:
    """Patches per second of forward pass, backward pass and Adam, over random patches."""
    import torch
    from torch.nn import functional

    from unseam.training.memory import keep_freed_memory
    from unseam.training.patch import network as room

    torch.set_num_threads(threads)
    if keep:
        keep_freed_memory()
    if not fused:
        room.conv_relu_pool = lambda maps, weight, bias: functional.max_pool2d(
            functional.relu(functional.conv2d(maps, weight, bias, padding=2)), 2
        )
    network = room.LocalizationNetwork(room.NetworkConfig())
    adam = torch.optim.AdamW(network.parameters(), lr=1e-4)
    patches = torch.rand(batch, 3, 64, 64) - 0.5
    labels, masks = torch.zeros(batch, dtype=torch.long), torch.zeros(batch, 64, 64, dtype=torch.long)
    started = 0.0
    for step in range(steps + 2):
        if step == 2:  # the first two are slower: kernels are chosen, memory is asked for
            started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            patch, pixel = network(patches)
        loss = functional.cross_entropy(patch.float(), labels) + functional.cross_entropy(pixel.float(), masks)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return batch * steps / (time.perf_counter() - started)


def main() -> None:
    """Print one line a variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    arguments = (options.batch, options.threads, options.steps)
    if options.variant is not None:
        print(measure(*arguments, **json.loads(options.variant)))  # noqa: T201
        return
    from unseam.training.launch import has_bfloat16

    has = has_bfloat16("cpu")
    for name, settings in VARIANTS.items():
        speed = in_own_process({"bf16": has} | settings, options)
        print(f"{name:34} {speed:7.1f} patches/s")  # noqa: T201


def in_own_process(settings: Mapping[str, bool], options: argparse.Namespace) -> float:
    """Measure one variant: patches a second."""
    sizes = [f"--{name}={getattr(options, name)}" for name in ("batch", "threads", "steps")]
    command = [sys.executable, __file__, *sizes, "--variant", json.dumps(dict(settings))]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
