"""COVERAGE: 100 copy-moves with their originals, in scenes that hold similar but genuine objects.

Licence: copyrighted; non-commercial research only.

Citation: Wen, Zhu, Subramanian, Ng, Shen, Winkler: COVERAGE - a novel database for copy-move forgery detection. ICIP
2016, doi:10.1109/ICIP.2016.7532339

Where: https://github.com/wenbihan/coverage

Masks: forged (default: the pasted copy), copy (the region it was copied from), paste (the similar object it covers).

::

    ROOT/
    ├── image/   N.tif (original), Nt.tif (forgery), N = 1 to 100
    ├── mask/    Nforged.tif, Ncopy.tif, Npaste.tif: white = the region
    └── label/   kind and strength of the tampering (.mat, not used)

The layout is that of the set's own readme. Nine numbers (41, 48, 55 to 59, 61, 95) were published with masks of another
size than the photo (github.com/SunnyHaze/IML-Dataset-Corrections): they are left out, or put the corrected masks there.
A number is a group.
"""

from __future__ import annotations

import os

from unseam.datasets.pairing import OTHER_MASK, Draft, all_of, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

MASKS = ("forged", "copy", "paste")


def coverage(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of COVERAGE; parameters and errors as of all adapters."""
    wanted = choice(masks, MASKS)
    draft = Draft(root, "image/Nt.tif and mask/Nforged.tif", split)
    pictures, truths = draft.pictures("image"), draft.pictures("mask")
    for number, photo, mask in draft.pairs(keyed(r"(\d+)t", pictures), keyed(rf"(\d+){wanted}", truths)):
        draft.add(photo, mask, kind="copy-move", sources=[number])
    for number, originals in keyed(r"(\d+)", pictures).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[number])
    draft.leave_out(all_of(keyed(rf"\d+(?:{'|'.join(set(MASKS) - {wanted})})", truths)), OTHER_MASK)
    return draft.proven()
