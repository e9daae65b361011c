"""What a finding is worth on photos like this one: how often the method flags forgeries and authentic photographs.

Photos fall into a few classes by compression and size. The shares were measured on validation photos by
`unseam.training.fusion.calibration` and are in the model file's metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

from unseam.method import Finding, Power
from unseam.models.document import demand
from unseam.models.fusion.history import LOSSLESS, History

QUALITIES = ((LOSSLESS, LOSSLESS), (1, 74), (75, 89), (90, 100))
"""First and last JPEG quality of the classes: saved without loss, strong compression as messengers apply it, the usual
qualities of the web, those of cameras and editors."""

SIZES = ((0, 300_000), (300_000, 2_000_000), (2_000_000, 10**12))
"""Pixels of the classes, the last excluded: thumbnails and old web photos, web photos, camera files."""

EDITS = ((0.001, 0.01, "0.1 to 1 %"), (0.01, 0.05, "1 to 5 %"), (0.05, 0.2, "5 to 20 %"), (0.2, 1.0, "above 20 %"))
"""Shares of the frame that an edit covers, the last excluded, and what they are called."""

MIN_RATIO = 3.0
"""Where the method flags forgeries less than so many times as often as authentic photographs, it cannot tell."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often photos of one group get each verdict.

    Attributes
    ----------
    photos : int
    manipulated, flagged : float
        Share that is called manipulated, and manipulated or suspicious.
    """

    photos: int
    manipulated: float
    flagged: float

    def __post_init__(self) -> None:
        fits = self.photos >= 0 and 0 <= self.manipulated <= self.flagged <= 1
        demand(fits, f"rates {self}", "0 <= manipulated <= flagged <= 1")


@dataclass(frozen=True, slots=True)
class PowerClass:
    """One class of photos.

    Attributes
    ----------
    first_quality, last_quality : int
        JPEG qualities, both included; 0 for files saved without loss.
    min_pixels, max_pixels : int
        The last excluded.
    authentic, forgeries : Rates
    by_edit : tuple of Rates
        Of forgeries, by the size of the edit, in the order of `EDITS`.
    """

    first_quality: int
    last_quality: int
    min_pixels: int
    max_pixels: int
    authentic: Rates
    forgeries: Rates
    by_edit: tuple[Rates, ...]

    def __post_init__(self) -> None:
        demand(len(self.by_edit) == len(EDITS), f"{len(self.by_edit)} sizes of edits", f"{len(EDITS)}")

    def holds(self, history: History) -> bool:
        """Return whether a photo belongs to this class."""
        fits = self.first_quality <= history.quality <= self.last_quality
        return fits and self.min_pixels <= history.pixels < self.max_pixels

    def power(self, history: History) -> Power:
        """Return the shares that count for a photo of this class."""
        sizes = tuple(
            (label, rates.flagged) for (*_, label), rates in zip(EDITS, self.by_edit, strict=True) if rates.photos
        )
        photos = self.authentic.photos + self.forgeries.photos
        return Power(history.label, self.forgeries.flagged, self.authentic.flagged, sizes, photos)


def power_of(history: History, classes: tuple[PowerClass, ...]) -> Power | None:
    """Return what a finding is worth on a photo; None where its class was not measured."""
    return next((found.power(history) for found in classes if found.holds(history)), None)


def lack_of_power(history: History, finding: Finding, classes: tuple[PowerClass, ...]) -> str | None:
    """Say in plain words why a finding is worth too little on photos like this one; None where it is not."""
    found = next((found for found in classes if found.holds(history)), None)
    if found is None:
        return None
    named = finding is Finding.MANIPULATED
    forgeries, authentic = (
        rates.manipulated if named else rates.flagged for rates in (found.forgeries, found.authentic)
    )
    if forgeries >= MIN_RATIO * authentic:
        return None
    return f"{found.power(history).sentence.rstrip('.')}; that is too small a difference"
