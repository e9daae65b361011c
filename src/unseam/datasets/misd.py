"""MISD: 300 splices of several objects each, and the 618 authentic photographs they were made from.

Licence: CC BY 4.0 by the authors; made from CASIA photographs: research.

Citation: Kadam, Ahirrao, Kotecha: Multiple image splicing dataset (MISD): a dataset for multiple splicing. Data 6(10)
2021, doi:10.3390/data6100102

Where: https://doi.org/10.5281/zenodo.5525829

Masks: alongside (default: the picture next to the masks), sp (the file in Sp/, where it has the masks' size). In
both, the truth is the union of the objects' masks, white = pasted: coarse polygons, right to a few pixels.

::

    Dataset/
    ├── Au/                       Au_ani_0001.jpg: authentic
    ├── Sp/                       Sp_D_ani_00031_cha_00086_nat_00080_226.png (or .jpg): a splice
    └── Ground Truth Masks/
        └── Sp_D_ani_00031_cha_00086_nat_00080_226/     (any folder name)
            ├── images/           the splice again, in the size of its masks
            └── masks/            one picture per pasted object

The layout is that of the set's readme; spaces in names are ignored. Many files in Sp/ have another size than their
masks, so the picture next to the masks is the sample, and the file in Sp/ is listed as its copy. Groups follow the
photographs that the names list (all that are spliced together), and the authentic ones; as in CASIA, expect large ones.
"""

from __future__ import annotations

import os
from pathlib import Path

from unseam.datasets.casia_names import add_authentic, sources_of
from unseam.datasets.pairing import NO_MASK, NO_PHOTO, TWO, Draft, choice, keyed
from unseam.datasets.sample import SampleSet

COPY_IN_SP = "copy of the picture next to the masks (--masks sp takes this one)"
COPY_ALONGSIDE = "copy of the file in Sp (--masks alongside takes this one)"


def misd(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of MISD; parameters and errors as of all adapters."""
    in_sp = choice(masks, ["alongside", "sp"]) == "sp"
    draft = Draft(root, "Sp/Sp_D_*.png and Ground Truth Masks/*/masks/", split)
    splices = keyed("(.+)", draft.pictures("Sp"), _name)
    truths = _by_forgery(draft.pictures("masks"))
    alongside = _by_forgery(draft.pictures("images"))
    names = {folder: _name(paths[0]) for folder, paths in alongside.items() if folder in truths}
    for folder, objects in truths.items():
        pictures, copies = list(alongside.get(folder, ())), list(splices.get(names.get(folder, ""), ()))
        chosen, others = (copies, pictures) if in_sp else (pictures, copies)
        if len(chosen) == 1:
            draft.add(chosen[0], *objects, kind="splice", sources=sources_of(Path(_name(chosen[0]))))
            draft.leave_out(others, COPY_ALONGSIDE if in_sp else COPY_IN_SP)
        else:
            draft.leave_out((*chosen, *objects), TWO if chosen else NO_PHOTO)
    alone = [path for name, paths in splices.items() if name not in names.values() for path in paths]
    alone += [path for folder, paths in alongside.items() if folder not in truths for path in paths]
    draft.leave_out(alone, NO_MASK)
    add_authentic(draft, draft.pictures("Au"))
    return draft.proven()


def _name(path: Path) -> str:
    return path.stem.replace(" ", "").lower()


def _by_forgery(paths: list[Path]) -> dict[Path, list[Path]]:
    """Sort files of ``FORGERY/masks`` or ``FORGERY/images`` by the folder of the forgery."""
    found: dict[Path, list[Path]] = {}
    for path in paths:
        found.setdefault(path.parent.parent, []).append(path)
    return found
