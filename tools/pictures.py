"""Make the pictures of README and docs: photo, what was found and what was changed, each with its caption.

    PYTHONPATH=benchmarks python tools/pictures.py [NAME]...

Without a name: README's first screen. With the names of methods, or all: their pages' pictures; of a detector a case
that ``benchmarks/traces.py`` constructs from two photographs of ``examples/originals`` with seed 0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import unseam
from unseam.drawing.overlay import draw_overlay
from unseam.photo.photo import load_photo

ROOT = Path(__file__).parents[1]
EXAMPLE = "copy-move-houseboat"
LEARNED = ("fusion",)
"""Methods whose page shows the example: a network has no single trace to construct."""

GAP, HEIGHT = 12, 480
"""Pixels."""

CAPTIONS = ("Photo", "What unseam finds", "What was changed")
FONT_SIZE, CAPTION_HEIGHT = 40, 60
"""Pixels: three panels of a photo of 4 : 3 are 1,944 wide; at 390, the width of a phone, letters are still 8 high."""


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
    return [_scaled(picture) for picture in (report.photo.pixels, overlay, truth)]


def _save(row: list[Image.Image], path: Path) -> None:
    sheet = Image.new("RGB", (sum(p.width for p in row) + GAP * (len(row) - 1), HEIGHT + CAPTION_HEIGHT), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    left = 0
    for picture, caption in zip(row, CAPTIONS, strict=True):
        sheet.paste(picture, (left, 0))
        middle = (left + picture.width / 2, HEIGHT + CAPTION_HEIGHT / 2)
        draw.text(middle, caption, "black", font=font, anchor="mm")
        left += picture.width + GAP
    path.parent.mkdir(exist_ok=True)
    sheet.save(path, optimize=True)


def _scaled(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
