"""Initial weights of a run: those of another run's best checkpoint, and the facts that say so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from unseam.training.checkpoint import BEST, fill, load_checkpoint
from unseam.training.family import Facts

PREFIX = "network."
"""What the exporter puts before the names of weights: the wrapper that makes probabilities holds the network."""

GATES_FROM_ONNX = (0, 2, 3, 1)
"""torch's gates (input, forget, cell, output) among ONNX's (input, output, forget, cell)."""


@dataclass(frozen=True, slots=True, eq=False)
class InitialWeights:
    """What a run starts from.

    Attributes
    ----------
    source : Path
        The run's folder or the model file.
    weights : dict
        A state of the network.
    facts : dict
        What the model file will say of its history: ``patches_before`` and ``begun_from``.
    """

    source: Path
    weights: dict[str, Tensor]
    facts: Facts

    def fill(self, network: nn.Module) -> Facts:
        """Load the weights into a network and return the facts; RecipeError where they are of another network."""
        fill(network, self.weights, f"{self.source}: its weights are of another network than the recipe's")
        return self.facts


def weights_of_run(run: Path) -> InitialWeights:
    """Read the best weights of a run; RunError when its folder has no readable best checkpoint."""
    best = load_checkpoint(run / BEST)
    before = json.loads(best["facts"])
    patches = int(best["patches"]) + int(before.get("patches_before", 0))
    facts: Facts = {"patches_before": patches, "begun_from": {"recipe": json.loads(best["recipe"]), **before}}
    return InitialWeights(run, best["network"], facts)
