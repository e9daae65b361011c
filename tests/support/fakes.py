"""Methods whose answers a test decides; in a module of their own, so that worker processes can import them."""

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from support.heatmaps import found, info_of
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

SHAPE = (80, 120)


@dataclass
class Fake:
    """A method whose answer the test decides; it counts its calls."""

    name: str
    judge: Callable[[Photo], Heatmap]
    calls: list[str] = field(default_factory=list)
    digest: str = "1"

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name, digest=self.digest)

    def __call__(self, photo: Photo) -> Heatmap:
        self.calls.append(photo.name)
        return self.judge(photo)


def truth_of(photo: Photo) -> np.ndarray:
    """The synthetic photos show their own truth: the forged part is white."""
    return photo.pixels[..., 0] > 200


def knowing(photo: Photo) -> Heatmap:
    truth = truth_of(photo)
    return found(truth * np.float32(0.8) + np.float32(0.1), 0.9 if truth.any() else 0.1)


def inverse(photo: Photo) -> Heatmap:
    return found((~truth_of(photo)).astype(np.float32), 0.5)


def constant(photo: Photo) -> Heatmap:
    return found(np.full(SHAPE, 0.5, np.float32), 0.5, threshold=0.6)


def noise(photo: Photo) -> Heatmap:
    seed = zlib.crc32(photo.pixels.tobytes())
    return found(np.random.default_rng(seed).random(SHAPE, np.float32), 0.5)


def fussy(photo: Photo) -> Heatmap:
    if photo.name.startswith("a"):
        raise NotApplicable("no JPEG coefficients")
    return knowing(photo)


def crashing(photo: Photo) -> Heatmap:
    """End the process at once, as a crash inside a library does."""
    if photo.name.startswith("b"):
        os._exit(3)
    return knowing(photo)


def broken(photo: Photo) -> Heatmap:
    raise ValueError("broken on " + photo.name)
