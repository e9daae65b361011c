"""Whether the detectors are calm on authentic camera photographs, as the design asks.

    python benchmarks/calm.py PHOTOS [--method NAME]...

PHOTOS is a folder of camera originals that no curve was fitted on. A photo is calm when the 99th percentile of its heat
is below the method's threshold. Prints for each detector how many photos it applies to, the share that is calm, the
share with a marked region, and the photos that are not calm.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.analyze import analyze
from unseam.methods import DETECTORS
from unseam.photo.photo import load_photo

CALM_QUANTILE = 0.99
"""Of the heat of a photo."""


def main() -> None:
    """Print one line per detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--method", action="append")
    options = parser.parse_args()
    names = options.method or list(DETECTORS)
    calm: dict[str, list[bool]] = {name: [] for name in names}
    marked: dict[str, int] = dict.fromkeys(names, 0)
    loud: dict[str, list[str]] = {name: [] for name in names}
    for path in sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")):
        report = analyze(load_photo(path), names)
        for name, heatmap in report.heatmaps.items():
            calm[name].append(is_calm(heatmap.heat, DETECTORS[name].config.curve.threshold))
            marked[name] += bool(heatmap.regions)
            if not calm[name][-1]:
                loud[name].append(path.stem)
    print("detector         applies  calm    marked")  # noqa: T201
    for name in names:
        count = len(calm[name])
        if count:
            share = f"{count:7d} {np.mean(calm[name]):6.1%} {marked[name] / count:7.1%}"
            print(f"{name:16} {share}  {', '.join(loud[name])}")  # noqa: T201
        else:
            print(f"{name:16} {count:7d}")  # noqa: T201


def is_calm(heat: NDArray[np.float32], threshold: float) -> bool:
    """Tell whether the 99th percentile of the heat is below the threshold."""
    return bool(np.quantile(heat, CALM_QUANTILE) < threshold)


if __name__ == "__main__":
    main()
