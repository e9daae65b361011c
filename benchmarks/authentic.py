"""How often `fusion` marks something in authentic photographs, by camera and by JPEG quality.

    python benchmarks/authentic.py FOLDER [--quality 95]... [--model MODEL.onnx] [--fast]

FOLDER holds photographs of which none was used in training or calibration. Each is judged as it is, and saved again as
JPEG (4:2:0) at each quality: how many are marked with the default threshold and with --strict, how many cannot be
judged, and how the scores lie. Then one line a photograph: the share of it that is marked.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from unseam.methods import METHODS
from unseam.models.fusion.method import FusionMethod, load_fusion
from unseam.models.network import NetworkOptions
from unseam.photo.paths import find_photos
from unseam.photo.photo import load_photo


class Found(NamedTuple):
    """What is said of one photograph: share marked by default and strictly, score, whether it cannot be judged."""

    marked: float
    strict: float
    score: float
    doubted: bool


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quality", type=int, action="append")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args()
    localizer = load_fusion(options.model) if options.model else METHODS["fusion"].load()
    localizer = replace(localizer, options=NetworkOptions(fast=options.fast))
    qualities = [None, *(options.quality or [])]
    paths = [found.path for found in find_photos([options.folder], None)]
    rows: dict[str, list[Found]] = {}
    for path in paths:
        rows[path.stem] = [_judged(localizer, data) for data in _saved(path, qualities)]
        cells = (f"{found.marked:7.1%}{'?' if found.doubted else ' '}" for found in rows[path.stem])
        print(f"{path.stem:32}", *cells, flush=True)  # noqa: T201
    print(f"\n{len(rows)} photographs     as it is  " + "  ".join(f"JPEG {quality}" for quality in qualities[1:]))  # noqa: T201
    columns = list(zip(*rows.values(), strict=True))
    lines = {
        "marked": [np.mean([found.marked > 0 and not found.doubted for found in column]) for column in columns],
        "marked, --strict": [
            np.mean([found.strict > 0 and not found.doubted for found in column]) for column in columns
        ],
        "cannot tell": [np.mean([found.doubted for found in column]) for column in columns],
        "score, median": [np.median([found.score for found in column]) for column in columns],
        "score, 95 %": [np.quantile([found.score for found in column], 0.95) for column in columns],
    }
    for name, values in lines.items():
        print(f"{name:20}", *(f"{value:8.3f}" for value in values))  # noqa: T201


def _saved(path: Path, qualities: list[int | None]) -> Iterator[bytes]:
    """Give the bytes of a photograph as it is (None), and saved again at each quality."""
    data = path.read_bytes()
    pixels = load_photo(data).pixels
    for quality in qualities:
        if quality is None:
            yield data
            continue
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
        yield buffer.getvalue()


def _judged(localizer: FusionMethod, data: bytes) -> Found:
    photo = load_photo(data)
    odds = localizer.log_odds(photo)
    loose = localizer.judged(photo, odds)
    strict = replace(localizer, options=replace(localizer.options, strict=True)).judged(photo, odds)
    return Found(float(loose.mask.mean()), float(strict.mask.mean()), loose.score, loose.doubt is not None)


if __name__ == "__main__":
    main()
