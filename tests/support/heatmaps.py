"""Heat maps and facts of methods that a test makes by hand."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseam.method import Heatmap, MethodInfo, final_mask, finding_of


def info_of(name: str, **facts: Any) -> MethodInfo:
    texts: dict[str, Any] = {"paper": "none: for tests", "detects": "bright pixels", "blind_spots": "in the dark"}
    return MethodInfo(name=name, **(texts | facts))


def found(
    heat: NDArray[np.float32], score: float = 0.5, *, threshold: float = 0.5, doubt: str | None = None
) -> Heatmap:
    """A heat map marked where it reaches the threshold, with the finding that follows from its mask."""
    mask = final_mask(heat >= np.float32(threshold))
    return Heatmap.of(heat, mask, score=score, finding=finding_of(mask, doubt), doubt=doubt)
