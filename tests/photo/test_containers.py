import struct
import zlib

import pytest

from support.exif_blocks import block
from support.photo_files import FILES, encoded, png_chunk, scene_image
from unseam.photo.containers import PNG_SIGNATURE, boxes, png_chunks, png_exif, riff_chunks
from unseam.photo.photo import load_photo

EXIF = block({0x0112: (3, 1, struct.pack("<HH", 6, 0))})


def _profile(name: bytes, block: bytes) -> bytes:
    digits = block.hex().encode()
    lines = b"\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return b"\n" + name + b"\n%8d\n" % len(block) + lines + b"\n"


def _with(*chunks: bytes) -> bytes:
    data = encoded(scene_image(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


@pytest.mark.parametrize("name", [b"exif", b"APP1"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iTXt packed"])
def test_exif_in_a_text_of_a_png_is_found_and_turns_the_photo(name: bytes, kind: bytes) -> None:
    profile = _profile(name, b"Exif\0\0" + EXIF)
    body = {
        b"tEXt": profile,
        b"zTXt": b"\0" + zlib.compress(profile),
        b"iTXt": b"\0\0en\0\0" + profile,
        b"iTXt packed": b"\1\0\0\0" + zlib.compress(profile),
    }[kind]
    data = _with(png_chunk(kind[:4], b"Raw profile type " + name + b"\0" + body))

    assert png_exif(data) == EXIF
    assert load_photo(data).orientation == 6


def test_an_exif_chunk_goes_first() -> None:
    other = block({0x0112: (3, 1, struct.pack("<HH", 3, 0))})
    data = _with(png_chunk(b"tEXt", b"Raw profile type exif\0" + _profile(b"exif", EXIF)), png_chunk(b"eXIf", other))

    assert load_photo(data).orientation == 3


@pytest.mark.parametrize("text", [b"", b"\nexif\n", b"\nexif\n 4\nnot hexadecimal", b"\nexif\n 3\nabc", bytes(9)])
def test_a_broken_profile_is_no_exif(text: bytes) -> None:
    assert png_exif(_with(png_chunk(b"tEXt", b"Raw profile type exif\0" + text))) == b""


def test_a_profile_that_unpacks_without_end_is_cut() -> None:
    bomb = zlib.compress(b"\nexif\n 9\n" + b"00" * 20_000_000)
    assert len(png_exif(_with(png_chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb)))) < 2**20


def test_chunks_and_boxes_are_walked_to_the_end_of_the_data() -> None:
    png = encoded(scene_image(), "PNG")
    assert [kind for kind, _, _ in png_chunks(png)] == [b"IHDR", b"IDAT", b"IEND"]
    assert list(png_chunks(PNG_SIGNATURE + b"\0\0")) == []
    webp = FILES["webp"]()
    assert [kind for kind, _, _ in riff_chunks(webp)] == [b"VP8L"]
    avif = FILES["avif"]()
    kinds = [kind for kind, _, _ in boxes(avif)]
    assert kinds[:2] == [b"ftyp", b"meta"]
    assert list(boxes(avif))[-1][2] == len(avif)


@pytest.mark.parametrize(("size", "ends"), [(b"\0\0\0\0", [40]), (b"\0\0\0\1" + struct.pack(">Q", 20), [20, 40])])
def test_boxes_to_the_end_and_of_64_bit_sizes_are_understood(size: bytes, ends: list[int]) -> None:
    head = size[:4] + b"free" + size[4:]
    data = head.ljust(20, b"\0") + struct.pack(">I", 20) + b"mdat" + bytes(12)

    assert [end for _, _, end in boxes(data)] == ends


def test_a_box_smaller_than_its_own_header_ends_the_walk() -> None:
    assert list(boxes(struct.pack(">I", 3) + b"free" + bytes(40))) == []
