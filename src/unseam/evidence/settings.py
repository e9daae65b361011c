"""What a model file of the network `evidence` says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unseam.false_alarms import FalseAlarms
from unseam.model_settings import NAME, HeatCalibration, PhotoCurve, demand

KIND = "evidence"
"""In the metadata's ``kind``: the file is fed features of blocks, not patches."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """The metadata of a model file; the names are the keys of its JSON object.

    Attributes
    ----------
    kind : str
        ``evidence``.
    name, network : str
        Name of the method, and of the recipe behind it.
    features : tuple of str
        What the network is fed, in order: `unseam.evidence.features.feature_names` of the version that trained it.
    pixel_threshold, seed_threshold : float
        Heat from which a pixel belongs to a region, and that the region must reach somewhere.
    least_share : float
        Regions below this share of the frame are dropped.
    heat_calibration : HeatCalibration
        From the network's log odds to heat.
    photo_curve : PhotoCurve
    photos_seen : int
        Photos that the network was trained on, each time counted.
    recipe : mapping
        The training recipe in full.
    data_digest : str
        Digest of the training data.
    licence : str
        Terms of the weights.
    training_sources : tuple of mappings
        Name, licence and number of photographs of each source.
    paper, sees, blind : str
        As in `unseam.method.Method`.
    false_alarms : FalseAlarms, optional
        How often it is wrong about authentic photographs.
    """

    kind: str
    name: str
    network: str
    features: tuple[str, ...]
    pixel_threshold: float
    seed_threshold: float
    least_share: float
    heat_calibration: HeatCalibration
    photo_curve: PhotoCurve
    photos_seen: int
    recipe: Mapping[str, object]
    data_digest: str
    licence: str
    training_sources: tuple[Mapping[str, object], ...]
    paper: str
    sees: str
    blind: str
    false_alarms: FalseAlarms | None = None

    def __post_init__(self) -> None:
        demand(NAME.fullmatch(self.name) is not None, f"name {self.name!r}", "lower-case letters, digits and hyphens")
        demand(self.kind == KIND, f"kind {self.kind!r}", repr(KIND))
        for key in ("pixel_threshold", "seed_threshold", "least_share"):
            value = getattr(self, key)
            demand(0 <= value <= 1, f"{key} {value}", "a number from 0 to 1")
        slopes = (self.heat_calibration.slope, self.photo_curve.slope)
        demand(min(slopes) > 0, f"slopes {slopes}", "slopes above 0, so that hotter stays hotter")
