"""GRIP copy-move: 80 copy-moves with their originals, PNG, 768 x 1024 pixels, and degraded versions of them.

Licence: research, nonprofit use; by the authors.

Citation: Cozzolino, Poggi, Verdoliva: Efficient dense-field copy-move forgery detection. TIFS 10(11) 2015,
doi:10.1109/TIFS.2015.2455334

Where: https://www.grip.unina.it/download/prog/CMFD/

Masks: any but black = source and copy.

Splits: plain, and the degradation in the name: ln20 (noise), gj60 (JPEG), r45 (rotation), s1145 (scale).

::

    CMFDdb_grip/
    ├── images/            IMG_C01_001.png: original
    ├── forged_images/     TP_C01_001_copy.png (forgery), TP_C01_001_gt.png (mask)
    └── noise/, ...        TP_C01_011_copy_ln20.png, TP_C01_011_gt_ln20.png

Files are recognised by their names, whatever the folders are called (the names are those of the authors' program and of
CAT-Net's lists). A number is a group.
"""

from __future__ import annotations

import os

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

PLAIN = "plain"


def grip(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of GRIP copy-move; parameters and errors as of all adapters."""
    choice(masks, ["gt"])
    draft = Draft(root, "TP_C01_001_copy.png and TP_C01_001_gt.png", split)
    pictures = draft.pictures()
    forged, truths = (keyed(rf"TP_(C\d+_\d+)_{end}(?:_([a-z]+\d+))?", pictures) for end in ("copy", "gt"))
    for key, photo, mask in draft.pairs(forged, truths):
        number, _, version = key.partition("/")
        part = version or PLAIN
        draft.add(photo, mask, kind="copy-move", sources=[number], split=part, reading=Reading.NOT_BLACK)
    for number, originals in keyed(r"IMG_(C\d+_\d+)", pictures).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[number])
    return draft.proven()
