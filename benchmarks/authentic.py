"""How often `fusion` flags authentic photographs, by camera and by JPEG quality.

    python benchmarks/authentic.py FOLDER [--quality 95]... [--model MODEL.onnx] [--fast]

FOLDER holds photographs of which none was used in training or calibration. Each is judged as it is, and saved again as
JPEG (4:2:0) at each quality: one line a photograph with its findings and scores, then the share of each finding, and
how the scores lie.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from unseam.method import Finding, Heatmap, Method
from unseam.methods import METHODS, with_options
from unseam.models.load import load_model
from unseam.photo.paths import find_photos
from unseam.photo.photo import load_photo


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quality", type=int, action="append")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args()
    method = with_options(load_model(options.model) if options.model else METHODS["fusion"], fast=options.fast)
    qualities = [None, *(options.quality or [])]
    columns: list[list[Heatmap]] = [[] for _ in qualities]
    for found in find_photos([options.folder], None):
        for column, data in zip(columns, _saved(found.path, qualities), strict=True):
            column.append(_judged(method, data))
        cells = (f"{column[-1].finding} {column[-1].score:.2f}" for column in columns)
        print(f"{found.path.stem:32}", *(f"{cell:17}" for cell in cells), flush=True)  # noqa: T201
    heads = ["as it is", *(f"JPEG {quality}" for quality in qualities[1:])]
    print(f"\n{len(columns[0])} photographs".ljust(28), *(f"{head:>9}" for head in heads))  # noqa: T201
    for name, values in _lines(columns):
        print(f"{name:27}", *(f"{value:9.3f}" for value in values))  # noqa: T201


def _lines(columns: list[list[Heatmap]]) -> Iterator[tuple[str, list[float]]]:
    for finding in Finding:
        yield finding, [float(np.mean([found.finding is finding for found in column])) for column in columns]
    flagged = (Finding.MANIPULATED, Finding.SUSPICIOUS)
    yield (
        "manipulated or suspicious",
        [float(np.mean([found.finding in flagged for found in column])) for column in columns],
    )
    for name, share in (("score, median", 0.5), ("score, 95 %", 0.95)):
        yield name, [float(np.quantile([found.score or 0.0 for found in column], share)) for column in columns]


def _saved(path: Path, qualities: list[int | None]) -> Iterator[bytes]:
    """Yield the bytes of a photograph as it is (None), and saved again at each quality."""
    data = path.read_bytes()
    pixels = load_photo(data).pixels
    for quality in qualities:
        if quality is None:
            yield data
            continue
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
        yield buffer.getvalue()


def _judged(method: Method, data: bytes) -> Heatmap:
    return method(load_photo(data))


if __name__ == "__main__":
    main()
