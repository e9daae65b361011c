"""IEEE IFS-TC Image Forensics Challenge, phase 1: some 450 forgeries and 1050 pristine photographs, PNG.

Licence: research; the challenge's page is gone and left no licence text.

Citation: IEEE Information Forensics and Security Technical Committee: the first Image Forensics Challenge, 2013 (no
DOI)

Where: http://web.archive.org/web/20171013200331/http://ifc.recod.ic.unicamp.br/fc.website/index.py

Masks: black (default: black = manipulated), white (for copies whose masks were inverted).

::

    dataset-dist/
    └── phase-01/
        ├── training/
        │   ├── fake/        HASH.png (forgery), HASH.mask.png (mask)
        │   └── pristine/    HASH.png
        └── testing/         HASH.png without a truth: left out

Masks may also lie in masks/ or fake/masks/, where common tools put them, as HASH.mask.png or HASH.png. Which colour
marks the forgery is not written in any source at hand: if nearly all masks mark more than half of their photo,
``unseam datasets check ifs-tc`` says so, and ``--masks white`` is right. It is not published which photos share a
source: each is its own group.
"""

from __future__ import annotations

import os

from unseam.datasets.masks import Reading
from unseam.datasets.pairing import Draft, choice, keyed
from unseam.datasets.sample import AUTHENTIC, SampleSet

MASKS = ("black", "white")


def ifs_tc(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of the IFS-TC challenge; parameters and errors as of all adapters."""
    reading = Reading(choice(masks, MASKS))
    draft = Draft(root, "training/fake/HASH.png and training/fake/HASH.mask.png", split)
    fakes = draft.pictures("fake")
    truths = keyed(r"([^.]+)(?:\.mask)?", draft.pictures("masks"))
    alongside = keyed(r"([^.]+)\.mask", fakes)
    together = {name: [*truths.get(name, ()), *alongside.get(name, ())] for name in {*truths, *alongside}}
    for name, photo, mask in draft.pairs(keyed(r"([^.]+)", fakes), together):
        draft.add(photo, mask, kind="manipulated", sources=[name], reading=reading)
    for photo in draft.pictures("pristine"):
        draft.add(photo, kind=AUTHENTIC, sources=[photo.stem.lower()])
    draft.leave_out(draft.pictures("testing", "test"), "photo of the test part, whose truth was not published")
    return draft.proven()
