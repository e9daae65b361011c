"""CocoGlide: 512 COCO photographs with an object repainted by the GLIDE diffusion model, PNG, 256 x 256 pixels.

Licence: nonprofit research (GRIP-UNINA); each COCO photograph has its own Flickr licence.

Citation: Guillaro, Cozzolino, Sud, Dufour, Verdoliva: TruFor: leveraging all-round clues for trustworthy image forgery
detection and localization. CVPR 2023, arXiv doi:10.48550/arXiv.2212.10957

Where: https://www.grip.unina.it/download/prog/TruFor/CocoGlide.zip

Masks: white = generated.

::

    CocoGlide/
    ├── fake/        glide_inpainting_val2017_114871_up.png
    ├── mask/        dining table_114871_mask.png
    ├── real/        dining table_114871.png
    └── table.csv    not used: photo and mask share COCO's number

The layout is that of the archive. COCO's number is the group.
"""

from __future__ import annotations

import os

from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet


def cocoglide(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of CocoGlide; parameters and errors as of all adapters."""
    choice(masks, ["mask"])
    draft = Draft(root, "fake/glide_inpainting_val2017_*_up.png and mask/*_mask.png", split)
    photos = keyed(r"glide_inpainting_val2017_(\d+)_up", draft.pictures("fake"))
    for number, photo, mask in draft.pairs(photos, keyed(r".+_(\d+)_mask", draft.pictures("mask"))):
        draft.add(photo, mask, kind="generated", sources=[number])
    for number, originals in keyed(r".+_(\d+)", draft.pictures("real")).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[number])
    return draft.proven()
