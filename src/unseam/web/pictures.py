"""What the page draws: the photo, each method's heat and the outlines of its regions, all of them upright.

The page never draws the file itself: a browser would turn a photo as its EXIF asks, and not the heat over it. Here the
same code turns both. The heat is a translucent picture of its own, so that a person can choose how strongly the page
lays it over the photo; outlines are paths, sharp at any zoom.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseam.analyze import Report
from unseam.drawing.heat_layer import layer_png
from unseam.drawing.outlines import links_of, outlines_of
from unseam.drawing.overlay import LONGEST_SIDE, drawn_size, resized
from unseam.photo.orientation import upright
from unseam.report.page import data_url

HEAT_SIDE = 1280
"""Pixels: longest side of a heat picture; finer than any method's own grid on photos that are larger."""


def page_pictures(report: Report) -> dict[str, Any]:
    """Draw what the page shows.

    Returns
    -------
    dict
        ``width`` and ``height`` of the upright photo in its own pixels: what outlines are measured in. ``photo``: a
        ``data:`` address (JPEG). ``scale``: the layer's 256 colours, those of heat 0 to 1, as a ``data:`` address.
        ``methods``: name to ``heat``, a ``data:`` address (PNG); ``outlines``, each with its region's ``number``,
        ``path`` (SVG), ``box`` (left, top, width, height, upright) and ``badge`` (x, y: where its number goes); and
        ``links`` from copied regions to where the same is shown, each with the region's ``number`` and ``path``.
    """
    photo = report.photo
    height, width = upright(photo.pixels, photo.orientation).shape[:2]
    size = drawn_size(photo.height, photo.width, LONGEST_SIDE)
    return {
        "width": width,
        "height": height,
        "photo": data_url(upright(resized(photo.pixels, *size), photo.orientation)),
        "scale": _layer_url(np.linspace(0, 1, 256, dtype=np.float32)[None]),
        "methods": {name: _method(report, name) for name in report.heatmaps},
    }


def _method(report: Report, name: str) -> dict[str, Any]:
    photo = report.photo
    size = drawn_size(photo.height, photo.width, HEAT_SIDE)
    found = report.heatmaps[name]
    drawn = upright(resized(found.heat, *size), photo.orientation)
    outlines = outlines_of(found.mask, found.regions, photo.orientation, LONGEST_SIDE)
    shapes = [
        {"number": each.number, "path": each.path, "box": list(each.box), "badge": list(each.badge)}
        for each in outlines
    ]
    sources = links_of(found.regions, photo.height, photo.width, photo.orientation)
    links = [{"number": link.number, "path": link.path} for link in sources]
    return {"heat": _layer_url(drawn), "outlines": shapes, "links": links}


def _layer_url(heat: NDArray[np.float32]) -> str:
    """Encode the layer of heat (h, w) in [0, 1] as a ``data:`` address."""
    return "data:image/png;base64," + b64encode(layer_png(heat)).decode("ascii")
