"""The document of a report: everything that is not a picture, as plain types for JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from unseam.method import Heatmap, PatchLabels, Region
from unseam.provenance import provenance_document
from unseam.report.report import Report
from unseam.report.wording import false_alarms_document
from unseam.system.text import printable
from unseam.system.versions import versions

LAYOUT = 1
"""Number of the layout of report.json; a change that breaks readers raises it."""

DECIMALS = 6
"""Of probabilities in JSON: finer than any calibration."""

FILES = {"heat": "heat.npy", "heat_picture": "heat.png", "mask": "mask.png", "overlay": "overlay.png"}
"""The files of one method on disk: kind to what follows its `stem` and a dot."""


def document_of(report: Report, written: datetime | None = None) -> dict[str, Any]:
    """Return the document of a report: plain types and finite numbers only.

    Parameters
    ----------
    report : Report
    written : datetime, optional
        The time that the document states, in UTC; now by default.

    Returns
    -------
    dict
        ``score`` and ``method`` are None when no method applies. Boxes are top, left, bottom, right in stored pixels,
        bottom and right exclusive.
    """
    photo, verdict = report.photo, report.verdict
    methods = [_method_document(report, name) for name in report.results]
    leading: Mapping[str, Any] = next((method for method in methods if method["applies"]), {})
    return {
        "layout": LAYOUT,
        "file": printable(photo.name),
        "sha256": photo.sha256,
        "format": photo.format,
        "height": photo.height,
        "width": photo.width,
        "orientation": photo.orientation,
        "verdict": str(verdict),
        "sentence": verdict.sentence,
        "why": list(verdict.why),
        "method": leading.get("name"),
        "score": leading.get("score"),
        "marked_share": leading.get("marked_share"),
        "regions": leading.get("regions", []),
        "methods": methods,
        "provenance": provenance_document(report.provenance),
        "versions": dict(versions()),
        "written": (written or datetime.now(UTC)).isoformat(timespec="seconds"),
    }


def _method_document(report: Report, name: str) -> dict[str, Any]:
    result, info = report.results[name], report.methods[name].info
    facts = {
        "name": name,
        "paper": info.paper,
        "detects": info.detects,
        "blind_spots": info.blind_spots,
        "needs": sorted(info.needs),
        "min_size": list(info.min_size),
        "digest": info.digest or None,
        "options": list(info.settings),
        "seconds": round(report.seconds[name], 3),
        "applies": isinstance(result, Heatmap),
    }
    if not isinstance(result, Heatmap):
        return facts | {"reason": str(result), "false_alarms": false_alarms_document(info, None)}
    return facts | {
        "false_alarms": false_alarms_document(info, result.score),
        "score": None if result.score is None else _finite(result.score),
        "finding": result.finding and str(result.finding),
        "doubt": result.doubt,
        "power": result.power and asdict(result.power) | {"sentence": result.power.sentence},
        "marked_share": _finite(float(result.mask.mean())),
        "regions": [_region_document(region) for region in result.regions],
        "patches": _patches_document(result.patches),
        "files": {kind: f"{stem(name)}.{suffix}" for kind, suffix in FILES.items()},
    }


def _region_document(region: Region) -> dict[str, Any]:
    traces = [
        asdict(trace) | {"inside": _finite(trace.inside), "outside": _finite(trace.outside)} for trace in region.traces
    ]
    return asdict(region) | {"mean_heat": _finite(region.mean_heat), "traces": traces}


def _patches_document(patches: PatchLabels | None) -> dict[str, Any] | None:
    if patches is None:
        return None
    probability = [_finite(value) for value in patches.probability.tolist()]
    return {"threshold": _finite(patches.threshold), "boxes": patches.boxes.tolist(), "probability": probability}


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError(f"found {value} in a report, expected a finite number: the method is broken")
    return round(float(value), DECIMALS)


def stem(name: str) -> str:
    """Make a file name of a method's name; a method made by hand may have any."""
    return re.sub(r"[^\w@-]", "_", name)
