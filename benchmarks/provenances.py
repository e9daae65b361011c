"""What photos say about themselves: the history of each file, its contradictions, and how many there are of each kind.

    python benchmarks/provenances.py PHOTOS

PHOTOS is a folder. Prints a line for each photo, and the counts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from unseam.errors import PhotoError
from unseam.photo.photo import load_photo
from unseam.provenance import read_provenance


def main() -> None:
    """Print a line for each photo, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    counts: Counter[str] = Counter()
    for path in sorted(path for path in parser.parse_args().photos.rglob("*") if path.is_file()):
        try:
            found = read_provenance(load_photo(path))
        except PhotoError as error:
            print(f"{path.name}: {error}")  # noqa: T201
            continue
        if found is not None:
            counts[str(found.history)] += 1
            print(f"{path.name}: {found.summary}")  # noqa: T201
            for lead in found.leads:
                if lead.contradiction:
                    print(f"    {lead.text}")  # noqa: T201
    for history, count in counts.most_common():
        print(f"{count:5} {history}")  # noqa: T201


if __name__ == "__main__":
    main()
