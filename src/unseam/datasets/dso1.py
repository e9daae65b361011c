"""DSO-1: 100 splices of people and 100 authentic photographs, PNG, 2048 x 1536 pixels.

Licence: research; no licence text in the archive.

Citation: de Carvalho, Riess, Angelopoulou, Pedrini, Rocha: Exposing digital image forgeries by illumination color
classification. TIFS 8(7) 2013, doi:10.1109/TIFS.2013.2265677

Where: https://recodbr.wordpress.com/code-n-data/#dso1_dsi1

Masks: black (default: black = the pasted person, as published), white (for copies whose masks were inverted).

::

    tifs-database/
    ├── DSO-1/                      splicing-01.png, normal-01.png
    ├── DSO-1-Fake-Images-Masks/    splicing-01.png: black = spliced
    └── DSI-1/, DSI-1-.../          another set of the same authors, not used

Which photographs the splices were made from is not published: each photo is its own group.
"""

from __future__ import annotations

import os

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

MASKS = ("black", "white")


def dso1(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of DSO-1; parameters and errors as of all adapters."""
    reading = Reading(choice(masks, MASKS))
    draft = Draft(root, "DSO-1/splicing-*.png and DSO-1-Fake-Images-Masks/splicing-*.png", split)
    pictures = draft.pictures("DSO-1")
    truths = keyed(r"(splicing-\d+)", draft.pictures("DSO-1-Fake-Images-Masks", "DSO-1-Masks"))
    for name, photo, mask in draft.pairs(keyed(r"(splicing-\d+)", pictures), truths):
        draft.add(photo, mask, kind="splice", sources=[name], reading=reading)
    for name, originals in keyed(r"(normal-\d+)", pictures).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[name])
    return draft.proven()
