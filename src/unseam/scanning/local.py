"""The engine of one machine: worker processes, a journal next to the output, one Parquet file at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from unseam.photo.listing import Listing
from unseam.scanning.journal import Journal, check_settings
from unseam.scanning.plan import ScanPlan, ScanSummary, output_exists
from unseam.scanning.progress import progress
from unseam.scanning.rows import ScanRow, failed_row
from unseam.scanning.table import demand_parquet, read_rows, read_settings, write_table
from unseam.scanning.task import ScanTask
from unseam.system.pool import Pool
from unseam.system.text import encodable
from unseam.system.worker import Crash

UNFINISHED = ".unfinished"
"""Added to the name of the output: the folder of a scan that is under way."""


def scan_locally(plan: ScanPlan) -> ScanSummary:
    """Analyze every file of a folder and write one row each; see `unseam.scanning.rows`.

    Processes are spawned: a script that calls this needs ``if __name__ == "__main__":``, and methods that can be
    pickled. Killed at any moment and called again with ``resume``, it does the rest.

    Returns
    -------
    ScanSummary
        The table is at ``plan.out``, sorted by path.

    Raises
    ------
    DataError
        There is no such folder, the output exists already, or it was made with other settings.
    MissingExtra
        pyarrow is not installed.
    """
    demand_parquet()
    out = Path(plan.out)
    folder = out.with_name(out.name + UNFINISHED)
    for there in (out, folder):
        if there.exists() and not plan.resume:
            raise output_exists(plan.out, str(there))
    source = plan.source(folder, out)
    settings = plan.settings(source)
    if out.exists():
        check_settings(read_settings(out, str(out)), settings, str(out))
    with Journal(folder, settings, _files_of(out)) as journal:
        if plan.retry_failed:
            journal.drop("failed")
        finished = journal.finished()
        summary, listing = ScanSummary(found_before=len(finished)), Listing()
        pending = (path for path in source.find(listing) if encodable(path) not in finished)
        rows = _judge(plan, plan.task(source), pending)
        for row in progress(rows, len(finished), lambda: source.find(Listing())):
            journal.append(row)
        folders = [failed_row(path, plan.methods, why) for path, why in listing.unreadable.items()]
        write_table(summary.count(journal.rows_by_path(folders)), out, settings)
        journal.remove()
    summary.left_out = listing.left_out.total()
    return summary


def _files_of(table: Path) -> Iterator[ScanRow]:
    """Yield the rows of a finished scan; those of unreadable folders are found again each time."""
    if table.exists():
        yield from (row for row in read_rows(table) if not row["path"].endswith("/"))


def _judge(plan: ScanPlan, task: ScanTask, paths: Iterable[str]) -> Iterator[ScanRow]:
    pool: Pool[str, ScanRow] = Pool(task, plan.workers, seconds=plan.seconds, memory=plan.memory, one_thread=True)
    with closing(pool.run(paths)) as results:  # type: ignore[type-var]
        for path, result in results:
            yield failed_row(path, plan.methods, result) if isinstance(result, Crash) else result
