"""IMD2020 (real-life part): 2010 manipulated photographs from the web, with originals and hand-made masks.

Licence: see the authors' page; photographs from the web: research only.

Citation: Novozamsky, Mahdian, Saic: IMD2020: a large-scale annotated dataset tailored for detecting manipulated images.
WACVW 2020, doi:10.1109/WACVW50321.2020.9096940

Where: https://staff.utia.cas.cz/novozada/db/

Masks: white = manipulated.

::

    IMD2020/
    └── 1a1ogs/                   one folder per original, 414 in all
        ├── 1a1ogs_orig.jpg       the original
        ├── c8tf5mq_0.png         a manipulated version (.jpg or .png)
        └── c8tf5mq_0_mask.png    its mask

The folder is the group. One mask (z14/00030_fake) was published with another size than its photo and is left out, or
put the corrected one there (github.com/SunnyHaze/IML-Dataset-Corrections).
"""

from __future__ import annotations

import os
from pathlib import Path

from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet


def imd2020(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of IMD2020; parameters and errors as of all adapters."""
    choice(masks, ["mask"])
    draft = Draft(root, "FOLDER/NAME.jpg and FOLDER/NAME_mask.png", split)
    pictures = draft.pictures()
    for originals in keyed(r"(.+)_orig", pictures, _place).values():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[photo.parent.name])
    photos, truths = keyed(r"(.+)(?<!_mask)(?<!_orig)", pictures, _place), keyed(r"(.+)_mask", pictures, _place)
    for _, photo, mask in draft.pairs(photos, truths):
        draft.add(photo, mask, kind="manipulated", sources=[photo.parent.name])
    return draft.proven()


def _place(path: Path) -> str:
    return f"{path.parent.as_posix()}/{path.stem}"
