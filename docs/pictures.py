"""Make the pictures of README and docs: photo, heat map and mask of one example side by side.

python docs/pictures.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import unseam
from unseam.overlay import draw_overlay

ROOT = Path(__file__).parents[1]
EXAMPLE = "splice-butterfly"
GAP, HEIGHT = 12, 480
"""Pixels."""


def main() -> None:
    """Write ``docs/pictures/first-screen.png``."""
    report = unseam.analyze(ROOT / "examples" / "photos" / f"{EXAMPLE}.jpg")
    heatmap = report.heatmaps[report.method]
    title = f"{report.verdict.finding}   score {report.score:.2f}   {report.method}"
    overlay = draw_overlay(
        report.photo.pixels,
        report.heat,
        report.mask,
        report.regions,
        orientation=report.photo.orientation,
        threshold=heatmap.threshold,
        title=title,
    )
    mask = np.repeat(np.uint8(255) * report.mask[..., None], 3, axis=2)
    truth = np.asarray(Image.open(ROOT / "examples" / "masks" / f"{EXAMPLE}.png").convert("RGB"))
    row = [_scaled(picture) for picture in (report.photo.pixels, overlay, mask, truth)]
    sheet = Image.new("RGB", (sum(p.width for p in row) + GAP * (len(row) - 1), HEIGHT), "white")
    left = 0
    for picture in row:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    sheet.save(ROOT / "docs" / "pictures" / "first-screen.png", optimize=True)


def _scaled(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
