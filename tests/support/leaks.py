"""What gives forged files away without looking for forgeries: ``python tests/support/leaks.py FOLDER``.

A linear classifier on what a file says of itself (format, size, bytes per pixel, quantization tables, subsampling,
chunks and metadata), and a map that knows nothing but where the frame's centre is. Where one of them succeeds, a
network learns the factory and not forgeries.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unseam.evaluation.rings import centre_distance

FOLDS = 5
REGULARISATION = 0.1
"""Inverse strength (scikit-learn's C): 140 features of some hundred files."""


def features(path: Path) -> list[float]:
    """Describe a file; no pixel is decoded."""
    with Image.open(path) as image:
        tables = [list(table) for table in getattr(image, "quantization", {}).values()]
        jpeg = image.format == "JPEG"
        sampling = JpegImagePlugin.get_sampling(image) if jpeg else -1
        width, height, kept = image.width, image.height, len(image.info)
    luma, chroma = (*tables, [0] * 64, [0] * 64)[:2]
    size = path.stat().st_size
    shape = [width, height, np.log(width * height), np.log(width / height), width % 8, height % 8]
    steps = [np.log1p(value) for value in (*luma, *chroma)]
    named = [jpeg, len(tables), *(sampling == kind for kind in range(3)), kept, np.log(np.mean(luma) + 1)]
    return [*map(float, (*shape, np.log(size), np.log(size / (width * height)), *named, *steps))]


def file_auc(described: NDArray[np.float64], forged: NDArray[np.bool_], hosts: list[str]) -> float:
    """Return the AUC of files that the classifier has not seen, nor any other file of the same photograph."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=2000)
    )
    folds = GroupKFold(FOLDS)
    guesses = cross_val_predict(model, described, forged, groups=hosts, cv=folds, method="decision_function")
    return float(roc_auc_score(forged, guesses))


def folder_auc(*folders: Path) -> tuple[float, int, int]:
    """Return the AUC over all files of folders of forgeries, and how many files are forged and authentic."""
    files, forged, hosts = [], [], []
    for folder in folders:
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
            for row in csv.DictReader(manifest):
                files.append(folder / row["file"])
                forged.append(row["kind"] != "authentic")
                hosts.append(row["host_sha256"])
    truth = np.array(forged)
    return file_auc(np.array([features(file) for file in files]), truth, hosts), int(truth.sum()), int((~truth).sum())


def centre_auc(mask: NDArray[np.bool_]) -> float:
    """Pixel AUC, on one mask, of a map that knows nothing but how far the centre is."""
    nearness = -centre_distance((mask.shape[0], mask.shape[1])).ravel()
    ranks = np.empty(mask.size)
    ranks[np.argsort(nearness, kind="stable")] = np.arange(1, mask.size + 1)
    positives = int(mask.sum())
    return float((ranks[mask.ravel()].sum() - positives * (positives + 1) / 2) / (positives * (mask.size - positives)))


def masks_of(folder: Path) -> list[NDArray[np.bool_]]:
    return [np.asarray(Image.open(path)) > 0 for path in sorted((folder / "masks").iterdir())]


def main(folder: Path) -> None:
    auc, forged, authentic = folder_auc(folder)
    print(f"whole-file classifier: AUC {auc:.3f} over {forged} forged and {authentic} authentic files")  # noqa: T201
    known = [(float(mask.mean()), centre_auc(mask)) for mask in masks_of(folder)]
    for low, high in ((0.0, 1.0), (0.0, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 1.0)):
        chosen = [auc for area, auc in known if low <= area < high]
        mean = f"{np.mean(chosen):.3f}" if chosen else "-"
        print(f"centre: pixel AUC {mean} over {len(chosen)} masks of {100 * low:g} to {100 * high:g} %")  # noqa: T201
    shares = np.quantile([area for area, _ in known], (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1))
    print("areas, 0 1 25 50 75 99 100 %: " + " ".join(f"{share:.4f}" for share in shares))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
