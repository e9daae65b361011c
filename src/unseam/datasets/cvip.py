"""CVIP (D0 to D3): copy-moves translated (D0, 50), rotated (D1) and scaled (D2, 20 scenes), and 50 originals (D3).

Licence: research; cite the paper.

Citation: Ardizzone, Bruno, Mazzola: Copy-move forgery detection by matching triangles of keypoints. TIFS 10(10) 2015,
doi:10.1109/TIFS.2015.2445742

Where: http://www.diid.unipa.it/cvip/?page_id=48#CMFD

Masks: gt (default: white = source and copy, as published), target (the pasted copy alone, where somebody made such
masks: files that end in _target, or a folder masks_target).

Splits: D0, D1-2, D3, by the folder.

::

    ROOT/
    ├── D0/            im1_t.bmp (forgery), im1_gt.bmp or im1_mask.bmp (mask)
    ├── D1-2/
    │   └── im1/       im1.bmp (original), out_r20_im1.bmp (forgery), out_r20_im1_gt.bmp (mask)
    └── D3/            im1.bmp: original

Folders and the names of forgeries (out_, r or s, parameter, image) are those of the set's readme; how it names masks it
does not say. Accepted: ``_gt``, ``_mask`` or ``_bin`` at the end or ``gt_``, ``mask_`` in front of the forgery's stem;
the same stem in a folder gt, mask, masks or groundtruth; and a mask that names only the scene where the scene has one
forgery (im1_gt for im1_t). The folders may also be called Dataset 0, D1, D2. A picture without a transformation in its
name is an original.
The number of the image is the scene, and a group in each of D0 with D3, and D1-2: they number different photographs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from unseam.datasets.pairing import OTHER_MASK, Draft, Keyed, choice
from unseam.datasets.sample import AUTHENTIC, SampleSet

MASK_NAME = re.compile(r"^(?:gt|mask|target)_|[_-](?:gt|mask|bin|target)$", re.IGNORECASE)
MASK_FOLDER = re.compile(r"gt|(?:binary_?)?masks?(?:_target)?|ground_?-?truths?", re.IGNORECASE)
SCENE = re.compile(r"im_?(\d+)", re.IGNORECASE)
FORGED = re.compile(r"out_|_t$|(?:^|_)[rs]-?\d", re.IGNORECASE)
PARTS = (("D0", r"d0|dataset[ _]?0"), ("D1-2", r"d1(?:-?2)?|d2|dataset[ _]?[12]"), ("D3", r"d3|dataset[ _]?3"))


def cvip(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of CVIP; parameters and errors as of all adapters."""
    wanted = choice(masks, ["gt", "target"])
    draft = Draft(root, "D0/im1_t.bmp and D0/im1_gt.bmp", split)
    for part, folder in PARTS:
        inside = [path for path in draft.pictures() if _is_in(path, draft.root, folder)]
        truths = [path for path in inside if _is_mask(path)]
        chosen = [path for path in truths if ("target" in _stated(path)) == (wanted == "target")]
        forged = [path for path in inside if path not in set(truths) and FORGED.search(path.stem)]
        sets = "D1-2" if part == "D1-2" else "D0 and D3"
        for _, photo, mask in draft.pairs(_by_stem(forged), _masks_of(forged, chosen)):
            draft.add(photo, mask, kind="copy-move", sources=[f"{sets}: scene {_scene(photo)}"], split=part)
        for photo in set(inside) - set(truths) - set(forged):
            draft.add(photo, kind=AUTHENTIC, sources=[f"{sets}: scene {_scene(photo)}"], split=part)
        draft.leave_out(sorted(set(truths) - set(chosen)), OTHER_MASK)
    return draft.proven()


def _is_in(path: Path, root: Path, folder: str) -> bool:
    parts = (root.resolve().name, *path.parent.relative_to(root).parts)
    return any(re.fullmatch(folder, part, re.IGNORECASE) for part in parts)


def _is_mask(path: Path) -> bool:
    return bool(MASK_NAME.search(path.stem) or MASK_FOLDER.fullmatch(path.parent.name))


def _stated(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}".lower()


def _scene(path: Path) -> str:
    found = SCENE.findall(path.stem)
    return str(int(found[-1])) if found else path.stem


def _by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    stems: dict[str, list[Path]] = {}
    for path in paths:
        stems.setdefault(path.stem.lower(), []).append(path)
    return stems


def _masks_of(forged: Iterable[Path], masks: Iterable[Path]) -> Keyed:
    """Key masks by their forgery's stem; one that names only a scene belongs to the scene's only forgery."""
    stems = {path.stem.lower() for path in forged}
    of_scene: dict[str, list[str]] = {}
    for stem in stems:
        of_scene.setdefault(_scene(Path(stem)), []).append(stem)
    found: dict[str, list[Path]] = {}
    for mask in masks:
        stem = MASK_NAME.sub("", mask.stem).lower()
        of_this_scene = of_scene.get(_scene(mask), [])
        key = stem if stem in stems or len(of_this_scene) != 1 else of_this_scene[0]
        found.setdefault(key, []).append(mask)
    return found
