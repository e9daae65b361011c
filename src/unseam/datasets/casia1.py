"""CASIA 1.0: 921 splices and copy-moves of 384 x 256 pixels, JPEG, and 800 authentic photographs.

Licence: research; the authors' page is gone and left no licence text.

Citation: Dong, Wang, Tan: CASIA image tampering detection evaluation database. ChinaSIP 2013,
doi:10.1109/ChinaSIP.2013.6625374; masks: Pham, Lee, Kwon, Park: Hybrid image-retrieval method for image-splicing
validation. Symmetry 11(1) 2019, doi:10.3390/sym11010083

Where: photos and masks: https://github.com/namtpham/casia1groundtruth

Masks: white = the pasted region.

::

    ROOT/
    ├── Au/                        Au_ani_0001.jpg: authentic
    ├── Tp/ or Modified Tp/Tp/     Sp/ and CM/: Sp_D_CND_A_pla0005_pla0023_0281.jpg
    └── CASIA 1.0 groundtruth/     Sp/ and CM/: Sp_D_CND_A_pla0005_pla0023_0281_gt.png

Files are recognised by their names, whatever the folders are called: the sets in circulation differ. Names that the
authors mistyped (29 wrong letters, 73 wrong names) are corrected by the ground truth's: where a photo has no mask of
its name, the mask of its number is taken if it is the only one and has a photograph in common. Keep either Tp or
Modified Tp, not both: a photo that is there twice is left out. Groups follow the two photographs in the names, and
the authentic ones.
"""

from __future__ import annotations

import os

from unseam.datasets.casia_names import claim_casia
from unseam.datasets.pairing import Draft, choice
from unseam.datasets.sample import SampleSet


def casia1(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of CASIA 1.0; parameters and errors as of all adapters."""
    choice(masks, ["gt"])
    draft = Draft(root, "Tp/.../Sp_*.jpg and .../Sp_*_gt.png", split)
    claim_casia(draft, r"Sp_[DS]_\w+?_\d{4}")
    return draft.proven()
