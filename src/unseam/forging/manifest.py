"""The manifest of a folder of forgeries: one row per file, with every parameter, source and licence."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from unseam.errors import DataError
from unseam.forging.history import GRID, Compression, ProcessingHistory
from unseam.forging.laundering import Copy
from unseam.forging.make import Forgery
from unseam.forging.plan import Plan
from unseam.forging.sources import Source

NAME = "manifest.csv"

Value = str | int | float | bool
Row = dict[str, Value]

CAPTIONED = frozenset(
    {
        "file",
        "mask_source",
        "index",
        "kind",
        "fill",
        "shape",
        "seam",
        "seam_width",
        "format",
        "tables",
        "quality",
        "subsampling",
        "adjustment",
        "laundering",
    }
)
"""Columns that are read back, to resume and for `caption`."""

MAX_DIGITS = 10
"""Of an index."""

SOFT_SEAMS = ("feather", "matte", "smooth")
"""Seams that have a width."""


def row_of(made: Forgery, sources: Sequence[Source], files: dict[str, str]) -> Row:
    """Describe one finished file.

    Parameters
    ----------
    made, sources
        The file, and the photographs that its plan counts.
    files : dict
        Columns ``file``, ``mask`` and ``mask_source``: paths below the folder, empty where there is no such file.
    """
    plan = made.plan
    donor = sources[plan.donor] if plan.donor >= 0 else None
    return {
        **files,
        "split": plan.split,
        "kind": plan.kind,
        **_source_columns("host", sources[plan.host]),
        **_source_columns("donor", donor),
        "seed": plan.seed[0],
        "index": plan.index,
        "height": made.shape[0],
        "width": made.shape[1],
        "area": round(float(made.mask.mean()), 5) if made.mask is not None else 0.0,
        "crop_top": plan.crop.top,
        "crop_left": plan.crop.left,
        "crop_height": plan.crop.height,
        "crop_width": plan.crop.width,
        "host_reduction": round(plan.crop.reduction, 4),
        **_file_columns(plan, sources[plan.host]),
        **_history_columns("host", plan.history),
        **_tile_columns(plan),
        "donor_reduction": round(plan.donor_reduction, 4) if donor else "",
        **_history_columns("donor", plan.donor_history if donor else None),
        "two_cameras": plan.two_cameras,
        **_edit_columns(plan),
        **{name: made.edit.where.get(name, "") for name in ("cut_top", "cut_left", "paste_top", "paste_left")},
        "adjustment": plan.finish.adjustment,
        "strength": round(plan.finish.strength, 4),
        "decoration": plan.finish.decoration.kind if plan.finish.decoration else "",
        **_source_columns("panel", sources[plan.panel.source] if plan.panel else None),
        **{f"edited_{name}": value for name, value in _compression_columns(plan.finish.compression).items()},
        **_laundering_columns(plan.finish.copies),
        "format": "PNG" if plan.finish.saved.lossless else "JPEG",
        **_compression_columns(plan.finish.saved),
    }


def _source_columns(who: str, source: Source | None) -> Row:
    """Columns of one photograph; empty where there is none."""
    if source is None:
        names = ("sha256", "original", "licence", "author", "origin")
        return dict.fromkeys((who, *(f"{who}_{name}" for name in names)), "")
    terms = source.terms
    return {
        who: source.name,
        f"{who}_sha256": source.key,
        f"{who}_original": source.original,
        f"{who}_licence": terms.licence,
        f"{who}_author": terms.author,
        f"{who}_origin": terms.origin,
    }


def _file_columns(plan: Plan, host: Source) -> Row:
    """Columns of the host's own file: format, and where its 8 x 8 grid begins in a frame that was not resampled."""
    top, left = plan.crop.top + plan.history.shift_row, plan.crop.left + plan.history.shift_column
    kept = host.is_jpeg and plan.crop.reduction == 1
    return {
        "host_format": "JPEG" if host.is_jpeg else "lossless",
        "host_grid": f"{-top % GRID} {-left % GRID}" if kept else "",
        "host_steps": _steps(host),
    }


def _steps(source: Source) -> str:
    """First steps of the luma table of a JPEG file, row by row: enough to find the camera's set."""
    return " ".join(map(str, source.tables.luma[:8])) if source.tables else ""


def _history_columns(who: str, history: ProcessingHistory | None) -> Row:
    """Columns of one history; empty where there is none, or where nothing was compressed."""
    if history is None:
        names = ("tables", "quality", "subsampling", "shift", "adjustment", "strength", "rendering", "sensor")
        return dict.fromkeys((f"{who}_{name}" for name in names), "")
    rendering, sensor = history.rendering, history.sensor
    steps = (rendering.tone, rendering.noise, rendering.sharpening)
    return {
        **{f"{who}_{name}": value for name, value in _compression_columns(history.compression).items()},
        f"{who}_shift": f"{history.shift_row} {history.shift_column}",
        f"{who}_adjustment": history.adjustment,
        f"{who}_strength": round(history.strength, 4),
        f"{who}_rendering": " ".join(f"{step:.2f}" for step in steps) if any(steps) else "",
        f"{who}_sensor": f"{sensor.mosaic} {sensor.demosaicing} {sensor.gain:.3f} {sensor.read:.2f}" if sensor else "",
    }


def _tile_columns(plan: Plan) -> Row:
    """Columns of the host's tiles; empty where it has none."""
    tiles = plan.tiles
    if tiles is None:
        return dict.fromkeys(("tile_side", "tile_corner", "tile_tables", "tile_quality"), "")
    return {
        "tile_side": tiles.side,
        "tile_corner": f"{tiles.top} {tiles.left}",
        "tile_tables": tiles.kept.name,
        "tile_quality": tiles.kept.quality or "",
    }


def _laundering_columns(copies: Sequence[Copy]) -> Row:
    """Columns of laundering: one value for each copy, in order, separated by blanks."""
    return {
        "laundering": " ".join(copy.profile for copy in copies),
        "laundering_scale": " ".join(f"{copy.scale:.4f}" for copy in copies),
        "laundering_filter": " ".join(copy.resampling for copy in copies),
        "laundering_sharpening": " ".join(f"{copy.sharpening:.2f}" for copy in copies),
        "laundering_quality": " ".join(str(copy.compression.quality or "PNG") for copy in copies),
        "laundering_subsampling": " ".join(copy.compression.subsampling for copy in copies),
    }


def _compression_columns(saved: Compression) -> Row:
    return {
        "tables": saved.name,
        "quality": saved.quality or "",
        "subsampling": "" if saved.lossless else saved.subsampling,
    }


def _edit_columns(plan: Plan) -> Row:
    """Columns of the edit; empty where a parameter has no meaning."""
    edited, pasted = plan.kind != "authentic", plan.kind in ("splice", "copy-move")
    return {
        "shape": plan.shape if edited else "",
        "object": plan.object.value if plan.object else "",
        "planned_area": round(plan.area, 5) if edited else "",
        "scale": round(plan.scale, 4) if pasted else "",
        "angle": round(plan.angle, 2) if pasted else "",
        "flip": plan.flip if pasted else "",
        "tone": plan.tone if plan.kind == "splice" else "",
        "fill": plan.fill if plan.kind == "removal" else "",
        "seam": plan.seam if edited else "",
        "seam_width": round(plan.seam_width, 2) if edited and plan.seam in SOFT_SEAMS else "",
    }


def read_rows(folder: Path) -> list[dict[str, str]]:
    """Read a folder's manifest, cells that are missing empty; no rows if there is none yet.

    Raises
    ------
    DataError
        It is not a manifest.
    """
    path = folder / NAME
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            read = csv.DictReader(file)
            names = tuple(read.fieldnames or ())
            rows = [{name: row.get(name) or "" for name in names} for row in read]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a manifest ({error}); forge into a new folder") from error
    missing = sorted(CAPTIONED - set(names))
    if missing or not all(row["index"].isdecimal() and len(row["index"]) < MAX_DIGITS for row in rows):
        what = f"no columns {', '.join(missing)}" if missing else "an index that is not a number"
        raise DataError(f"{path}: not a manifest ({what}); forge into a new folder")
    return rows


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return the bytes of a manifest."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def caption(row: Mapping[str, str]) -> str:
    """Describe in two lines what was done to a file, from its row."""
    edit = [row["kind"], row["fill"], row["shape"], row["seam"], row["seam_width"] and f"{row['seam_width']} px"]
    saved = [row["format"], row["tables"].replace("ijg", ""), row["quality"], row["subsampling"]]
    steps = [row["adjustment"].replace("none", ""), row["laundering"].replace(" ", ", "), " ".join(filter(None, saved))]
    return " ".join(filter(None, edit)) + "\n" + ", ".join(filter(None, steps))
