"""CASIA 2.0: 5123 splices and copy-moves, JPEG and TIFF, and 7491 authentic photographs, 240 to 900 pixels wide.

Licence: research; the authors' page is gone and left no licence text.

Citation: Dong, Wang, Tan: CASIA image tampering detection evaluation database. ChinaSIP 2013,
doi:10.1109/ChinaSIP.2013.6625374; masks: Pham, Lee, Kwon, Park: Hybrid image-retrieval method for image-splicing
validation. Symmetry 11(1) 2019, doi:10.3390/sym11010083

Where: photos and masks: https://github.com/namtpham/casia2groundtruth; masks of the right size:
https://github.com/SunnyHaze/CASIA2.0-Corrected-Groundtruth

Masks: white = the pasted region.

::

    ROOT/
    ├── Au/                      Au_ani_00001.jpg (.bmp): authentic
    ├── Tp/                      Tp_D_CRN_S_N_cha00063_art00014_11818.jpg (.tif)
    └── CASIA 2 Groundtruth/     Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png

Files are recognised by their names, whatever the folders are called. Names that the authors mistyped (99 wrong
letters, 42 wrong names) are corrected by the ground truth's: where a photo has no mask of its name, the mask of its
number is taken if it is the only one and has a photograph in common. 17 masks of the first ground truth have another
size than their photo and are left out; the corrected set has them right. Groups follow the two photographs in the
names: since many forgeries share photographs, expect one very large group.
"""

from __future__ import annotations

import os

from unseam.datasets.casia_names import claim_casia
from unseam.datasets.pairing import Draft, choice
from unseam.datasets.sample import SampleSet


def casia2(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of CASIA 2.0; parameters and errors as of all adapters."""
    choice(masks, ["gt"])
    draft = Draft(root, "Tp/Tp_*.jpg and .../Tp_*_gt.png", split)
    claim_casia(draft, r"Tp_[DS]_\w+?_\d{5}")
    return draft.proven()
