"""A method is a function from one photo to one heat map; this file says what such a map is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:  # at run time numpy would be most of `import unseam`, and of every command that looks at no photo
    import numpy as np
    from numpy.typing import NDArray

    from unseam.photo import Photo

Need = Literal["jpeg", "colour", "detail"]
"""What a method can ask of a photo: its own JPEG coefficients, channels that differ, pixels that differ (not flat)."""

NO_EVIDENCE = 0.5
"""The heat and the score of a photo about which nothing is known, at prior 0.5."""


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
