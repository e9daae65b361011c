"""AutoSplice: 3621 news photographs with regions filled by DALL-E 2, in three JPEG qualities, and 2273 originals.

Licence: academic research, non-commercial, by request form.

Citation: Jia, Huang, Zhou, Ju, Cai, Lyu: AutoSplice: a text-prompt manipulated image dataset for media forensics. CVPRW
2023, arXiv doi:10.48550/arXiv.2304.06870

Where: https://github.com/shanface33/AutoSplice_Dataset

Masks: white = generated.

Splits: JPEG100, JPEG90, JPEG75, by the folder; the originals belong to each.

::

    AutoSplice/
    ├── Authentic/           12345.jpg
    ├── Forged_JPEG100/      12345_1.jpg, 12345_2.jpg, ...
    ├── Forged_JPEG90/
    ├── Forged_JPEG75/
    ├── Mask/                12345_mask.png: one for all forgeries of the photograph
    └── Caption/             not used

Accepted as well: a mask of one forgery alone (12345_1_mask.png), which then counts for it. The photograph's number is
the group.
"""

from __future__ import annotations

import os
from pathlib import Path

from unseam.datasets.pairing import Draft, Keyed, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

PARTS = ("JPEG100", "JPEG90", "JPEG75")


def autosplice(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of AutoSplice; parameters and errors as of all adapters."""
    choice(masks, ["mask"])
    draft = Draft(root, "Forged_JPEG100/ID_1.jpg and Mask/ID_mask.png", split)
    truths = keyed(r"(\d+(?:_\d+)?)_mask", draft.pictures("Mask"))
    used: set[str] = set()
    for part in PARTS:
        photos = _by_mask(keyed(r"(\d+_\d+)", draft.pictures(f"Forged_{part}")), truths)
        used |= photos.keys()
        for key, photo, mask in draft.pairs(photos, {key: truths[key] for key in photos if key in truths}, shared=True):
            draft.add(photo, mask, kind="generated", sources=[key.partition("_")[0]], split=part)
    for _ in draft.pairs({}, {key: masks for key, masks in truths.items() if key not in used}):
        pass  # nothing can be paired: this lists the masks without a photo
    for number, originals in keyed(r"(\d+)", draft.pictures("Authentic")).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[number])
    return draft.proven()


def _by_mask(photos: Keyed, masks: Keyed) -> Keyed:
    """Sort forgeries by their own mask's key, or else by their photograph's."""
    found: dict[str, list[Path]] = {}
    for name, paths in photos.items():
        found.setdefault(name if name in masks else name.partition("_")[0], []).extend(paths)
    return found
