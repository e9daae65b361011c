"""Tables of an evaluation: methods side by side, each metric with its protocol and its number of photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unseam.datasets.sample import Exclusion
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.degrade import ORIGINAL
from unseam.evaluation.markdown import markdown_table
from unseam.evaluation.metrics import (
    F1_AT_HALF,
    F1_AT_ORACLE,
    F1_AT_THRESHOLD,
    FALSE_ALARMS,
    FLAGGED_AUTHENTIC,
    FLAGGED_FORGED,
    IMAGE_AUC,
    MEAN_AUC,
    MEAN_PRECISION,
    MEAN_RING_AUC,
    METRIC_CELLS,
    POOLED_AUC,
    Metric,
    as_constant,
    method_metrics,
)
from unseam.evaluation.robustness import Robustness, build_robustness
from unseam.evaluation.rows import Row, RowStore
from unseam.system.atomic_files import write_csv, write_text

Coverage = Literal["all", "applicable"]

RANKED_BY = "Ranked by mean pixel AUC over all photos"

COVERAGE_TITLES: Mapping[Coverage, str] = {
    "all": "All photos (where a method is not applicable: a constant map, AUC 0.5, nothing marked)",
    "applicable": "Only the photos that each method could judge",
}

RANKING: Mapping[str, str] = {
    MEAN_AUC: "pixel AUC, mean",
    MEAN_RING_AUC: "ring AUC, mean",
    POOLED_AUC: "pixel AUC, pooled",
    MEAN_PRECISION: "average precision, mean",
    F1_AT_THRESHOLD: "F1 at the method's threshold",
    F1_AT_HALF: "F1 at 0.5",
    F1_AT_ORACLE: "F1 at the oracle threshold",
    IMAGE_AUC: "image-level AUC",
    FLAGGED_FORGED: "forged flagged",
    FLAGGED_AUTHENTIC: "authentic flagged",
    FALSE_ALARMS: "authentic photos with any region",
}
"""Metrics of the first table, and their short names there."""

OUTCOMES = ("judged", "not applicable", "failed")

Metrics = Mapping[str, tuple[Metric, ...]]


@dataclass(frozen=True, slots=True)
class EvaluationTable:
    """The result of an evaluation.

    Attributes
    ----------
    metrics : mapping
        Coverage (``all`` or ``applicable``) -> method -> metrics; methods in the order of their rank, by mean pixel
        AUC over all photos.
    outcomes : mapping
        Method -> outcome -> number of photos.
    failures : tuple of str
        One line per photo and method that failed.
    photos, forged : int
        Photos that could be read, and how many of them are forged.
    exclusions : mapping
        Reason -> number of files that the data set's adapter left out.
    command : str
        The command line that made the table.
    notes : tuple of str
        Lines above the tables: how the photos were drawn, and the like.
    robustness : Robustness, optional
        Where photos were degraded too. All other metrics are of the photos as the data set has them.
    """

    metrics: Mapping[Coverage, Metrics]
    outcomes: Mapping[str, Mapping[str, int]]
    failures: tuple[str, ...]
    photos: int
    forged: int
    exclusions: Mapping[str, int]
    command: str
    notes: tuple[str, ...] = ()
    robustness: Robustness | None = None

    @property
    def methods(self) -> list[str]:
        """All methods and baselines, best first."""
        return list(self.metrics["all"])

    def value(self, method: str, metric: str, coverage: Coverage = "all") -> float | None:
        """Look up one metric by its full name."""
        return next(found.value for found in self.metrics[coverage][method] if found.name == metric)

    def markdown(self) -> str:
        """Write the tables for people."""
        parts = ["# Evaluation", self._about(), f"## {RANKED_BY}", self._ranking()]
        if self.robustness:
            parts.append(self.robustness.markdown(self.methods))
        parts += [f"## {COVERAGE_TITLES['all']}", _side_by_side(self.metrics["all"])]
        if self.metrics["applicable"] == self.metrics["all"]:
            parts.append("Every method could judge every photo: over the applicable photos the metrics are the same.")
        else:
            parts += [f"## {COVERAGE_TITLES['applicable']}", _side_by_side(self.metrics["applicable"])]
        if self.failures:
            parts.append("## Failures\n\n" + "\n".join(f"- {line}" for line in self.failures))
        return "\n\n".join(parts) + "\n"

    def lines(self) -> Iterator[Sequence[object]]:
        """Yield a header, and a line per coverage, method and metric."""
        yield "coverage", "method", *METRIC_CELLS, "command"
        for coverage, methods in self.metrics.items():
            for method, metrics in methods.items():
                yield from ((coverage, method, *metric.cells, self.command) for metric in metrics)

    def write(self, out: Path) -> None:
        """Write ``results.md`` and ``results.csv`` into a folder, and ``robustness.csv`` where there is such."""
        write_text(out / "results.md", self.markdown())
        write_csv(out / "results.csv", self.lines())
        if self.robustness:
            write_csv(out / "robustness.csv", self.robustness.lines())

    def _about(self) -> str:
        lines = [f"{self.photos} photos: {self.forged} forged, {self.photos - self.forged} authentic.", *self.notes]
        lines += [f"Left out: {count} files, {reason}." for reason, count in self.exclusions.items()]
        lines += [f"Made by: `{self.command}`"] if self.command else []
        lines.append(f"The baselines {', '.join(BASELINES)} know nothing of forensics: a method must beat them.")
        ring = self.value("centre", MEAN_RING_AUC)
        if ring is not None:
            lines.append(f"Ring AUC of the centre baseline: {ring:.3f}; its pixel AUC: {self._centre_auc():.3f}.")
        return "\n".join(f"{line}  " for line in lines).rstrip()

    def _centre_auc(self) -> float:
        return self.value("centre", MEAN_AUC) or 0

    def _ranking(self) -> str:
        rows = []
        for name, metrics in self.metrics["all"].items():
            found = {metric.name: metric for metric in metrics}
            counts = (str(self.outcomes[name].get(outcome, 0)) for outcome in OUTCOMES)
            rows.append([name, *(_value(found[metric]) for metric in RANKING), *counts])
        return markdown_table(["method", *RANKING.values(), *OUTCOMES], rows)


def build_table(
    rows: Sequence[Row],
    store: RowStore,
    *,
    command: str = "",
    exclusions: Sequence[Exclusion] = (),
    notes: Sequence[str] = (),
) -> EvaluationTable:
    """Compute every metric of every method from the rows of an evaluation."""
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        if row.condition == ORIGINAL:
            by_method.setdefault(row.method, []).append(row)
    readable = {name: [row for row in found if row.readable] for name, found in by_method.items()}
    everything = {n: method_metrics([as_constant(row) for row in found], store) for n, found in readable.items()}
    applicable = {n: _of_judged(found, everything[n], store) for n, found in readable.items()}
    # Rank by the first metric, mean pixel AUC, over all photos; undefined last.
    ranked = sorted(everything, key=lambda name: -(everything[name][0].value or 0))
    photos = {row.photo: row.forged for found in readable.values() for row in found}
    return EvaluationTable(
        metrics={
            "all": {name: everything[name] for name in ranked},
            "applicable": {name: applicable[name] for name in ranked},
        },
        outcomes={name: dict(Counter(row.outcome for row in by_method[name])) for name in ranked},
        failures=tuple(_failure(row) for row in rows if row.outcome == "failed"),
        photos=len(photos),
        forged=sum(photos.values()),
        exclusions=Counter(exclusion.reason for exclusion in exclusions),
        command=command,
        notes=tuple(notes),
        robustness=build_robustness(rows),
    )


def _of_judged(rows: list[Row], of_all: tuple[Metric, ...], store: RowStore) -> tuple[Metric, ...]:
    judged = [row for row in rows if row.outcome == "judged"]
    return of_all if len(judged) == len(rows) else method_metrics(judged, store)


def _failure(row: Row) -> str:
    degraded = "" if row.condition == ORIGINAL else f" ({row.condition})"
    return f"{row.photo}{degraded}, {row.method}: {row.reason}"


def _side_by_side(methods: Metrics) -> str:
    rows = []
    for metrics in zip(*methods.values(), strict=True):
        counts = {metric.photos for metric in metrics}
        over = f" ({_photos(counts.pop())})" if len(counts) == 1 else ""
        cells = [_value(f) if over or f.value is None else f"{_value(f)}, {_photos(f.photos)}" for f in metrics]
        rows.append([metrics[0].name + over, *cells])
    return markdown_table(["metric", *methods], rows)


def _value(metric: Metric) -> str:
    if metric.value is None:
        return "n/a"
    interval = "" if metric.low is None else f" ({metric.low:.3f} to {metric.high:.3f})"
    return f"{metric.value:.3f}{interval}"


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count} photos"
