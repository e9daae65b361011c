"""Methods on samples: every photo is loaded once, judged by every method, measured, and its rows are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unseam.datasets.sample import Exclusion, Sample
from unseam.errors import DataError
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.measure import Measured, blank_rows, measure
from unseam.evaluation.method_digest import method_digest, row_keys
from unseam.evaluation.progress import progress_bar
from unseam.evaluation.rows import Row, RowStore
from unseam.evaluation.tables import EvaluationTable, build_table
from unseam.method import Method
from unseam.methods import with_options
from unseam.system.folder_lock import FolderLock
from unseam.system.pool import Pool
from unseam.system.worker import Crash


def evaluate(
    methods: Mapping[str, Method],
    samples: Sequence[Sample],
    out: Path,
    *,
    conditions: Sequence[Condition] = (ORIGINAL,),
    seed: int = 0,
    workers: int = 0,
    command: str = "",
    exclusions: Sequence[Exclusion] = (),
) -> EvaluationTable:
    """Judge every sample by every method and both baselines, and write rows and tables.

    Parameters
    ----------
    methods : mapping of str to Method
        By the name they shall have in the tables. The baselines are always added.
    samples : sequence of Sample
        From an adapter.
    out : Path
        Folder of the results. Rows that are finished there are not computed again; photo, mask, degradation and
        method are compared by content. Rows that failed are tried again.
    conditions : sequence of Condition
        How each photo is degraded before it is judged; `unseam.evaluation.degrade.find_conditions` makes them.
    seed : int
        Of the degradations' noise.
    workers : int
        Processes that judge photos side by side, each on one thread if there are several; 0 to judge in this one.
        They are spawned: a script that uses them needs ``if __name__ == "__main__":``, and its methods must be
        picklable.
    command : str
        The command line that is printed in the tables.
    exclusions : sequence of Exclusion
        What the adapter left out; counted in the tables.

    Returns
    -------
    EvaluationTable
        Also written to ``out`` as ``results.md`` and ``results.csv``, with ``rows.jsonl`` next to them.

    Raises
    ------
    DataError
        No sample, two samples of one name, a method named as a baseline, rows of another version in ``out``, or
        another process at work there.
    """
    with FolderLock(out, DataError):
        store = RowStore(out)
        rows = measure_all(methods, samples, store, conditions=conditions, seed=seed, workers=workers)
        table = build_table(rows, store, command=command, exclusions=exclusions)
        table.write(out)
    return table


def _refuse_clashes(methods: Mapping[str, Method], samples: Sequence[Sample]) -> None:
    if not samples:
        raise DataError("no sample to evaluate; expected at least one")
    if len({sample.name for sample in samples}) < len(samples):
        raise DataError("two samples share a name; expected a name for each")
    if clashes := methods.keys() & BASELINES.keys():
        raise DataError(f"{', '.join(clashes)}: the baselines are always there; name the method otherwise")


@dataclass(frozen=True, slots=True)
class EvaluationJob:
    """One sample under one condition, for some methods."""

    sample: Sample
    condition: Condition
    methods: tuple[str, ...]

    def parts(self) -> list[EvaluationJob]:
        """Return a job for each method; none where there is one method already."""
        return [replace(self, methods=(name,)) for name in self.methods] if len(self.methods) > 1 else []


@dataclass(frozen=True, slots=True)
class Bench:
    """Methods, and the keys of the rows that are finished; called with a job, it measures what is missing."""

    methods: Mapping[str, Method]
    digests: Mapping[str, str]
    finished: frozenset[str]
    seed: int

    def __call__(self, job: EvaluationJob) -> tuple[dict[str, str], list[Measured]]:
        """Return the key of each of the job's methods, and the rows that were not finished before."""
        keys = self.keys(job)
        pending = {name: self.methods[name] for name, key in keys.items() if key not in self.finished}
        return keys, measure(job.sample, pending, keys, job.condition, self.seed) if pending else []

    def keys(self, job: EvaluationJob) -> dict[str, str]:
        """Return the key of each of the job's rows."""
        digests = {name: self.digests[name] for name in job.methods}
        return row_keys(job.sample, job.condition, digests, self.seed)

    def crashed(self, job: EvaluationJob, crash: Crash) -> tuple[dict[str, str], list[Measured]]:
        """Return the rows of a job whose process died."""
        keys = self.keys(job)
        return keys, [(row, b"") for row in blank_rows(job.sample, job.methods, keys, job.condition, str(crash))]


def measure_all(
    methods: Mapping[str, Method],
    samples: Sequence[Sample],
    store: RowStore,
    *,
    conditions: Sequence[Condition] = (ORIGINAL,),
    seed: int = 0,
    workers: int = 0,
) -> list[Row]:
    """Measure what is not in the store yet, and keep each row as soon as it is finished; see `evaluate`.

    The store's folder must be locked.

    Returns
    -------
    list of Row
        By sample, then condition, then method in the order given, the baselines last.
    """
    _refuse_clashes(methods, samples)
    store.repair()
    methods = {**methods, **BASELINES}
    run = {name: with_options(method, threads=1) if workers > 1 else method for name, method in methods.items()}
    digests = {name: method_digest(method) for name, method in methods.items()}
    bench = Bench(run, digests, frozenset(key for key in store.finished if store.is_finished(key)), seed)
    jobs = [EvaluationJob(sample, condition, tuple(methods)) for sample in samples for condition in conditions]
    found: dict[tuple[str, Condition, str], str] = {}
    results = progress_bar(_results(bench, jobs, workers), "rows", len(jobs) * len(methods), lambda r: len(r[1]))
    for job, keys, measured in results:
        for row, counts in measured:
            store.append(row, counts)
        found |= {(job.sample.name, job.condition, name): key for name, key in keys.items()}
    keys_in_order = [found[job.sample.name, job.condition, name] for job in jobs for name in job.methods]
    return _sized([store.finished[key] for key in keys_in_order])


def _sized(rows: list[Row]) -> list[Row]:
    """Fill in the size of photos whose process died, from another method's row, so that they count among all."""
    sizes = {(row.photo, row.condition): (row.height, row.width, row.manipulated) for row in rows if row.readable}
    filled = []
    for row in rows:
        height, width, manipulated = sizes.get((row.photo, row.condition), (0, 0, 0))
        filled.append(row if row.readable else replace(row, height=height, width=width, manipulated=manipulated))
    return filled


def _results(
    bench: Bench, jobs: Iterable[EvaluationJob], workers: int
) -> Iterator[tuple[EvaluationJob, dict[str, str], list[Measured]]]:
    if not workers:
        for job in jobs:
            yield job, *bench(job)
        return
    pool: Pool[EvaluationJob, tuple[dict[str, str], list[Measured]]] = Pool(bench, workers, EvaluationJob.parts)
    for job, result in pool.run(jobs):
        yield job, *(bench.crashed(job, result) if isinstance(result, Crash) else result)
