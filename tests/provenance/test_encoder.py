import io
import struct

import numpy as np
import pytest
from PIL import Image

from support.exif_blocks import jpeg, scene, segment
from support.places import SHARED
from unseam.jpeg.quantization import STANDARD_CHROMA, STANDARD_LUMA, camera_tables, ijg_table, nearest_quality
from unseam.jpeg.segments import cut_into_segments
from unseam.provenance.encoder import Encoder, Encoding, _photoshop_tables, read_encoding, recognize

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
    assert f"at quality {quality}," in found.detail
    with Image.open(io.BytesIO(jpeg(SCENE, quality=quality))) as image:
        assert [list(table) for table in found.tables[:2]] == [list(image.quantization[i]) for i in (0, 1)]


def test_luma_and_chroma_of_two_qualities_are_told_apart() -> None:
    encoder, detail = recognize(ijg_table(STANDARD_LUMA, 90), ijg_table(STANDARD_CHROMA, 60))
    assert encoder is Encoder.IJG
    assert "at quality 90 (colour 60)," in detail


def test_tables_of_cameras_are_known_and_transposed_ones_too() -> None:
    tables = next(t for t in camera_tables() if recognize(t.luma, t.chroma)[0] is Encoder.CAMERA)
    encoder, detail = recognize(tables.luma, tables.chroma)
    assert "known settings" in detail
    assert "transposed" not in detail
    turned = [tuple(np.reshape(table, (8, 8)).T.ravel().tolist()) for table in (tables.luma, tables.chroma)]
    if turned[0] != tables.luma:
        encoder, detail = recognize(*turned)
        assert encoder is Encoder.CAMERA
        assert "transposed" in detail


def test_no_camera_has_the_tables_of_photoshop() -> None:
    known = _photoshop_tables()
    assert list(known) == [5, 6, 7, 8, 12]
    for quality, (luma, chroma) in known.items():
        assert len(luma) == len(chroma) == 64
        encoder, detail = recognize(luma, chroma)
        assert encoder is Encoder.PHOTOSHOP
        assert f"quality {quality} on its scale" in detail
        assert all((luma, chroma) != (tables.luma, tables.chroma) for tables in camera_tables())


def test_other_tables_are_custom_and_have_a_nearest_quality() -> None:
    flat = (7,) * 64
    found = encoding_of(jpeg(SCENE, quality=50, qtables=[flat, flat]))
    assert found.encoder is Encoder.CUSTOM
    assert found.tables == (flat, flat, flat)
    assert 85 <= found.quality <= 97
    odd = tuple(step + (i == 9) for i, step in enumerate(ijg_table(STANDARD_LUMA, 80)))
    assert nearest_quality(odd) == 80
    assert "rounded in another way" in recognize(odd, None)[1]


@pytest.mark.parametrize(("number", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_sampling_of_colour_has_its_usual_name(number: int, name: str) -> None:
    assert encoding_of(jpeg(SCENE, subsampling=number)).subsampling == name


def test_grey_and_progressive_files_are_told() -> None:
    grey = encoding_of(jpeg(SCENE[..., 0], progressive=True))
    assert (grey.components, grey.subsampling, grey.progressive) == (("grey",), "", True)
    assert grey.encoder is Encoder.IJG
    assert encoding_of(jpeg(SCENE)).progressive is False


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


def test_a_cut_table_is_told_in_words() -> None:
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
        assert (
            encoding.detail == f"Photoshop's tables of quality {encoding.photoshop_quality} on its scale from 0 to 12"
        )
