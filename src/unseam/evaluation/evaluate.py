"""Methods on samples: every photo is loaded once, judged by every method, measured, and its rows are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from unseam.datasets.sample import Exclusion, Sample
from unseam.errors import DataError
from unseam.evaluation.controls import CONTROLS
from unseam.evaluation.identity import method_digest, row_keys
from unseam.evaluation.measure import Measured, measure
from unseam.evaluation.progress import progress_bar
from unseam.evaluation.rows import RowStore
from unseam.evaluation.tables import EvaluationTable, build_table
from unseam.method import Method

READ_AHEAD = 4
"""Photos per worker that are under way at a time; it bounds memory."""


def evaluate(
    methods: Mapping[str, Method],
    samples: Sequence[Sample],
    out: Path,
    *,
    workers: int = 1,
    command: str = "",
    exclusions: Sequence[Exclusion] = (),
) -> EvaluationTable:
    """Judge every sample by every method and both controls, and write rows and tables.

    Parameters
    ----------
    methods : mapping of str to Method
        By the name they shall have in the tables. The controls are always added.
    samples : sequence of Sample
        From an adapter.
    out : Path
        Folder of the results. Rows that are finished there are not computed again; photo, mask and method are
        compared by content. Rows that failed are tried again.
    workers : int
        Threads; methods are pure and release the interpreter lock in their numerical work.
    command : str
        The command line that is printed in the tables.
    exclusions : sequence of Exclusion
        What the adapter left out; counted in the tables.

    Returns
    -------
    EvaluationTable
        Also written to ``out`` as ``results.md`` and ``results.csv``, with ``rows.jsonl`` beside them.

    Raises
    ------
    DataError
        No sample, two samples of one name, a method named as a control, or rows of another version in ``out``.
    """
    _refuse_clashes(methods, samples)
    store = RowStore(out)
    everything = {**methods, **CONTROLS}
    bench = _Bench(everything, {name: method_digest(method) for name, method in everything.items()}, store)
    keys: list[str] = []
    with ThreadPoolExecutor(workers) as executor:
        results = _in_order(executor, bench, samples, workers)
        for sample_keys, measured in progress_bar(results, "photos", len(samples)):
            for row, counts in measured:
                store.append(row, counts)
            keys += sample_keys
    table = build_table([store.finished[key] for key in keys], store, command=command, exclusions=exclusions)
    table.write(out)
    return table


def _refuse_clashes(methods: Mapping[str, Method], samples: Sequence[Sample]) -> None:
    if not samples:
        raise DataError("no sample to evaluate; expected at least one")
    if len({sample.name for sample in samples}) < len(samples):
        raise DataError("two samples share a name; expected a name for each")
    if clashes := methods.keys() & CONTROLS.keys():
        raise DataError(f"{', '.join(clashes)}: the controls are always there; name the method otherwise")


@dataclass(frozen=True, slots=True)
class _Bench:
    """Methods, and the rows that are finished; called with a sample, it measures what is missing."""

    methods: Mapping[str, Method]
    digests: Mapping[str, str]
    store: RowStore

    def __call__(self, sample: Sample) -> tuple[list[str], list[Measured]]:
        keys = row_keys(sample, self.digests)
        pending = {name: method for name, method in self.methods.items() if not self.store.is_finished(keys[name])}
        return list(keys.values()), measure(sample, pending, keys) if pending else []


def _in_order(
    executor: Executor, bench: _Bench, samples: Sequence[Sample], workers: int
) -> Iterator[tuple[list[str], list[Measured]]]:
    """Measure in parallel, and yield in the samples' order with a bounded number under way."""
    remaining = iter(samples)
    waiting: list[Future[tuple[list[str], list[Measured]]]] = []
    waiting += [executor.submit(bench, sample) for sample in islice(remaining, workers * READ_AHEAD)]
    try:
        while waiting:
            yield waiting.pop(0).result()
            waiting += [executor.submit(bench, sample) for sample in islice(remaining, 1)]
    finally:
        for future in waiting:  # after an error or an interruption: the photos under way are enough
            future.cancel()
