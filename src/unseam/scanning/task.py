"""The one task of every engine: from a file's path to its row."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unseam.analyze import Report, analyze
from unseam.errors import PhotoError, memory_ran_out
from unseam.method import Heatmap, Method
from unseam.photo.photo import DEFAULT_MAX_PIXELS, load_photo
from unseam.provenance import Provenance
from unseam.scanning.rows import ScanRow, blank_row, column, one_line, stem
from unseam.scanning.sources import PhotoSource
from unseam.system.atomic_files import replacing
from unseam.system.versions import versions

HASHED_NAME = 150
"""Characters of a file name that a heat map's name keeps; file systems allow 255 bytes, and more comes on top."""


@dataclass(frozen=True)
class ScanTask:
    """Analyze one file of a source; can be pickled, and never raises because of the file.

    Attributes
    ----------
    source : PhotoSource
        Where the file's bytes come from.
    methods : mapping of str to Method
        In the order of preference: the first that applies gives the verdict.
    max_pixels : int
        Refuse larger photos before decoding.
    heat_maps : Path, optional
        Folder for the heat maps, as 8-bit PNG of the photo's stored size, 255 = heat 1.
    trust_anchors : str, optional
        Certificates (PEM) to trust in Content Credentials; see `unseam.analyze.analyze`.
    """

    source: PhotoSource
    methods: Mapping[str, Method]
    max_pixels: int = DEFAULT_MAX_PIXELS
    heat_maps: Path | None = None
    trust_anchors: str | None = None

    def __call__(self, path: str) -> ScanRow:
        """Return the row of the file at ``path`` of the source."""
        started = time.perf_counter()
        row = blank_row(path, self.methods) | {
            "versions": ", ".join(f"{name} {version}" for name, version in versions().items())
        }
        try:
            row |= self._judge(path, row)
        except Exception as error:  # noqa: BLE001 - whatever a file does, it costs its own row only
            row |= {"status": "failed", "error": _message(error)}
        return row | {"seconds": round(time.perf_counter() - started, 6)}

    def _judge(self, path: str, row: ScanRow) -> ScanRow:
        data = self.source.read(path, self.max_pixels)
        row |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        photo = load_photo(data, max_pixels=self.max_pixels)
        row |= {"format": photo.format, "height": photo.height, "width": photo.width}
        failures: dict[str, str] = {}
        report = analyze(
            photo,
            self.methods,
            failed=lambda name, error: failures.update({name: _message(error)}),
            trust_anchors=self.trust_anchors,
        )
        for name in self.methods:
            row |= _method_columns(report, name, failures.get(name))
        if self.heat_maps is not None:
            for name, heatmap in report.heatmaps.items():
                _write_map(heatmap, self.heat_maps / map_name(path, name))
        return _provenance(report.provenance) | _summary(report, failures)


def _provenance(found: Provenance | None) -> ScanRow:
    if found is None:
        return {}
    return {
        "history": str(found.history),
        "digital_source_type": found.digital_source_type,
        "c2pa_state": found.c2pa_state,
        "editor": found.editor,
    }


def _method_columns(report: Report, name: str, failure: str | None) -> ScanRow:
    found = {"seconds": round(report.seconds[name], 6), "digest": report.methods[name].info.digest or None}
    heatmap = report.results.get(name)
    if isinstance(heatmap, Heatmap):
        found |= _found(heatmap) | {"reason": heatmap.doubt and one_line(heatmap.doubt)}
    else:
        found |= {"reason": failure or one_line(heatmap)}
    return {column(kind, name): value for kind, value in found.items()}


def _found(heatmap: Heatmap) -> ScanRow:
    share = float(heatmap.mask.mean())
    return {"score": heatmap.score, "marked_share": share, "regions": len(heatmap.regions)}


def _summary(report: Report, failures: Mapping[str, str]) -> ScanRow:
    applies = bool(report.heatmaps)
    row: ScanRow = {"status": "failed" if failures else "done" if applies else "not applicable"}
    if failures:
        row |= {"error": "; ".join(f"{name}: {message}" for name, message in failures.items())}
    if applies or not failures:
        row |= {"verdict": str(report.verdict), "reason": one_line(report.verdict.sentence)}
    if applies:
        row |= {"method": report.method} | _found(report.heatmap)
    return row


def _message(error: BaseException) -> str:
    """Say on one line what went wrong; that memory ran out is said even where a decoder says something else."""
    if memory_ran_out(error):
        return "it needs more memory than a process may have; allow more (--memory) or fewer pixels (--max-pixels)"
    return one_line(error) if isinstance(error, PhotoError) else one_line(f"{type(error).__name__}: {error}")


def map_name(path: str, method: str) -> Path:
    """Name the heat map of a file below the folder of heat maps: its own path, with method and ``.png`` added."""
    relative = Path(path)
    name = relative.name
    if len(name) > HASHED_NAME:
        name = f"{name[:HASHED_NAME]}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    return relative.parent / f"{name}.{stem(method)}.png"


def _write_map(heatmap: Heatmap, path: Path) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".png", cv2.convertScaleAbs(heatmap.heat, alpha=255))[1]
    with replacing(path) as temporary:
        temporary.write_bytes(encoded.tobytes())
