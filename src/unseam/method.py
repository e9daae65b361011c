"""A method is a function from one photo to one heat map; this file says what both are."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:  # at run time numpy would be most of `import unseam`, and of every command that reads no photo
    import numpy as np
    from numpy.typing import NDArray

    from unseam.photo.photo import Photo

Need = Literal["jpeg", "colour", "detail"]
"""What a method can require of a photo: its own JPEG coefficients, channels that differ, pixels that differ."""

NO_EVIDENCE = 0.5
"""The heat and the score of a photo about which nothing is known, at prior 0.5."""

MIN_REGION_AREA = 256
"""Pixels: smaller components of a mask are dropped, whatever the size of the photo.

A 16 x 16 square, four JPEG blocks: about 4 mm on a screen of 96 dpi, the size of a fingertip's target. A person can
point at it, and every detector's grid has several cells in it. A share of the frame would instead hide a small edit in
a large photo."""

TraceKind = Literal["compression", "noise", "sharpness", "resampling", "demosaicing", "colour", "copied"]

Strength = Literal["strong", "moderate", "weak"]


class Finding(StrEnum):
    """What a verdict can be."""

    MANIPULATED = "manipulated"
    SUSPICIOUS = "suspicious"
    NO_EVIDENCE = "no evidence"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace that differs inside a region from the rest of the photo.

    Attributes
    ----------
    kind : str
        Which trace.
    inside, outside : float
        Its value in the region and in the rest of the photo.
    unit : str
        Of both values.
    strength : str
        ``strong``, ``moderate`` or ``weak``.
    text : str
        The difference in plain words, with both values.
    source : (int, int, int, int), optional
        Where a copied region comes from: top, left, bottom, right in stored pixels, the last two exclusive.
    """

    kind: TraceKind
    inside: float
    outside: float
    unit: str
    strength: Strength
    text: str
    source: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One connected component of a mask.

    Attributes
    ----------
    top, left, bottom, right : int
        Bounding box in stored pixels of the photo; bottom and right are exclusive.
    area : int
        Pixels of the mask in this region.
    mean_heat : float
        Mean heat over these pixels, in [0, 1].
    traces : tuple of Trace
        What differs inside it, the strongest first; empty where the method explains nothing.
    """

    top: int
    left: int
    bottom: int
    right: int
    area: int
    mean_heat: float
    traces: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Power:
    """How often a method flags photos with the same processing history as this one; measured on validation photos.

    Attributes
    ----------
    history : str
        The class of photos, e.g. "recompressed at about 80, 0.6 megapixels".
    forgeries, authentic : float
        Share of forgeries and of authentic photographs that get the verdict manipulated or suspicious.
    by_size : tuple of (str, float)
        The share of forgeries by size of the edit.
    photos : int
        Photos behind these shares.
    """

    history: str
    forgeries: float
    authentic: float
    by_size: tuple[tuple[str, float], ...]
    photos: int

    @property
    def sentence(self) -> str:
        """The two shares in plain words."""
        forgeries = f"{in_hundred(self.forgeries)} forgeries made to test it"
        flagged = f"{forgeries} and {in_hundred(self.authentic)} authentic ones"
        return f"Of photographs like this one ({self.history}), unseam flags {flagged}."


def in_hundred(share: float) -> str:
    """Return a share of photos in words; a measured share is never said to be none."""
    return "fewer than 1 in 100" if share < 0.01 else f"{round(100 * share)} in 100"


@dataclass(frozen=True, slots=True)
class PatchLabels:
    """The patches that a network judged, and how likely each is to be manipulated.

    Attributes
    ----------
    boxes : (N, 4) int32
        Top, left, bottom, right in stored pixels of the photo; bottom and right are exclusive. Patches that
        overhang a border are clipped to it.
    probability : (N,) float32
        Probability in [0, 1] that more than the model's share of the patch (12.5 % in the paper) is manipulated.
    threshold : float
        The minimum probability at which the model calls a patch manipulated.
    """

    boxes: NDArray[np.int32]
    probability: NDArray[np.float32]
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """What every method returns, complete: no caller derives a part of it again. Made by `Heatmap.of`.

    Attributes
    ----------
    heat : (H, W) float32
        In [0, 1], at the photo's stored size: 1 = manipulated, 0 = authentic, 0.5 = no evidence.
    mask : (H, W) bool
        What the method calls manipulated; final: what is drawn, counted and listed as regions.
    regions : tuple of Region
        Exactly the connected components of the mask, the largest first.
    score : float, optional
        Calibrated probability in [0, 1], at prior 0.5, that the photo was manipulated at all; None where the method
        has no calibrated score.
    finding : Finding, optional
        The method's verdict; None exactly where ``score`` is.
    confidence : (H, W) float32, optional
        In [0, 1]: how much the method knows about each pixel.
    patches : PatchLabels, optional
        The labels of the patches, where the method judges patches.
    doubt : str, optional
        Why the finding is "cannot tell", in plain words; None with every other finding.
    power : Power, optional
        What the finding is worth on photos like this one, where that was measured.

    Raises
    ------
    ValueError
        The parts contradict one another.
    """

    heat: NDArray[np.float32]
    mask: NDArray[np.bool_]
    regions: tuple[Region, ...]
    score: float | None = None
    finding: Finding | None = None
    confidence: NDArray[np.float32] | None = None
    patches: PatchLabels | None = None
    doubt: str | None = None
    power: Power | None = None

    def __post_init__(self) -> None:
        if self.heat.shape != self.mask.shape:
            raise ValueError(f"found a mask of {self.mask.shape} with heat of {self.heat.shape}, expected one shape")
        area, marked = sum(region.area for region in self.regions), int(self.mask.sum())
        if area != marked:
            raise ValueError(f"found regions of {area} pixels in a mask of {marked}; make heat maps by `Heatmap.of`")
        if (self.score is None) != (self.finding is None):
            raise ValueError(f"found score {self.score} with finding {self.finding}, expected both or neither")
        if (self.doubt is None) == (self.finding is Finding.CANNOT_TELL):
            raise ValueError(f"found doubt {self.doubt!r} with finding {self.finding}")

    @classmethod
    def of(
        cls,
        heat: NDArray[np.float32],
        marked: NDArray[np.bool_],
        *,
        score: float | None = None,
        finding: Finding | None = None,
        confidence: NDArray[np.float32] | None = None,
        patches: PatchLabels | None = None,
        doubt: str | None = None,
        power: Power | None = None,
    ) -> Heatmap:
        """Make a complete heat map; its mask is ``marked``, (H, W) bool, after `final_mask`."""
        mask = final_mask(marked)
        return cls(heat, mask, find_regions(mask, heat), score, finding, confidence, patches, doubt, power)

    def __array__(self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None) -> NDArray[np.generic]:
        """Let ``np.asarray(heatmap)`` be the heat."""
        import numpy as np

        return np.array(self.heat, dtype=dtype, copy=copy)


def final_mask(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask (H, W) bool without its components below `MIN_REGION_AREA`; the only place where they go."""
    import cv2
    import numpy as np

    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= MIN_REGION_AREA
    kept[0] = False  # the background
    if kept[1:].all():
        return marked
    return np.asarray(kept[labels]) if count > 1 else marked


def find_regions(mask: NDArray[np.bool_], heat: NDArray[np.float32]) -> tuple[Region, ...]:
    """Return the connected components of a mask (H, W) bool, the largest first; pixels may touch at a corner."""
    import cv2
    import numpy as np

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    heat_sums = np.bincount(labels[mask], weights=heat[mask], minlength=count)
    regions = [_region(stats[label], float(heat_sums[label])) for label in range(1, count)]
    return tuple(sorted(regions, key=lambda region: (-region.area, region.top, region.left)))


def _region(stats: NDArray[np.int32], heat_sum: float) -> Region:
    left, top, width, height, area = (int(value) for value in stats)
    return Region(top, left, top + height, left + width, area, heat_sum / area)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often a method is wrong about authentic photographs.

    Attributes
    ----------
    marked : float
        Share of authentic photographs in which it marks a region, in [0, 1].
    source : str
        Which photographs, and how it was measured: a clause in plain words.
    scores : tuple of float
        Scores of authentic photographs, ascending; empty where they were not kept.
    """

    marked: float
    source: str
    scores: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.marked <= 1:
            raise ValueError(f"found a share of {self.marked}, expected 0 to 1")
        if list(self.scores) != sorted(self.scores):
            raise ValueError("found scores out of order, expected them ascending")

    def at(self, score: float) -> float | None:
        """Return the share of authentic photographs that score at least this; None where scores were not kept."""
        if not self.scores:
            return None
        return 1 - bisect_left(self.scores, score) / len(self.scores)


@dataclass(frozen=True, slots=True)
class VerdictThresholds:
    """The minimum score of each verdict, chosen by the false alarm rate on authentic validation photographs.

    Attributes
    ----------
    manipulated, suspicious : float
        Scores in [0, 1]; at most 1 % and at most 10 % of the authentic photographs score as high.
    """

    manipulated: float
    suspicious: float

    def __post_init__(self) -> None:
        if not 0 <= self.suspicious <= self.manipulated <= 1:
            raise ValueError(f"found {self}, expected 0 <= suspicious <= manipulated <= 1")

    def finding(self, score: float) -> Finding:
        """Return the verdict at this score."""
        if score >= self.manipulated:
            return Finding.MANIPULATED
        return Finding.SUSPICIOUS if score >= self.suspicious else Finding.NO_EVIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodInfo:
    """What callers and readers need to know about a method.

    Attributes
    ----------
    name : str
        The key in ``unseam.METHODS``.
    paper : str
        The source: authors, year, DOI.
    detects : str
        In one sentence, which trace the method looks for.
    blind_spots : str
        In one sentence, when it finds nothing.
    needs : frozenset of Need
        What the photo must have.
    min_size : (int, int)
        Minimum height and width in pixels at which the method returns a map.
    digest : str
        SHA-256 of the model file, hex; empty for a method without a file.
    options : frozenset of str
        Names of the options that `unseam.methods.with_options` can set.
    settings : tuple of str
        The options that were set and change the heat map, in words: ``stride 64``, ``fast``.
    false_alarms : FalseAlarms, optional
        How often it is wrong about authentic photographs, where that was measured.
    thresholds : VerdictThresholds, optional
        Of its score; None for a method without a verdict.
    """

    name: str
    paper: str
    detects: str
    blind_spots: str
    needs: frozenset[Need] = frozenset()
    min_size: tuple[int, int] = (1, 1)
    digest: str = ""
    options: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()
    false_alarms: FalseAlarms | None = None
    thresholds: VerdictThresholds | None = None


def finding_of(mask: NDArray[np.bool_], doubt: str | None) -> Finding:
    """Return the finding of a network whose mask (H, W) bool decides: any region is a manipulation."""
    if doubt is not None:
        return Finding.CANNOT_TELL
    return Finding.MANIPULATED if bool(mask.any()) else Finding.NO_EVIDENCE


@runtime_checkable
class Method(Protocol):
    """A function from one photo to one heat map.

    Attributes
    ----------
    info : MethodInfo
        What it is, for people and for callers.
    """

    @property
    def info(self) -> MethodInfo: ...  # noqa: D102

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo; raise ``NotApplicable`` with the reason when that is impossible."""
        ...
