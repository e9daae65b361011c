"""Write what was found about a photo: JSON, pictures, and one self-contained HTML page.

Below its output folder a photo has ``report.html`` and ``report.json`` and, for each method NAME that applies,
``NAME.heat.npy`` (float32, as returned), ``NAME.heat.png`` (8 bits, 255 = heat 1), ``NAME.mask.png`` (255 =
manipulated) and ``NAME.overlay.png``. Maps and masks are in stored pixels; overlay and page are upright.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.drawing.overlay import draw_overlay
from unseam.report.document import FILES, stem
from unseam.report.page import index_page, photo_page
from unseam.report.report import Report
from unseam.report.wording import OPENINGS
from unseam.system.atomic_files import replacing

PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index of a run: the photo, its report page, and the report's document."""

    name: str
    page: Path
    document: Mapping[str, Any]


def write_report(report: Report, folder: str | os.PathLike[str], document: Mapping[str, Any] | None = None) -> Path:
    """Write all files of one report.

    Parameters
    ----------
    report : Report
    folder : path
        Made if missing; files of the same names are replaced, each at once and whole.
    document : mapping, optional
        Of ``report.document()``, where it was made before.

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
    files = report_files(report, document)
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(files[PAGE])  # drawn while the maps are written
        for name, content in files.items():
            _write(folder / name, page.result() if name == PAGE else content())
    return folder / PAGE


def report_files(report: Report, document: Mapping[str, Any] | None = None) -> dict[str, Callable[[], bytes]]:
    """Return the name of every file of a report, the page last but one, with a function that makes its content."""
    document = report.document() if document is None else document
    files: dict[str, Callable[[], bytes]] = {}
    for name in report.heatmaps:
        files |= _map_files(report, name)
    files[PAGE] = lambda: photo_page(report, document).encode("utf-8")
    files["report.json"] = lambda: (to_json(document, indent=1) + "\n").encode("utf-8")
    return files


def to_json(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Write a document as JSON, on one line without ``indent``; only finite numbers are let through."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False)


def _map_files(report: Report, name: str) -> dict[str, Callable[[], bytes]]:
    """Return the files of one method."""
    heatmap = report.heatmaps[name]
    contents: dict[str, Callable[[], bytes]] = {
        "heat": lambda: _npy(heatmap.heat),
        "heat_picture": lambda: _png(np.asarray(cv2.convertScaleAbs(heatmap.heat, alpha=255), np.uint8)),
        "mask": lambda: _png(heatmap.mask.astype(np.uint8) * np.uint8(255)),
        "overlay": lambda: _png(overlay_picture(report, name)[..., ::-1]),
    }
    return {f"{stem(name)}.{suffix}": contents[kind] for kind, suffix in FILES.items()}


def overlay_picture(report: Report, name: str) -> NDArray[np.uint8]:
    """Draw the overlay of one method, upright, with title and colour bar: (h, w, 3) uint8 RGB."""
    heatmap = report.heatmaps[name]
    verdict = f"{OPENINGS[report.verdict.finding]}    " if name == report.method else ""
    score = "no score" if heatmap.score is None or heatmap.doubt else f"score {heatmap.score:.2f}"
    return draw_overlay(
        report.photo.pixels,
        heatmap.heat,
        heatmap.mask,
        heatmap.regions,
        orientation=report.photo.orientation,
        title=f"{verdict}{score}    {name}",
    )


def write_index(entries: Sequence[Entry], out: Path, failures: Sequence[str] = ()) -> Path:
    """Write the page that links all reports of a run and lists the photos that failed; return its path."""
    rows = [(entry.name, _link(entry.page.relative_to(out)), entry.document) for entry in entries]
    _write(out / "index.html", index_page(rows, failures).encode("utf-8"))
    return out / "index.html"


def _link(path: Path) -> str:
    """Write a relative path as a link, whatever bytes the system allows in names (RFC 3986, section 2.1)."""
    return quote(os.fsencode(path.as_posix()))


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
