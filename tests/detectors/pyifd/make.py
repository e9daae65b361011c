"""Make the photographs of this folder and pyIFD's maps of them: ``python make.py PHOTOS_FOLDER OUTPUT_FOLDER``.

PHOTOS_FOLDER holds the four sources under the names in `SOURCES` (see README.md for where they come from). The maps
in ``maps.npz`` are float64, under "<stem>/<algorithm>". Made with Python 3.11.7, pyIFD 0.0.3, numpy 1.23.5,
scipy 1.10.1, scikit-image 0.21.0, opencv-python 4.8.1.78, PyWavelets 1.5.0, Pillow 10.4.0, jpegio 0.2.8: pyIFD pins
nothing, and newer versions break ADQ1 and CFA1 and move NADQ. The photographs that are already in OUTPUT_FOLDER stay
as they are (another libjpeg encodes them differently); delete them to make them anew.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SOURCES = {
    "aligned": "cc0_canyon-wren.jpg",
    "shifted": "skimage_coffee.png",
    "odd": "skimage_chelsea.png",
    "noisy": "skimage_astronaut.png",
}


def maps_of(path: str) -> dict[str, np.ndarray]:
    """Run pyIFD; its imports stay in here, for pytest imports every file to look for doctests."""
    from pyIFD.ADQ1 import detectDQ
    from pyIFD.ADQ2 import getJmap
    from pyIFD.BLK import GetBlockGrid
    from pyIFD.CFA1 import CFA1
    from pyIFD.ELA import ELA
    from pyIFD.NADQ import NADQ
    from pyIFD.NOI1 import GetNoiseMap

    return {
        "ADQ1": detectDQ(path)[0],
        "ADQ2": getJmap(path, 1, 1, 15)[0],
        "NADQ": NADQ(path),
        "BLK": GetBlockGrid(path)[0],
        "CFA1": CFA1(path),
        "ELA": ELA(path, 90, 15, True),
        "NOI1": GetNoiseMap(path, 8),
    }


def once_jpeg(pixels: np.ndarray, **options: object) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(encode(pixels, **options))))


def encode(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def aligned(source: Image.Image) -> bytes:
    """A whole photo compressed twice on one grid, with a region pasted that was compressed once; 384 x 256."""
    fresh = np.array(source.resize((480, 270), Image.LANCZOS))[:256, 50:434]
    twice = once_jpeg(fresh, quality=70, subsampling=0)
    twice[80:192, 160:280] = fresh[60:172, 90:210]
    return encode(twice, quality=95, subsampling=0)


def shifted(source: Image.Image) -> bytes:
    """A region from a JPEG whose grid lay (3, 5) beside the photo's; 320 x 256, 4:2:0."""
    fresh = np.array(source)[72:328, 140:460]
    region = once_jpeg(np.array(source)[69:328, 135:460], quality=60, subsampling=0)[3:, 5:]
    fresh[64:200, 96:232] = region[64:200, 96:232]
    return encode(fresh, quality=95, subsampling="4:2:0")


def odd(source: Image.Image) -> bytes:
    """A part copied within a photo that was compressed before; 301 x 259, neither a multiple of 8; 4:2:0."""
    pixels = once_jpeg(np.array(source)[20:279, 80:381], quality=75, subsampling="4:2:0")
    pixels[150:230, 30:130] = pixels[41:121, 123:223].copy()
    return encode(pixels, quality=90, subsampling="4:2:0")


def noisy(source: Image.Image) -> bytes:
    """A region with added noise (standard deviation 8) in a never compressed photo; 273 x 330, 4:4:4."""
    pixels = np.array(source)[10:340, 60:333].astype(float)
    pixels[96:224, 64:192] += np.random.default_rng(0).normal(0, 8, (128, 128, 3))
    return encode(np.clip(np.round(pixels), 0, 255).astype(np.uint8), quality=90, subsampling="4:4:4")


def main(photos: Path, output: Path) -> None:
    maps = {}
    for stem, source in SOURCES.items():
        path = output / f"{stem}.jpg"
        if not path.exists():
            path.write_bytes(globals()[stem](Image.open(photos / source).convert("RGB")))
        for algorithm, values in maps_of(str(path)).items():
            maps[f"{stem}/{algorithm}"] = np.asarray(values, np.float64)
    np.savez_compressed(output / "maps.npz", **maps)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
