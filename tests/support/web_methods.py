"""Methods that do what their names say, in a separate module, so that worker processes can import them."""

import copy
import os
import signal
import time
import unittest.mock
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from support.heatmaps import found, info_of
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.photo.photo import Photo


@dataclass(frozen=True)
class Obedient:
    """Does what its name says; ``folder`` is where it says so."""

    name: str
    folder: Path = Path()

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name)

    def __call__(self, photo: Photo) -> Heatmap:
        if self.name == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.name == "sleep":
            (self.folder / f"{os.getpid()}.began").touch()
            time.sleep(600)
        if self.name == "nap":
            (self.folder / f"{os.getpid()}.began").touch()
            time.sleep(1)
        if self.name == "eat":
            return found(np.ones(2**32, np.float32), 0.5)
        if self.name == "full":
            unread = copy.copy(photo)  # without the coefficients that were read to describe the file
            with unittest.mock.patch("tempfile.tempdir", str(self.folder / "no-such-folder")):
                return found(np.full(photo.pixels.shape[:2], unread.jpeg is not None, np.float32), 0.5)
        if self.name == "break":
            raise ZeroDivisionError("of no interest to a caller")
        if self.name == "never":
            raise NotApplicable("it has no <JPEG> coefficients")
        heat = np.full((photo.height, photo.width), 0.5, np.float32)
        heat[photo.pixels[..., 0] > 150] = 0.9
        if self.name == "blank":
            heat[:] = 0.5
        return found(heat, 0.5 if self.name == "blank" else 0.875, threshold=0.75)


NAMES = ("bright", "blank", "never", "nap", "sleep", "die", "eat", "full", "break")


def obedient(folder: Path) -> dict[str, Obedient]:
    return {name: Obedient(name, folder) for name in NAMES}
