"""What is left of each method on degraded photos: metrics against strength."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unseam.evaluation.degrade import DEGRADATIONS, ORIGINAL, Condition
from unseam.evaluation.markdown import markdown_table
from unseam.evaluation.metrics import (
    F1_AT_THRESHOLD,
    MEAN_AUC,
    MEAN_RING_AUC,
    METRIC_CELLS,
    Metric,
    as_constant,
    mean_metrics,
)
from unseam.evaluation.rows import Row

SHOWN = (MEAN_AUC, MEAN_RING_AUC, F1_AT_THRESHOLD)
"""Metrics that the tables show; ``robustness.csv`` has all."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """Metrics of every method under every condition, over all photos (where not applicable: a constant map).

    Attributes
    ----------
    metrics : mapping
        Condition -> method -> metrics.
    judged : mapping
        Condition -> method -> photos that the method could judge.
    photos : mapping
        Condition -> photos that could be read and degraded.
    """

    metrics: Mapping[Condition, Mapping[str, tuple[Metric, ...]]]
    judged: Mapping[Condition, Mapping[str, int]]
    photos: Mapping[Condition, int]

    @property
    def sweeps(self) -> dict[str, list[Condition]]:
        """The conditions of each degradation, in the order of the sweep; the original photos are in none."""
        found: dict[str, list[Condition]] = {}
        for condition in self.metrics:
            if condition != ORIGINAL:
                found.setdefault(condition.degradation, []).append(condition)
        return found

    def value(self, condition: Condition, method: str, metric: str) -> float | None:
        """Look up one metric by its full name."""
        return next(found.value for found in self.metrics[condition][method] if found.name == metric)

    def markdown(self, methods: Sequence[str]) -> str:
        """Write a section per degradation, with these methods as lines."""
        parts = ["## Degraded photos (all of them; where a method is not applicable: a constant map)"]
        for name, conditions in self.sweeps.items():
            shown = [ORIGINAL, *conditions]
            parts.append(f"### {name}: {DEGRADATIONS[name].label}")
            parts += [self._table(methods, shown, metric) for metric in SHOWN]
            if any(self.judged[c][m] < self.photos[c] for c in shown for m in methods):
                parts.append(self._judged_table(methods, shown))
        return "\n\n".join(parts)

    def lines(self) -> Iterator[Sequence[object]]:
        """Yield a header, and a line per condition, method and metric."""
        yield "degradation", "strength", "method", *METRIC_CELLS
        for condition, methods in self.metrics.items():
            name = condition.degradation or "original"
            for method, metrics in methods.items():
                yield from ((name, f"{condition.strength:g}", method, *metric.cells) for metric in metrics)

    def _table(self, methods: Sequence[str], conditions: Sequence[Condition], metric: str) -> str:
        rows = [[method, *(_cell(self.value(c, method, metric)) for c in conditions)] for method in methods]
        counts = {found.photos for c in conditions for found in self.metrics[c][methods[0]] if found.name == metric}
        over = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{max(counts)}"
        return markdown_table([f"{metric} ({over} photos)", *map(_title, conditions)], rows)

    def _judged_table(self, methods: Sequence[str], conditions: Sequence[Condition]) -> str:
        rows = [[m, *(f"{self.judged[c][m]} of {self.photos[c]}" for c in conditions)] for m in methods]
        return markdown_table(["photos that the method could judge", *map(_title, conditions)], rows)


def build_robustness(rows: Sequence[Row]) -> Robustness | None:
    """Compute the metrics of each condition; None where no photo was degraded."""
    groups: dict[Condition, dict[str, list[Row]]] = {}
    for row in rows:
        if row.readable:
            groups.setdefault(row.condition, {}).setdefault(row.method, []).append(row)
    if not groups.keys() - {ORIGINAL}:
        return None
    return Robustness(
        metrics={c: {m: mean_metrics([as_constant(r) for r in rs]) for m, rs in g.items()} for c, g in groups.items()},
        judged={c: {m: sum(r.outcome == "judged" for r in rs) for m, rs in g.items()} for c, g in groups.items()},
        photos={c: max(map(len, g.values())) for c, g in groups.items()},
    )


def _title(condition: Condition) -> str:
    return f"{condition.strength:g}" if condition.degradation else "original"


def _cell(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
