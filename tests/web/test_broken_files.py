"""Every broken file of the tests of `load_photo`, sent to the service: an error of its own, and the service lives."""

import struct
from collections.abc import Iterator

import httpx
import pytest

from support.photo_files import FILES, encoded, png_chunk, scene_image
from unseam.photo.containers import PNG_SIGNATURE
from unseam.web.documents import ErrorDocument


def broken() -> Iterator[tuple[str, bytes, int, str]]:
    """Name, content, and the status and error that it must meet."""
    yield "empty.jpg", b"", 422, "EmptyPhoto"
    for number, data in enumerate([b"This is a text.", b"%PDF-1.7", b"\0" * 100, b"x", b"<svg></svg>"]):
        yield f"text-{number}.jpg", data, 415, "NotAnImage"
    for name, make in FILES.items():
        data = make()
        for part in (0.02, 0.5, 0.9):
            yield f"{name}-{part}.dat", data[: max(int(len(data) * part), 16)], 422, "TruncatedPhoto"
    flipped = bytearray(FILES["png"]())
    flipped[len(flipped) // 2] ^= 0xFF
    yield "flipped.png", bytes(flipped), 422, "DamagedPhoto"
    tiff = bytearray(encoded(scene_image(), "TIFF", compression="tiff_adobe_deflate"))
    tiff[20:40] = b"\xff" * 20
    yield "damaged.tif", bytes(tiff), 422, "DamagedPhoto"
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = PNG_SIGNATURE + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    yield "bomb.png", bomb, 413, "PhotoTooLarge"
    yield "float.tif", encoded(scene_image("L").convert("F"), "TIFF"), 415, "UnsupportedPhoto"
    yield "other.ppm", encoded(scene_image(), "PPM"), 415, "UnsupportedPhoto"


@pytest.mark.parametrize(("name", "data", "status", "error"), list(broken()), ids=[name for name, *_ in broken()])
def test_a_broken_file_meets_a_plain_sentence(
    client: httpx.Client, name: str, data: bytes, status: int, error: str
) -> None:
    answer = client.post("/v1/analyze", files={"photo": (name, data)})
    sent = ErrorDocument.model_validate(answer.json())
    assert (answer.status_code, sent.error, sent.status) == (status, error, status)
    assert name in sent.message
    assert sent.message.endswith(".")
    assert "max_pixels" not in sent.message
    assert "Traceback" not in sent.message
