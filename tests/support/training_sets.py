"""Data sets to train on: a folder as ``unseam forge`` writes it, and one as others publish theirs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = {"train": (96, 128), "validation": (80, 72)}


def write_folder(root: Path, *, hosts: str = "own") -> Path:
    """Photos whose pixels tell where they lie: red is the row, green the column, blue the photo's number."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    rows = []
    for number, (split, kind) in enumerate((s, k) for s in SIZES for k in ("splice", "splice", "authentic")):
        height, width = SIZES[split]
        pixels = np.stack([*np.mgrid[:height, :width], np.full((height, width), number)], axis=2).astype(np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
        row = {"file": f"images/{number}.png", "mask": "", "split": split, "kind": kind, "donor": ""}
        row["host"] = "one" if hosts == "shared" else str(number)
        if kind == "splice":
            mask = np.zeros((height, width), np.uint8)
            mask[20 + number : 50, 10:40] = 255
            Image.fromarray(mask).save(root / "masks" / f"{number}.png")
            row["mask"] = f"masks/{number}.png"
        rows.append(row)
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


def write_public(root: Path) -> Path:
    """A data set as others publish them: photos and masks, no splits, three photos to a component."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    lines = ["name,component"]
    for number in range(30):
        pixels = np.stack([*np.mgrid[:96, :96], np.full((96, 96), number)], axis=2).astype(np.uint8)
        mask = np.zeros((96, 96), np.uint8)
        mask[20:60, 10:40] = 255
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
        Image.fromarray(mask).save(root / "masks" / f"{number}.png")
        lines.append(f"{number},{number // 3}")
    (root / "index.csv").write_text("\n".join(lines))
    return root
