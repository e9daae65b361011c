"""How the CASIA sets name their files, and what MISD took over: sources, kind, and corrected names.

A forgery is called ``Tp_D_CRN_S_N_cha00063_art00014_11818.jpg``: D for a region from a different photograph or S for
one from the same, letters for what was done to it, the two photographs, a number. Its public ground truth adds
``_gt``. Dozens of photos were published under wrong names (D for S, photographs swapped or mistyped), and the ground
truth bears the right ones (Pham et al. 2019): the mask's name is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from unseam.datasets.pairing import Draft, Keyed, keyed
from unseam.datasets.sample import AUTHENTIC

SOURCE = re.compile(r"(?<![a-z])(ani|arc|art|cha|ind|nat|pla|sce|sec|txt)_?(\d{4,5})(?!\d)", re.IGNORECASE)
"""A photograph in a name: category and index, as ``ani_0001`` or ``cha00063``."""

NUMBER = re.compile(r"_(\d+)$")
ENDING = re.compile(r"_gt\d?$", re.IGNORECASE)
UNRELATED = "photo and mask share a number but no source: not believed"


def sources_of(path: Path) -> list[str]:
    """Name the photographs that a file's name says it was made from."""
    found = SOURCE.findall(path.stem.lower())
    # A mistyped category, sce for sec, would make two photographs of one.
    return [f"{'sec' if category == 'sce' else category}{int(index):05}" for category, index in found]


def kind_of(path: Path) -> str:
    """Distinguish a splice from a copy-move by the letter after the first underscore."""
    return "splice" if path.stem.lower().split("_")[1] == "d" else "copy-move"


def claim_casia(draft: Draft, forgery: str) -> None:
    """Pair the forgeries of a CASIA set with their ground truth, and add the authentic photographs.

    Parameters
    ----------
    draft : Draft
        Of the set's folder.
    forgery : str
        What the stem of a forgery is like; its mask's has ``_gt`` at the end.
    """
    pictures = draft.pictures()
    forged, truths = keyed(rf"({forgery})", pictures), keyed(rf"({forgery})_gt\d?", pictures)
    exact = forged.keys() & truths.keys()
    photos, masks = _corrected(forged, exact), _corrected(truths, exact)
    for _, photo, mask in draft.pairs(photos, masks):
        if set(sources_of(photo)) & set(sources_of(mask)):
            draft.add(photo, mask, kind=kind_of(mask), sources=sources_of(mask))
        else:
            draft.leave_out((photo, mask), UNRELATED)
    add_authentic(draft, pictures)


def add_authentic(draft: Draft, pictures: Iterable[Path]) -> None:
    """Add the photographs called ``Au_ani_0001`` and the like."""
    for photos in keyed(r"(Au_\w+)", pictures).values():
        for photo in photos:
            draft.add(photo, kind=AUTHENTIC, sources=sources_of(photo))


def _corrected(files: Keyed, exact: Iterable[str]) -> Keyed:
    """Keep the names that photo and mask share, and go by the number alone for the others."""
    exact = set(exact)
    corrected: dict[str, list[Path]] = {}
    for name, paths in files.items():
        number = NUMBER.search(ENDING.sub("", name))
        key = name if name in exact or number is None else f"number {number[1]}"
        corrected.setdefault(key, []).extend(paths)
    return corrected
