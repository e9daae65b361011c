"""Which photos `fusion` calls resampled, and the cost and benefit of that.

    python benchmarks/resampled.py PHOTOS... [--originals CAMERAS] [--forgeries SET] [--count N]

PHOTOS are folders of photographs; N of each are drawn, cut to at most `MOST_PIXELS` from their middle, changed as
`unseam evaluate --degrade` does and saved. The thresholds of `unseam.models.fusion.resampling` come from the
unchanged ones of a random half; the shares are of the other half. CAMERAS are camera originals, which no threshold
was chosen on. SET is a folder of forgeries, changed in the same way: pixel AUC of `fusion` and of the baseline
`texture`, and how many have a marked region, of photos called resampled and of the others.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam import METHODS, load_photo
from unseam.datasets.folder import folder
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.counts import Counts
from unseam.evaluation.degrade import ORIGINAL, Condition, degraded
from unseam.models.fusion.resampling import Traces, resampling_traces
from unseam.photo.photo import Photo

CHANGES = (
    ORIGINAL,
    *(Condition("resize", factor) for factor in (0.5, 0.75, 1.25, 1.5, 2)),
    *(Condition("blur", sigma) for sigma in (0.5, 1, 2)),
)

SAVED = (None, 95, 85, 75)
"""JPEG qualities after the change; None: without loss."""

COARSE = 50
"""And at this quality unchanged photos must not look resampled either."""

MOST_PIXELS = 300_000
"""Height x width of what is taken of a photo, about that of the photos of public sets."""

SEED = 1


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--originals", type=Path)
    parser.add_argument("--forgeries", type=Path)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    if options.photos:
        _photographs(options.photos, options.count, options.originals)
    if options.originals:
        _originals(options.originals)
    if options.forgeries:
        _forgeries(options.forgeries, options.count)


def _photographs(roots: list[Path], count: int, originals: Path | None) -> None:
    kept_apart = {load_photo(path).sha256 for path in _files(originals)} if originals else set()
    choosing: dict[str, list[Traces]] = defaultdict(list)
    shares: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for root in roots:
        drawn = _files(root)
        random.Random(SEED).shuffle(drawn)
        for index, path in enumerate(drawn[:count]):
            photo = load_photo(path)
            if photo.sha256 in kept_apart:
                continue
            if index % 2:
                choosing[root.parent.name] += [resampling_traces(other.pixels) for _, other in _unchanged(photo)]
                continue
            for saved, other in _unchanged(photo):
                shares[f"unchanged, {root.parent.name}", saved].append(_called(other))
                if _called(other):
                    print(f"called resampled: {path.name} {saved} {resampling_traces(other.pixels)}")  # noqa: T201
            for changed in CHANGES[1:]:
                for saved, other in _changed(photo, changed):
                    shares[str(changed), saved].append(_called(other))
    for name, found in choosing.items():
        most = max(traces.periodicity for traces in found)
        least = np.quantile([traces.detail for traces in found], 0.01)
        print(f"for thresholds: {name}, {len(found)} unchanged: periodicity <= {most:.2f}, detail 1 % {least:.2f}")  # noqa: T201
    for (change, saved), called in shares.items():
        print(f"{change:20} {saved:10} {np.mean(called):6.3f} of {len(called)}")  # noqa: T201


def _originals(root: Path) -> None:
    named = {path.name: resampling_traces(load_photo(path).pixels) for path in _files(root)}
    called = [f"{name} {traces}" for name, traces in named.items() if traces.reason()]
    print(f"camera originals called resampled: {len(called)} of {len(named)}", *called, sep="\n  ")  # noqa: T201


def _forgeries(root: Path, count: int) -> None:
    samples = [sample for sample in folder(root).samples if sample.mask is not None]
    random.Random(SEED).shuffle(samples)
    print("change            called  of these: AUC fusion, texture, with a region  of others: the same")  # noqa: T201
    for change in CHANGES:
        found: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
        for sample in samples[:count]:
            photo = load_photo(sample.photo)
            truth = sample.truth((photo.height, photo.width))
            photo, truth = degraded(photo, truth, change, name=sample.name)
            found[_called(photo)].append(_judged(photo, truth))
        means = [np.mean(found[which] or [(np.nan,) * 3], axis=0) for which in (True, False)]
        numbers = " ".join(f"{number:9.3f}" for number in np.concatenate(means))
        print(f"{change!s:16} {len(found[True]) / len(samples[:count]):7.3f} {numbers}")  # noqa: T201


def _judged(photo: Photo, truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    heatmap = METHODS["fusion"](photo)
    fusion, texture = (Counts.of(judged.heat, truth).auc() for judged in (heatmap, BASELINES["texture"](photo)))
    return fusion or np.nan, texture or np.nan, float(heatmap.mask.any())


def _unchanged(photo: Photo) -> Iterator[tuple[str, Photo]]:
    yield "as it is", photo
    yield from _changed(photo, ORIGINAL)
    yield f"JPEG {COARSE}", _passed(_middle(photo), Condition("jpeg", COARSE))


def _changed(photo: Photo, change: Condition) -> Iterator[tuple[str, Photo]]:
    moved = _passed(_middle(photo), change)
    for quality in SAVED:
        if quality is None:
            yield "lossless", moved
        else:
            yield f"JPEG {quality}", _passed(moved, Condition("jpeg", quality))


def _passed(photo: Photo, change: Condition) -> Photo:
    return degraded(photo, np.zeros((photo.height, photo.width), bool), change, name="")[0]


def _middle(photo: Photo) -> Photo:
    """Cut on the file's own 8 x 8 grid."""
    part = min(1.0, (MOST_PIXELS / (photo.height * photo.width)) ** 0.5)
    rows, columns = (int(side * part) // 8 * 8 for side in (photo.height, photo.width))
    top, left = ((side - kept) // 16 * 8 for side, kept in ((photo.height, rows), (photo.width, columns)))
    return load_photo(np.ascontiguousarray(photo.pixels[top : top + rows, left : left + columns]))


def _called(photo: Photo) -> bool:
    return resampling_traces(photo.pixels).reason() is not None


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


if __name__ == "__main__":
    main()
