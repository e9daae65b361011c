"""What a model file of the network `fusion` says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from unseam.models.document import demand
from unseam.models.metadata import NetworkSettings, PhotoCurve, demand_rising, demand_shares

KIND = "fusion"
"""In the metadata's ``kind``: the file is fed features of blocks, not patches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSettings(NetworkSettings):
    """The metadata of a model file; the names are the keys of its JSON object.

    Attributes
    ----------
    kind : str
        ``fusion``.
    features : tuple of str
        What the network is fed, in order: `unseam.models.fusion.features.feature_names` of the version that trained it.
    seed_threshold : float
        Heat that a region must reach somewhere; ``pixel_threshold`` is that from which a pixel belongs to one.
    photo_weight : float
        How much the photo's log odds count for its mask: so weighted, they are taken off those of the two thresholds.
        What looks odd in a photo that is odd as a whole is marked sooner.
    photo_curve : PhotoCurve
        From the network's log odds of a window to calibrated ones.
    photos_seen : int
        Photos that the network was trained on, each time counted.
    """

    kind: str
    features: tuple[str, ...]
    seed_threshold: float
    photo_weight: float
    photo_curve: PhotoCurve
    photos_seen: int

    def __post_init__(self) -> None:
        NetworkSettings.__post_init__(self)  # super() does not know the class that slots=True makes anew
        demand(self.kind == KIND, f"kind {self.kind!r}", repr(KIND))
        demand_shares(seed_threshold=self.seed_threshold)
        demand(self.photo_weight >= 0, f"photo_weight {self.photo_weight}", "no negative number")
        demand_rising(photo_curve=self.photo_curve)
