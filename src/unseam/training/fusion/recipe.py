"""The recipe of the network `fusion`: its widths, how photos are cropped, what the loss is, and how it is trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from unseam.training.fusion.network import FusionConfig
from unseam.training.optimisation import Optimisation, as_json, demand


@dataclass(frozen=True, slots=True)
class BlockConfig:
    """How photos are shown to the network.

    Attributes
    ----------
    crop : int
        Blocks: largest side of a crop.
    wide_share : float
        Share of the steps whose crops have sides twice as long; such a step holds a quarter as many crops.
    pool : int
        A batch is drawn from this many times as many photos of like size.
    authentic_share : float
        Share of the crops that come from authentic photos.
    copy_move_share : float
        Share of the photos, at random, whose copied regions are looked for: that takes longer than all other features
        together. The network learns to do without.
    validation_photos : int
        At most so many, half of them authentic, drawn at random; the same ones every time.
    """

    crop: int = 48
    wide_share: float = 0.0
    pool: int = 3
    authentic_share: float = 0.4
    copy_move_share: float = 1.0
    validation_photos: int = 2000

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        for name, minimum in (("crop", 8), ("pool", 1), ("validation_photos", 2)):
            value = getattr(self, name)
            demand(value >= minimum, f"blocks.{name} is {value}; expected at least {minimum}")
        for name in ("wide_share", "authentic_share", "copy_move_share"):
            value = getattr(self, name)
            demand(0 <= value <= 1, f"blocks.{name} is {value}; expected a share")

    def skipped(self, name: str) -> tuple[str, ...]:
        """Name the detectors that are left out for a photo of this name: the same ones every time."""
        drawn = int.from_bytes(sha256(name.encode()).digest()[:8], "big") / 2**64
        return () if drawn < self.copy_move_share else ("copy-move",)


@dataclass(frozen=True, slots=True)
class FusionLossConfig:
    """Weights of the parts of the loss; 0 leaves a part out.

    Attributes
    ----------
    cell : float
        Cross entropy of cells.
    dice : float
        Soft Dice loss of the cells of manipulated crops (`unseam.training.dice`).
    block : float
        Cross entropy of blocks.
    photo : float
        Cross entropy of whether anything in the crop is manipulated.
    confidence : float
        Cross entropy of whether the network is right about a block.
    """

    cell: float = 1.0
    dice: float = 1.0
    block: float = 0.5
    photo: float = 0.3
    confidence: float = 0.1

    def __post_init__(self) -> None:
        """Refuse negative weights."""
        for part in fields(self):
            value = getattr(self, part.name)
            demand(value >= 0, f"loss.{part.name} is {value}; expected 0 or more")
        demand(self.cell + self.dice > 0, "loss.cell and loss.dice are both 0; expected one of them above 0")


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """The network `fusion`, how photos are shown to it, and how it is trained; recognised by its table ``[fusion]``."""

    name: str
    fusion: FusionConfig
    paper: str = ""
    note: str = ""
    blocks: BlockConfig = field(default_factory=BlockConfig)
    loss: FusionLossConfig = field(default_factory=FusionLossConfig)
    optimisation: Optimisation = field(default_factory=Optimisation)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types, for checkpoints and model files."""
        return as_json(dataclasses.asdict(self))
