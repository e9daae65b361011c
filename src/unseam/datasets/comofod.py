"""CoMoFoD: 200 copy-moves of 512 x 512 and 60 of 3000 x 2000 pixels, with their originals, each in 25 degradations.

Licence: free for research.

Citation: Tralic, Zupancic, Grgic, Grgic: CoMoFoD - new database for copy-move forgery detection. Proc. 55th Symposium
ELMAR 2013, pp. 49-54 (no DOI)

Where: https://www.vcl.fer.hr/comofod/ (the large images on request)

Masks: B (default: white = source and copy), M (the coloured mask: any colour = source and copy).

Splits: base (as made), and JC1 to JC9 (JPEG quality 20 to 100), IB1 to IB3 (blur), NA1 to NA3 (noise), BC1 to BC3
(brightness), CR1 to CR3 (fewer colours), CA1 to CA3 (contrast).

::

    ROOT/
    ├── 001_O.png        original (two digits in the large set)
    ├── 001_F.png        forgery
    ├── 001_B.png        binary mask
    ├── 001_M.png        coloured mask
    ├── 001_F_JC1.jpg    a degraded version of the forgery; it has the mask of 001_F
    └── 001_O_JC1.jpg    a degraded version of the original

Names are those of the set's own page; the folder may have any name. A number with its count of digits is a group, so
that the small and the large set may lie in one folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import OTHER_MASK, Draft, all_of, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

READINGS = {"B": Reading.WHITE, "M": Reading.NOT_BLACK}
VERSION = r"(?:_(?:JC|IB|NA|BC|CR|CA)\d)?"
BASE = "base"


def comofod(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of CoMoFoD; parameters and errors as of all adapters."""
    wanted = choice(masks, list(READINGS))
    draft = Draft(root, "001_F.png and 001_B.png", split)
    pictures = draft.pictures()
    forged = keyed(rf"(\d{{2,3}})_F{VERSION}", pictures)
    for number, photo, mask in draft.pairs(forged, keyed(rf"(\d{{2,3}})_{wanted}", pictures), shared=True):
        draft.add(photo, mask, kind="copy-move", sources=[number], split=_version(photo), reading=READINGS[wanted])
    for number, originals in keyed(rf"(\d{{2,3}})_O{VERSION}", pictures).items():
        for photo in originals:
            draft.add(photo, kind=AUTHENTIC, sources=[number], split=_version(photo))
    draft.leave_out(all_of(keyed(rf"\d{{2,3}}_[{''.join(set(READINGS) - {wanted})}]", pictures)), OTHER_MASK)
    return draft.proven()


def _version(photo: Path) -> str:
    return (photo.stem.split("_")[2:] or [BASE])[0]
