"""How a network is trained: steps, learning rate, checkpoints; the part that the recipes of all networks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from unseam.errors import RecipeError

Precision = Literal["float32", "bf16", "auto"]


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the network is trained. The paper names Adam and nothing else.

    Attributes
    ----------
    steps, batch : int
        Steps of the optimiser, and patches or photos per step over all processes together.
    learning_rate, final_learning_rate : float
        Peak, reached after ``warmup_steps``, and end of a half cosine.
    weight_decay : float
        Decoupled from the gradient; 0 is Adam.
    gradient_clip : float
        Largest norm of the gradient.
    seed : int
        Of initial weights and of what is drawn.
    validate_every, checkpoint_every : int
        Steps between validations and between checkpoints.
    patience : int
        Validations without a better one before training stops early.
    precision : "float32", "bf16" or "auto"
        Of the forward and backward pass; weights and losses are float32 in both. Auto: bf16 where the processor has it.
    """

    steps: int = 100_000
    batch: int = 128
    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-6
    warmup_steps: int = 500
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    seed: int = 0
    validate_every: int = 500
    checkpoint_every: int = 100
    patience: int = 20
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        for name in ("steps", "batch", "validate_every", "checkpoint_every", "patience"):
            value = getattr(self, name)
            demand(value >= 1, f"optimisation.{name} is {value}; expected at least 1")
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            demand(value > 0, f"optimisation.{name} is {value}; expected more than 0")
        for name in ("final_learning_rate", "weight_decay", "warmup_steps", "seed"):
            value = getattr(self, name)
            demand(value >= 0, f"optimisation.{name} is {value}; expected 0 or more")
        demand(
            self.final_learning_rate <= self.learning_rate,
            "optimisation.final_learning_rate is above learning_rate; expected it to fall",
        )


def demand(holds: bool, otherwise: str) -> None:
    """Raise a RecipeError with this text, unless something holds."""
    if not holds:
        raise RecipeError(otherwise)


def as_json(fields: dict[str, Any]) -> dict[str, Any]:
    """Turn the tuples of a recipe's fields into lists, at every depth."""
    return {key: _listed(value) for key, value in fields.items()}


def _listed(value: Any) -> Any:  # noqa: ANN401 - any JSON type
    if isinstance(value, dict):
        return as_json(value)
    return [_listed(item) for item in value] if isinstance(value, tuple) else value
