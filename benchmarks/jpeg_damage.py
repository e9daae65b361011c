"""How much damage in JPEGs is noticed: random bytes in the scans of sound files, and the sound files themselves.

``python benchmarks/jpeg_damage.py PHOTOS`` changes 8 or 40 bytes in the scan of each baseline JPEG without restart
markers below a folder, four times each, and counts what becomes of the files that still decode.
"""

import sys
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from unseam.errors import PhotoError
from unseam.jpeg.segments import START_OF_SCAN, cut_into_segments
from unseam.photo.paths import find_photos
from unseam.photo.photo import Photo, load_photo

TRIALS = 4
JUNK_BYTES = (8, 40)
FIRST, LAST = 0.1, 0.9
"""Part of the scan in which the junk begins."""

RESTART_INTERVAL = 0xDD


def main() -> None:
    """Print how many files came to each end."""
    counts: Counter[str] = Counter()
    for number, found in enumerate(find_photos([Path(sys.argv[1])])):
        try:
            photo = load_photo(found.path)
        except PhotoError:
            continue
        if photo.jpeg is None:
            continue
        counts["sound files"] += 1
        counts["sound files called damaged"] += photo.damage is not None
        if _is_plain(photo):
            counts["files that were damaged"] += 1
            for trial in range(TRIALS):
                counts[_outcome(photo, Random(TRIALS * number + trial))] += 1
    for name, count in sorted(counts.items()):
        print(f"{count:6d}  {name}")  # noqa: T201


def _is_plain(photo: Photo) -> bool:
    markers = [segment.marker for segment in cut_into_segments(photo.data or b"").segments]
    return markers.count(START_OF_SCAN) == 1 and RESTART_INTERVAL not in markers


def _outcome(photo: Photo, draw: Random) -> str:
    data = photo.data or b""
    scan = next(segment for segment in cut_into_segments(data).segments if segment.marker == START_OF_SCAN)
    place = scan.start + 14 + int((scan.end - scan.start - 14) * draw.uniform(FIRST, LAST))
    length = draw.choice(JUNK_BYTES)
    junk = bytes(draw.randrange(255) for _ in range(length))  # without 255, which would begin a marker
    try:
        broken = load_photo(data[:place] + junk + data[place + length :])
    except PhotoError:
        return "trials: refused"
    wrong = np.flatnonzero((broken.pixels != photo.pixels).any(axis=(1, 2)))
    if not len(wrong):
        return "trials: the same pixels"
    damage = broken.damage
    if damage is None:
        return "trials: unnoticed"
    kind = "libjpeg complains" if "Corrupt" in damage.reason else "means out of range"
    if damage.first_row is None:
        return f"trials: {kind}, not located"
    late = (damage.first_row - int(wrong[0])) / photo.height
    return f"trials: {kind}, {'located within 5 % of the height' if late < 0.05 else 'located lower'}"


if __name__ == "__main__":
    main()
