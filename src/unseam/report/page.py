"""The HTML pages of reports: pictures drawn and embedded, everything escaped, nothing loaded from anywhere.

A page carries its own content security policy: no script but the one of the slider, no style but the page's own (both
by their SHA-256), pictures from the page itself, and no request to anybody. So even an escape forgotten in a template
could not run what a file's name or EXIF holds. Without the script, and on paper, photo and map stand side by side.

The photo is embedded once; the slider's copies of it are made by the script. The map of the method that gives the
verdict is drawn as large as the photo, all others are drawn smaller, so that a page stays small with many methods.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from unseam.drawing.heat_layer import whole_scale_bar
from unseam.drawing.overlay import LONGEST_SIDE, draw_map, drawn_size, resized
from unseam.method import NO_EVIDENCE, Heatmap
from unseam.photo.photo import Photo, upright
from unseam.report.report import Report
from unseam.report.wording import COLOURS, needs_in_words, rate_clause

JPEG_QUALITY = 85
"""Of the pictures inside a page: they are for looking at, so size matters more than the last bit."""

OTHER_SIDE = 1024
"""Pixels: longest side of the maps of all methods but the first."""

MASK_SIDE = 640
"""Pixels: longest side of a mask in the page; NAME.mask.png beside it has every pixel."""

PREVIEW_SIDE = 320
"""Pixels: longest side of an embedded preview that is shown."""

SHOWN_REGIONS = 12
"""Regions listed in the page, from the largest on; report.json has all."""

SILENT, ALL_BUT = 0.02, 0.99
"""A map that is this near to "no evidence" on more than this share of its pixels says nothing, and the page says so."""

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("unseam.report"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def _inline(name: str) -> tuple[Markup, str]:
    """Read a file that goes into pages as it is, and give its hash as a content security policy writes it."""
    text = TEMPLATES.get_template(name).render().strip()
    digest = b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return Markup(text), f"'sha256-{digest}'"


def _fill_in_style_and_script() -> None:
    """Return the style and the script, with their hashes, to every template."""
    style, style_hash = _inline("page.css")
    script, script_hash = _inline("slider.js")
    policy = {"default-src": "'none'", "img-src": "data:", "style-src": style_hash, "script-src": script_hash}
    policy |= {"base-uri": "'none'", "form-action": "'none'"}
    TEMPLATES.globals.update(
        page_style=style, slider_script=script, policy="; ".join(f"{name} {value}" for name, value in policy.items())
    )


_fill_in_style_and_script()


def photo_page(report: Report, document: Mapping[str, Any]) -> str:
    """Write the page of one photo.

    Parameters
    ----------
    report : Report
    document : mapping
        From `Report.document`.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    return TEMPLATES.get_template("report.html").render(
        document=document,
        photo=data_url(_upright_photo(report.photo)),
        methods=[_method(report, entry) for entry in document["methods"]],
        preview=_preview(report),
        colours=COLOURS,
        shown=SHOWN_REGIONS,
    )


def index_page(rows: Sequence[tuple[str, str, Mapping[str, Any]]], failures: Sequence[str]) -> str:
    """Write the page of a run: name, link and document of each photo, and a line for each that failed."""
    counts: dict[str, int] = {}
    for _, _, document in rows:
        counts[document["verdict"]] = counts.get(document["verdict"], 0) + 1
    return TEMPLATES.get_template("index.html").render(rows=rows, counts=counts, failures=failures)


def _method(report: Report, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one method: its document, words and pictures."""
    name = entry["name"]
    info = report.methods[name].info
    shown = {"entry": entry, "needs": needs_in_words(info), "leads": bool(report.heatmaps) and name == report.method}
    if name not in report.heatmaps:
        return shown
    heatmap = report.heatmaps[name]
    longest = LONGEST_SIDE if shown["leads"] else OTHER_SIDE
    return shown | {
        "silent": bool((np.abs(heatmap.heat - NO_EVIDENCE) < SILENT).mean() > ALL_BUT),
        "rate": rate_clause(info, heatmap.score),
        "map": data_url(_map(report.photo, heatmap, longest)),
        "bar": data_url(whole_scale_bar()),
        "mask": _mask_url(heatmap.mask, report.photo.orientation) if entry["regions"] else "",
    }


def _map(photo: Photo, found: Heatmap, longest_side: int) -> NDArray[np.uint8]:
    turned = photo.orientation
    return draw_map(photo.pixels, found.heat, found.mask, found.regions, orientation=turned, longest_side=longest_side)


def _upright_photo(photo: Photo) -> NDArray[np.uint8]:
    return upright(resized(photo.pixels, *drawn_size(photo.height, photo.width)), photo.orientation)


def _mask_url(mask: NDArray[np.bool_], orientation: int) -> str:
    """Draw a mask in black and white; one bit a pixel, so that a restless one stays small."""
    height, width = drawn_size(mask.shape[0], mask.shape[1], MASK_SIDE)
    drawn = upright(resized(mask.astype(np.uint8) * np.uint8(255), height, width), orientation)
    bits = np.where(drawn >= 128, np.uint8(255), np.uint8(0))
    encoded = cv2.imencode(".png", np.ascontiguousarray(bits), [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes()
    return "data:image/png;base64," + b64encode(encoded).decode("ascii")


def _preview(report: Report) -> str:
    """Show the embedded preview where it does not agree with the photo; upright as the photo, drawn anew."""
    found = report.provenance
    thumbnail = None if found is None else found.facts.thumbnail
    if thumbnail is None or thumbnail.agrees is not False or thumbnail.pixels is None:
        return ""
    size = drawn_size(thumbnail.pixels.shape[0], thumbnail.pixels.shape[1], PREVIEW_SIDE)
    return data_url(upright(resized(thumbnail.pixels, *size), report.photo.orientation))


def data_url(pixels: NDArray[np.uint8]) -> str:
    """Encode a picture (h, w, 3) uint8 RGB as a JPEG inside a ``data:`` address."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), quality)[1].tobytes()
    return "data:image/jpeg;base64," + b64encode(encoded).decode("ascii")
