"""What the copy-move detector finds: on sets of copy-moves, over ranges of movements, and how its checks were fitted.

    PYTHONPATH=benchmarks python benchmarks/copy_move.py sets FORGERIES
    PYTHONPATH=benchmarks python benchmarks/copy_move.py ranges PHOTOS [--cases 12] [--seed 0]
    PYTHONPATH=benchmarks python benchmarks/copy_move.py fit PHOTOS [--authentic FOLDER]... [--cases 150] [--seed 0]

FORGERIES holds the development sets comofod, cvip_d12 and casia1_dev. PHOTOS is a folder of authentic photographs.
``fit`` prints the weights of the regions' measures: a logistic regression of regions that lie in constructed copies
against regions of authentic files and facades, and how many of these have a region above each of several strengths.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from traces import clean, compressed, moved_copy

from unseam.detectors import copy_move as room
from unseam.detectors.copied_regions import MEASURES, Region, both_sides
from unseam.photo.photo import Photo, load_photo

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

LIKELY = 0.5
"""Share of a region, and of its match, that must lie in the truth for the region to count as found."""

PAPERS_DISTANCE, PAPERS_REGION = 50.0, 1200
"""Pixels: with the error of the fit, all that the paper asks of a region."""

MOVED_ONLY = 0.4
"""Share of constructed cases that are neither turned nor scaled."""

BEST_QUALITY = 100
"""Of a JPEG; what is drawn above it is saved without loss."""

FACADES = 60
"""Pictures of repeating windows among the authentic ones: photographs hold too few."""

STRENGTHS = (-2, -1, 0, 1, 2, 3, 4, 5)
"""At which false alarms are counted."""

MOVEMENTS = {
    "moved only": {},
    "turned by 10 degrees": {"turn": 10},
    "turned by 45 degrees": {"turn": 45},
    "turned by 90 degrees": {"turn": 90},
    "turned by 180 degrees": {"turn": 180},
    "scaled by 0.8": {"scale": 0.8},
    "scaled by 0.91": {"scale": 0.91},
    "scaled by 1.09": {"scale": 1.09},
    "scaled by 1.2": {"scale": 1.2},
    "turned by 10 degrees, scaled by 1.1": {"turn": 10, "scale": 1.1},
}
QUALITIES = (None, 95, 80, 60)
"""Of the JPEG that the forgery is saved as; None: saved without loss."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("sets", "ranges", "fit"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--authentic", action="append", type=Path, default=[])
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.what == "sets":
        sets(options.folder)
    elif options.what == "ranges":
        ranges(photos(options.folder), options.cases or 12, options.seed)
    else:
        authentic = [path for folder in (options.folder, *options.authentic) for path in photos(folder)]
        fit(photos(options.folder), authentic, options.cases or 150, options.seed)


def photos(folder: Path) -> list[Path]:
    """List the photographs of a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def sets(folder: Path) -> None:
    """Print the mean F1, recall and pixel AUC of each set, and the share of photos with a marked region."""
    print("set                              photos  marked    F1  recall   AUC")  # noqa: T201
    for name in ("comofod", "cvip_d12"):
        paths = photos(folder / name / "images")
        judged([(path, folder / name / "masks" / f"{path.stem}.png") for path in paths], f"{name}, both copies")
    with (folder / "casia1_dev" / "index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] != "splice"]
    images, masks = folder / "casia1_dev" / "images", folder / "casia1_dev" / "masks"
    for textures in (False, True):
        names = [row["name"] for row in rows if ("_txt" in row["name"]) is textures]
        what = "textures" if textures else "scenes"
        judged([(images / f"{name}.jpg", masks / f"{name}.png") for name in names], f"casia1 {what}, pasted copy only")
    alarms(photos(folder / "casia1_dev" / "authentic"), "casia1 authentic")


def alarms(paths: list[Path], title: str) -> None:
    """Print the share of authentic files with a marked region, and what it would be without the regions' checks."""
    paper = replace(room.DEFAULT, distance=PAPERS_DISTANCE, region=PAPERS_REGION)
    rows = []
    for path in paths:
        photo = load_photo(path)
        heatmap = room.METHOD(photo)
        unchecked = (bool(room.copy_move_regions(photo, config)) for config in (paper, room.DEFAULT))
        rows.append((bool(heatmap.regions), *unchecked))
    marked, by_paper, by_none = np.mean(np.asarray(rows, np.float64), axis=0)
    print(f"{title:32} {len(rows):6d} {marked:7.3f}")  # noqa: T201
    print(f"    of them marked by the paper's rule {by_paper:.3f}, by none but our least area {by_none:.3f}")  # noqa: T201


def judged(pairs: list[tuple[Path, Path]], title: str) -> None:
    """Print one line for a set of photos and masks."""
    rows = []
    for path, mask in pairs:
        truth = np.asarray(Image.open(mask).convert("L")) > 127
        heatmap = room.METHOD(load_photo(path))
        found = heatmap.mask
        both = (truth.ravel(), found.ravel())
        auc = roc_auc_score(truth.ravel(), heatmap.heat.ravel())
        rows.append((found.any(), f1_score(*both), found[truth].mean(), auc))
    marked, f1, recall, auc = np.mean(np.asarray(rows, np.float64), axis=0)
    print(f"{title:32} {len(rows):6d} {marked:7.3f} {f1:5.3f} {recall:7.3f} {auc:5.3f}")  # noqa: T201


def ranges(paths: list[Path], cases: int, seed: int) -> None:
    """Print the mean F1 and the share of cases with F1 of at least 0.5, for each movement and JPEG quality."""
    print("movement                              " + "".join(f"{quality or 'PNG':>14}" for quality in QUALITIES))  # noqa: T201
    for title, movement in MOVEMENTS.items():
        scores: dict[int | None, list[float]] = {quality: [] for quality in QUALITIES}
        for case in range(cases):
            rng = np.random.default_rng((seed, case))
            host = clean(load_photo(paths[rng.integers(len(paths))]).pixels, rng)
            forged, truth = moved_copy(host, rng, 0.05, movement.get("turn", 0.0), movement.get("scale", 1.0))
            for quality in QUALITIES:
                photo = load_photo(forged if quality is None else compressed(forged, quality))
                scores[quality].append(f1_score(truth.ravel(), room.METHOD(photo).mask.ravel()))
        cells = [f"{np.mean(f1):7.2f} ({np.mean(np.asarray(f1) >= 0.5):4.0%})" for f1 in scores.values()]
        print(f"{title:38}" + "".join(cells), flush=True)  # noqa: T201


def fit(paths: list[Path], authentic: list[Path], cases: int, seed: int) -> None:
    """Print weights and constant for the detector's config."""
    copies = np.array([measures for copy, measures in constructed(paths, cases, seed) if copy])
    print(f"{len(copies)} copied regions of {cases} cases", flush=True)  # noqa: T201
    files = [_measures(load_photo(path)) for path in authentic]
    facades = [_measures(facade(np.random.default_rng((seed, case)))) for case in range(FACADES)]
    false = np.concatenate([measures for measures in files + facades if len(measures)])
    print(f"{len(false)} regions of {len(files)} authentic files and {FACADES} facades")  # noqa: T201
    both = np.concatenate([copies, false])
    model = LogisticRegression(class_weight="balanced")
    model.fit(both / both.std(0), np.arange(len(both)) < len(copies))
    weights, constant = model.coef_[0] / both.std(0), float(model.intercept_[0])
    for name, weight in zip((*MEASURES, "constant"), (*weights, constant), strict=True):
        print(f"    {name:14} {weight:8.3f}")  # noqa: T201
    print("    strength    copied regions    files with an alarm    facades with an alarm")  # noqa: T201
    loudest = [np.array([_strongest(m, weights, constant) for m in part]) for part in (files, facades)]
    for strength in STRENGTHS:
        shares = [np.mean(values >= strength) for values in (copies @ weights + constant, *loudest)]
        print(f"    {strength:8d} {shares[0]:17.1%} {shares[1]:22.1%} {shares[2]:24.1%}")  # noqa: T201


def _measures(photo: Photo) -> Floats:
    return np.array([measures for _, measures in room.copy_move_regions(photo)])


def _strongest(measures: Floats, weights: Floats, constant: float) -> float:
    return float((measures @ weights + constant).max()) if len(measures) else -np.inf


def facade(rng: np.random.Generator) -> Photo:
    """Draw an authentic picture that repeats itself: alike windows under changing light, with a camera's grain."""
    down, across = (int(side) for side in rng.integers(30, 151, 2))
    rows, columns = 480 // down + 1, 640 // across + 1
    own, common = rng.uniform(30, 150, (rows, columns, 6, 6)), rng.uniform(30, 150, (1, 1, 6, 6))
    panes = (common + (own - common) * rng.choice([0.0, rng.uniform(0, 0.3)])) * rng.normal(
        1, 0.03, (rows, columns, 1, 1)
    )
    wall = np.full((rows * down, columns * across), 170.0)
    for row, column in np.ndindex(rows, columns):
        pane = cv2.resize(panes[row, column], (across * 3 // 5, down * 3 // 5), interpolation=cv2.INTER_CUBIC)
        wall[row * down : row * down + len(pane), column * across : column * across + pane.shape[1]] = pane
    light = cv2.resize(rng.uniform(0.92, 1.08, (3, 4)), (640, 480), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [639, 0], [639, 479], [0, 479]], np.float32)
    view = cv2.getPerspectiveTransform(corners, corners + rng.normal(0, 6, (4, 2)).astype(np.float32))
    seen = cv2.warpPerspective(
        wall[:480, :640], view, (640, 480), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    grey = cv2.GaussianBlur(seen * light, (0, 0), 0.8) + rng.normal(0, rng.uniform(1, 5), (480, 640))
    pixels = np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    quality = int(rng.integers(70, 106))
    return load_photo(compressed(pixels, quality) if quality <= BEST_QUALITY else pixels)


def constructed(paths: list[Path], cases: int, seed: int) -> Iterator[tuple[bool, Floats]]:
    """Give (is it a copy, measures) of each region in constructed copy-moves of all kinds."""
    for case in range(cases):
        rng = np.random.default_rng((seed, case))
        host = clean(load_photo(paths[rng.integers(len(paths))]).pixels, rng)
        share, scale = float(np.exp(rng.uniform(np.log(0.004), np.log(0.08)))), float(rng.uniform(0.85, 1.2))
        turn = float(rng.choice([rng.uniform(-20, 20), rng.uniform(-180, 180)]))
        if rng.random() < MOVED_ONLY:
            turn, scale = 0.0, 1.0
        forged, truth = moved_copy(host, rng, share, turn, scale)
        quality = int(rng.integers(70, 106))
        photo = load_photo(compressed(forged, quality) if quality <= BEST_QUALITY else forged)
        for region, measures in room.copy_move_regions(photo):
            yield _lies_in(region, truth), measures


def _lies_in(region: Region, truth: Bools) -> bool:
    """Tell whether a region and its match lie in the truth."""
    both = both_sides(region, truth.shape, 0)
    return bool(both.sum() > region.inside.sum() * (1 + LIKELY) and truth[both].mean() > LIKELY)


if __name__ == "__main__":
    main()
