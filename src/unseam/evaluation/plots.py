"""Pictures of curves: the only file that imports matplotlib, and only when a picture is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseam.evaluation import demand_extra
from unseam.evaluation.baselines import BASELINES
from unseam.evaluation.curves import Averaging, Curve, Kind
from unseam.evaluation.degrade import DEGRADATIONS, ORIGINAL, Condition
from unseam.evaluation.metrics import F1_AT_THRESHOLD, MEAN_AUC
from unseam.evaluation.reliability import Reliability
from unseam.evaluation.robustness import Robustness
from unseam.system.atomic_files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS: tuple[tuple[Kind, Averaging], ...] = (
    ("roc", "mean"),
    ("precision-recall", "mean"),
    ("roc", "pooled"),
    ("precision-recall", "pooled"),
)

AXES: Mapping[Kind, tuple[str, str]] = {
    "roc": ("false positive rate", "true positive rate"),
    "precision-recall": ("recall", "precision"),
}

TITLES: Mapping[Averaging, str] = {"mean": "mean of the photos' curves", "pooled": "pixels of all photos together"}

CONTROL_STYLES: Mapping[str, str] = {"centre": "--", "texture": ":"}
"""The baselines are grey: a method that does not beat them has found nothing."""

DOTS_PER_INCH = 110

MARKERS = "osD^vP*X<>hd"


def draw_curves(curves: Mapping[str, Sequence[Curve]], labels: Mapping[str, str], path: Path) -> None:
    """Draw ROC and precision-recall curves of all methods into one picture.

    Parameters
    ----------
    curves : mapping
        Method -> its curves, in the order of the legend; at least one curve.
    labels : mapping
        Method -> its line in the legend.
    path : Path
        Of the PNG file.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    """
    figure = _new_figure(13, 10)
    figure.suptitle(f"{max(curve.photos for found in curves.values() for curve in found)} forged photos")
    axes = [figure.add_subplot(2, 2, place) for place in range(1, 5)]
    styles = _styles(curves)
    for ax, (kind, averaging) in zip(axes, PANELS, strict=True):
        for method, found in curves.items():
            for curve in found:
                if (curve.kind, curve.averaging) == (kind, averaging):
                    ax.plot(curve.x, curve.y, label=labels[method], **styles[method])
        if kind == "roc":
            ax.plot([0, 1], [0, 1], color="0.85", linewidth=1, zorder=0)
        _frame(ax, *AXES[kind], f"{'ROC' if kind == 'roc' else kind}: {TITLES[averaging]}")
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
    _save(figure, axes[0], path)


def draw_roc(false_alarms: NDArray[np.float64], found: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Draw ROC curves over one grid of false positive rates into one square picture; errors as in `draw_curves`."""
    figure = _new_figure(7, 5)
    ax = figure.add_subplot()
    for label, rates in found.items():
        ax.plot(false_alarms, rates, label=label, linewidth=1.8)
    ax.plot([0, 1], [0, 1], color="0.85", linewidth=1, zorder=0)
    _frame(ax, *AXES["roc"], "ROC")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    _save(figure, ax, path)


def draw_reliability(found: Mapping[str, Reliability], path: Path) -> None:
    """Draw the share of forged photos against the score into one square picture; errors as in `draw_curves`."""
    figure = _new_figure(8, 5.5)
    ax = figure.add_subplot()
    styles = _styles(found)
    for method, one in found.items():
        label = f"{method} (calibration error {one.error:.3f})"
        ax.plot([part.score for part in one.bins], [part.forged for part in one.bins], label=label, **styles[method])
        ax.scatter(
            [part.score for part in one.bins],
            [part.forged for part in one.bins],
            s=[4 + 2 * part.photos**0.5 for part in one.bins],
            color=styles[method]["color"],
        )
    ax.plot([0, 1], [0, 1], color="0.85", linewidth=1, zorder=0)
    _frame(ax, "score", "share forged, at prior 0.5", "Does a score mean what it says?")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    _save(figure, ax, path)


def draw_robustness(robustness: Robustness, methods: Sequence[str], folder: Path) -> list[Path]:
    """Draw AUC and F1 against strength, a picture ``robustness-NAME.png`` per degradation; give their paths."""
    return [_draw_sweep(robustness, name, found, methods, folder) for name, found in robustness.sweeps.items()]


def _draw_sweep(
    robustness: Robustness, name: str, conditions: Sequence[Condition], methods: Sequence[str], folder: Path
) -> Path:
    figure = _new_figure(13, 5.5)
    axes = [figure.add_subplot(1, 2, place) for place in (1, 2)]
    styles, ticks = _styles(methods), range(1, len(conditions) + 1)
    for ax, shown in zip(axes, (MEAN_AUC, F1_AT_THRESHOLD), strict=True):
        for marker, method in zip(MARKERS * len(methods), methods, strict=False):
            values = [robustness.value(condition, method, shown) for condition in (ORIGINAL, *conditions)]
            known = [float("nan") if value is None else value for value in values]
            # The original stands apart: it may be saved in another way than all that were degraded.
            style = styles[method] | {"marker": marker, "markersize": 5}
            ax.plot(ticks, known[1:], label=method, **style)
            ax.plot([0], known[:1], **style)
        ax.set_xticks([0, *ticks], ["original", *(f"{condition.strength:g}" for condition in conditions)])
        counts = [f.photos for c in conditions for f in robustness.metrics[c][methods[0]] if f.name == shown]
        _frame(ax, DEGRADATIONS[name].label, shown, f"{max(counts)} forged photos")
    axes[0].axhline(0.5, color="0.85", linewidth=1, zorder=0)
    axes[1].set_ylim(bottom=0)
    path = folder / f"robustness-{name}.png"
    _save(figure, axes[0], path)
    return path


def _new_figure(width: float, height: float) -> Figure:
    """Make a figure that no global state of matplotlib knows, for drawing into a file."""
    demand_extra()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _styles(methods: Mapping[str, object] | Sequence[str]) -> dict[str, dict[str, Any]]:
    """Assign each method a colour, and from the eleventh on another line style."""
    judged = [method for method in methods if method not in BASELINES]
    styles: dict[str, dict[str, Any]] = {
        method: {"color": f"C{number % 10}", "linestyle": ("-", "-.")[number // 10 % 2], "linewidth": 1.6}
        for number, method in enumerate(judged)
    }
    return styles | {
        name: {"color": "0.45", "linestyle": style, "linewidth": 1.6} for name, style in CONTROL_STYLES.items()
    }


def _frame(ax: Axes, x: str, y: str, title: str) -> None:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title, fontsize=11)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, first: Axes, path: Path) -> None:
    figure.legend(*first.get_legend_handles_labels(), loc="outside right center", frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
