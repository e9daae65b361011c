"""How to run a model file and read its outputs: the one JSON object in its metadata, checked key by key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from unseam.errors import ModelError
from unseam.method import FalseAlarms
from unseam.models.document import (
    demand,
    parse_document,
    quoted,
    read_integer,
    read_number,
    read_numbers,
    read_object,
    read_objects,
    read_text,
    read_texts,
    refusal,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PATCHES = "patches"
"""The ``kind`` of networks whose input is patches; files without that key are of this kind."""

S = TypeVar("S", bound="DataclassInstance")

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Names of methods appear in file names and commands."""

LARGEST_SLOPE = 1e6
"""Of a curve and of what the input is multiplied by, either way: beyond, float32 ends."""

LARGEST_SIDE = 512
"""Pixels: side of a patch. The paper's is 64; the memory that a batch takes grows with the square."""

LARGEST_SIGMA = 64.0
"""Pixels: smoothing of the mask; the time that it takes grows with it. Ours is 2."""

JPEG_GRID = 8
"""Pixels: side of a JPEG block. Sides and strides of patches are multiples of it."""


@dataclass(frozen=True, slots=True)
class HeatCalibration:
    """heat = sigmoid(slope * logit(p) + intercept)."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """score = sigmoid(slope * logit(quantile of the heat over the photo) + intercept)."""

    quantile: float
    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class PhotoCurve:
    """score = sigmoid(slope * the network's own log odds of the photo + intercept)."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """The metadata that every model file has; the names are keys of its JSON object.

    Attributes
    ----------
    name, network : str
        Name of the method, and of the network or recipe behind it.
    heat_calibration : HeatCalibration
        From the network's log odds to heat.
    recipe : mapping
        The training recipe in full.
    data_digest : str
        Digest of the training data.
    licence : str
        Terms of the weights.
    training_sources : tuple of mappings
        Name, licence and number of photographs of each source.
    paper, detects, blind_spots : str
        As in `unseam.method.MethodInfo`.
    false_alarms : FalseAlarms, optional
        How often it is wrong about authentic photographs; the only key that a file may lack.
    """

    name: str
    network: str
    heat_calibration: HeatCalibration
    recipe: Mapping[str, object]
    data_digest: str
    licence: str
    training_sources: tuple[Mapping[str, object], ...]
    paper: str
    detects: str
    blind_spots: str
    false_alarms: FalseAlarms | None = None

    def __post_init__(self) -> None:
        fits = NAME.fullmatch(self.name) is not None
        demand(fits, f"name {quoted(self.name)}", "lower-case letters, digits and hyphens")
        demand_rising(heat_calibration=self.heat_calibration)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchNetworkSettings(NetworkSettings):
    """The metadata of the file of a network that judges patches.

    Attributes
    ----------
    patch_side, stride : int
        In pixels, multiples of 8; ``stride`` is at most ``patch_side``.
    input_scale, input_offset : float
        The network is fed ``x * input_scale + input_offset``, x being 8-bit RGB.
    patch_threshold, pixel_threshold : float
        From which probability on a patch, and from which heat on a pixel, is called manipulated.
    patch_rule : float
        Share of a patch that had to be manipulated for the label "manipulated" in training.
    smoothing_sigma : float
        Pixels: standard deviation of the Gaussian that smooths the binary mask.
    score_curve : ScoreCurve
    patches_seen : int
        Patches that the network was trained on.
    marked_score : float
        Score from which on a photo gets a mask at all; a file that lacks the key marks every photo by its heat alone.
    """

    patch_side: int
    stride: int
    input_scale: float
    input_offset: float
    patch_threshold: float
    pixel_threshold: float
    patch_rule: float
    smoothing_sigma: float
    score_curve: ScoreCurve
    patches_seen: int
    marked_score: float = 0.0

    def __post_init__(self) -> None:
        NetworkSettings.__post_init__(self)  # super() does not know the class that slots=True creates
        side, stride = self.patch_side, self.stride
        fits = 0 < side <= LARGEST_SIDE and side % JPEG_GRID == 0
        demand(fits, f"patch_side {side}", f"a multiple of {JPEG_GRID} up to {LARGEST_SIDE}")
        check_stride(stride, side)
        demand_shares(patch_threshold=self.patch_threshold, patch_rule=self.patch_rule)
        demand_shares(pixel_threshold=self.pixel_threshold)
        demand_shares(quantile=self.score_curve.quantile, marked_score=self.marked_score)
        sigma = self.smoothing_sigma
        demand(0 <= sigma <= LARGEST_SIGMA, f"smoothing_sigma {sigma}", f"a number from 0 to {LARGEST_SIGMA:g}")
        demand_bounded(input_scale=self.input_scale, input_offset=self.input_offset)
        demand_rising(score_curve=self.score_curve)


def demand_shares(**values: float) -> None:
    """Refuse, with a ModelError, a number that is not from 0 to 1; each is given under its key."""
    for key, value in values.items():
        demand(0 <= value <= 1, f"{key} {value}", "a number from 0 to 1")


def demand_rising(**curves: HeatCalibration | ScoreCurve | PhotoCurve) -> None:
    """Refuse, with a ModelError, a curve that falls; each is given under its key."""
    for key, curve in curves.items():
        demand(curve.slope > 0, f"{key} of slope {curve.slope}", "slopes above 0, so that hotter stays hotter")
        demand_bounded(**{f"{key}.slope": curve.slope, f"{key}.intercept": curve.intercept})


def demand_bounded(**values: float) -> None:
    """Refuse, with a ModelError, a number that float32 cannot be multiplied by; each is given under its key."""
    for key, value in values.items():
        demand(abs(value) <= LARGEST_SLOPE, f"{key} {value}", f"a number up to {LARGEST_SLOPE:g}")


def check_stride(stride: int, side: int) -> None:
    """Refuse, with a ModelError, a stride that is off the JPEG grid or leaves gaps between patches."""
    expected = f"a multiple of {JPEG_GRID} from {JPEG_GRID} to {side}"
    demand(0 < stride <= side and stride % JPEG_GRID == 0, f"stride {stride}", expected)


def parse_settings(text: str) -> PatchNetworkSettings:
    """Read the JSON object of a patch network's file; every way in which it can be wrong is a ModelError."""
    document = parse_document(text)
    kind = document.get("kind", PATCHES)
    demand(kind == PATCHES, f"a model of kind {quoted(kind)}", f"one of kind {PATCHES!r}")
    return settings_of(PatchNetworkSettings, document)


def settings_of(
    kind: type[S], document: Mapping[str, object], readers: Mapping[str, Callable[[str, object], Any]] | None = None
) -> S:
    """Fill a dataclass of settings from a JSON object, key by key; ModelError where one is missing or wrong.

    ``readers`` adds how the types of further keys are read, by their annotations.
    """
    known = fields(kind)
    keys = [field.name for field in known if field.default is MISSING]
    missing = [key for key in keys if key not in document]
    demand(not missing, f"metadata without {', '.join(missing)}", "all of " + ", ".join(keys))
    by_type = {**_READERS, **(readers or {})}
    return kind(
        **{
            field.name: by_type[str(field.type)](field.name, document[field.name])
            for field in known
            if field.name in document
        }
    )


def _photo_curve(key: str, value: object) -> PhotoCurve:
    return PhotoCurve(*read_numbers(key, value, ("slope", "intercept")))


def _heat_calibration(key: str, value: object) -> HeatCalibration:
    return HeatCalibration(*read_numbers(key, value, ("slope", "intercept")))


def _score_curve(key: str, value: object) -> ScoreCurve:
    return ScoreCurve(*read_numbers(key, value, ("quantile", "slope", "intercept")))


def _false_alarms(key: str, value: object) -> FalseAlarms | None:
    if value is None:
        return None
    held = read_object(key, value)
    scores = held.get("scores", [])
    if not isinstance(scores, list):
        raise refusal(f"{key}.scores {quoted(scores)}", "a list of numbers")
    try:
        return FalseAlarms(
            read_number(f"{key}.marked", held.get("marked")),
            read_text(f"{key}.source", held.get("source")),
            tuple(read_number(f"{key}.scores", score) for score in scores),
        )
    except ValueError as error:
        raise ModelError(f"{key}: {error}") from error


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "str": read_text,
    "int": read_integer,
    "float": read_number,
    "Mapping[str, object]": read_object,
    "tuple[Mapping[str, object], ...]": read_objects,
    "tuple[str, ...]": read_texts,
    "HeatCalibration": _heat_calibration,
    "PhotoCurve": _photo_curve,
    "ScoreCurve": _score_curve,
    "FalseAlarms | None": _false_alarms,
}
"""How the value of a key is read, by the annotation of its field."""
