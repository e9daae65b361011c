"""What a recipe of the network `fusion` says beside its widths: how photos are cropped and who is asked."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from unseam.errors import RecipeError


@dataclass(frozen=True, slots=True)
class BlockConfig:
    """How photos are shown.

    Attributes
    ----------
    crop : int
        Blocks: largest side of a crop.
    pool : int
        A batch is drawn from this many times as many photos of like size.
    copy_move_share : float
        Share of the photos, at random, whose copied regions are looked for: that takes longer than all other features
        together. The network learns to do without.
    workers : int
        Processes that measure features; 0 for one a core.
    """

    crop: int = 48
    pool: int = 3
    copy_move_share: float = 1.0
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        for name, least in (("crop", 8), ("pool", 1), ("workers", 0)):
            value = getattr(self, name)
            if value < least:
                raise RecipeError(f"blocks.{name} is {value}; expected at least {least}")
        if not 0 <= self.copy_move_share <= 1:
            raise RecipeError(f"blocks.copy_move_share is {self.copy_move_share}; expected a share")

    def skipped(self, name: str) -> tuple[str, ...]:
        """Name the detectors that are not asked about a photo of this name: the same ones every time."""
        drawn = int.from_bytes(sha256(name.encode()).digest()[:8], "big") / 2**64
        return () if drawn < self.copy_move_share else ("copy-move",)
