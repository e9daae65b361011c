"""Realistic Tampering (Korus): 220 forgeries by hand with their originals, four cameras, TIFF, 1920 x 1080 pixels.

Licence: education and research only.

Citation: Korus, Huang: Multi-scale analysis strategies in PRNU-based tampering localization. TIFS 12(4) 2017,
doi:10.1109/TIFS.2016.2636089

Where: https://pkorus.pl/downloads/dataset-realistic-tampering

Masks: all (default: white and grey = changed pixels, as the readme advises), semantic (white alone = changed content).

::

    realistic-tampering-dataset/
    ├── Canon_60D/                   and Nikon_D90, Nikon_D7000, Sony_A57
    │   ├── pristine/                NAME.TIF
    │   ├── tampered-realistic/      NAME.TIF
    │   └── ground-truth/            NAME.PNG: black = authentic, grey = collateral damage, white = changed content
    └── readme.md

The layout is that of the archive, PRNU signatures (.mat) aside. White is read from half of white on: if the grey were
lighter than that, both choices would be one. A camera's NAME is a group.
"""

from __future__ import annotations

import os
from pathlib import Path

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

READINGS = {"all": Reading.NOT_BLACK, "semantic": Reading.WHITE}


def korus(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of Realistic Tampering; parameters and errors as of all adapters."""
    reading = READINGS[choice(masks, list(READINGS))]
    draft = Draft(root, "CAMERA/tampered-realistic/NAME.TIF and CAMERA/ground-truth/NAME.PNG", split)
    photos = keyed("(.+)", draft.pictures("tampered-realistic", "tampered"), _name)
    for name, photo, mask in draft.pairs(photos, keyed("(.+)", draft.pictures("ground-truth"), _name)):
        draft.add(photo, mask, kind="manipulated", sources=[name], reading=reading)
    for photo in draft.pictures("pristine"):
        draft.add(photo, kind=AUTHENTIC, sources=[_name(photo).lower()])
    return draft.proven()


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"
