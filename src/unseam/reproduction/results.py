"""Measurements next to the paper's numbers: cells of tables, and whether its orderings hold here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation.baselines import BASELINES
from unseam.reproduction.networks import Measured
from unseam.reproduction.paper import CLAIMS, TABLES, Claim, NetworkRow, NetworkTable, Quantity

CONFIDENCE = 0.95
"""Of the intervals over seeds."""

LEAST_SEEDS = 3
"""From so many on a claim is decided; with two the interval is 12.7 times as wide as they lie apart."""

UNDEFINED = "n/a"
"""A metric that there is none of. Blank is what the paper does not give."""

Runs = Mapping[str, Sequence[Measured]]
"""Recipe -> its measurements, one a seed."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be written: title, header, rows of cells, a note below, and what the cells rest on."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    basis: str = ""


def values_of(runs: Runs, recipe: str, quantity: Quantity) -> dict[int, float]:
    """Seed -> value of a quantity; empty where the recipe lacks the task or was not trained."""
    found = {run.seed: run.value(quantity.rule, quantity.task, quantity.metric) for run in runs.get(recipe, ())}
    return {seed: value for seed, value in found.items() if value is not None}


def interval_over_seeds(values: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's 95 % interval of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    from scipy.stats import t  # here: a quarter of a second

    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * spread
    mean = float(np.mean(values))
    return mean - reach, mean + reach


def network_tables(runs: Runs) -> list[Table]:
    """Write every table whose rows are networks, with those rows that were measured."""
    tables = [_table(table, runs) for table in TABLES]
    return [table for table in tables if table.rows]


def _table(table: NetworkTable, runs: Runs) -> Table:
    published = _published(table)
    header = ["network"]
    for quantity in table.quantities:
        majority = ["majority answer"] if quantity.metric == "accuracy" else []
        header += [quantity.title, *majority, *(f"paper, {name}" for name in published[quantity])]
    header += ["seeds", "patches until the best validation"]
    rows = [row for row in table.rows if runs.get(row.recipe)]
    baselines = [NetworkRow(f"{name} (baseline)", name, {}) for name in BASELINES if rows and runs.get(name)]
    cells = tuple(_row(row, table.quantities, published, runs) for row in [*rows, *baselines])
    return Table(table.title, tuple(header), cells, table.note, _basis([row.recipe for row in rows], table, runs))


def _basis(names: Sequence[str], table: NetworkTable, runs: Runs) -> str:
    """Say on which windows, with which seeds, from which recipes and data a table was measured."""
    measured = [run for name in dict.fromkeys(names) for run in runs[name]]
    rules = sorted({str(quantity.rule) for quantity in table.quantities})
    windows = {(rule, *run.windows[rule]) for rule in rules for run in measured if rule in run.windows}
    facts = [
        f"{total:,} windows of {photos} test photos, {manipulated:,} manipulated by the {float(rule):.1%} rule"
        for rule, photos, total, manipulated in sorted(windows)
    ]
    return "; ".join([*facts, *seeds_and_digests(measured)])


def seeds_and_digests(measured: Sequence[Measured]) -> list[str]:
    """Name the seeds, and recipe and data of the first of them by the start of their SHA-256."""
    seeds = sorted({run.seed for run in measured})
    digests = [f"{run.recipe} {run.digest[:12]}" for run in measured if run.seed == seeds[0]]
    return [f"seeds {', '.join(map(str, seeds))}", f"recipe and data (SHA-256): {', '.join(digests)}"] if seeds else []


def _published(table: NetworkTable) -> dict[Quantity, tuple[str, ...]]:
    """Name the data sets for which the paper gives a quantity, in any row."""
    found: dict[Quantity, tuple[str, ...]] = {}
    for quantity in table.quantities:
        names = [name for row in table.rows for name in row.published.get(quantity, {})]
        found[quantity] = tuple(dict.fromkeys(names))
    return found


def _row(
    row: NetworkRow,
    quantities: Sequence[Quantity],
    published: Mapping[Quantity, Sequence[str]],
    runs: Runs,
) -> tuple[str, ...]:
    measured = runs[row.recipe]
    cells = [row.label + (" (not in the paper)" if row.beyond else "")]
    for quantity in quantities:
        cells.append(mean_cell(list(values_of(runs, row.recipe, quantity).values())))
        if quantity.metric == "accuracy":
            majority = [run.value(quantity.rule, quantity.task, "majority") for run in measured]
            cells.append(mean_cell([value for value in majority if value is not None][:1]))
        given = row.published.get(quantity, {})
        cells += [f"{given[name]:.4f}" if name in given else "" for name in published[quantity]]
    seen = [run.patches_seen for run in measured]
    if not any(seen):  # a baseline
        return (*cells, "", "")
    return (
        *cells,
        str(len(measured)),
        f"{min(seen):,}" if min(seen) == max(seen) else f"{min(seen):,} to {max(seen):,}",
    )


def mean_cell(values: Sequence[float]) -> str:
    """Write a mean with its interval, where there is one."""
    if not values:
        return UNDEFINED
    interval = interval_over_seeds(values)
    return f"{np.mean(values):.4f}" + (f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else "")


def claims_table(runs: Runs) -> Table:
    """Say of every ordering that the paper claims whether it holds here, by the paper's accuracy and by AUC."""
    claims = [claim for claim in CLAIMS if runs.get(claim.better) and runs.get(claim.worse)]
    rows = [
        _claim(claim, by, runs) for claim in claims for by in (claim.quantity, replace(claim.quantity, metric="auc"))
    ]
    note = (
        "Differences between networks of the same seed. Yes, or reversed: Student's 95 % interval over at least "
        f"{LEAST_SEEDS} seeds lies on that side of zero. With fewer seeds nothing is claimed. That one of {len(rows)} "
        "comparisons is decided by chance alone would be no surprise. Where all networks give the majority answer "
        "accuracies are equal, and AUC alone tells them apart."
    )
    header = ("the paper's claim", "by", "difference here", "holds here")
    return Table("Whether the orderings that the paper claims hold here", header, tuple(rows), note)


def _claim(claim: Claim, by: Quantity, runs: Runs) -> tuple[str, ...]:
    better, worse = (values_of(runs, recipe, by) for recipe in (claim.better, claim.worse))
    differences = [better[seed] - worse[seed] for seed in sorted(better.keys() & worse.keys())]
    if not differences:
        return (claim.text, by.title, UNDEFINED, UNDEFINED)
    interval = interval_over_seeds(differences)
    shown = f"{np.mean(differences):+.4f}" + (f" ({interval[0]:+.4f} to {interval[1]:+.4f})" if interval else "")
    return (claim.text, by.title, shown, _verdict(differences, interval))


def _verdict(differences: Sequence[float], interval: tuple[float, float] | None) -> str:
    if interval is None or len(differences) < LEAST_SEEDS:
        seeds = "one seed" if len(differences) == 1 else f"{len(differences)} seeds"
        direction = {1: "same direction", 0: "no difference", -1: "other direction"}
        return f"{seeds}: {direction[int(np.sign(np.mean(differences)))]}"
    if interval[0] > 0:
        return "yes"
    return "no: reversed" if interval[1] < 0 else "undecided"


def mean_roc(runs: Sequence[Measured], task: str) -> NDArray[np.float64] | None:
    """Average the ROC curves of several seeds: true positive rates; None where no run has the task."""
    curves = [run.roc[task] for run in runs if run.roc.get(task)]
    return np.mean(np.array(curves), axis=0) if curves else None
