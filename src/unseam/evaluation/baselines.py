"""Two methods that know nothing of forensics; a method that does not beat them has found nothing.

``centre`` is hot in the middle of the frame, where forgers like to paste (a mean pixel AUC of 0.66 on CASIA v1);
``texture`` is hot where the picture is busy. Every table carries both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.rings import centre_distance
from unseam.method import NO_EVIDENCE, Heatmap, Method, MethodInfo
from unseam.photo.photo import Photo

TEXTURE_SIDE = 9
"""Side in pixels of the square in which the variance is taken."""

TEXTURE_MIDDLE = 100.0
"""Variance, in squared grey levels, at which the texture baseline gives 0.5: a standard deviation of 10 levels."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A `Method` whose map knows nothing of manipulation."""

    info: MethodInfo
    heat: Callable[[Photo], NDArray[np.float32]]

    def __call__(self, photo: Photo) -> Heatmap:
        """Return the map, marked above 0.5; it has no score."""
        heat = self.heat(photo)
        return Heatmap.of(heat, heat > NO_EVIDENCE)


def _info(name: str, detects: str) -> MethodInfo:
    return MethodInfo(
        name=name,
        paper="none: a baseline",
        detects=detects,
        blind_spots="always: it knows nothing of manipulation",
    )


def _centre(photo: Photo) -> NDArray[np.float32]:
    return (1 - 2 * centre_distance((photo.height, photo.width))).astype(np.float32)


def _texture(photo: Photo) -> NDArray[np.float32]:
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    side = (TEXTURE_SIDE, TEXTURE_SIDE)
    # BORDER_REFLECT and not the default: a photo may be one pixel wide.
    mean = cv2.blur(grey, side, borderType=cv2.BORDER_REFLECT)
    variance = np.maximum(cv2.blur(grey**2, side, borderType=cv2.BORDER_REFLECT) - mean**2, 0)
    return np.asarray(variance / (variance + TEXTURE_MIDDLE), np.float32)


BASELINES: Mapping[str, Method] = {
    "centre": Baseline(_info("centre", "the middle of the frame"), _centre),
    "texture": Baseline(_info("texture", "local variance of the grey values"), _texture),
}
"""The baselines by name."""
