"""Make the forgeries of this folder again from ``originals/``: ``python examples/make.py [--out DIR]``.

The same versions of OpenCV and Pillow give the same bytes.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.forging.edits import Cutout, copy_move, patched, splice, transformed
from unseam.forging.history import Compression, encoded
from unseam.photo.photo import load_photo

HERE = Path(__file__).parent
ORIGINALS = HERE / "originals"

Forged = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def original(name: str) -> NDArray[np.uint8]:
    """Load one of the originals."""
    return load_photo(ORIGINALS / name).pixels


def polygon(photo: NDArray[np.uint8], corners: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return the inside of a polygon given by (row, column) corners."""
    canvas = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.array(corners, np.int32)[:, ::-1]], 1)
    return canvas.astype(bool)


def butterfly(scale: float, angle: float) -> Cutout:
    """Cut the butterfly out along its wings, reduced and turned by so many degrees."""
    wings = np.asarray(Image.open(ORIGINALS / "butterfly.object.png")) > 0
    return transformed(Cutout(original("butterfly.jpg"), wings), scale=scale, angle=angle, flip=False)


def butterfly_over_the_dune() -> Forged:
    """Splice the butterfly, turned and reduced, into a photograph that was compressed before."""
    return splice(original("dune.jpg"), butterfly(scale=0.6, angle=18), 40, 470, seam="feather", width=1.2)


def butterfly_on_a_cactus() -> Forged:
    """Splice the butterfly on a cactus. Both photographs were reduced, which took the traces to compare from them."""
    return splice(original("cactus.jpg"), butterfly(scale=0.55, angle=-24), 130, 270, seam="feather", width=1.2)


def one_more_window() -> Forged:
    """Copy-move a window and the lifebuoy next to it to the empty wall to their left."""
    houseboat = original("houseboat.jpg")
    region = polygon(houseboat, [(197, 484), (197, 700), (366, 700), (366, 484)])
    return copy_move(houseboat, region, 190, 232, seam="feather", width=2)


def two_hikers_fewer() -> Forged:
    """Remove the last two hikers: filled with sand from nearby. Their shadow stays."""
    dune = original("dune.jpg")
    region = polygon(dune, [(415, 165), (415, 250), (520, 250), (560, 180), (555, 165)])
    return patched(dune, region, np.random.default_rng(3), seam="feather", width=4)


def no_bird() -> Forged:
    """Remove the bird from its rock: filled with sky and rock from nearby."""
    rock = original("wren.jpg")
    outline = [(75, 520), (125, 525), (190, 440), (326, 425), (326, 300), (296, 258), (240, 272), (120, 300), (75, 400)]
    return patched(rock, polygon(rock, outline), np.random.default_rng(5), seam="poisson", tries=2000)


FORGERIES: dict[str, tuple[Callable[[], Forged], int, str]] = {
    "splice-dune.jpg": (butterfly_over_the_dune, 90, "4:2:0"),
    "splice-butterfly.jpg": (butterfly_on_a_cactus, 88, "4:4:4"),
    "copy-move-houseboat.jpg": (one_more_window, 92, "4:2:0"),
    "removal-hikers.jpg": (two_hikers_fewer, 90, "4:2:0"),
    "removal-bird.png": (no_bird, 0, "4:4:4"),
}
"""What makes each forgery, and the JPEG quality (0: PNG) and chroma subsampling that it is saved with."""


def main() -> None:
    """Write every forgery and its mask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write photos/ and masks/ to")
    out = parser.parse_args().out
    for name, (forge, quality, subsampling) in FORGERIES.items():
        pixels, mask = forge()
        photo, truth = out / "photos" / name, (out / "masks" / name).with_suffix(".png")
        for path in (photo, truth):
            path.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(encoded(pixels, Compression(quality, subsampling=subsampling)))
        buffer = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8) * 255).save(buffer, "PNG")
        truth.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
