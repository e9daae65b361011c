"""Write what was found about a photo: JSON, pictures, and one self-contained HTML page.

Below its output folder a photo has ``report.html`` and ``report.json`` and, for each method NAME that applies,
``NAME.heat.npy`` (float32, as returned), ``NAME.heat.png`` (8 bits, 255 = heat 1), ``NAME.mask.png`` (255 =
manipulated) and ``NAME.overlay.png``. Maps and masks are in stored pixels; overlay and page are upright.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.analyze import Report, digest_of
from unseam.drawing.overlay import draw_overlay
from unseam.method import Heatmap, PatchLabels
from unseam.models.network import options_in_words
from unseam.provenance.file_facts import facts_document, file_facts
from unseam.report.page import index_page, photo_page
from unseam.report.wording import false_alarms_document, leads, others_sentence, verdict_sentence
from unseam.system.atomic_files import replacing
from unseam.system.text import printable
from unseam.system.versions import versions

LAYOUT = 1
"""Number of the layout of report.json; a change that breaks readers raises it."""

DECIMALS = 6
"""Of probabilities in JSON: finer than any calibration."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index of a run: the photo, its report page, and the report's document."""

    name: str
    page: Path
    document: Mapping[str, Any]


def document_of(report: Report, written: datetime | None = None) -> dict[str, Any]:
    """Give everything about a report that is not a picture, ready for JSON: plain types and finite numbers only.

    Parameters
    ----------
    report : Report
    written : datetime, optional
        The time that the document states, in UTC; now by default.

    Returns
    -------
    dict
        ``score``, ``threshold`` and ``method`` are None when no method applies. Boxes are top, left, bottom, right in
        stored pixels, bottom and right exclusive.
    """
    photo, verdict = report.photo, report.verdict
    methods = [_method_document(report, name) for name in report.results]
    leading: Mapping[str, Any] = next((method for method in methods if method["applies"]), {})
    facts = file_facts(photo)
    return {
        "layout": LAYOUT,
        "file": printable(photo.name),
        "sha256": photo.sha256,
        "format": photo.format,
        "height": photo.height,
        "width": photo.width,
        "orientation": photo.orientation,
        "verdict": str(verdict),
        "reason": verdict.reason,
        "sentence": verdict_sentence(report),
        "others": others_sentence(report),
        "method": leading.get("name"),
        "score": leading.get("score"),
        "threshold": leading.get("threshold"),
        "marked_share": leading.get("marked_share"),
        "regions": leading.get("regions", []),
        "methods": methods,
        "file_facts": facts_document(facts),
        "leads": leads(photo, facts),
        "versions": dict(versions()),
        "written": (written or datetime.now(UTC)).isoformat(timespec="seconds"),
    }


def _method_document(report: Report, name: str) -> dict[str, Any]:
    result, method = report.results[name], report.methods[name]
    facts = {
        "name": name,
        "paper": method.paper,
        "sees": method.sees,
        "blind": method.blind,
        "needs": sorted(method.needs),
        "min_size": list(method.min_size),
        "digest": digest_of(method) or None,
        "options": list(options_in_words(method)),
        "seconds": round(report.seconds[name], 3),
        "applies": isinstance(result, Heatmap),
    }
    if not isinstance(result, Heatmap):
        return facts | {"reason": str(result), "false_alarms": false_alarms_document(method, None)}
    return facts | {
        "false_alarms": false_alarms_document(method, float(result.score)),
        "score": _finite(result.score),
        "threshold": _finite(result.threshold),
        "doubt": result.doubt,
        "marked_share": _finite(float(report.mask_of(name).mean())),
        "regions": [asdict(region) | {"mean_heat": _finite(region.mean_heat)} for region in report.regions_of[name]],
        "patches": _patches_document(result.patches),
        "files": {kind: f"{_stem(name)}.{suffix}" for kind, suffix in _SUFFIXES.items()},
    }


_SUFFIXES = {"heat": "heat.npy", "heat_picture": "heat.png", "mask": "mask.png", "overlay": "overlay.png"}


def _patches_document(patches: PatchLabels | None) -> dict[str, Any] | None:
    if patches is None:
        return None
    probability = [_finite(value) for value in patches.probability.tolist()]
    return {"threshold": _finite(patches.threshold), "boxes": patches.boxes.tolist(), "probability": probability}


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError(f"found {value} in a report, expected a finite number: the method is broken")
    return round(float(value), DECIMALS)


def _stem(name: str) -> str:
    """Make a file name of a method's name; a method made by hand may be called anything."""
    return re.sub(r"[^\w@-]", "_", name)


def write_report(report: Report, folder: str | os.PathLike[str], document: Mapping[str, Any] | None = None) -> Path:
    """Write all files of one report.

    Parameters
    ----------
    report : Report
    folder : path
        Made if missing; files of the same names are replaced, each at once and whole.
    document : mapping, optional
        From `document_of`, where it was made before.

    Returns
    -------
    Path
        The HTML page.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in report_files(report, document).items():
        _write(folder / name, content())
    return folder / "report.html"


def report_files(report: Report, document: Mapping[str, Any] | None = None) -> dict[str, Callable[[], bytes]]:
    """Give the name of every file of a report, the page last but one, with what makes its content when it is called."""
    document = document_of(report) if document is None else document
    files: dict[str, Callable[[], bytes]] = {}
    for name in report.heatmaps:
        files |= _map_files(report, name)
    files["report.html"] = lambda: photo_page(report, document).encode("utf-8")
    files["report.json"] = lambda: (to_json(document, indent=1) + "\n").encode("utf-8")
    return files


def to_json(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Write a document as JSON, on one line without ``indent``; only finite numbers are let through."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False)


def _map_files(report: Report, name: str) -> dict[str, Callable[[], bytes]]:
    """Give the files of one method."""
    heatmap, mask = report.heatmaps[name], report.mask_of(name)
    contents: dict[str, Callable[[], bytes]] = {
        "heat": lambda: _npy(heatmap.heat),
        "heat_picture": lambda: _png(np.asarray(cv2.convertScaleAbs(heatmap.heat, alpha=255), np.uint8)),
        "mask": lambda: _png(mask.astype(np.uint8) * np.uint8(255)),
        "overlay": lambda: _png(overlay_picture(report, name)[..., ::-1]),
    }
    return {f"{_stem(name)}.{suffix}": contents[kind] for kind, suffix in _SUFFIXES.items()}


def overlay_picture(report: Report, name: str) -> NDArray[np.uint8]:
    """Draw the overlay of one method, upright, with title and colour bar: (h, w, 3) uint8 RGB."""
    heatmap = report.heatmaps[name]
    verdict = f"{report.verdict}    " if name == report.method else ""
    score = "no score" if heatmap.doubt else f"score {heatmap.score:.2f}"
    return draw_overlay(
        report.photo.pixels,
        heatmap.heat,
        report.mask_of(name),
        report.regions_of[name],
        orientation=report.photo.orientation,
        title=f"{verdict}{score}    {name}",
    )


def write_index(entries: Sequence[Entry], out: Path, failures: Sequence[str] = ()) -> Path:
    """Write the page that links all reports of a run and lists the photos that failed; give its path."""
    rows = [(entry.name, entry.page.relative_to(out).as_posix(), entry.document) for entry in entries]
    _write(out / "index.html", index_page(rows, failures).encode("utf-8"))
    return out / "index.html"


def _npy(array: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey (H, W) or BGR (H, W, 3)."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)
