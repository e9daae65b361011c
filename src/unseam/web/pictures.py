"""What the page draws: the photo, each method's heat and the outlines of its regions, all of them upright.

The page never draws the file itself: a browser would turn a photo as its EXIF asks, and not the heat over it. Here all
are turned by the same code. The heat is a picture of its own, so that the page can lay it over the photo as strongly
as a person likes; outlines are paths, sharp at any zoom.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.analyze import Report
from unseam.drawing.overlay import LONGEST_SIDE, drawn_size, resized
from unseam.photo.orientation import upright, upright_box
from unseam.report.page import data_url

HEAT_SIDE = 1280
"""Pixels: longest side of a heat picture; finer than any method's own grid on photos that are larger."""

OUTLINED_REGIONS = 200
"""Regions from the largest on that are outlined; a restless mask has thousands, and nobody sees them."""

TOLERANCE = 0.5
"""Pixels of the drawn photo by which an outline may leave the mask's border."""


def page_pictures(report: Report) -> dict[str, Any]:
    """Draw what the page shows.

    Returns
    -------
    dict
        ``width`` and ``height`` of the upright photo in its own pixels: what outlines are measured in. ``photo``: a
        ``data:`` address (JPEG). ``scale``: 256 colours, those of heat 0 to 1, as a ``data:`` address. ``methods``:
        name to ``heat``, a ``data:`` address (PNG), and ``outlines``, each with its region's ``number``, ``path`` (SVG)
        and ``box`` (left, top, width, height, upright).
    """
    photo = report.photo
    height, width = upright(photo.pixels, photo.orientation).shape[:2]
    size = drawn_size(photo.height, photo.width, LONGEST_SIDE)
    return {
        "width": width,
        "height": height,
        "photo": data_url(upright(resized(photo.pixels, *size), photo.orientation)),
        "scale": _heat_url(np.linspace(0, 1, 256, dtype=np.float32)[None]),
        "methods": {name: _method(report, name) for name in report.heatmaps},
    }


def _method(report: Report, name: str) -> dict[str, Any]:
    photo = report.photo
    size = drawn_size(photo.height, photo.width, HEAT_SIDE)
    drawn = upright(resized(report.heatmaps[name].heat, *size), photo.orientation)
    return {"heat": _heat_url(drawn), "outlines": list(_outlines(report, name))}


def _heat_url(heat: NDArray[np.float32]) -> str:
    """Encode heat (h, w) in [0, 1] as a PNG with the colours of every overlay, as a ``data:`` address."""
    image = Image.fromarray(np.rint(np.clip(heat, 0, 1) * 255).astype(np.uint8))
    image.putpalette(_colours())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode("ascii")


def _colours() -> bytes:
    levels = np.arange(256, dtype=np.uint8)[None]
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB).tobytes()


def _outlines(report: Report, name: str) -> Iterator[dict[str, Any]]:
    """Give the outline of each region, the largest first, in pixels of the upright photo."""
    photo = report.photo
    boxes: dict[tuple[int, ...], list[int]] = {}
    for number, region in enumerate(report.regions_of[name][:OUTLINED_REGIONS], start=1):
        stored = (region.top, region.left, region.bottom, region.right)
        boxes.setdefault(upright_box(stored, photo.height, photo.width, photo.orientation), []).append(number)
    mask = np.ascontiguousarray(upright(report.mask_of(name), photo.orientation)).astype(np.uint8)
    longest = max(mask.shape)
    tolerance = TOLERANCE * max(longest / LONGEST_SIDE, 1.0)
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: dict[int, dict[str, Any]] = {}
    for index, contour in enumerate(contours):
        left, top, width, height = cv2.boundingRect(contour)
        numbers = boxes.get((top, left, top + height, left + width))
        if tree[0][index][_PARENT] >= 0 or not numbers:  # a hole, or a speck that is no region
            continue
        rings = [contour, *(contours[hole] for hole in _holes(tree[0], index))]
        path = "".join(_path(np.asarray(cv2.approxPolyDP(ring, tolerance, True), np.int32)) for ring in rings)
        number = numbers.pop(0)
        found[number] = {"number": number, "path": path, "box": [left, top, width, height]}
    yield from (found[number] for number in sorted(found))


_NEXT, _CHILD, _PARENT = 0, 2, 3
"""Places in OpenCV's tree of contours."""


def _holes(tree: NDArray[np.int32], index: int) -> Iterator[int]:
    hole = int(tree[index][_CHILD])
    while hole >= 0:
        yield hole
        hole = int(tree[hole][_NEXT])


def _path(ring: NDArray[np.int32]) -> str:
    """Write a ring of pixels as an SVG path through their middles."""
    points = [f"{x + 0.5:g} {y + 0.5:g}" for x, y in ring.reshape(-1, 2).tolist()]
    return "M" + "L".join(points) + "Z"
