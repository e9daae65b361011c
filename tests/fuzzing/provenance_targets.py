"""Targets that read what a file says about itself: metadata, signatures, and the history that they tell."""

import json
from pathlib import Path

from fuzzing.exif_mutations import lying_block
from fuzzing.originals import pixels
from fuzzing.photo_cases import mutated_photo
from fuzzing.provenance_cases import lying_iptc, lying_xmp, signed_photo, texts_of_png
from fuzzing.target import Target
from unseam.errors import PhotoError
from unseam.photo.orientation import exif_orientation
from unseam.photo.photo import load_photo
from unseam.provenance import provenance_document, read_provenance
from unseam.provenance.content_credentials import read_credentials
from unseam.provenance.exif import read_exif
from unseam.provenance.iptc import image_resources, read_iptc
from unseam.provenance.thumbnail import compare_thumbnail
from unseam.provenance.xmp import read_xmp

MAX_PIXELS = 1_000_000
MAX_DOCUMENT = 200_000
"""Letters of a document: hostile metadata may not make it large."""


def tell_history(data: bytes, folder: Path) -> str:
    provenance = read_provenance(load_photo(data, max_pixels=MAX_PIXELS))
    assert provenance is not None
    text = json.dumps(provenance_document(provenance), allow_nan=False)
    assert len(text) < MAX_DOCUMENT, f"the document is a text of {len(text)} letters"
    assert provenance.summary.isprintable()
    assert all(lead.text.isprintable() for lead in provenance.leads)
    return str(provenance.history)


def read_block(data: bytes, folder: Path) -> str:
    found = read_exif(data or b"\0")
    assert 1 <= exif_orientation(data) <= 8
    if found.thumbnail:
        preview = compare_thumbnail(found.thumbnail, pixels())
        return "preview" if preview.pixels is not None else "no preview"
    return "block"


def read_packet(data: bytes, folder: Path) -> str:
    half = len(data) // 2
    found = read_xmp(data, data[half:] if half % 3 == 0 else b"")
    assert len(repr(found)) < MAX_DOCUMENT
    return "odd packet" if found.oddities else "packet"


def read_datasets(data: bytes, folder: Path) -> str:
    found = read_iptc(data or b"\0")
    resources = sum(1 for _ in image_resources(data))
    return f"{'odd ' if found.oddities else ''}datasets{', resources' if resources else ''}"


def check_signature(data: bytes, folder: Path) -> str:
    found = read_credentials(data, "JPEG")
    assert len(repr(found)) < MAX_DOCUMENT
    return found.state.name


TARGETS = (
    Target("provenance", mutated_photo, tell_history, (PhotoError,), 20),
    Target("exif", lying_block, read_block, (), 16),
    Target("xmp", lying_xmp, read_packet, (), 10),
    Target("iptc", lying_iptc, read_datasets, (), 6),
    Target("png-text", texts_of_png, tell_history, (PhotoError,), 8),
    Target("c2pa", signed_photo, check_signature, (), 6),
    Target("signed-photo", signed_photo, tell_history, (PhotoError,), 3),
)
