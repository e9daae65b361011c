"""What each 8 x 8 block tells about its processing history, in units and words that a person can weigh.

`unseam.models.fusion.traces` compares these measures inside and outside of regions. Limits of strength come from random
and from content-shaped regions of authentic photographs, as they are and saved again: of 594 regions, fewer than 1 in
100 have a strong trace, 1 in 20 a moderate one, 1 in 5 a weak one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from unseam.method import TraceKind
from unseam.models.fusion.features import MIN_RESIDUAL, feature_names

Reals = NDArray[np.float32]

MIN_TEXTURE = math.log(1.0)
"""Natural logarithm of grey levels: mean residual at half size below which a block is too flat to be sharp."""

LLR_FLOOR, LOG_FLOOR = 0.5, 0.1
"""`Measure.floor` of log-likelihood ratios and of logarithms: differences that nobody would call one."""

MIN_GAP = 30.0
"""Percentage points by which the shares of blocks that a detector marks must differ inside and outside."""

MAX_CLIPPED = 0.1
"""Share of a block's samples that may be black or white; more says nothing about noise."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How far one measure of a region lies from the rest of the photo.

    Attributes
    ----------
    inside, outside : float
        As shown to a person, in the measure's unit.
    size : float
        In robust standard deviations of equally large tiles of the rest; positive where the region has more.
    """

    inside: float
    outside: float
    size: float


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that each block tells about its processing history.

    Attributes
    ----------
    name : str
        Of the measure; unique.
    kind : str
        The kind of trace that it is about.
    blocks : function
        From the features (F, rows, columns) to the measure (rows, columns) float32, NaN where a block tells nothing.
    floor : float
        Added to the deviation of the rest, in the measure's own scale: in a photo that is uniform up to rounding, a
        trifle must not look strong.
    limits : (float, float, float)
        Effect sizes from which on a difference is weak, moderate and strong.
    unit : str
        Of the values shown.
    shown : function
        From the measure's known blocks of one side, (N,), to the value shown.
    words : function
        From the effect to plain words.
    lower : bool
        Whether a region with less of it is reported, too.
    gap : float
        By which the values shown must differ.
    """

    name: str
    kind: TraceKind
    blocks: Callable[[Reals], Reals]
    floor: float
    limits: tuple[float, float, float]
    unit: str
    shown: Callable[[Reals], float]
    words: Callable[[Effect], str]
    lower: bool = False
    gap: float = 0.0


@cache
def _places() -> dict[str, int]:
    return {name: place for place, name in enumerate(feature_names())}


def _feature(features: Reals, name: str) -> Reals:
    return np.asarray(features[_places()[name]], np.float32)


def _detector(name: str, features: Reals) -> Reals:
    """Return a detector's log-likelihood ratios; NaN where it does not apply."""
    applies = _feature(features, f"detector: {name}, applies") > 0
    return np.where(applies, _feature(features, f"detector: {name}"), np.nan).astype(np.float32)


def _exposed(features: Reals) -> NDArray[np.bool_]:
    clipped = _feature(features, "colour: black") + _feature(features, "colour: white")
    return np.asarray(clipped <= MAX_CLIPPED)


def _noise(features: Reals) -> Reals:
    return np.where(_exposed(features), _feature(features, "residual: square 3"), np.nan).astype(np.float32)


def _sharpness(features: Reals) -> Reals:
    """Return fine over coarse detail, as a logarithm."""
    fine, coarse = _feature(features, "residual: square 3"), _feature(features, "residual: square 3, half size")
    textured = (coarse > MIN_TEXTURE) & _exposed(features)
    return np.where(textured, fine - coarse, np.nan).astype(np.float32)


def _resampling(features: Reals) -> Reals:
    rows, columns = (_feature(features, f"residual: {what} alternate") for what in ("rows", "columns"))
    return np.where(_exposed(features), np.maximum(rows, columns), np.nan).astype(np.float32)


def _colour_noise(features: Reals) -> Reals:
    """Return colour noise over luma noise, as a logarithm."""
    red, blue, luma = (_feature(features, f"residual: {what}") for what in ("red", "blue", "square 3"))
    return np.where(_exposed(features), (red + blue) / 2 - luma, np.nan).astype(np.float32)


def _share_marked(blocks: Reals) -> float:
    """Percent of the blocks for which a detector speaks for a manipulation."""
    return 100 * float((blocks > 0).mean())


def _grey_levels(blocks: Reals) -> float:
    return max(math.exp(float(np.median(blocks))) - MIN_RESIDUAL, 0.0)


def _ratio(blocks: Reals) -> float:
    return math.exp(float(np.median(blocks)))


def _excess(blocks: Reals) -> float:
    return 100 * (math.exp(float(np.median(blocks))) - 1)


def _percent(what: str, effect: Effect) -> str:
    return f"{what}: {effect.inside:.0f} % of its blocks, {effect.outside:.0f} % elsewhere"


def _more_or_less(more: str, less: str, show: Callable[[float], str], effect: Effect) -> str:
    what = more if effect.size > 0 else less
    return f"{what}: {show(effect.inside)} inside, {show(effect.outside)} elsewhere"


def _marked(name: str, kind: TraceKind, what: str, limits: tuple[float, float, float]) -> Measure:
    """Return the measure of a detector: its log-likelihood ratios."""
    blocks, words = partial(_detector, name), partial(_percent, what)
    return Measure(name, kind, blocks, LLR_FLOOR, limits, "% of blocks", _share_marked, words, gap=MIN_GAP)


ONCE = "compressed once, where the rest was compressed twice"
OTHER_GRID = "compressed before on another grid of blocks than the rest"
SHIFTED_GRID = "its grid of JPEG blocks is shifted against that of the rest"
NEVER = "not compressed before as the rest was"
RESAVE = "changes more than the rest when saved again, as if saved fewer times"
NO_PATTERN = "lacks the pattern of a camera's sensor that the rest has"

MEASURES: tuple[Measure, ...] = (
    _marked("dct-model", "compression", ONCE, (2.5, 4.0, 8.0)),
    _marked("dct-histogram", "compression", ONCE, (1.0, 2.2, 4.0)),
    _marked("aligned-jpeg", "compression", ONCE, (1.0, 3.0, 5.0)),
    _marked("nonaligned-jpeg", "compression", OTHER_GRID, (1.0, 2.0, 4.0)),
    _marked("block-grid", "compression", SHIFTED_GRID, (2.0, 4.0, 7.5)),
    _marked("jpeg-error", "compression", NEVER, (1.0, 3.0, 6.0)),
    _marked("error-level", "compression", RESAVE, (2.0, 6.0, 20.0)),
    _marked("demosaicing", "demosaicing", NO_PATTERN, (1.5, 3.0, 5.0)),
    Measure(
        name="resampling",
        kind="resampling",
        blocks=_resampling,
        floor=LOG_FLOOR / 3,
        limits=(2.2, 7.0, 12.0),
        unit="% between even and odd lines",
        shown=_excess,
        words=partial(_more_or_less, "even and odd lines differ, as after resizing", "", "{:.0f} %".format),
    ),
    Measure(
        name="noise",
        kind="noise",
        blocks=_noise,
        floor=LOG_FLOOR,
        limits=(4.0, 7.0, 12.0),
        unit="grey levels",
        shown=_grey_levels,
        words=partial(_more_or_less, "noisier", "less noisy", "{:.1f} grey levels".format),
        lower=True,
    ),
    Measure(
        name="sharpness",
        kind="sharpness",
        blocks=_sharpness,
        floor=LOG_FLOOR,
        limits=(1.6, 3.0, 5.5),
        unit="fine over coarse detail",
        shown=_ratio,
        words=partial(
            _more_or_less, "sharper, fine over coarse detail", "softer, fine over coarse detail", "{:.2f}".format
        ),
        lower=True,
    ),
    Measure(
        name="colour noise",
        kind="colour",
        blocks=_colour_noise,
        floor=LOG_FLOOR,
        limits=(2.3, 4.8, 9.0),
        unit="colour over luma noise",
        shown=_ratio,
        words=partial(_more_or_less, "more colour noise", "less colour noise", "{:.2f} of the luma noise".format),
        lower=True,
    ),
)
"""In no particular order; of those of one kind, the one that exceeds its limits most is reported."""
