"""Make the pictures of README and docs: photo, heat map, mask and true mask in a row.

    PYTHONPATH=benchmarks python tools/pictures.py [NAME]...

Without a name: README's first screen. With the names of methods, or all: their pages' pictures; of a detector a case
that ``benchmarks/traces.py`` constructs from two photographs of ``examples/originals`` with seed 0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import unseam
from unseam.drawing.overlay import draw_overlay
from unseam.photo.photo import load_photo

ROOT = Path(__file__).parents[1]
EXAMPLE = "copy-move-houseboat"
LEARNED = ("fusion",)
"""Methods whose page shows the example: a network has no single trace to construct."""

GAP, HEIGHT = 12, 480
"""Pixels."""


HOST, DONOR = "cactus.jpg", "houseboat.jpg"
"""Of the pictures of detectors."""


def main() -> None:
    """Write ``docs/pictures/first-screen.png``, or ``docs/methods/NAME.png`` for each name."""
    if not sys.argv[1:]:
        _save(_example(None), ROOT / "docs" / "pictures" / "first-screen.png")
    for name in _all_names() if sys.argv[1:] == ["all"] else sys.argv[1:]:
        row = _example(name) if name in LEARNED else _constructed(name)
        _save(row, ROOT / "docs" / "methods" / f"{name}.png")


def _all_names() -> list[str]:
    from traces import TRACES  # of benchmarks/

    return [*LEARNED, *TRACES]


def _example(method: str | None) -> list[Image.Image]:
    """Show an example photo as one method sees it, or as the default ones do."""
    truth = Image.open(ROOT / "examples" / "masks" / f"{EXAMPLE}.png").convert("RGB")
    report = unseam.analyze(ROOT / "examples" / "photos" / f"{EXAMPLE}.jpg", method)
    return _row(report, np.asarray(truth))


def _constructed(name: str) -> list[Image.Image]:
    from traces import TRACES, clean  # of benchmarks/

    rng = np.random.default_rng(0)
    originals = ROOT / "examples" / "originals"
    host, donor = (clean(load_photo(originals / file).pixels, rng) for file in (HOST, DONOR))
    photo, inside = TRACES[name](host, donor, rng)
    return _row(unseam.analyze(photo, [name]), np.repeat(np.uint8(255) * inside[..., None], 3, axis=2))


def _row(report: unseam.Report, truth: np.ndarray) -> list[Image.Image]:
    overlay = draw_overlay(
        report.photo.pixels,
        report.heat,
        report.mask,
        report.regions,
        orientation=report.photo.orientation,
        title=f"{report.verdict}   {report.method}",
    )
    mask = np.repeat(np.uint8(255) * report.mask[..., None], 3, axis=2)
    return [_scaled(picture) for picture in (report.photo.pixels, overlay, mask, truth)]


def _save(row: list[Image.Image], path: Path) -> None:
    sheet = Image.new("RGB", (sum(p.width for p in row) + GAP * (len(row) - 1), HEIGHT), "white")
    left = 0
    for picture in row:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    path.parent.mkdir(exist_ok=True)
    sheet.save(path, optimize=True)


def _scaled(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
