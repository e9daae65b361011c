import io
import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from provenance.test_iptc import dataset, resource
from provenance.test_xmp import xmp_packet
from support.exif_blocks import block, jpeg, scene, segment, text
from unseam.jpeg.segments import cut_into_segments
from unseam.photo.photo import load_photo
from unseam.provenance.blocks import Blocks, find_blocks
from unseam.provenance.exif import read_exif
from unseam.provenance.xmp import read_xmp

SCENE = scene(64, 80)
XMP = xmp_packet(xmp_CreatorTool="Tool 1")
IIM = dataset(65, b"Editor")


def blocks_of(data: bytes) -> Blocks:
    photo = load_photo(data)
    return find_blocks(photo, cut_into_segments(data) if photo.format == "JPEG" else None)


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).save(buffer, kind, **options)
    return buffer.getvalue()


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    return exif


def png_info(**texts: str) -> PngInfo:
    info = PngInfo()
    for keyword, value in texts.items():
        info.add_text(keyword.replace("_", " "), value)
    return info


def with_xmp(kind: str) -> bytes:
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return saved("PNG", pnginfo=info, exif=camera_exif())
    if kind == "TIFF":
        return saved("TIFF", tiffinfo={700: XMP, 0x010F: "Maker", 33723: IIM})
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    return saved(kind, xmp=XMP, exif=camera_exif())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_and_xmp_are_found_in_every_format(kind: str) -> None:
    found = blocks_of(with_xmp(kind))
    assert read_exif(found.exif).make == "Maker"
    assert read_xmp(found.xmp).creator_tool == "Tool 1"
    assert not found.signed


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP"])
def test_a_file_without_metadata_has_none(kind: str) -> None:
    assert blocks_of(saved(kind)) == Blocks()


def extended(packet: bytes, part: int, total: int, start: int, name: bytes = b"A" * 32) -> bytes:
    head = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">II", total, start)
    return segment(0xE1, head + packet[start : start + part])


def test_the_parts_of_an_extended_packet_are_put_together_in_any_order() -> None:
    half = len(XMP) // 2
    parts = [extended(XMP, half + 1, len(XMP), half), extended(XMP, half, len(XMP), 0)]
    assert blocks_of(jpeg(SCENE, *parts)).extended_xmp == XMP


@pytest.mark.parametrize(
    "part",
    [
        extended(XMP, 10, 2**31, 0),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0short"),
    ],
)
def test_an_extended_packet_that_lies_about_its_size_is_not_made(part: bytes) -> None:
    assert blocks_of(jpeg(SCENE, part)).extended_xmp == b""


def test_parts_of_another_packet_and_parts_outside_are_dropped() -> None:
    parts = [
        extended(XMP, len(XMP), len(XMP), 0),
        extended(b"x" * 9, 9, len(XMP), 0, b"B" * 32),
        extended(b"y" * 9999, 9999, 9999, 0),
    ]
    assert blocks_of(jpeg(SCENE, *parts)).extended_xmp == XMP


def test_iptc_is_found_in_photoshops_resources_and_in_a_tag() -> None:
    app13 = segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, IIM))
    assert blocks_of(jpeg(SCENE, app13)).iptc == IIM
    assert blocks_of(with_xmp("TIFF")).iptc == IIM


def test_comments_and_texts_are_listed() -> None:
    assert blocks_of(jpeg(SCENE, segment(0xFE, b"a comment\0"))).texts == (("", b"a comment"),)
    assert blocks_of(saved("PNG", pnginfo=png_info(Software="x"))).texts == (("Software", b"x"),)


def test_profiles_of_imagemagick_in_a_png_are_read() -> None:
    exif = b"Exif\0\0" + block({0x010F: text("Maker")})
    digits = f"\nexif\n{len(exif):8}\n{exif.hex()}\n"
    found = blocks_of(saved("PNG", pnginfo=png_info(Raw_profile_type_exif=digits)))
    assert read_exif(found.exif).make == "Maker"
    iptc = b"Photoshop 3.0\0" + resource(0x0404, IIM)
    found = blocks_of(saved("PNG", pnginfo=png_info(Raw_profile_type_iptc=f"\niptc\n{len(iptc):8}\n{iptc.hex()}\n")))
    assert found.iptc == IIM


def test_metadata_of_a_picture_inside_the_picture_is_not_the_files() -> None:
    inner = jpeg(SCENE, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP))
    assert blocks_of(jpeg(SCENE) + inner).xmp == b""
    assert blocks_of(saved("PNG") + with_xmp("PNG")).xmp == b""
