"""The manifest of a folder of forgeries: one row per file, with every parameter, source and licence."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from unseam.errors import DataError
from unseam.forging.history import Compression, Past
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
        "after_touch",
    }
)
"""Columns that are read back, to go on and for `caption`."""

LONGEST_INDEX = 10
"""Digits."""

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
        **_past_columns("host", plan.past),
        "donor_reduction": round(plan.donor_reduction, 4) if donor else "",
        **_past_columns("donor", plan.donor_past if donor else None),
        **_edit_columns(plan),
        **{name: made.edit.where.get(name, "") for name in ("cut_top", "cut_left", "paste_top", "paste_left")},
        **_touch_columns("after", plan.after),
        "format": "PNG" if plan.after.compression.lossless else "JPEG",
        **_compression_columns(plan.after.compression),
    }


def _source_columns(who: str, source: Source | None) -> Row:
    """Columns of one photograph; empty where there is none."""
    if source is None:
        return dict.fromkeys((who, *(f"{who}_{name}" for name in ("sha256", "licence", "author", "origin"))), "")
    terms = source.terms
    return {
        who: source.name,
        f"{who}_sha256": source.key,
        f"{who}_licence": terms.licence,
        f"{who}_author": terms.author,
        f"{who}_origin": terms.origin,
    }


def _past_columns(who: str, past: Past | None) -> Row:
    """Columns of one past; empty where there is none, or where nothing was compressed."""
    if past is None:
        names = ("tables", "quality", "subsampling", "shift", "touch", "strength")
        return dict.fromkeys((f"{who}_{name}" for name in names), "")
    return {
        **{f"{who}_{name}": value for name, value in _compression_columns(past.compression).items()},
        f"{who}_shift": f"{past.shift_row} {past.shift_column}",
        **_touch_columns(who, past),
    }


def _touch_columns(who: str, past: Past) -> Row:
    return {f"{who}_touch": past.touch, f"{who}_strength": round(past.strength, 4)}


def _compression_columns(saved: Compression) -> Row:
    return {
        "tables": saved.tables,
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
        It is no manifest.
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
        raise DataError(f"{path}: no manifest ({error}); forge into a new folder") from error
    missing = sorted(CAPTIONED - set(names))
    if missing or not all(row["index"].isdecimal() and len(row["index"]) < LONGEST_INDEX for row in rows):
        what = f"no columns {', '.join(missing)}" if missing else "an index that is no number"
        raise DataError(f"{path}: no manifest ({what}); forge into a new folder")
    return rows


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return the bytes of a manifest."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def caption(row: Mapping[str, str]) -> str:
    """Say in two lines what was done to a file, from its row."""
    edit = [row["kind"], row["fill"], row["shape"], row["seam"], row["seam_width"] and f"{row['seam_width']} px"]
    saved = [row["format"], row["tables"].replace("ijg", ""), row["quality"], row["subsampling"]]
    touch = "" if row["after_touch"] == "none" else f"{row['after_touch']}, "
    return " ".join(filter(None, edit)) + "\n" + touch + " ".join(filter(None, saved))
