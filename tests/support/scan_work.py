"""Methods for the tests of scans, in a module of their own so that worker processes can import them."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from support.heatmaps import found, info_of
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo

WORDS = {"crash": 11, "hang": 12, "eat": 13, "raise": 14, "decline": 15}
"""What the red of the first pixel tells the method below to do."""


@dataclass(frozen=True)
class Red:
    """Calls pixels manipulated where they are red; may be told to misbehave."""

    name: str = "red"
    obeys: bool = True
    seconds: float = 0.0

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name, detects="red")

    def __call__(self, photo: Photo) -> Heatmap:
        if self.obeys:
            _obey(int(photo.pixels[0, 0, 0]))
        time.sleep(self.seconds)
        heat = photo.pixels[..., 0].astype(np.float32) / np.float32(255)
        return found(heat, score=float(heat.max()), threshold=0.75)


def _obey(word: int) -> None:
    if word == WORDS["crash"]:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == WORDS["hang"]:
        time.sleep(600)
    elif word == WORDS["eat"]:
        np.ones(2**29, np.float64)  # 4 GB
    elif word == WORDS["raise"]:
        raise RuntimeError("told to")
    elif word == WORDS["decline"]:
        raise NotApplicable("told to decline")


def save(path: Path, word: str = "", red: int = 0, side: int = 32) -> Path:
    """Write a small photo with a square of this red off the centre."""
    pixels = np.full((side, side + 8, 3), 40, np.uint8)
    pixels[4:20, 10:26, 0] = red
    pixels[0, 0, 0] = WORDS.get(word, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
