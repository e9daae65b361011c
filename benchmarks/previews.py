"""How far embedded previews differ from their photos, before and after a part of the photo is replaced.

    python benchmarks/previews.py PHOTOS [--seed 0]

PHOTOS is a folder of camera photographs. For each that has a preview, prints correlation and largest difference; then,
for a part of a tenth, a fifth and three tenths of height and width that is replaced by another part of the same photo,
the share of photographs whose preview then disagrees. The thresholds in `unseam.provenance.thumbnail` come from here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unseam.jpeg.segments import cut_into_segments
from unseam.photo.photo import load_photo
from unseam.provenance.exif import read_exif
from unseam.provenance.thumbnail import Thumbnail, compare_thumbnail

SHARES = (0.1, 0.2, 0.3)


def main() -> None:
    """Print a line for each photograph, and one for each share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    plain: list[Thumbnail] = []
    noticed: dict[float, list[bool]] = {share: [] for share in SHARES}
    for path in sorted(options.photos.iterdir()):
        preview = read_exif(cut_into_segments(path.read_bytes()).exif or b"-").thumbnail
        if not preview:
            continue
        pixels = load_photo(path).pixels
        found = compare_thumbnail(preview, pixels)
        plain.append(found)
        print(f"{path.name:45} correlation {found.correlation:.4f}  difference {found.difference:5.2f}  {found.agrees}")  # noqa: T201
        if found.agrees:
            for share in SHARES:
                edited = compare_thumbnail(preview, replace_part(pixels, share, rng))
                noticed[share].append(edited.agrees is False)
    print(f"{len(plain)} previews, of which {sum(found.agrees is False for found in plain)} disagree")  # noqa: T201
    for share, hits in noticed.items():
        print(f"part of {share:.1f} of height and width replaced: {100 * np.mean(hits):.0f} % of {len(hits)} disagree")  # noqa: T201


def replace_part(pixels: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Copy a part of this share of height and width over another, both off the border by a tenth."""
    height, width = (int(side * share) for side in pixels.shape[:2])
    low, high = np.array(pixels.shape[:2]) * 0.1, np.array(pixels.shape[:2]) * 0.9 - (height, width)
    (top, left), (above, before) = (rng.uniform(low, high).astype(int) for _ in range(2))
    edited = pixels.copy()
    edited[top : top + height, left : left + width] = pixels[above : above + height, before : before + width]
    return edited


if __name__ == "__main__":
    main()
