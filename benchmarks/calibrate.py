"""Fit the fixed curves of the classical detectors: evidence to heat, threshold, and score.

    python benchmarks/calibrate.py PHOTOS [--method NAME]... [--cases 60] [--seed 0]

PHOTOS is a folder of authentic photographs that no table uses for testing. The curve is a logistic regression of the
truth on the evidence, both sides weighing the same, over constructed cases (`traces`) and the authentic files
themselves (and again, resaved as a whole, where a detector says nothing else: `histories`); the score is the same over
photos, constructed cases against authentic files. The threshold is the heat that the 99th percentile of 95 % of the
authentic files stays below, plus a margin; never below 0.5.
Prints the lines for each detector's config.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from histories import HISTORIES
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from traces import TRACES, clean

from unseam.detectors.detector import Detector
from unseam.detectors.statistic import SCORE_QUANTILE, spread
from unseam.errors import NotApplicable
from unseam.methods import METHODS
from unseam.photo.photo import Photo, load_photo

CALM_QUANTILE, CALM_SHARE = 0.99, 0.95
"""The design's contract: this quantile of an authentic photo's heat stays under the threshold on this share of them."""
MARGIN = 0.25
"""In logits: photographs not seen here may be a little louder."""
CELLS = 2000
"""Pixels drawn of each case, so that a large photo does not outweigh a small one."""


def main() -> None:
    """Print a curve for each detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--method", action="append")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = sorted(path for path in options.photos.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    for name in options.method or TRACES:
        fit(METHODS[name], paths, options.cases, options.seed)


def fit(detector: Detector, paths: list[Path], cases: int, seed: int) -> None:
    """Fit one detector's curve and print it with what it gives on its cases."""
    rng = np.random.default_rng(seed)
    evidence, truth, forged = [], [], []
    for _ in range(cases):
        host, donor = (clean(load_photo(paths[i]).pixels, rng) for i in rng.choice(len(paths), 2, replace=False))
        photo, inside = TRACES[detector.name](host, donor, rng)
        found = evidence_of(detector, photo)
        if found is None:
            continue
        drawn = rng.integers(0, inside.size, CELLS)
        evidence.append(found.reshape(-1)[drawn])
        truth.append(inside.reshape(-1)[drawn])
        forged.append(loudest(found, SCORE_QUANTILE))
    authentic = [found for path in paths if (found := evidence_of(detector, load_photo(path))) is not None]
    if detector.name in HISTORIES:
        resaved = (HISTORIES[detector.name](clean(load_photo(path).pixels, rng), rng) for path in paths)
        authentic += [found for photo in resaved if (found := evidence_of(detector, photo)) is not None]
    quiet = [rng.choice(found.reshape(-1), CELLS) for found in authentic]
    cells = np.concatenate([*evidence, *quiet])
    slope, middle = logistic(cells, np.concatenate([*truth, np.zeros(len(cells) - CELLS * len(evidence), np.bool_)]))
    photos = np.array([*forged, *(loudest(found, SCORE_QUANTILE) for found in authentic)])
    score = logistic(photos, np.arange(len(photos)) < len(forged))
    calm = np.quantile([loudest(found, CALM_QUANTILE) for found in authentic], CALM_SHARE, method="higher")
    threshold = max(0.5, float(sigmoid(slope * (calm - middle) + MARGIN))) if np.isfinite(calm) else 0.5
    print(f"{detector.name}: Curve({slope:.4g}, {middle:.4g}, {threshold:.4f}, {score[0]:.4g}, {score[1]:.4g})")  # noqa: T201
    report(evidence, truth, slope, middle, threshold, len(authentic))


def report(
    evidence: list[NDArray[np.float64]],
    truth: list[NDArray[np.bool_]],
    slope: float,
    middle: float,
    threshold: float,
    authentic: int,
) -> None:
    """Print the mean pixel AUC and F1 of the cases."""
    heats = [np.where(np.isfinite(values), sigmoid(slope * (values - middle)), 0.5) for values in evidence]
    mixed = [(heat, inside) for heat, inside in zip(heats, truth, strict=True) if 0 < inside.mean() < 1]
    auc = np.mean([roc_auc_score(inside, heat) for heat, inside in mixed])
    f1 = np.mean([f1_score(inside, heat >= threshold, zero_division=0.0) for heat, inside in mixed])
    print(f"    {len(mixed)} cases: mean pixel AUC {auc:.3f}, mean F1 {f1:.3f}; {authentic} authentic photos")  # noqa: T201


def evidence_of(detector: Detector, photo: Photo) -> NDArray[np.float64] | None:
    """(H, W) evidence, or None where the detector does not apply."""
    try:
        detector.check(photo)
        found = detector.evidence(photo)
    except NotApplicable:
        return None
    return spread(found.values, found.step, found.origin, (photo.height, photo.width))


def loudest(evidence: NDArray[np.float64], quantile: float) -> float:
    """Give a quantile of the evidence; minus infinity where nothing is known."""
    known = evidence[np.isfinite(evidence)]
    return float(np.quantile(known, quantile)) if known.size else -np.inf


def logistic(evidence: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and middle of the logistic regression, both sides weighing the same."""
    known = np.isfinite(evidence)
    scale = float(np.std(evidence[known])) or 1.0
    model = LogisticRegression(class_weight="balanced").fit(evidence[known, None] / scale, truth[known])
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return slope / scale, -intercept / slope * scale


def sigmoid(x: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))


if __name__ == "__main__":
    main()
