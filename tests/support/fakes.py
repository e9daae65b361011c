"""Methods whose answers a test decides; in a module of their own, so that worker processes can import them."""

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from unseam.errors import NotApplicable
from unseam.method import Heatmap, Need
from unseam.photo.photo import Photo

SHAPE = (80, 120)


@dataclass
class Fake:
    """A method whose answer the test decides; it counts its calls."""

    name: str
    judge: Callable[[Photo], Heatmap]
    calls: list[str] = field(default_factory=list)
    paper: str = ""
    sees: str = ""
    blind: str = ""
    needs: frozenset[Need] = frozenset()
    min_size: tuple[int, int] = (1, 1)
    digest: str = "1"

    def __call__(self, photo: Photo) -> Heatmap:
        self.calls.append(photo.name)
        return self.judge(photo)


def truth_of(photo: Photo) -> np.ndarray:
    """The synthetic photos show their own truth: the forged part is white."""
    return photo.pixels[..., 0] > 200


def knowing(photo: Photo) -> Heatmap:
    truth = truth_of(photo)
    return Heatmap(truth * np.float32(0.8) + np.float32(0.1), 0.9 if truth.any() else 0.1)


def inverse(photo: Photo) -> Heatmap:
    return Heatmap((~truth_of(photo)).astype(np.float32), 0.5)


def constant(photo: Photo) -> Heatmap:
    return Heatmap(np.full(SHAPE, 0.5, np.float32), 0.5, threshold=0.6)


def noise(photo: Photo) -> Heatmap:
    seed = zlib.crc32(photo.pixels.tobytes())
    return Heatmap(np.random.default_rng(seed).random(SHAPE, np.float32), 0.5)


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
