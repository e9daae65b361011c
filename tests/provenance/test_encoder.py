import io
import struct

import pytest
from PIL import Image

from support.exif_blocks import jpeg, scene, segment
from support.places import SHARED
from unseam.jpeg.segments import cut_into_segments
from unseam.provenance.encoder import Encoding, read_encoding
from unseam.provenance.signatures import Encoder

SCENE = scene(48, 64)
CASIA = SHARED / "forgeries" / "casia1_dev" / "images"


def encoding_of(data: bytes) -> Encoding:
    found = read_encoding(cut_into_segments(data))
    assert isinstance(found, Encoding)
    return found


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 92, 100])
def test_tables_of_the_ijg_library_are_known_with_their_quality(quality: int) -> None:
    found = encoding_of(jpeg(SCENE, quality=quality))
    assert found.encoder is Encoder.IJG
    assert found.quality == quality
    assert f"write at quality {quality}" in found.detail
    with Image.open(io.BytesIO(jpeg(SCENE, quality=quality))) as image:
        assert [list(table) for table in found.tables[:2]] == [list(image.quantization[i]) for i in (0, 1)]


def test_other_tables_are_custom_and_have_a_nearest_quality() -> None:
    flat = (7,) * 64
    found = encoding_of(jpeg(SCENE, quality=50, qtables=[flat, flat]))
    assert found.encoder is Encoder.CUSTOM
    assert found.tables == (flat, flat, flat)
    assert 85 <= found.quality <= 97


@pytest.mark.parametrize(("number", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_sampling_of_colour_has_its_usual_name(number: int, name: str) -> None:
    assert encoding_of(jpeg(SCENE, subsampling=number)).subsampling == name


def test_grey_and_progressive_files_are_noted() -> None:
    grey = encoding_of(jpeg(SCENE[..., 0], progressive=True))
    assert (grey.components, grey.subsampling, grey.progressive) == (("grey",), "", True)
    assert grey.encoder is Encoder.IJG
    assert encoding_of(jpeg(SCENE)).progressive is False


def test_the_order_of_segments_tells_a_program_from_a_camera() -> None:
    data = jpeg(SCENE)
    assert encoding_of(data).libjpeg_order
    exif_first = data[:2] + segment(0xE1, b"Exif\0\0II*\0") + data[2:]
    assert not encoding_of(exif_first).libjpeg_order
    start = data.index(b"\xff\xdb")
    first, second = data[start + 4 : start + 69], data[start + 73 : start + 138]
    together = data[:start] + segment(0xDB, first + second) + data[start + 138 :]
    assert encoding_of(together).tables == encoding_of(data).tables
    assert not encoding_of(together).libjpeg_order


def test_huffman_tables_made_for_the_picture_are_noticed() -> None:
    assert not encoding_of(jpeg(SCENE)).optimized
    assert encoding_of(jpeg(SCENE, optimize=True)).optimized


def photoshop_mark(stored: int) -> bytes:
    other = b"8BIM\x04\x04\x03abc\0\0\0\3xyz\0"
    return segment(
        0xED, b"Photoshop 3.0\0" + other + b"8BIM\x04\x06\0\0\0\0\0\x07" + struct.pack(">hhHB", stored, 0, 1, 1)
    )


def test_marks_of_photoshop_are_read() -> None:
    found = encoding_of(jpeg(SCENE, photoshop_mark(6), segment(0xEC, b"Ducky\0\x01\0\x04\0\0\0\x3c\0\0")))
    assert (found.photoshop_quality, found.web_quality) == (10, 60)
    assert encoding_of(jpeg(SCENE, photoshop_mark(99))).photoshop_quality is None
    assert encoding_of(jpeg(SCENE, segment(0xED, b"Photoshop 3.0\x008BIM"))).photoshop_quality is None


def test_comments_are_kept_printable() -> None:
    found = encoding_of(jpeg(SCENE, segment(0xFE, b"made by <b>\x1b\0"), segment(0xFE, b"\0")))
    assert found.comments == ("made by <b>\\x1b",)


def test_a_cut_table_is_described_in_words() -> None:
    data = jpeg(SCENE)
    start = data.index(b"\xff\xdb")
    assert read_encoding(cut_into_segments(data[:start] + segment(0xDB, b"\0" * 20) + b"")) != ""
    without = data.replace(data[start : start + 2], b"\xff\xee")
    assert read_encoding(cut_into_segments(without)) == "a quantization table is missing or cut"


def test_the_table_in_force_at_the_first_scan_counts() -> None:
    data = jpeg(SCENE, segment(0xDB, b"\0" + bytes([9] * 64)), quality=75)
    assert encoding_of(data).quality == 75
    progressive = jpeg(SCENE, quality=75, progressive=True)
    second = progressive.index(b"\xff\xda", progressive.index(b"\xff\xda") + 2)
    later = progressive[:second] + segment(0xDB, b"\0" + bytes([9] * 64)) + progressive[second:]
    assert encoding_of(later).encoder is Encoder.IJG


@pytest.mark.skipif(not CASIA.is_dir(), reason=f"no reference data in {CASIA}")
def test_files_with_the_mark_of_photoshop_have_its_tables() -> None:
    found = [encoding_of(path.read_bytes()) for path in sorted(CASIA.glob("*.jpg"))]
    marked = [encoding for encoding in found if encoding.photoshop_quality is not None]
    assert len(marked) == 307
    for encoding in marked:
        assert encoding.detail == f"as Photoshop writes at quality {encoding.photoshop_quality} of 12"
