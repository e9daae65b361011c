"""NIST Nimble Challenge 2016 (NC2016): 564 splices, copy-moves and removals among 1124 probes, mostly large JPEGs.

Licence: by agreement with NIST; research.

Citation: Guan et al.: MFC datasets: large-scale benchmark datasets for media forensic challenge evaluation. WACVW 2019,
doi:10.1109/WACVW.2019.00018; user guide: NISTIR 8377, doi:10.6028/NIST.IR.8377

Where: https://www.nist.gov/itl/iad/mig/nimble-challenge-2017-evaluation (registration)

Masks: manipulation (default: all probes of the manipulation task), splice, removal: which task's table and masks.

::

    NC2016_Test0613/                    or NC2016_Test0601, NC2016, ...
    ├── probe/                          NC2016_0128.jpg: the photos to judge, manipulated or not
    ├── world/                          NC2016_3272.jpg: where they come from, not used
    ├── indexes/                        not used
    └── reference/
        ├── manipulation/
        │   ├── NC2016-manipulation-ref.csv     columns ProbeFileName, ProbeMaskFileName, IsTarget, BaseFileName, ...
        │   └── mask/                   NC2016_3942.png: black = manipulated
        ├── removal/ (or remove/)       NC2016-removal-ref.csv, mask/
        └── splice/                     NC2016-splice-ref.csv, mask/

Tables separate columns by | (also , in circulated copies); of several tables of a task, ref.csv and ref_new.csv, that
of the shorter name is read. Paths in them are below the
folder that holds probe/; a mask that is not there is looked up by its name among the task's masks. IsTarget Y: the
probe is manipulated; N: it is not. A probe's kind comes from the columns IsManipulationType...; a probe of several rows
(two donors) has the union of their masks. Probes of one base photograph, donor or control are one group.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from unseam.datasets.folder import read_table
from unseam.datasets.masks import Reading
from unseam.datasets.pairing import NO_MASK, NO_PHOTO, OTHER_MASK, Draft, choice
from unseam.datasets.sample import AUTHENTIC, SampleSet
from unseam.errors import DataError

TASKS = {"manipulation": ("manipulation",), "splice": ("splice",), "removal": ("removal", "remove")}
"""Task -> how its folder may be called."""

KINDS = {"Removal": "removal", "Splice": "splice", "CopyClone": "copy-move"}
SOURCE_COLUMNS = ("BaseFileName", "DonorFileName", "CorrespondingControlFileName")
NEEDED = frozenset({"ProbeFileName", "ProbeMaskFileName", "IsTarget"})
TABLE = re.compile(r"-ref(?:_new)?$", re.IGNORECASE)
YES = frozenset({"Y", "YES", "TRUE", "1"})

Row = Mapping[str, str]


def nc2016(root: str | os.PathLike[str], *, masks: str | None = None, split: str | None = None) -> SampleSet:
    """List the samples of NC2016; parameters and errors as of all adapters."""
    task = choice(masks, list(TASKS))
    draft = Draft(root, f"probe/ and reference/{task}/NC2016-{task}-ref.csv", split)
    table = _table(draft, task)
    of_task = _mask_folders(task)
    by_name = {path.name.lower(): path for path in draft.pictures(*of_task)}
    for probe, rows in _by_probe(_rows(table)).items():
        _claim(draft, table.parents[2], probe, rows, by_name)
    draft.leave_out(draft.pictures(*of_task), NO_PHOTO)
    draft.leave_out(draft.pictures(*_mask_folders(*(set(TASKS) - {task}))), OTHER_MASK)
    draft.leave_out(draft.pictures("world"), "picture of the world set, not a probe")
    draft.leave_out(draft.pictures("probe"), "probe that the task's table does not name")
    return draft.proven()


def _mask_folders(*tasks: str) -> list[str]:
    return [f"reference/{folder}/mask" for task in tasks for folder in TASKS[task]]


def _table(draft: Draft, task: str) -> Path:
    """Find the task's reference table."""
    tables = [path for path in draft.files(".csv") if path.parent.name.lower() in TASKS[task]]
    found = [path for path in tables if TABLE.search(path.stem)]
    if not found:
        raise DataError(
            f"{draft.root}: no NC2016-{task}-ref.csv in it; expected reference/{task}/NC2016-{task}-ref.csv"
        )
    return min(found, key=lambda path: (len(path.name), path))


def _rows(table: Path) -> list[dict[str, str]]:
    rows = read_table(table, "|")
    if rows and len(rows[0]) == 1:
        rows = read_table(table)
    if not rows or not rows[0].keys() >= NEEDED:
        raise DataError(f"{table}: expected rows with the columns {', '.join(sorted(NEEDED))}, separated by |")
    return rows


def _by_probe(rows: Iterable[Row]) -> dict[str, list[Row]]:
    probes: dict[str, list[Row]] = {}
    for row in rows:
        probes.setdefault(row["ProbeFileName"], []).append(row)
    return probes


def _claim(draft: Draft, base: Path, probe: str, rows: Sequence[Row], masks: Mapping[str, Path]) -> None:
    """Add one probe with the masks of its rows, or list it with what is missing."""
    photo = base / PurePosixPath(probe)
    sources = [_stem(name) for name in (probe, *_cells(rows, SOURCE_COLUMNS))]
    named = [_found(base, name, masks) for name in _cells(rows, ["ProbeMaskFileName"])]
    if not photo.is_file():
        draft.leave_out([photo], "named in the task's table, but there is no such photo")
    elif not any(row["IsTarget"].upper() in YES for row in rows):
        draft.add(photo, kind=AUTHENTIC, sources=sources)
    elif not named or None in named:
        draft.leave_out([photo], NO_MASK)
    else:
        there = [mask for mask in named if mask]
        draft.add(photo, *there, kind=_kind(rows), sources=sources, reading=Reading.BLACK)


def _cells(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    """List what these columns hold, each once."""
    return list(dict.fromkeys(row[column] for column in columns for row in rows if row.get(column)))


def _found(base: Path, name: str, masks: Mapping[str, Path]) -> Path | None:
    path = base / PurePosixPath(name)
    return path if path.is_file() else masks.get(path.name.lower())


def _kind(rows: Sequence[Row]) -> str:
    flags = [kind for flag, kind in KINDS.items() if _cells(rows, [f"IsManipulationType{flag}"])[:1] == ["Y"]]
    return "+".join(flags) or "manipulated"


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.lower()
