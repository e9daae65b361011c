"""Seconds per megapixel of the network `fusion`, in all and in parts.

    python benchmarks/fusion_speed.py PHOTO [PHOTO]...

Features with and without copied regions, and the rest (network and map), each the better of two runs, on all cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from unseam import METHODS, load_photo
from unseam.models.fusion.features import block_features
from unseam.photo.photo import Photo
from unseam.system.cores import cores


def main() -> None:
    """Print a line per photo."""
    method, fewer = METHODS["fusion"], frozenset({"copy-move"})
    print("seconds per megapixel       MP     all  without copied regions  features  network and map")  # noqa: T201
    for name in sys.argv[1:]:
        photo = load_photo(name)
        size = photo.height * photo.width / 1e6
        whole = _best(name, method) / size
        features = _best(name, lambda photo: block_features(photo, threads=cores())) / size
        quick = _best(name, lambda photo: block_features(photo, threads=cores(), without=fewer)) / size
        rest = whole - features
        print(f"{Path(name).name:24} {size:6.2f} {whole:7.2f} {quick + rest:23.2f} {features:9.2f} {rest:16.2f}")  # noqa: T201


def _best(name: str, work: Callable[[Photo], object]) -> float:
    """Time work on a photo that was just loaded: what it keeps (JPEG coefficients) is read anew each time."""
    seconds = []
    for _ in range(2):
        photo = load_photo(name)
        started = time.perf_counter()
        work(photo)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
