"""Tables of an evaluation: methods side by side, each figure with its protocol and its number of photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unseam.datasets.sample import Exclusion
from unseam.evaluation.baselines import CONTROLS
from unseam.evaluation.degrade import ORIGINAL
from unseam.evaluation.markdown import markdown_table
from unseam.evaluation.metrics import (
    FALSE_ALARMS,
    FIGURE_CELLS,
    MEAN_AUC,
    MEAN_PRECISION,
    MEAN_RING_AUC,
    OWN_F1,
    POOLED_AUC,
    SCORE_AUC,
    Figure,
    as_constant,
    method_figures,
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
    OWN_F1: "F1 at own mask, mean",
    SCORE_AUC: "score AUC",
    FALSE_ALARMS: "authentic photos with any region",
}
"""Figures of the first table, and their short names there."""

OUTCOMES = ("judged", "not applicable", "failed")

Figures = Mapping[str, tuple[Figure, ...]]


@dataclass(frozen=True, slots=True)
class EvaluationTable:
    """The result of an evaluation.

    Attributes
    ----------
    figures : mapping
        Coverage (``all`` or ``applicable``) -> method -> figures; methods in the order of their rank, by mean pixel
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
        Where photos were degraded too. All other figures are of the photos as the data set has them.
    """

    figures: Mapping[Coverage, Figures]
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
        """All methods and controls, best first."""
        return list(self.figures["all"])

    def value(self, method: str, figure: str, coverage: Coverage = "all") -> float | None:
        """Look up one figure by its full name."""
        return next(found.value for found in self.figures[coverage][method] if found.name == figure)

    def markdown(self) -> str:
        """Write the tables for people."""
        parts = ["# Evaluation", self._about(), f"## {RANKED_BY}", self._ranking()]
        if self.robustness:
            parts.append(self.robustness.markdown(self.methods))
        parts += [f"## {COVERAGE_TITLES['all']}", _side_by_side(self.figures["all"])]
        if self.figures["applicable"] == self.figures["all"]:
            parts.append("Every method could judge every photo: over the applicable photos the figures are the same.")
        else:
            parts += [f"## {COVERAGE_TITLES['applicable']}", _side_by_side(self.figures["applicable"])]
        if self.failures:
            parts.append("## Failures\n\n" + "\n".join(f"- {line}" for line in self.failures))
        return "\n\n".join(parts) + "\n"

    def lines(self) -> Iterator[Sequence[object]]:
        """Give a header, and a line per coverage, method and figure."""
        yield "coverage", "method", *FIGURE_CELLS, "command"
        for coverage, methods in self.figures.items():
            for method, figures in methods.items():
                yield from ((coverage, method, *figure.cells, self.command) for figure in figures)

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
        lines.append(
            f"The controls {', '.join(CONTROLS)} know nothing of forensics: who does not beat them found nothing."
        )
        ring = self.value("centre", MEAN_RING_AUC)
        if ring is not None:
            lines.append(f"Ring AUC of the centre control itself: {ring:.3f}; its pixel AUC: {self._centre_auc():.3f}.")
        return "\n".join(f"{line}  " for line in lines).rstrip()

    def _centre_auc(self) -> float:
        return self.value("centre", MEAN_AUC) or 0

    def _ranking(self) -> str:
        rows = []
        for name, figures in self.figures["all"].items():
            found = {figure.name: figure for figure in figures}
            counts = (str(self.outcomes[name].get(outcome, 0)) for outcome in OUTCOMES)
            rows.append([name, *(_value(found[figure]) for figure in RANKING), *counts])
        return markdown_table(["method", *RANKING.values(), *OUTCOMES], rows)


def build_table(
    rows: Sequence[Row],
    store: RowStore,
    *,
    command: str = "",
    exclusions: Sequence[Exclusion] = (),
    notes: Sequence[str] = (),
) -> EvaluationTable:
    """Compute every figure of every method from the rows of an evaluation."""
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        if row.condition == ORIGINAL:
            by_method.setdefault(row.method, []).append(row)
    readable = {name: [row for row in found if row.readable] for name, found in by_method.items()}
    everything = {n: method_figures([as_constant(row) for row in found], store) for n, found in readable.items()}
    applicable = {n: _of_judged(found, everything[n], store) for n, found in readable.items()}
    # Rank by the first figure, mean pixel AUC, over all photos; undefined last.
    ranked = sorted(everything, key=lambda name: -(everything[name][0].value or 0))
    photos = {row.photo: row.forged for found in readable.values() for row in found}
    return EvaluationTable(
        figures={
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


def _of_judged(rows: list[Row], of_all: tuple[Figure, ...], store: RowStore) -> tuple[Figure, ...]:
    judged = [row for row in rows if row.outcome == "judged"]
    return of_all if len(judged) == len(rows) else method_figures(judged, store)


def _failure(row: Row) -> str:
    degraded = "" if row.condition == ORIGINAL else f" ({row.condition})"
    return f"{row.photo}{degraded}, {row.method}: {row.reason}"


def _side_by_side(methods: Figures) -> str:
    rows = []
    for figures in zip(*methods.values(), strict=True):
        counts = {figure.photos for figure in figures}
        over = f" ({_photos(counts.pop())})" if len(counts) == 1 else ""
        cells = [_value(f) if over or f.value is None else f"{_value(f)}, {_photos(f.photos)}" for f in figures]
        rows.append([figures[0].name + over, *cells])
    return markdown_table(["figure", *methods], rows)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "n/a"
    interval = "" if figure.low is None else f" ({figure.low:.3f} to {figure.high:.3f})"
    return f"{figure.value:.3f}{interval}"


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count} photos"
