"""A method is a function from one photo to one heat map; this file says what such a map is."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:  # at run time numpy would be most of `import unseam`, and of every command that looks at no photo
    import numpy as np
    from numpy.typing import NDArray

    from unseam.photo.photo import Photo

Need = Literal["jpeg", "colour", "detail"]
"""What a method can ask of a photo: its own JPEG coefficients, channels that differ, pixels that differ (not flat)."""

NO_EVIDENCE = 0.5
"""The heat and the score of a photo about which nothing is known, at prior 0.5."""


LEAST_AREA = 64
"""Pixels: the area of one JPEG block. Smaller parts of a mask are specks, and no regions."""


@dataclass(frozen=True, slots=True)
class PatchLabels:
    """The patches that a localizer judged, and how likely each is to be manipulated.

    Attributes
    ----------
    boxes : (N, 4) int32
        Top, left, bottom, right in stored pixels of the photo; bottom and right are exclusive. Patches that
        overhang a border are clipped to it.
    probability : (N,) float32
        Probability in [0, 1] that more than the model's share of the patch (12.5 % in the paper) is manipulated.
    threshold : float
        The probability from which on the model calls a patch manipulated.
    """

    boxes: NDArray[np.int32]
    probability: NDArray[np.float32]
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """What every method returns.

    Attributes
    ----------
    heat : (H, W) float32
        In [0, 1], at the photo's own stored size: 1 = manipulated, 0 = authentic, 0.5 = no evidence.
    score : float
        How likely it is that the photo was manipulated at all, in [0, 1], at prior 0.5.
    threshold : float
        The heat from which on the method calls a pixel manipulated.
    confidence : (H, W) float32, optional
        In [0, 1]: how much the method knows about each pixel.
    patches : PatchLabels, optional
        The labels of the patches, where the method judges patches.
    mask : (H, W) bool, optional
        The method's own binary decision where it is more than ``heat >= threshold`` (the paper's networks smooth
        it and multiply it by the patch label); None where it is not.
    doubt : str, optional
        Why this map must not lead to a verdict (too small, too compressed, ...), in plain words; None if it may.
    """

    heat: NDArray[np.float32]
    score: float
    threshold: float = NO_EVIDENCE
    confidence: NDArray[np.float32] | None = None
    patches: PatchLabels | None = None
    mask: NDArray[np.bool_] | None = None
    doubt: str | None = None

    def __array__(self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None) -> NDArray[np.generic]:
        """Let ``np.asarray(heatmap)`` be the heat."""
        import numpy as np

        return np.array(self.heat, dtype=dtype, copy=copy)


@dataclass(frozen=True, slots=True)
class Region:
    """One connected part of a mask.

    Attributes
    ----------
    top, left, bottom, right : int
        Bounding box in stored pixels of the photo; bottom and right are exclusive.
    area : int
        Pixels of the mask in this region.
    mean_heat : float
        Mean heat over these pixels, in [0, 1].
    """

    top: int
    left: int
    bottom: int
    right: int
    area: int
    mean_heat: float


@runtime_checkable
class Method(Protocol):
    """A function from one photo to one heat map, with what a person needs to know about it.

    Attributes
    ----------
    name : str
        The key in ``unseam.METHODS``.
    paper : str
        The source: authors, year, DOI.
    sees : str
        In one sentence, which trace the method looks for.
    blind : str
        In one sentence, when it sees nothing.
    needs : frozenset of Need
        What the photo must have.
    min_size : (int, int)
        Least height and width in pixels at which the method returns a map.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def paper(self) -> str: ...  # noqa: D102
    @property
    def sees(self) -> str: ...  # noqa: D102
    @property
    def blind(self) -> str: ...  # noqa: D102
    @property
    def needs(self) -> frozenset[Need]: ...  # noqa: D102
    @property
    def min_size(self) -> tuple[int, int]: ...  # noqa: D102

    def __call__(self, photo: Photo) -> Heatmap:
        """Judge one photo; raise ``NotApplicable`` with the reason when that is impossible."""
        ...


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often a method is wrong about authentic photographs.

    Attributes
    ----------
    marked : float
        Share of authentic photographs in which it marks a region, in [0, 1].
    source : str
        Which photographs, and how it was found out: a clause in plain words.
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
        """Give the share of authentic photographs that score at least this; None where scores were not kept."""
        if not self.scores:
            return None
        return 1 - bisect_left(self.scores, score) / len(self.scores)


def false_alarms_of(method: Method) -> FalseAlarms | None:
    """Give what is known about a method's false alarms; None where nothing is."""
    known = getattr(method, "false_alarms", None)
    return known if isinstance(known, FalseAlarms) else None


def find_regions(
    mask: NDArray[np.bool_], heat: NDArray[np.float32], least_area: int = LEAST_AREA
) -> tuple[Region, ...]:
    """Find the connected parts of a mask, the largest first.

    Parameters
    ----------
    mask : (H, W) bool
    heat : (H, W) float32
    least_area : int
        Parts of fewer pixels are left out.

    Returns
    -------
    tuple of Region
        Pixels that touch at a corner are connected.
    """
    import cv2
    import numpy as np

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    heat_sums = np.bincount(labels[mask], weights=heat[mask], minlength=count)
    kept = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= least_area]
    regions = [_region(stats[label], float(heat_sums[label])) for label in kept]
    return tuple(sorted(regions, key=lambda region: (-region.area, region.top, region.left)))


def _region(stats: NDArray[np.int32], heat_sum: float) -> Region:
    left, top, width, height, area = (int(value) for value in stats)
    return Region(top, left, top + height, left + width, area, heat_sum / area)
