"""From a report to the body of a response: JSON, the HTML report, a mask, an overlay, or everything as a ZIP."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64encode
from pathlib import PurePath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.analyze import Report
from unseam.report.files import overlay_picture, report_files, to_json
from unseam.report.page import photo_page
from unseam.web.error_responses import OutOfMemory
from unseam.web.messages import Answer, Format, Include, PhotoRequest
from unseam.web.pictures import page_pictures

LARGEST_BODY = 256_000_000
"""Bytes: the service holds an answer while it is sent, and must not be filled by the heat maps of huge photos."""

LONGEST_NAME = 80
"""Characters of a photo's name that a download's name keeps."""


def make_answer(report: Report, request: PhotoRequest) -> Answer:
    """Make the answer to a request.

    Raises
    ------
    NotApplicable
        A mask or an overlay is asked for, and no method applies.
    OutOfMemory
        The answer would be larger than the service holds.
    """
    makers = {
        Format.JSON: _json,
        Format.HTML: _html,
        Format.MASK: _mask,
        Format.OVERLAY: _overlay,
        Format.ZIP: _zip,
    }
    body, media_type, ending = makers[request.format](report, request)
    if len(body) > LARGEST_BODY:
        raise OutOfMemory(
            f"the answer would have {len(body) / 1e6:.0f} MB, more than the {LARGEST_BODY / 1e6:.0f} MB that this "
            "service sends. Ask for fewer methods, or another format."
        )
    return Answer(body, media_type, f"{file_stem(request.name)}.{ending}")


def file_stem(name: str) -> str:
    """Make of a photo's name one that any browser and file system takes, without its suffix."""
    return re.sub(r"[^\w.-]+", "_", PurePath(name).stem)[:LONGEST_NAME].strip("._") or "photo"


def _json(report: Report, request: PhotoRequest) -> tuple[bytes, str, str]:
    document = report.document()
    for method in document["methods"]:
        method.pop("files", None)  # names of files in the ZIP and on disk, where there are some
    found: dict[str, Any] = dict(document)
    if Include.PICTURES in request.include:
        found["pictures"] = page_pictures(report)
    if Include.MASKS in request.include:
        found["masks"] = {name: b64encode(_mask_png(found.mask)).decode() for name, found in report.heatmaps.items()}
    if Include.REPORT in request.include:
        found["report"] = photo_page(report, document)
    return to_json(found).encode(), "application/json", "json"


def _html(report: Report, _request: PhotoRequest) -> tuple[bytes, str, str]:
    return photo_page(report, report.document()).encode(), "text/html; charset=utf-8", "report.html"


def _mask(report: Report, _request: PhotoRequest) -> tuple[bytes, str, str]:
    return _mask_png(report.mask), "image/png", "mask.png"


def _overlay(report: Report, _request: PhotoRequest) -> tuple[bytes, str, str]:
    picture = overlay_picture(report, report.method)
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes(), "image/png", "overlay.png"


def _zip(report: Report, _request: PhotoRequest) -> tuple[bytes, str, str]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in report_files(report).items():
            archive.writestr(name, content())
    return buffer.getvalue(), "application/zip", "zip"


def _mask_png(mask: NDArray[np.bool_]) -> bytes:
    """Encode a mask with one bit a pixel, 1 = manipulated."""
    pixels = mask.astype(np.uint8) * np.uint8(255)
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes()
