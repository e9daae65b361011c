"""The HTML pages of reports: pictures drawn and embedded, everything escaped, nothing loaded from anywhere.

A page carries its own content security policy: no script but the one of the slider, no style but the page's own (both
by their SHA-256), pictures from the page itself, and no request to anybody. So even an escape forgotten in a template
could not run what a file's name or EXIF holds. Without the script, and on paper, photo and map stand side by side.

The photo is embedded once; the slider's copies of it are made by the script. The map of the method that gives the
verdict is drawn as large as the photo; all others are drawn smaller, so that a page stays small with many methods.
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

from unseam.drawing.heat_layer import layer_png, whole_scale_bar
from unseam.drawing.outlines import links_of, outlines_of
from unseam.drawing.overlay import LONGEST_SIDE, NUMBERED_REGIONS, draw_map, drawn_size, resized
from unseam.method import NO_EVIDENCE, Heatmap, Region
from unseam.photo.photo import Photo, upright
from unseam.report.report import Report
from unseam.report.wording import (
    NO_TRACE,
    OPENINGS,
    SUSPICION,
    TRACE_NAMES,
    needs_in_words,
    opening_and_rest,
    others_sentence,
    rate_sentence,
    share_in_words,
    suspicion,
)

JPEG_QUALITY = 85
"""Of the pictures inside a page: they are for looking at, so size matters more than the last bit."""

OTHER_SIDE = 1024
"""Pixels: longest side of the maps of all methods but the first."""

LAYER_SIDE = 1280
"""Pixels: longest side of a heat layer; finer than any method's own grid on photos that are larger."""

CROP_SIDE, CROP_MARGIN = 420, 0.3
"""Longest side of a region's own picture in pixels, and what is shown around it as a share of its longer side."""

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


def _fill_in_templates() -> None:
    """Give every template the style and the script with their hashes, and the words."""
    style, style_hash = _inline("page.css")
    script, script_hash = _inline("slider.js")
    policy = {"default-src": "'none'", "img-src": "data:", "style-src": style_hash, "script-src": script_hash}
    policy |= {"base-uri": "'none'", "form-action": "'none'"}
    TEMPLATES.globals.update(trace_names=TRACE_NAMES, no_trace=NO_TRACE, share_in_words=share_in_words)
    TEMPLATES.globals.update(
        page_style=style, slider_script=script, policy="; ".join(f"{name} {value}" for name, value in policy.items())
    )


_fill_in_templates()


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
    height, width = upright(report.photo.pixels, report.photo.orientation).shape[:2]
    methods = [_method(report, entry) for entry in document["methods"]]
    opening, rest = opening_and_rest(report.verdict)
    return TEMPLATES.get_template("report.html").render(
        document=document,
        opening=opening,
        rest=rest,
        power=report.heatmap.power if report.heatmaps else None,
        others=others_sentence(report),
        photo=data_url(_upright_photo(report.photo)),
        width=width,
        height=height,
        methods=methods,
        leading=next((method for method in methods if method["leads"]), None),
        preview=_preview(report),
        shown=SHOWN_REGIONS,
        numbered=NUMBERED_REGIONS,
    )


def index_page(rows: Sequence[tuple[str, str, Mapping[str, Any]]], failures: Sequence[str]) -> str:
    """Write the page of a run: name, link and document of each photo, the most suspicious first, and the failures."""
    found = [document["verdict"] for _, _, document in rows]
    counts = {str(finding): found.count(finding) for finding in SUSPICION if finding in found}
    ordered = sorted(rows, key=lambda row: suspicion(row[2]))
    return TEMPLATES.get_template("index.html").render(
        rows=ordered, counts=counts, openings=OPENINGS, failures=failures
    )


def _method(report: Report, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one method: its document, words and pictures."""
    name = entry["name"]
    info = report.methods[name].info
    leads = bool(report.heatmaps) and name == report.method
    shown = {"entry": entry, "needs": needs_in_words(info), "leads": leads}
    if name not in report.heatmaps:
        return shown
    found = report.heatmaps[name]
    shown |= {
        "silent": bool((np.abs(found.heat - NO_EVIDENCE) < SILENT).mean() > ALL_BUT),
        "rate": rate_sentence(info, found.score),
        "map": data_url(_map(report.photo, found, LONGEST_SIDE if leads else OTHER_SIDE)),
        "bar": data_url(whole_scale_bar()),
    }
    return shown | _first_sight(report.photo, found) if leads else shown


def _first_sight(photo: Photo, found: Heatmap) -> dict[str, Any]:
    """Return what is laid over the photo first: heat, outlines, links to sources; and each region for itself."""
    turned, size = photo.orientation, drawn_size(photo.height, photo.width, LAYER_SIDE)
    layer = layer_png(upright(resized(found.heat, *size), turned))
    return {
        "layer": "data:image/png;base64," + b64encode(layer).decode("ascii"),
        "outlines": outlines_of(found.mask, found.regions, turned, LONGEST_SIDE),
        "links": links_of(found.regions, photo.height, photo.width, turned),
        "crops": [data_url(_crop(photo, region)) for region in found.regions[:SHOWN_REGIONS]],
    }


def _crop(photo: Photo, region: Region) -> NDArray[np.uint8]:
    """Cut a region out with what is around it, upright, at most `CROP_SIDE` pixels on its longer side."""
    around = round(CROP_MARGIN * max(region.bottom - region.top, region.right - region.left)) + 1
    rows, columns = (
        slice(max(first - around, 0), last + around)
        for first, last in ((region.top, region.bottom), (region.left, region.right))
    )
    pixels = photo.pixels[rows, columns]
    return upright(resized(pixels, *drawn_size(pixels.shape[0], pixels.shape[1], CROP_SIDE)), photo.orientation)


def _map(photo: Photo, found: Heatmap, longest_side: int) -> NDArray[np.uint8]:
    turned = photo.orientation
    return draw_map(photo.pixels, found.heat, found.mask, found.regions, orientation=turned, longest_side=longest_side)


def _upright_photo(photo: Photo) -> NDArray[np.uint8]:
    return upright(resized(photo.pixels, *drawn_size(photo.height, photo.width)), photo.orientation)


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
