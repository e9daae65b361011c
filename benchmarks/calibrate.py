"""Fit the calibration of the classical detectors: from measured values to the log-likelihood ratio, and its threshold.

    python benchmarks/calibrate.py PHOTOS [--method NAME]... [--cases 60] [--seed 0]
    python benchmarks/calibrate.py PHOTOS --threshold [--method NAME]...

PHOTOS is a folder of authentic photographs that no table uses for testing. The curve is a logistic regression of the
truth on the measured values, both classes weighing the same, over constructed cases (`traces`) and the authentic files
themselves (and again, resaved as a whole, where a detector says nothing else: `histories`). The threshold is the
minimum heat at which 95 % of the authentic files have no region, plus a margin; never below 0.5.
Prints the lines for each detector's config; with ``--threshold`` only that of the curve as it is.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from histories import HISTORIES
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from traces import TRACES, clean

from unseam.detectors.detector import Detector
from unseam.detectors.statistic import UNCALIBRATED, Statistic, logistic, spread
from unseam.errors import NotApplicable
from unseam.method import MIN_REGION_AREA
from unseam.methods import DETECTORS
from unseam.photo.photo import Photo, load_photo

CALM_SHARE = 0.95
"""Share of authentic photographs without a region; what `unseam.detectors.detector.CALIBRATED` promises."""
MARGIN = 0.25
"""In logits: photographs not seen here may have higher values."""
CELLS = 2000
"""Pixels drawn of each case, so that a large photo does not outweigh a small one."""


def main() -> None:
    """Print a curve for each detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--method", action="append")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threshold", action="store_true", help="keep the curve, choose its threshold anew")
    options = parser.parse_args()
    paths = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".png"))
    for name in options.method or TRACES:
        detector = DETECTORS[name]
        if options.threshold:
            choose_threshold(detector, paths)
        else:
            fit(
                replace(detector, config=replace(detector.config, curve=UNCALIBRATED)),
                paths,
                options.cases,
                options.seed,
            )


def choose_threshold(detector: Detector[Any], paths: list[Path]) -> None:
    """Print the threshold of a detector's curve, and how many of the photographs the present one marks."""
    levels = [region_level(found) for path in paths if (found := measured(detector, load_photo(path))) is not None]
    threshold = detector.config.curve.threshold
    marked = np.mean(np.array(levels) >= np.log(threshold / (1 - threshold)))
    found = f"{len(levels)} photographs, {marked:.1%} of them marked at {threshold}"
    print(f"{detector.info.name}: threshold={threshold_of(levels):.4f}; {found}", flush=True)  # noqa: T201


def fit(detector: Detector[Any], paths: list[Path], cases: int, seed: int) -> None:
    """Fit one detector's curve and print it with what it gives on its cases."""
    rng = np.random.default_rng(seed)
    name, values, truth = detector.info.name, [], []
    for _ in range(cases):
        host, donor = (clean(load_photo(paths[i]).pixels, rng) for i in rng.choice(len(paths), 2, replace=False))
        photo, inside = TRACES[name](host, donor, rng)
        found = measured(detector, photo)
        if found is None:
            continue
        drawn = rng.integers(0, inside.size, CELLS)
        values.append(in_pixels(found, photo).reshape(-1)[drawn])
        truth.append(inside.reshape(-1)[drawn])
    photos = [load_photo(path) for path in paths]
    if name in HISTORIES:
        photos += [HISTORIES[name](clean(photo.pixels, rng), rng) for photo in photos]
    authentic = [(photo, found) for photo in photos if (found := measured(detector, photo)) is not None]
    quiet = [rng.choice(in_pixels(found, photo).reshape(-1), CELLS) for photo, found in authentic]
    cells = np.concatenate([*values, *quiet])
    slope, middle = regression(cells, np.concatenate([*truth, np.zeros(len(cells) - CELLS * len(values), np.bool_)]))
    threshold = threshold_of([slope * (region_level(found) - middle) for _, found in authentic])
    print(f"{name}: LlrCurve(slope={slope:.4g}, middle={middle:.4g}, threshold={threshold:.4f})")  # noqa: T201
    report(values, truth, slope, middle, threshold, len(authentic))


def report(
    values: list[NDArray[np.float64]],
    truth: list[NDArray[np.bool_]],
    slope: float,
    middle: float,
    threshold: float,
    authentic: int,
) -> None:
    """Print the mean pixel AUC and F1 of the cases."""
    heats = [np.where(np.isfinite(each), logistic(slope * (each - middle)), 0.5) for each in values]
    mixed = [(heat, inside) for heat, inside in zip(heats, truth, strict=True) if 0 < inside.mean() < 1]
    auc = np.mean([roc_auc_score(inside, heat) for heat, inside in mixed])
    f1 = np.mean([f1_score(inside, heat >= threshold, zero_division=0.0) for heat, inside in mixed])
    print(f"    {len(mixed)} cases: mean pixel AUC {auc:.3f}, mean F1 {f1:.3f}; {authentic} authentic photos")  # noqa: T201


def measured(detector: Detector[Any], photo: Photo) -> Statistic | None:
    """Return the detector's ratio by its own curve, or None where it does not apply."""
    try:
        detector.check(photo)
        return detector.llr(photo)
    except NotApplicable:
        return None


def in_pixels(found: Statistic, photo: Photo) -> NDArray[np.float64]:
    """Spread a grid over its photo: (H, W)."""
    return spread(found.values, found.step, found.origin, (photo.height, photo.width))


def region_level(found: Statistic) -> float:
    """Return the maximum value at which a photo has a region; minus infinity where it has none at any."""
    values = np.unique(found.values[np.isfinite(found.values)])
    cells = MIN_REGION_AREA / (found.step[0] * found.step[1])
    low, high = 0, len(values)  # a region at values[low - 1], none at values[high]
    while low < high:
        middle = (low + high) // 2
        marked = np.nan_to_num(found.values, nan=-np.inf) >= values[middle]
        stats = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)[2]
        if (stats[1:, cv2.CC_STAT_AREA] >= cells).any():
            low = middle + 1
        else:
            high = middle
    return float(values[low - 1]) if low else -np.inf


def threshold_of(levels: list[float]) -> float:
    """Return the minimum heat that leaves the calm share of photographs without a region."""
    calm = float(np.quantile(levels, CALM_SHARE, method="higher"))
    return max(0.5, float(logistic(calm + MARGIN))) if np.isfinite(calm) else 0.5


def regression(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and middle of the logistic regression, both classes weighing the same."""
    known = np.isfinite(values)
    scale = float(np.std(values[known])) or 1.0
    model = LogisticRegression(class_weight="balanced").fit(values[known, None] / scale, truth[known])
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return slope / scale, -intercept / slope * scale


if __name__ == "__main__":
    main()
