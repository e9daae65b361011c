"""Photo-like textures to forge from, and settings for small frames."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.forging import ForgeConfig

SMALL = ForgeConfig(sides=(160, 224), laundered_share=0.3)

PLAIN = replace(SMALL, laundered_share=0.0, adjustment_share=0.0, decoration_share=0.0)
"""Nothing is done after the edit."""


def textured(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Return coloured noise at several scales."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), np.float32)
    for sigma in (1.0, 4.0, 16.0):
        layer = cv2.GaussianBlur(rng.standard_normal((height, width, 3), np.float32), (0, 0), sigma)
        pixels += layer / layer.std()
    return np.clip(128 + 25 * pixels, 0, 255).astype(np.uint8)


def rows_of(out: Path) -> list[dict[str, str]]:
    """Read the manifest of a folder of forgeries."""
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
