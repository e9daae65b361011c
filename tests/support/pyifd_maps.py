"""The photographs of the folder ``pyifd`` and pyIFD's maps of them; see the README there."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.photo.photo import Photo, load_photo

FOLDER = Path(__file__).parents[1] / "detectors" / "pyifd"
STEMS = ("aligned", "noisy", "odd", "shifted")
ALGORITHMS = ("ADQ1", "ADQ2", "NADQ", "BLK", "CFA1", "ELA", "NOI1")


def pyifd_photo(stem: str) -> Photo:
    return load_photo(FOLDER / f"{stem}.jpg")


def pyifd_map(stem: str, algorithm: str) -> NDArray[np.float64]:
    with np.load(FOLDER / "maps.npz") as maps:
        values: NDArray[np.float64] = maps[f"{stem}/{algorithm}"]
    return values
