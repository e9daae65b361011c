"""Can forged files be told from authentic ones by anything but pixels? ``python tests/forging/whole_file.py FOLDER``.

A linear classifier on what a file says of itself: format, size, bytes per pixel, quantization tables, subsampling,
chunks and metadata. Where it succeeds, a network learns the factory and not forgeries.
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


if __name__ == "__main__":
    auc, number_forged, number_authentic = folder_auc(*map(Path, sys.argv[1:]))
    print(f"AUC {auc:.3f} over {number_forged} forged and {number_authentic} authentic files")  # noqa: T201
