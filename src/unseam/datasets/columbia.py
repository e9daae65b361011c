"""Columbia uncompressed: 180 splices of two cameras' photographs and 183 authentic ones, TIFF, 757 to 1152 pixels wide.

Licence: research, by request form.

Citation: Hsu, Chang: Detecting image splicing using geometry invariants and camera characteristics consistency. ICME
2006, doi:10.1109/ICME.2006.262447

Where: https://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/

Masks: green (default: the second camera's part, which public tools take for the spliced one), red (the first camera's).

::

    ROOT/
    ├── 4cam_auth/     canong3_02_sub_01.tif (its edgemask/ is not used)
    └── 4cam_splc/     canong3_canonxt_sub_01.tif
        └── edgemask/  canong3_canonxt_sub_01_edgemask.jpg: red and green parts, bright near the seam
                       canong3_canonxt_sub_01_edgemask_3.jpg: the same with a blue band, not used

An edge mask paints the two cameras' parts red and green, bright (255) within a band at the seam and darker (200) away
from it; JPEG noise is settled by the stronger colour. The set does not say which part was pasted. .bmp and .png are
read, too; 4cam_splc/4cam_splc/ as well. It is not published which shots the splices were made from: splices of one
number are one group, and so are authentic crops of one shot (canong3_02).
"""

from __future__ import annotations

import os

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import OTHER_MASK, Draft, all_of, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

MASKS = ("green", "red")


def columbia(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of Columbia uncompressed; parameters and errors as of all adapters."""
    reading = Reading(choice(masks, MASKS))
    draft = Draft(root, "4cam_splc/*.tif and 4cam_splc/edgemask/*_edgemask.jpg", split)
    truths = draft.pictures("4cam_splc/edgemask")
    photos = keyed(r"(\w+_sub_\d+)", draft.pictures("4cam_splc"))
    for name, photo, mask in draft.pairs(photos, keyed(r"(\w+_sub_\d+)_edgemask", truths)):
        draft.add(photo, mask, kind="splice", sources=[f"splices {name.rpartition('_')[2]}"], reading=reading)
    for shot, crops in keyed(r"(\w+)_sub_\d+", draft.pictures("4cam_auth")).items():
        for photo in crops:
            draft.add(photo, kind=AUTHENTIC, sources=[shot])
    draft.leave_out(all_of(keyed(r"\w+_edgemask_3", draft.pictures("edgemask"))), OTHER_MASK)
    draft.leave_out(draft.pictures("4cam_auth/edgemask"), "edge mask of an authentic photo")
    return draft.proven()
