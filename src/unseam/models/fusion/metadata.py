"""What a model file of the network `fusion` says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from unseam.errors import ModelError
from unseam.method import VerdictThresholds
from unseam.models.document import demand, read_integer, read_number, read_numbers, read_object, read_objects, read_text
from unseam.models.fusion.photo_head import HeadInput, PhotoHead, QualityCurve
from unseam.models.fusion.power import PowerClass, Rates
from unseam.models.metadata import NetworkSettings, demand_bounded, demand_shares

KIND = "fusion"
"""In the metadata's ``kind``: the file is fed features of blocks, not patches."""

MAX_QUALITY = 100
"""Of the IJG's scale."""

MAX_CLASSES = 64
"""Classes of photos in the table of power; ours has 12."""


@dataclass(frozen=True, slots=True)
class MaskRule:
    """How a mask follows from the map: a component is warm all over and hot somewhere.

    Attributes
    ----------
    extent, seed : float
        Heat from which a cell belongs to a component, and that a component must reach somewhere.
    """

    extent: float
    seed: float

    def __post_init__(self) -> None:
        demand_shares(extent=self.extent, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionSettings(NetworkSettings):
    """The metadata of a model file; the names are the keys of its JSON object.

    Attributes
    ----------
    kind : str
        ``fusion``.
    features : tuple of str
        What the network is fed, in order: `unseam.models.fusion.features.feature_names` of the version that trained it.
    photo_head : PhotoHead
        From pooled statistics and the photo's history to the score.
    thresholds : VerdictThresholds
        Of the score.
    manipulated_mask, suspicious_mask : MaskRule
        How the mask follows from the map given the finding.
    power : tuple of PowerClass
        How often photos of each history get each verdict; empty where that was not measured.
    calibration : mapping
        On which photos all of this was fitted, and how they were chosen.
    photos_seen : int
        Photos that the network was trained on, each time counted.
    """

    kind: str
    features: tuple[str, ...]
    photo_head: PhotoHead
    thresholds: VerdictThresholds
    manipulated_mask: MaskRule
    suspicious_mask: MaskRule
    power: tuple[PowerClass, ...]
    calibration: Mapping[str, object]
    photos_seen: int

    def __post_init__(self) -> None:
        NetworkSettings.__post_init__(self)  # super() does not know the class that slots=True makes anew
        demand(self.kind == KIND, f"kind {self.kind!r}", repr(KIND))
        demand(len(self.power) <= MAX_CLASSES, f"{len(self.power)} classes of photos", f"at most {MAX_CLASSES}")


def _photo_head(key: str, value: object) -> PhotoHead:
    held = read_object(key, value)
    inputs, curves = (read_objects(f"{key}.{part}", held.get(part)) for part in ("inputs", "curves"))
    return PhotoHead(
        tuple(_head_input(f"{key}.inputs", part) for part in inputs),
        tuple(_quality_curve(f"{key}.curves", part) for part in curves),
    )


def _head_input(key: str, held: Mapping[str, object]) -> HeadInput:
    name = read_text(f"{key}.name", held.get("name"))
    return HeadInput(name, *(_bounded(f"{key}.{part}", held.get(part)) for part in ("centre", "scale", "weight")))


def _quality_curve(key: str, held: Mapping[str, object]) -> QualityCurve:
    first, last = (read_integer(f"{key}.{part}", held.get(part)) for part in ("first_quality", "last_quality"))
    demand(0 <= first <= last <= MAX_QUALITY, f"{key} from {first} to {last}", f"qualities from 0 to {MAX_QUALITY}")
    return QualityCurve(first, last, *(_bounded(f"{key}.{part}", held.get(part)) for part in ("slope", "intercept")))


def _bounded(key: str, value: object) -> float:
    number = read_number(key, value)
    demand_bounded(**{key: number})
    return number


def _thresholds(key: str, value: object) -> VerdictThresholds:
    try:
        return VerdictThresholds(*read_numbers(key, value, ("manipulated", "suspicious")))
    except ValueError as error:
        raise ModelError(f"{key}: {error}") from error


def _mask_rule(key: str, value: object) -> MaskRule:
    return MaskRule(*read_numbers(key, value, ("extent", "seed")))


def _power(key: str, value: object) -> tuple[PowerClass, ...]:
    return tuple(_power_class(key, held) for held in read_objects(key, value))


def _power_class(key: str, held: Mapping[str, object]) -> PowerClass:
    first_quality, last_quality, min_pixels, max_pixels = (
        read_integer(f"{key}.{name}", held.get(name))
        for name in ("first_quality", "last_quality", "min_pixels", "max_pixels")
    )
    return PowerClass(
        first_quality,
        last_quality,
        min_pixels,
        max_pixels,
        _rates(f"{key}.authentic", held.get("authentic")),
        _rates(f"{key}.forgeries", held.get("forgeries")),
        tuple(_rates(f"{key}.by_edit", part) for part in read_objects(f"{key}.by_edit", held.get("by_edit"))),
    )


def _rates(key: str, value: object) -> Rates:
    held = read_object(key, value)
    photos = read_integer(f"{key}.photos", held.get("photos"))
    return Rates(photos, *read_numbers(key, held, ("manipulated", "flagged")))


READERS: Mapping[str, Callable[[str, object], Any]] = MappingProxyType(
    {
        "PhotoHead": _photo_head,
        "VerdictThresholds": _thresholds,
        "MaskRule": _mask_rule,
        "tuple[PowerClass, ...]": _power,
    }
)
"""How the values of keys that no other network has are read, by the annotation of their field."""
