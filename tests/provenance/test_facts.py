import pytest

from support.exif_blocks import jpeg, scene
from unseam.photo.photo import load_photo
from unseam.provenance.facts import gather

VIDEO = "a video, as phones add to a photo"


def _boxes(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + bytes(8) + brand + b"\x91" * 99


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"hvc1", b"hev1", b"qt  ", b"avc1", b"M4V ", b"3gp5"])
def test_a_video_behind_a_photo_is_named_whatever_its_brand(brand: bytes) -> None:
    facts = gather(load_photo(jpeg(scene()) + _boxes(brand)))
    assert facts.trailing.kind == VIDEO


def test_a_picture_and_a_video_behind_a_photo_are_both_named() -> None:
    facts = gather(load_photo(jpeg(scene()) + jpeg(scene(24, 32)) + _boxes(b"hvc1")))
    assert facts.trailing.kind == f"another JPEG and {VIDEO}"


def test_a_heif_picture_behind_a_photo_is_not_a_video() -> None:
    assert gather(load_photo(jpeg(scene()) + _boxes(b"heic"))).trailing.kind == "a HEIF or AVIF picture"
