"""Write what was found about a photo: JSON, pictures, and one self-contained HTML page.

Below its output folder a photo has ``report.html`` and ``report.json`` and, for each method NAME that applies,
``NAME.heat.npy`` (float32, as returned), ``NAME.heat.png`` (8 bits, 255 = heat 1), ``NAME.mask.png`` (255 =
manipulated) and ``NAME.overlay.png``. Maps and masks are in stored pixels; overlay and page are upright.
"""

from __future__ import annotations

import json
import os
import platform
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray

from unseam.analyze import Report, digest_of
from unseam.method import Heatmap, PatchLabels
from unseam.overlay import draw_overlay, drawn_size, resized
from unseam.photo import Photo, upright
from unseam.photo_paths import printable

LAYOUT = 1
"""Number of the layout of report.json; a change that breaks readers raises it."""

LIBRARIES = ("unseam", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "jpeglib")
"""Packages whose versions can change a result."""

PAGE_JPEG_QUALITY = 88
"""Of the pictures inside the HTML page: they are for looking at, so size matters more than the last bit."""

DECIMALS = 6
"""Of probabilities in JSON: finer than any calibration."""

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("unseam"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index of a run: the photo, its report page, and the report's document."""

    name: str
    page: Path
    document: Mapping[str, Any]


def document_of(report: Report) -> dict[str, Any]:
    """Give everything about a report that is not a picture, ready for JSON: plain types and finite numbers only.

    Returns
    -------
    dict
        ``score``, ``threshold`` and ``method`` are None when no method applies. Boxes are top, left, bottom, right in
        stored pixels, bottom and right exclusive.
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
        "reason": verdict.reason,
        "method": leading.get("name"),
        "score": leading.get("score"),
        "threshold": leading.get("threshold"),
        "marked_share": leading.get("marked_share"),
        "regions": leading.get("regions", []),
        "methods": methods,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # another build of the same library, say opencv-python
            versions[name] = version(name)
    return versions


def _method_document(report: Report, name: str) -> dict[str, Any]:
    result, method = report.results[name], report.methods[name]
    facts = {
        "name": name,
        "paper": method.paper,
        "digest": digest_of(method) or None,
        "seconds": round(report.seconds[name], 3),
        "applies": isinstance(result, Heatmap),
    }
    if not isinstance(result, Heatmap):
        return facts | {"reason": str(result)}
    return facts | {
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


def write_report(report: Report, folder: str | os.PathLike[str]) -> Path:
    """Write all files of one report.

    Parameters
    ----------
    report : Report
    folder : path
        Made if missing; files of the same names are replaced, each at once and whole.

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
    document = document_of(report)
    overlays = {name: _write_maps(report, name, folder) for name in report.heatmaps}
    _write(folder / "report.html", _page(report, document, overlays).encode("utf-8"))
    _write(folder / "report.json", (to_json(document, indent=1) + "\n").encode("utf-8"))
    return folder / "report.html"


def to_json(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Write a document as JSON, on one line without ``indent``; only finite numbers are let through."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False)


def _write_maps(report: Report, name: str, folder: Path) -> NDArray[np.uint8]:
    """Write the files of one method and give its overlay (h, w, 3) uint8 RGB."""
    heatmap, stem = report.heatmaps[name], _stem(name)
    mask = report.mask_of(name)
    overlay = _overlay(report, name, heatmap, mask)
    with replacing(folder / f"{stem}.{_SUFFIXES['heat']}") as temporary, temporary.open("wb") as file:
        np.save(file, heatmap.heat, allow_pickle=False)
    _write(
        folder / f"{stem}.{_SUFFIXES['heat_picture']}",
        _png(np.asarray(cv2.convertScaleAbs(heatmap.heat, alpha=255), np.uint8)),
    )
    _write(folder / f"{stem}.{_SUFFIXES['mask']}", _png(mask.astype(np.uint8) * np.uint8(255)))
    _write(folder / f"{stem}.{_SUFFIXES['overlay']}", _png(overlay[..., ::-1]))
    return overlay


def _overlay(report: Report, name: str, heatmap: Heatmap, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    verdict = f"{report.verdict}    " if name == report.method else ""
    score = "no score" if heatmap.doubt else f"score {heatmap.score:.2f}"
    return draw_overlay(
        report.photo.pixels,
        heatmap.heat,
        mask,
        report.regions_of[name],
        orientation=report.photo.orientation,
        threshold=heatmap.threshold,
        title=f"{verdict}{score}    {name}",
    )


def _page(report: Report, document: Mapping[str, Any], overlays: Mapping[str, NDArray[np.uint8]]) -> str:
    pictures = {name: _data_url(overlay) for name, overlay in overlays.items()}
    photo = _data_url(_upright_photo(report.photo))
    return TEMPLATES.get_template("report.html").render(document=document, photo=photo, overlays=pictures)


def _upright_photo(photo: Photo) -> NDArray[np.uint8]:
    return upright(resized(photo.pixels, *drawn_size(photo.height, photo.width)), photo.orientation)


def write_index(entries: Sequence[Entry], out: Path) -> Path:
    """Write the page that links all reports of a run, and give its path."""
    rows = [(entry.name, entry.page.relative_to(out).as_posix(), entry.document) for entry in entries]
    _write(out / "index.html", TEMPLATES.get_template("index.html").render(rows=rows).encode("utf-8"))
    return out / "index.html"


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey (H, W) or BGR (H, W, 3)."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def _data_url(pixels: NDArray[np.uint8]) -> str:
    quality = [cv2.IMWRITE_JPEG_QUALITY, PAGE_JPEG_QUALITY]
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), quality)[1].tobytes()
    return "data:image/jpeg;base64," + b64encode(encoded).decode("ascii")


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place at the end, so that no half-written file is left."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
