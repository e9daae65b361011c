"""What is scanned, with what, and within which limits: the same for every engine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unseam.errors import DataError
from unseam.method import Method
from unseam.photo.photo import DEFAULT_MAX_PIXELS
from unseam.scanning.rows import ScanRow, columns
from unseam.scanning.sources import PhotoSource, open_source
from unseam.scanning.task import ScanTask

LAYOUT = 2
"""Version of the meaning of the rows: scans of another version are not continued."""

DEFAULT_SECONDS = 600.0
"""Of one file, on one thread: about 40 megapixels of the slowest method."""

FAILURES_PRINTED = 20
"""Failed files that a scan prints at its end; the table has all."""


@dataclass(frozen=True)
class ScanPlan:
    """A scan.

    Attributes
    ----------
    place : str
        A folder, or a URL that fsspec knows.
    out : str
        The Parquet file, or, for the engine ray, the folder of Parquet files.
    methods : mapping of str to Method
        In the order of preference.
    resume : bool
        Continue an existing output, which is an error otherwise.
    retry_failed : bool
        When resuming, retry what failed before.
    workers : int
        Processes at a time, each on one thread; on a cluster 0 for all of its cores.
    heat_maps : Path, optional
        Folder for heat maps.
    seconds : float, optional
        Limit for one file; None for no limit.
    memory : int, optional
        Bytes that one process may allocate; None for no limit.
    max_pixels : int
        Refuse larger photos before decoding.
    all_files : bool
        Analyze every file, and not only photos.
    trust_anchors : str, optional
        Certificates (PEM) to trust in Content Credentials, in place of the list that ships with the package.
    """

    place: str
    out: str
    methods: Mapping[str, Method]
    resume: bool = False
    retry_failed: bool = False
    workers: int = 1
    heat_maps: Path | None = None
    seconds: float | None = DEFAULT_SECONDS
    memory: int | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS
    all_files: bool = False
    trust_anchors: str | None = None

    def source(self, *written: Path) -> PhotoSource:
        """Open what is scanned, without the folders that the scan itself writes."""
        left_out = written if self.heat_maps is None else (*written, self.heat_maps)
        return open_source(self.place, all_files=self.all_files, left_out=left_out)

    def task(self, source: PhotoSource) -> ScanTask:
        """Return the task, each method on one thread: files are analyzed in parallel instead."""
        from unseam.methods import with_options

        methods = {name: with_options(method, threads=1) for name, method in self.methods.items()}
        heat_maps = None if self.heat_maps is None else self.heat_maps.absolute()
        return ScanTask(source, methods, self.max_pixels, heat_maps, self.trust_anchors)

    def settings(self, source: PhotoSource) -> dict[str, Any]:
        """Return what makes rows of two runs comparable, as JSON; `DataError` when two methods share columns."""
        from unseam.evaluation.method_digest import method_digest

        columns(self.methods)
        return {
            "layout": LAYOUT,
            "source": source.place,
            "methods": {name: method_digest(method) for name, method in self.methods.items()},
            "max_pixels": self.max_pixels,
            "all_files": self.all_files,
            "heat_maps": None if self.heat_maps is None else str(self.heat_maps.absolute()),
            "trust_anchors": self.trust_anchors and hashlib.sha256(self.trust_anchors.encode()).hexdigest(),
        }


@dataclass(slots=True)
class ScanSummary:
    """How a scan ended.

    Attributes
    ----------
    counts : dict
        Status to the number of rows in the table.
    failures : list of str
        The first failed rows: path and error.
    found_before : int
        Rows that an earlier run had finished.
    left_out : int
        Files that are not photos.
    """

    counts: dict[str, int] = field(default_factory=lambda: {"done": 0, "not applicable": 0, "failed": 0})
    failures: list[str] = field(default_factory=list)
    found_before: int = 0
    left_out: int = 0

    def count(self, rows: Iterable[ScanRow]) -> Iterator[ScanRow]:
        """Pass rows on, and count them."""
        for row in rows:
            self.add(row)
            yield row

    def add(self, row: ScanRow) -> None:
        """Count one row."""
        self.counts[row["status"]] += 1
        if row["status"] == "failed" and len(self.failures) < FAILURES_PRINTED:
            self.failures.append(f"{row['path']}: {row['error']}")


def output_exists(out: str, there: str) -> DataError:
    """Return the error of a scan that would overwrite another."""
    return DataError(f"{there} exists; continue it with --resume, or use another --out than {out}")


def share_of_memory(workers: int) -> int | None:
    """Return each worker's share of the memory of the machine, or of the container where that is less, in bytes."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    with suppress(OSError, ValueError):  # no such limit, or "max"
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return total // workers
