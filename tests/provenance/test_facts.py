import io

import pytest
from PIL import Image

from support.exif_blocks import block, jpeg, scene, segment, text, with_exif
from support.places import SHARED
from unseam.photo.photo import load_photo
from unseam.provenance.facts import Facts, gather

SCENE = scene(96, 128)
CAMERAS = SHARED / "photos" / "cameras" / "images"
EXIF = block({0x010F: text("Maker"), 0x0131: text("Editor")}, preview=jpeg(SCENE[::2, ::2]))


def facts_of(data: bytes) -> Facts:
    return gather(load_photo(data))


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_jpeg_says_camera_encoder_and_preview() -> None:
    data = with_exif(SCENE, EXIF)
    facts = facts_of(data)
    assert facts.size == len(data)
    assert facts.exif is not None
    assert (facts.exif.make, facts.exif.software) == ("Maker", "Editor")
    assert facts.encoding is not None
    assert facts.thumbnail is not None
    assert facts.thumbnail.agrees is True
    assert (facts.trailing, facts.oddities) == (None, ())


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PNG", "WEBP"])
def test_a_file_without_metadata_has_none(kind: str) -> None:
    assert facts_of(saved(kind)) == Facts(kind, 96, 128, len(saved(kind)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize(
    ("rest", "name"),
    [
        (b"\0" * 30, "padding"),
        (b"\0\0" + saved("JPEG"), "another JPEG"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0" + b"\x91" * 99, "a video, as phones add to a photo"),
        (b"\0\0\0\x18ftyphvc1\0\0\0\0" + b"\x91" * 99, "a video, as phones add to a photo"),
        (b"<?php evil(); ?>", "text"),
        (b"\x91\x82" * 50, "of an unknown kind"),
    ],
)
def test_data_behind_the_picture_are_named(kind: str, rest: bytes, name: str) -> None:
    trailing = facts_of(saved(kind) + rest).trailing
    assert trailing is not None
    assert (trailing.size, trailing.kind) == (len(rest), name)


def test_pictures_that_the_file_announces_are_no_surprise() -> None:
    trailing = facts_of(jpeg(SCENE, segment(0xE2, b"MPF\0....")) + saved("JPEG")).trailing
    assert trailing is not None
    assert trailing.kind == "further pictures that the file announces"


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"junk" * 100, EXIF[:60], block({0x010F: text("M")}, preview=b"no picture")]
)
def test_broken_exif_is_noted_and_never_raised(exif: bytes) -> None:
    facts = facts_of(with_exif(SCENE, exif))
    assert facts.encoding is not None
    assert facts.oddities or not exif


def test_several_pictures_and_damage_are_noted() -> None:
    first, second = Image.fromarray(SCENE[::2, ::2]), Image.fromarray(SCENE)
    buffer = io.BytesIO()
    first.save(buffer, "TIFF", save_all=True, append_images=[second])
    facts = facts_of(buffer.getvalue())
    assert (facts.number, facts.count) == (2, 2)
    data = bytearray(jpeg(scene(256, 256, seed=3), quality=95))
    middle = data.index(b"\xff\xda") + (len(data) - data.index(b"\xff\xda")) // 2
    data[middle : middle + 60] = b"\x00" * 60
    facts = facts_of(bytes(data))
    assert facts.damage is None or "row" in facts.damage


VIDEO = "a video, as phones add to a photo"


def _boxes(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + bytes(8) + brand + b"\x91" * 99


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"hvc1", b"hev1", b"qt  ", b"avc1", b"M4V ", b"3gp5"])
def test_a_video_behind_a_photo_is_named_whatever_its_brand(brand: bytes) -> None:
    facts = facts_of(jpeg(scene()) + _boxes(brand))
    assert facts.trailing.kind == VIDEO


def test_a_picture_and_a_video_behind_a_photo_are_both_named() -> None:
    facts = facts_of(jpeg(scene()) + jpeg(scene(24, 32)) + _boxes(b"hvc1"))
    assert facts.trailing.kind == f"another JPEG and {VIDEO}"


def test_a_heif_picture_behind_a_photo_is_not_a_video() -> None:
    assert facts_of(jpeg(scene()) + _boxes(b"heic")).trailing.kind == "a HEIF or AVIF picture"


@pytest.mark.skipif(not CAMERAS.is_dir(), reason=f"no reference data in {CAMERAS}")
def test_previews_of_cameras_agree_and_that_of_a_cropped_photo_does_not() -> None:
    compared = {}
    for path in sorted(CAMERAS.iterdir()):
        facts = gather(load_photo(path))
        assert facts.exif is not None
        if facts.thumbnail is not None:
            compared[path.stem] = facts.thumbnail.agrees
    assert len(compared) == 39
    assert [name for name, agrees in compared.items() if not agrees] == ["exif_samples_jpg_tests_35-empty"]
