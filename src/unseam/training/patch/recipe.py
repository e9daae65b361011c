"""The recipe of a network that judges patches: its widths, how windows are drawn, and how it is trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from typing import Any

from unseam.datasets.windows import MANIPULATED_SHARE, NEAR_SHARE, WINDOW_GRID
from unseam.training.optimisation import Optimisation, as_json, demand
from unseam.training.patch.network import NetworkConfig


@dataclass(frozen=True, slots=True)
class DataConfig:
    """How windows are drawn from forgeries.

    Attributes
    ----------
    rule : float
        A window is manipulated if more than this share of its pixels is (the paper's 12.5 %; 50 % in its Table 4).
    grid : int
        Window positions are multiples of this many pixels; 8 keeps them on the photo's own JPEG grid, as in inference.
    near_share : float
        Share of the authentic windows that lie near a manipulated region.
    validation_windows : int
        Windows of a validation, balanced 1 : 1, the same every time.
    laundered_share : float
        Share of the training photos, at random, that are replaced by a laundered copy (`unseam.forging.laundering`).
    augment : bool
        Whether windows are mirrored and turned by quarter turns, at random: eight ways, all on the 8 x 8 grid.
    """

    rule: float = MANIPULATED_SHARE
    grid: int = WINDOW_GRID
    near_share: float = NEAR_SHARE
    validation_windows: int = 4096
    laundered_share: float = 0.0
    augment: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        demand(0 <= self.rule < 1, f"data.rule is {self.rule}; expected a share below 1")
        demand(self.grid >= 1, f"data.grid is {self.grid}; expected at least 1 pixel")
        for name in ("near_share", "laundered_share"):
            value = getattr(self, name)
            demand(0 <= value <= 1, f"data.{name} is {value}; expected a share")
        demand(
            self.validation_windows >= 2, f"data.validation_windows is {self.validation_windows}; expected 2 or more"
        )


@dataclass(frozen=True, slots=True)
class PatchLossConfig:
    """Weights of the parts of the loss; the default is the paper's equation 5.

    Attributes
    ----------
    patch : float
        Cross entropy of patch labels.
    pixel : float
        Cross entropy of pixels.
    balanced : float
        Cross entropy of pixels in which manipulated and authentic pixels of a batch have the same weight. With plain
        cross entropy a network that learns slowly calls every pixel authentic.
    dice : float
        Soft Dice loss of the pixels of manipulated patches (`unseam.training.dice`).
    """

    patch: float = 1.0
    pixel: float = 1.0
    balanced: float = 0.0
    dice: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative weights."""
        for part in fields(self):
            value = getattr(self, part.name)
            demand(value >= 0, f"loss.{part.name} is {value}; expected 0 or more")


@dataclass(frozen=True, slots=True)
class PatchRecipe:
    """A network, what it is shown, and how it is trained; ``paper`` and ``note`` say where it comes from."""

    name: str
    paper: str = ""
    note: str = ""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    data: DataConfig = field(default_factory=DataConfig)
    loss: PatchLossConfig = field(default_factory=PatchLossConfig)
    optimisation: Optimisation = field(default_factory=Optimisation)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types, for checkpoints and model files."""
        return as_json(dataclasses.asdict(self))
