"""What `fusion` says of authentic photographs, by camera and by JPEG quality.

    python benchmarks/authentic.py FOLDER [--quality 95]... [--model MODEL.onnx] [--fast]

FOLDER holds photographs of which none was used in training or calibration. Each is judged as it is, and saved again as
JPEG (4:2:0) at each quality: the share of each finding, and how the scores lie. First one line per photograph: the
share of it that is marked.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from unseam.method import Finding, Heatmap
from unseam.methods import find_method, with_options
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
    method = with_options(find_method(options.model or "fusion"), fast=options.fast)
    qualities = [None, *(options.quality or [])]
    paths = [found.path for found in find_photos([options.folder], None)]
    rows: dict[str, list[Heatmap]] = {}
    for path in paths:
        rows[path.stem] = [method(load_photo(data)) for data in _saved(path, qualities)]
        cells = (f"{found.mask.mean():7.1%}{'?' if found.doubt else ' '}" for found in rows[path.stem])
        print(f"{path.stem:32}", *cells, flush=True)  # noqa: T201
    print(f"\n{len(rows)} photographs     as it is  " + "  ".join(f"JPEG {quality}" for quality in qualities[1:]))  # noqa: T201
    columns = list(zip(*rows.values(), strict=True))
    lines = {
        str(finding): [np.mean([found.finding is finding for found in column]) for column in columns]
        for finding in Finding
    }
    lines["score, median"] = [np.median([found.score for found in column]) for column in columns]
    lines["score, 95 %"] = [np.quantile([found.score for found in column], 0.95) for column in columns]
    for name, values in lines.items():
        print(f"{name:20}", *(f"{value:8.3f}" for value in values))  # noqa: T201


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


if __name__ == "__main__":
    main()
