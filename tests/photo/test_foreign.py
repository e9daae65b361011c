import pytest

from unseam.errors import NotAnImage, PhotoError, UnsupportedPhoto
from unseam.photo.photo import load_photo

IMAGES = {
    "JPEG XL": (b"\xff\x0a\xfa\x7f", b"\0\0\0\x0cJXL \r\n\x87\n"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\0\x2f"),
    "raw file": (
        b"\0\0\0\x18ftypcrx \0\0\0\1",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08",
        b"IIU\0\x18",
        b"II\x1a\0\0\0HEAPCCDR",
    ),
    "Photoshop": (b"8BPS\0\1",),
    "icon": (b"\0\0\1\0\1\0",),
    "OpenEXR": (b"\x76\x2f\x31\x01\2\0\0\0",),
    "DICOM": (bytes(128) + b"DICM",),
    "PNM": (b"P6\n2 2\n255\n", b"P5 2 2 255 "),
    "QOI": (b"qoif\0\0\0\2",),
}
OTHERS = {
    "video": (
        b"\0\0\0\x18ftypmp42",
        b"\0\0\0\x14ftypqt  ",
        b"\0\0\0\x18ftypisom",
        b"\x1aE\xdf\xa3",
        b"\0\0\0\x08wide",
        b"RIFF\0\0\0\0AVI LIST",
    ),
    "sound": (b"ID3\4", b"RIFF\0\0\0\0WAVEfmt ", b"\0\0\0\x18ftypM4A "),
    "web page": (
        b"<!DOCTYPE html><html>",
        b"\xef\xbb\xbf\n  <HTML>",
        b"<!-- x --><html>",
        b"<?xml version='1.0'?><html>",
    ),
    "SVG": (b"<svg xmlns='x'>", b"<?xml version='1.0'?>\n<!-- made by x -->\n<svg>"),
    "PDF": (b"%PDF-1.7\n", b"junk ahead\n%PDF-1.4"),
    "archive": (b"PK\3\4", b"Rar!\x1a\7\0", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08"),
    "base64": (b"data:image/jpeg;base64,/9j/4AAQ", b"/9j/4AAQSkZJRg", b"iVBORw0KGgoAAAA"),
    "zero bytes": (bytes(500),),
    "a text": (b"This is a text.", b"{'a': 1}", b"x"),
    "companion": (b"\0\5\x16\7\0\2\0\0",),
    "program": (b"MZ\x90", b"\x7fELF\2"),
}


def _refusal(data: bytes) -> PhotoError:
    with pytest.raises(PhotoError) as raised:
        load_photo(data + (b"" if data[:3] in (b"x", b"Thi", b"{'a") else bytes(40)))
    return raised.value


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, many in IMAGES.items() for data in many])
def test_an_image_of_another_format_is_unsupported_and_named(name: str, data: bytes) -> None:
    error = _refusal(data)
    assert isinstance(error, UnsupportedPhoto)
    assert name in str(error)
    assert any(advice in str(error) for advice in ("Convert it", "Develop it", "Export its picture"))


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, many in OTHERS.items() for data in many])
def test_what_is_not_an_image_is_named_too(name: str, data: bytes) -> None:
    error = _refusal(data)
    assert isinstance(error, NotAnImage)
    assert name in str(error)
    assert str(error).endswith(".")


def test_bytes_of_no_known_kind_are_not_an_image() -> None:
    assert "not a known image format" in str(_refusal(b"\x93\x81\x11\x80\xfe"))
