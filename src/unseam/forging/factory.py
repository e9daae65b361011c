"""From a list of photographs to a folder of forgeries with masks and a manifest.

::

    ROOT/images/000000.jpg      the forgeries and authentic outputs, JPEG or PNG
    ROOT/masks/000000.png       their truth, 8-bit grey, 255 = manipulated; none for authentic outputs
    ROOT/masks_source/000000.png    for copy-moves alone: where the copy was taken from
    ROOT/manifest.csv           one row per image: files, split, kind, photographs with licences, every parameter
    ROOT/forge.json             the seed, the settings and the photographs this folder was made with
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from unseam.errors import DataError, MissingExtra, PhotoError
from unseam.forging.config import ForgeConfig
from unseam.forging.licences import find_terms
from unseam.forging.make import make
from unseam.forging.manifest import NAME, Row, as_csv, read_rows, row_of
from unseam.forging.pixels import PixelStore, decode, jpeg_tables, stored_bytes
from unseam.forging.plan import Plan
from unseam.forging.planner import Planner
from unseam.forging.processes import mapped
from unseam.forging.sources import MIN_SIDE, Source, find_all, find_photos, merged, object_boxes, split
from unseam.system.folder_lock import FolderLock

CACHE_BYTES = 6 * 2**30
"""Disk space for decoded photographs while forging; those beyond it are decoded again when needed."""

MASKS = {"mask": "masks", "mask_source": "masks_source"}
"""Columns of the manifest that name a mask, and the folders of those masks."""

WORK = ".work"
"""Folder inside the output that holds rows of finished files and decoded photographs until all is done."""

VERSION = 4
"""Of the distribution: another version makes other forgeries of the same seed, so a folder of one is not resumed."""


@dataclass(frozen=True, slots=True)
class ForgeSummary:
    """What was made.

    Attributes
    ----------
    out : Path
        The folder.
    made, found : int
        Files made now, and files found finished from an earlier run.
    kinds, splits : dict
        How many files of each kind and of each split, in all.
    photographs : int
        Photographs in use.
    skipped : tuple of (name, reason)
        Photographs that could not be used, or whose instance maps could not.
    """

    out: Path
    made: int
    found: int
    kinds: dict[str, int]
    splits: dict[str, int]
    photographs: int
    skipped: tuple[tuple[str, str], ...]


def forge_folder(
    photos: Sequence[Path],
    objects: Sequence[Path],
    out: Path,
    *,
    count: int,
    seed: int,
    workers: int = 1,
    config: ForgeConfig | None = None,
    split_as: Sequence[Path] = (),
) -> ForgeSummary:
    """Make ``count`` forgeries and authentic outputs from authentic photographs.

    The same photographs, settings and seed give the same bytes whatever the number of workers. Finished files of an
    earlier, interrupted or smaller run are kept.

    Parameters
    ----------
    photos : sequence of Path
        Files, or folders that are searched to the bottom.
    objects : sequence of Path
        Folders with ``images/`` and, by the same stem, ``masks/`` (0 = background, k = object k) or ``segments/``
        (every value an object). Their photographs are photographs, too.
    out : Path
        Folder to write.
    count, seed, workers : int
        How many files, the seed, and the number of processes.
    config : ForgeConfig, optional
        The distribution; the default has every kind, seam and history.
    split_as : sequence of Path
        Folders whose photographs are not used: those of ``photos`` and ``objects`` that are the same, or that these
        were cut from, have the split that they have there.

    Raises
    ------
    MissingExtra
        The extra ``forge`` is not installed.
    DataError
        Before any file is made: fewer than two photographs, none large enough, no object to cut out, a folder that
        holds other forgeries, or one in which another process is at work.
    """
    if find_spec("numba") is None:
        raise MissingExtra('filling holes needs numba: pip install "unseam[forge]"')
    if count < 1 or workers < 1 or seed < 0:
        raise DataError(f"count {count}, workers {workers}, seed {seed}; expected at least 1, 1 and 0")
    config = config or ForgeConfig()
    candidates = find_all(photos, objects)
    is_new = not out.exists()
    try:
        with FolderLock(out, DataError):
            return _fill(out, candidates, find_photos(split_as), config, count=count, seed=seed, workers=workers)
    finally:
        if is_new:
            with suppress(OSError):  # refused before any work: leave nothing behind
                out.rmdir()


def _fill(
    out: Path,
    candidates: Sequence[Source],
    reference: Sequence[Source],
    config: ForgeConfig,
    *,
    count: int,
    seed: int,
    workers: int,
) -> ForgeSummary:
    """Make what is not there yet in a folder that is locked."""
    store = out / WORK / "pixels"
    (out / WORK / "rows").mkdir(parents=True, exist_ok=True)
    store.mkdir(exist_ok=True)
    try:
        sources, skipped = _inspect(candidates, reference, store, workers, config)
        _claim(out, config, seed, sources)
        made = _forge(out, sources, config, seed, count, workers)
        rows = _rows(out, count)
        _write(out / NAME, as_csv(rows))
    finally:
        shutil.rmtree(store, ignore_errors=True)
        if not (out / "forge.json").exists():  # refused before any work
            shutil.rmtree(out / WORK, ignore_errors=True)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return ForgeSummary(
        out=out,
        made=made,
        found=len(rows) - made,
        kinds=dict(Counter(str(row["kind"]) for row in rows)),
        splits=dict(Counter(str(row["split"]) for row in rows)),
        photographs=len(sources),
        skipped=tuple(skipped),
    )


def load_sources(photos: Sequence[Path], objects: Sequence[Path], *, split_seed: int) -> list[Source]:
    """Return the usable photographs with their splits, as ``forge_folder`` sees them."""
    outcomes = (_look(None, (source, False)) for source in find_all(photos, objects))
    return merged(split(_usable(outcomes), split_seed))


def _usable(outcomes: Iterable[Source | tuple[str, str]]) -> list[Source]:
    return [outcome for outcome in outcomes if isinstance(outcome, Source)]


def _inspect(
    candidates: Sequence[Source], reference: Sequence[Source], store: Path, workers: int, config: ForgeConfig
) -> tuple[list[Source], list[tuple[str, str]]]:
    """Decode every photograph once; return those that can be used, with their splits, and the rest with the reason.

    The photographs of ``reference`` are split first and then left out.
    """
    tasks = list(zip(candidates, _within_budget(candidates), strict=True))
    outcomes = mapped(partial(_look, PixelStore(store)), tasks, workers, "Reading photographs")
    usable = _usable(outcomes)
    skipped = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    known = _usable(_look(None, (source, False)) for source in reference)
    sources = merged(split([*known, *usable], config.split_seed)[len(known) :])
    if len(sources) < 2:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:3])
        raise DataError(f"{len(sources)} usable photographs ({reasons}); expected at least two")
    if config.object_share and config.splice and not any(source.objects for source in sources):
        raise DataError("no objects to cut out; name folders with images/ and masks/, or set object_share to 0")
    return sources, skipped


def _within_budget(candidates: Sequence[Source]) -> list[bool]:
    """Say which photographs' decoded pixels are kept on disk: the first ones, up to ``CACHE_BYTES``."""
    total, kept = 0, []
    for source in candidates:
        total += stored_bytes(source.path)
        kept.append(total <= CACHE_BYTES)
    return kept


def _look(store: PixelStore | None, task: tuple[Source, bool]) -> Source | tuple[str, str]:
    """Read one photograph whole: its content hash, size and objects; or its name and why it cannot be used."""
    source, keep = task
    try:
        pixels = decode(source.path)
    except PhotoError as error:
        return source.name, str(error)
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        return source.name, f"{height} x {width} pixels; expected at least {MIN_SIDE} on each side"
    try:
        boxes = object_boxes(source.maps, height, width) if source.maps else ()
    except DataError as error:
        return source.name, str(error)
    data, terms = source.path.read_bytes(), find_terms(source.path)
    is_jpeg, tables = jpeg_tables(source.path)
    seen = replace(
        source,
        digest=hashlib.sha256(data).hexdigest(),
        original=terms.original or hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        height=height,
        width=width,
        objects=boxes,
        terms=terms,
        is_jpeg=is_jpeg,
        tables=tables,
    )
    if store and keep:
        store.keep(seen, pixels)
    return seen


def _claim(out: Path, config: ForgeConfig, seed: int, sources: Sequence[Source]) -> None:
    """Write down what the folder is made with, or refuse one that was made with something else."""
    photographs = hashlib.sha256("".join(f"{s.digest}{s.split}" for s in sources).encode()).hexdigest()
    what = {"version": VERSION, "seed": seed, "config": asdict(config), "photographs": photographs}
    claim = json.dumps(what, indent=1)
    path = out / "forge.json"
    if not path.exists():
        _write(path, claim.encode())
    elif path.read_text("utf-8") != claim:
        raise DataError(
            f"{out} holds forgeries of another seed, other settings, other photographs or another version; "
            "name a new folder"
        )


def _forge(out: Path, sources: Sequence[Source], config: ForgeConfig, seed: int, count: int, workers: int) -> int:
    """Make what is not there yet, ordered by host so that photographs are opened rarely; return how many."""
    for name in ("images", *MASKS.values()):
        (out / name).mkdir(exist_ok=True)
    finished = _finished(out)
    planner = Planner(sources, config, seed)
    plans = [planner.plan(index) for index in range(count) if index not in finished]
    plans.sort(key=lambda plan: (plan.host, plan.index))
    work = _Work(out, tuple(sources))
    return sum(mapped(work, plans, workers, "Forging"))


class _Work:
    """One forgery from plan to files; opened once per process."""

    def __init__(self, out: Path, sources: tuple[Source, ...]) -> None:
        self.out = out
        self.sources = sources
        self.store = PixelStore(out / WORK / "pixels")

    def __call__(self, plan: Plan) -> int:
        """Write the files of one plan; its row comes last and marks it as finished."""
        made = make(plan, self.sources, self.store)
        suffix = "png" if plan.finish.saved.lossless else "jpg"
        files = {"file": f"images/{plan.index:06d}.{suffix}", "mask": "", "mask_source": ""}
        _write(self.out / files["file"], made.data)
        for column, mask in (("mask", made.mask), ("mask_source", made.origin)):
            if mask is not None:
                files[column] = f"{MASKS[column]}/{plan.index:06d}.png"
                _write(self.out / files[column], _mask_bytes(mask))
        row = row_of(made, self.sources, files)
        _write(self.out / WORK / "rows" / f"{plan.index}.json", json.dumps(row).encode())
        return 1


def _mask_bytes(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _finished(out: Path) -> dict[int, Row]:
    """Rows of finished files: those of an earlier manifest, and those of a run that was cut off."""
    rows: dict[int, Row] = {int(row["index"]): dict(row) for row in read_rows(out)}
    for path in (out / WORK / "rows").glob("*.json"):
        try:
            rows[int(path.stem)] = dict(json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{path}: not a row of a forgery ({error}); delete it to make that one again") from error
    return rows


def _rows(out: Path, count: int) -> list[Row]:
    rows = _finished(out)
    return [rows[index] for index in range(max(count, max(rows) + 1)) if index in rows]


def _write(path: Path, data: bytes) -> None:
    """Write a file that is either whole or absent."""
    partial_ = path.with_name(f".{path.name}.part")
    try:
        partial_.write_bytes(data)
        partial_.replace(path)
    finally:
        partial_.unlink(missing_ok=True)
