"""A folder of forgeries as ``unseam forge`` writes them, learned in seconds: noise, most of it with a smooth block."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
SPLITS = {"train": 8, "validation": 8}


def write_forgeries(root: Path, seed: int = 0, block: int = SIDE // 2) -> Path:
    rng = np.random.default_rng(seed)
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    rows = []
    for split, count in SPLITS.items():
        for index in range(count):
            rows.append(_write(root, rng, f"{split}-{index}", split, block if index % 4 else 0))
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


def _write(root: Path, rng: np.random.Generator, name: str, split: str, block: int) -> dict[str, str]:
    pixels = rng.integers(60, 200, (SIDE, SIDE, 3), dtype=np.uint8)
    row = {"file": f"images/{name}.png", "mask": "", "split": split, "kind": "authentic", "host": name, "donor": ""}
    if block:
        top, left = rng.integers(0, SIDE - block, 2)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[top : top + block, left : left + block] = 255
        pixels[mask > 0] = 230
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
        row |= {"mask": f"masks/{name}.png", "kind": "splice"}
    Image.fromarray(pixels).save(root / row["file"])
    return row
