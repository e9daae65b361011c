"""The engine of a cluster: the same task in Ray Data, on a folder that all nodes see or an object store.

The output is a folder (or URL) of Parquet files, ``part-NUMBER-ID.parquet``: each appears complete, within
`PART_SECONDS` of its first row, so that a driver that is killed loses no more than that. Each of Ray's actors hands its
files to its own worker process (`unseam.system.worker`), so that a file that crashes or hangs costs its own row only;
Ray repeats elsewhere what is lost with a node.
"""

from __future__ import annotations

import io
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from unseam.errors import RunError
from unseam.photo.listing import Listing
from unseam.scanning import demand_extra
from unseam.scanning.journal import FinishedPaths, check_settings
from unseam.scanning.plan import ScanPlan, ScanSummary, output_exists, share_of_memory
from unseam.scanning.progress import progress
from unseam.scanning.rows import ScanRow, failed_row, in_lots
from unseam.scanning.table import read_rows, read_settings, schema_of, write_rows
from unseam.scanning.task import ScanTask
from unseam.system.atomic_files import replacing
from unseam.system.cores import cores
from unseam.system.pool import Pool
from unseam.system.text import encodable
from unseam.system.worker import Crash

FILES_PER_BLOCK = 100
"""Files that an actor gets at a time: Ray needs milliseconds for each block, and a lost block is repeated."""

FILES_PER_LOT = 500_000
"""Files that Ray knows at a time: their paths are in memory, and actors are started again for each lot."""

ROWS_PER_PART = 20_000
"""Rows of a Parquet file, a few megabytes."""

PART_SECONDS = 60.0
"""After which a Parquet file is written even if it is smaller."""


def scan_on_cluster(plan: ScanPlan, address: str | None = None) -> ScanSummary:
    """Analyze every file of a folder or an object store on a Ray cluster.

    Parameters
    ----------
    plan : ScanPlan
        ``out`` is a folder or URL; ``workers`` may be 0, for all processors of the cluster; ``memory`` is each node's
        share where it is None. Folders must be seen by all nodes, and unseam be installed on them.
    address : str, optional
        Of the cluster, as `ray.init` takes it; without it one is started on this machine, for this scan.

    Returns
    -------
    ScanSummary
        Its counts are those of all rows in the output.

    Raises
    ------
    DataError
        There is no such folder, the output exists already, or it was made with other settings.
    MissingExtra
        Ray, fsspec or pyarrow is not installed.
    """
    demand_extra("ray", "ray", "fsspec", "pyarrow")
    parts = ParquetParts(plan.out)
    if parts.names() and not plan.resume:
        raise output_exists(plan.out, plan.out)
    written = () if "://" in plan.out else (Path(plan.out),)
    source = plan.source(*written)
    settings = plan.settings(source)
    parts.begin(settings, plan.retry_failed)
    finished = FinishedPaths(parts.paths())
    listing = Listing()
    pending = (path for path in source.find(listing) if encodable(path) not in finished)
    with closing(_judge(plan, plan.task(source), settings, pending, address)) as rows:
        shown = progress(rows, len(finished), lambda: source.find(Listing()))
        parts.write(shown, settings, lambda: _of_folders(listing, plan.methods))
    summary = ScanSummary(found_before=len(finished), left_out=listing.left_out.total())
    for row in parts.rows(["path", "status", "error"]):
        summary.add(row)
    return summary


def _of_folders(listing: Listing, methods: Mapping[str, object]) -> list[ScanRow]:
    return [failed_row(path, methods, why) for path, why in listing.unreadable.items()]


class RayActor:
    """An actor of Ray: analyzes files in a worker process, which it keeps from block to block."""

    def __init__(self, task: ScanTask, settings: Mapping[str, Any], seconds: float | None, memory: int | None) -> None:
        self._methods, self._settings = tuple(task.methods), settings
        self._paths: deque[str] = deque()
        share = share_of_memory(cores()) if memory is None else memory  # of the node that this runs on
        pool: Pool[str, ScanRow] = Pool(task, 1, seconds=seconds, memory=share, one_thread=True)
        self._results = pool.run(iter(self._paths.popleft, None))

    def __call__(self, block: Any) -> Any:  # noqa: ANN401 - pyarrow tables, which have no types
        """Return a table of rows for a table of paths."""
        import pyarrow as pa

        rows = [self._row(path.decode("utf-8", "surrogateescape")) for path in block.column("path").to_pylist()]
        return pa.Table.from_pylist(rows, schema=schema_of(self._settings))

    def _row(self, path: str) -> ScanRow:
        self._paths.append(path)
        _, result = next(self._results)  # the pool asks for one job at a time, and only here
        return failed_row(path, self._methods, result) if isinstance(result, Crash) else result


def _judge(
    plan: ScanPlan, task: ScanTask, settings: Mapping[str, Any], paths: Iterable[str], address: str | None
) -> Generator[ScanRow, None, None]:
    """Yield rows as they are finished, in no order."""
    import ray
    import ray.data
    import ray.exceptions

    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # stderr is the user's; Ray's own log files have all
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.ERROR)
    ray.init(
        address=address,
        num_cpus=(plan.workers or None) if address is None else None,
        include_dashboard=False if address is None else None,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        for lot in in_lots(paths, FILES_PER_LOT):
            yield from _judge_lot(lot, plan.workers, (task, settings, plan.seconds, plan.memory))
    except ray.exceptions.RayError as error:
        reason = str(error).strip().rpartition("\n")[2]
        raise RunError(f"the cluster gave up ({reason}); fix that and use --resume") from error
    finally:
        ray.shutdown()


def _judge_lot(paths: list[str], workers: int, arguments: tuple[object, ...]) -> Iterator[ScanRow]:
    import pyarrow as pa
    import ray

    names = [path.encode("utf-8", "surrogateescape") for path in paths]  # a name need not be text
    blocks = [pa.table({"path": pa.array(some, pa.binary())}) for some in in_lots(names, FILES_PER_BLOCK)]
    actors = min(len(blocks), workers or int(ray.cluster_resources().get("CPU", 1)))
    rows = ray.data.from_arrow(blocks).map_batches(
        RayActor,
        fn_constructor_args=arguments,
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(size=actors),
    )
    for batch in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from batch.to_pylist()


class ParquetParts:
    """A folder or URL of Parquet files, each of which appears whole."""

    def __init__(self, place: str) -> None:
        from fsspec.core import url_to_fs

        self.place = place
        self._local = None if "://" in place else Path(place)
        self._system, root = url_to_fs(place)
        self._root = root.rstrip("/")

    def names(self) -> list[str]:
        """Name the files that are there."""
        try:
            found = self._system.ls(self._root, detail=False)
        except FileNotFoundError:
            return []
        names = [name.rstrip("/").rpartition("/")[2] for name in found]
        return sorted(name for name in names if name.startswith("part-") and name.endswith(".parquet"))

    def begin(self, settings: Mapping[str, Any], retry_failed: bool) -> None:
        """Check what is there, and drop the rows of folders, and of failed files if they are to be retried."""
        for name in self.names():
            with self._open(name) as file:
                check_settings(read_settings(file, f"{self.place}/{name}"), settings, self.place)
            with self._open(name) as file:
                facts = list(read_rows(file, ["path", "status"]))
            if any(_dropped(row, retry_failed) for row in facts):
                with self._open(name) as file:
                    self._put(name, (row for row in read_rows(file) if not _dropped(row, retry_failed)), settings)

    def paths(self) -> Iterator[str]:
        """Yield the paths of all rows."""
        return (row["path"] for row in self.rows(["path"]))

    def rows(self, only: list[str]) -> Iterator[ScanRow]:
        """Yield some columns of all rows."""
        for name in self.names():
            with self._open(name) as file:
                yield from read_rows(file, only)

    def write(self, rows: Iterable[ScanRow], settings: Mapping[str, Any], more: Callable[[], list[ScanRow]]) -> None:
        """Write rows as they come, and at the end ``more``; what has come is written when the rows end early, too."""
        waiting: list[ScanRow] = []
        since = time.monotonic()
        try:
            for row in rows:
                waiting.append(row)
                if len(waiting) >= ROWS_PER_PART or time.monotonic() - since > PART_SECONDS:
                    self._add(waiting, settings)
                    waiting, since = [], time.monotonic()
            waiting += more()
        finally:
            if waiting or not self.names():
                self._add(waiting, settings)

    def _add(self, rows: list[ScanRow], settings: Mapping[str, Any]) -> None:
        self._put(f"part-{len(self.names()):06d}-{uuid4().hex[:8]}.parquet", rows, settings)

    def _put(self, name: str, rows: Iterable[ScanRow], settings: Mapping[str, Any]) -> None:
        """Write one file so that it appears whole: stores do so by themselves, in a folder by its name."""
        content = io.BytesIO()
        write_rows(rows, content, settings)
        if self._local is None:
            self._system.pipe_file(f"{self._root}/{name}", content.getvalue())
            return
        self._local.mkdir(parents=True, exist_ok=True)
        with replacing(self._local / name) as temporary:
            temporary.write_bytes(content.getvalue())

    def _open(self, name: str) -> Any:  # noqa: ANN401 - an open binary file
        return self._system.open(f"{self._root}/{name}", "rb")


def _dropped(row: ScanRow, retry_failed: bool) -> bool:
    return row["path"].endswith("/") or (retry_failed and row["status"] == "failed")
