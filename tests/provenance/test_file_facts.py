import io
import json

import numpy as np
import pytest
from PIL import Image

from support.exif_blocks import block, jpeg, scene, segment, text, with_exif
from support.places import SHARED
from unseam.photo.photo import load_photo
from unseam.provenance.encoder import Encoder
from unseam.provenance.file_facts import FileFacts, facts_document, file_facts

SCENE = scene(96, 128)
CAMERAS = SHARED / "photos" / "cameras" / "images"
EXIF = block({0x010F: text("Maker"), 0x0131: text("Editor")}, preview=jpeg(SCENE[::2, ::2]))


def facts_of(data: bytes) -> FileFacts:
    facts = file_facts(load_photo(data))
    assert facts is not None
    return facts


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).save(buffer, kind, **options)
    return buffer.getvalue()


def test_an_array_has_no_file() -> None:
    assert file_facts(load_photo(SCENE)) is None
    assert facts_document(None) is None


def test_a_jpeg_tells_camera_encoder_and_preview() -> None:
    data = with_exif(SCENE, EXIF)
    facts = facts_of(data)
    assert facts.size == len(data)
    assert facts.exif is not None
    assert (facts.exif.make, facts.exif.software) == ("Maker", "Editor")
    assert facts.encoding is not None
    assert facts.encoding.encoder is Encoder.IJG
    assert facts.thumbnail is not None
    assert facts.thumbnail.agrees is True
    assert facts.trailing is None
    assert facts.oddities == ()


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {}), ("AVIF", {}), ("WEBP", {"lossless": True})]
)
def test_exif_is_found_in_other_formats(kind: str, options: dict[str, object]) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "Maker", "Editor"
    facts = facts_of(saved(kind, exif=exif, **options))
    assert facts.encoding is None
    if kind != "AVIF":  # where Pillow writes it without the prefix that is searched for
        assert facts.exif is not None
        assert (facts.exif.make, facts.exif.software) == ("Maker", "Editor")


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PNG", "WEBP"])
def test_a_file_without_exif_has_none(kind: str) -> None:
    facts = facts_of(saved(kind))
    assert facts == FileFacts(len(saved(kind)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize(
    ("rest", "name"),
    [
        (b"\0" * 30, "padding"),
        (b"\0\0" + saved("JPEG"), "another JPEG"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0" + b"\x91" * 99, "a video, as phones add to a photo"),
        (b"<?php evil(); ?>", "text"),
        (b"\x91\x82" * 50, "of an unknown kind"),
    ],
)
def test_data_behind_the_picture_are_told(kind: str, rest: bytes, name: str) -> None:
    trailing = facts_of(saved(kind) + rest).trailing
    assert trailing is not None
    assert (trailing.size, trailing.kind) == (len(rest), name)


def test_pictures_that_the_file_announces_are_no_surprise() -> None:
    trailing = facts_of(jpeg(SCENE, segment(0xE2, b"MPF\0....")) + saved("JPEG")).trailing
    assert trailing is not None
    assert trailing.kind == "further pictures that the file announces"


def test_a_photo_that_was_edited_disagrees_with_its_preview() -> None:
    edited = SCENE.copy()
    edited[30:70, 40:90] = 255 - edited[30:70, 40:90]
    thumbnail = facts_of(with_exif(edited, EXIF)).thumbnail
    assert thumbnail is not None
    assert thumbnail.agrees is False


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"junk" * 100, EXIF[:60], block({0x010F: text("M")}, preview=b"no picture")]
)
def test_broken_exif_is_told_and_never_raised(exif: bytes) -> None:
    facts = facts_of(with_exif(SCENE, exif))
    assert facts.encoding is not None
    assert facts.oddities or not exif


def test_the_document_is_plain_and_survives_json() -> None:
    document = facts_document(facts_of(with_exif(SCENE, EXIF) + b"PK\x03\x04"))
    assert document is not None
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert set(document) == {"size", "exif", "encoding", "thumbnail", "trailing", "oddities"}
    assert document["encoding"]["encoder"] == "IJG"
    assert set(document["thumbnail"]) == {"correlation", "difference", "turned", "agrees"}
    assert "thumbnail" not in document["exif"]
    assert document["trailing"] == {"size": 4, "kind": "a ZIP archive"}
    assert facts_document(FileFacts(3)) == {
        "size": 3,
        **dict.fromkeys(("exif", "encoding", "thumbnail", "trailing")),
        "oddities": [],
    }


@pytest.mark.skipif(not CAMERAS.is_dir(), reason=f"no reference data in {CAMERAS}")
def test_previews_of_cameras_agree_and_that_of_a_cropped_photo_does_not() -> None:
    compared = {}
    for path in sorted(CAMERAS.iterdir()):
        facts = file_facts(load_photo(path))
        assert facts is not None
        assert facts.exif is not None
        if facts.thumbnail is not None:
            compared[path.stem] = facts.thumbnail.agrees
    assert len(compared) == 39
    assert [name for name, agrees in compared.items() if not agrees] == [
        "Traveler_SX330Z",
        "exif_samples_jpg_tests_35-empty",
    ]


def test_facts_are_the_same_each_time() -> None:
    data = with_exif(SCENE, EXIF)
    assert facts_document(facts_of(data)) == facts_document(facts_of(data))
    assert np.array_equal(load_photo(data).pixels, load_photo(data).pixels)
