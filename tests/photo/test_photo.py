import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from support.photo_files import (
    FILES,
    HEIGHT,
    WIDTH,
    encoded,
    exif_with_orientation,
    png_chunk,
    scene_image,
    scene_pixels,
)
from support.places import SHARED
from unseam.errors import (
    DamagedPhoto,
    EmptyPhoto,
    NotAFile,
    NotAnImage,
    PhotoError,
    PhotoNotFound,
    PhotoTooLarge,
    TruncatedPhoto,
    UnreadablePhoto,
    UnsupportedPhoto,
)
from unseam.jpeg.segments import START_OF_SCAN, cut_into_segments
from unseam.photo import photo as photo_module
from unseam.photo.containers import PNG_SIGNATURE
from unseam.photo.decoding import MAX_SCANS
from unseam.photo.orientation import exif_orientation
from unseam.photo.photo import Photo, load_photo, upright


@pytest.mark.parametrize("name", ["PNG", "TIFF", "BMP", "WEBP"])
def test_lossless_formats_give_the_pixels_that_went_in(name: str) -> None:
    options = {"lossless": True} if name == "WEBP" else {}

    photo = load_photo(encoded(scene_image(), name, **options))

    assert photo.format == name
    assert np.array_equal(photo.pixels, scene_pixels())
    assert (photo.height, photo.width) == (HEIGHT, WIDTH)
    assert photo.jpeg is None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:2:0"}, {"subsampling": "4:2:2"}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_gives_pillows_pixels(mode: str, options: dict[str, object]) -> None:
    data = encoded(scene_image(mode), "JPEG", **options)

    photo = load_photo(data)

    assert photo.format == "JPEG"
    assert np.array_equal(photo.pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert len(photo.jpeg.components) == {"RGB": 3, "L": 1, "CMYK": 4}[mode]


def test_avif_and_heic_are_decoded() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    heic = io.BytesIO()
    pillow_heif.from_pillow(scene_image()).save(heic, quality=90)

    for name, data in {"AVIF": FILES["avif"](), "HEIF": heic.getvalue()}.items():
        photo = load_photo(data)
        assert photo.format == name
        assert np.abs(photo.pixels.astype(int) - scene_pixels()).mean() < 8


def test_heic_without_its_library_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif.as_plugin", None)
    monkeypatch.setattr("sys.frozen", True, raising=False)  # decode in this process, where the module is missing

    with pytest.raises(UnsupportedPhoto, match=r'pip install "unseam\[heif\]"'):
        load_photo(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(40))


def test_grey_becomes_three_equal_channels() -> None:
    photo = load_photo(encoded(scene_image("L"), "PNG"))

    assert np.array_equal(photo.pixels, np.repeat(np.asarray(scene_image("L"))[..., None], 3, axis=2))


def test_one_bit_becomes_black_and_white() -> None:
    assert set(np.unique(load_photo(encoded(scene_image("1"), "PNG")).pixels)) == {0, 255}


@pytest.mark.parametrize("transparent", [None, 0, bytes([0, 128, 255])])
def test_palette_keeps_its_colours_even_under_transparency(transparent: int | bytes | None) -> None:
    palette = scene_image().quantize(8)
    options = {} if transparent is None else {"transparency": transparent}

    photo = load_photo(encoded(palette, "PNG", **options))

    assert np.array_equal(photo.pixels, np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize(("mode", "name"), [("RGBA", "PNG"), ("RGBA", "TIFF"), ("LA", "PNG")])
def test_alpha_is_dropped_and_the_colour_under_it_kept(mode: str, name: str) -> None:
    image = scene_image(mode)
    image.putalpha(Image.new("L", image.size, 0))

    assert np.array_equal(load_photo(encoded(image, name)).pixels, np.asarray(scene_image(mode).convert("RGB")))


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_high_byte(name: str) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)

    photo = load_photo(encoded(Image.fromarray(values), name))

    assert np.array_equal(photo.pixels, np.repeat((values >> 8).astype(np.uint8)[..., None], 3, axis=2))


def test_sixteen_bit_colour_png_keeps_its_high_bytes() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    data = (
        PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    )

    assert np.array_equal(load_photo(data).pixels, (values >> 8).astype(np.uint8))


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_picture_of_several_is_taken(name: str) -> None:
    first, second = scene_image().quantize(16).convert("RGB"), Image.new("RGB", (WIDTH, HEIGHT), "red")
    options = {"lossless": True} if name == "WEBP" else {}

    photo = load_photo(encoded(first, name, save_all=True, append_images=[second], **options))

    assert np.array_equal(photo.pixels, np.asarray(first))


def test_photo_of_a_format_without_a_rule_is_unsupported_and_named() -> None:
    with pytest.raises(UnsupportedPhoto, match="PPM"):
        load_photo(encoded(scene_image(), "PPM"))


# Sources


@pytest.mark.parametrize("file_name", ["a.jpg", "a.JPEG", "a.dat", "a", "a.png", "ünïcode 名.jpg"])
def test_extension_of_a_file_plays_no_part(tmp_path: Path, file_name: str) -> None:
    (tmp_path / file_name).write_bytes(FILES["jpeg"]())

    photo = load_photo(tmp_path / file_name)

    assert (photo.format, photo.name) == ("JPEG", file_name)
    assert photo.jpeg is not None


def test_path_string_bytes_bytearray_and_memoryview_give_the_same(tmp_path: Path) -> None:
    data = FILES["png"]()
    path = tmp_path / "a.png"
    path.write_bytes(data)

    for source in (path, str(path), data, bytearray(data), memoryview(data)):
        photo = load_photo(source)
        assert np.array_equal(photo.pixels, scene_pixels())
        assert photo.data == data
        assert photo.sha256 == hashlib.sha256(data).hexdigest()


def test_array_is_copied_and_read_only() -> None:
    array = scene_pixels()

    photo = load_photo(array)
    array[:] = 0

    assert np.array_equal(photo.pixels, scene_pixels())
    assert (photo.name, photo.format, photo.orientation) == ("array", "array", 1)
    assert photo.data is photo.sha256 is photo.jpeg is None
    with pytest.raises(ValueError, match="read-only"):
        photo.pixels[0] = 1


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((1, 4, 4, 3), np.uint8)],
)
def test_array_of_another_shape_or_type_is_unsupported(array: np.ndarray) -> None:
    with pytest.raises(UnsupportedPhoto, match=r"\(height, width, 3\) of uint8"):
        load_photo(array)


def test_array_without_pixels_is_empty_and_one_over_the_limit_too_large() -> None:
    with pytest.raises(EmptyPhoto):
        load_photo(np.zeros((0, 4, 3), np.uint8))
    with pytest.raises(PhotoTooLarge):
        load_photo(scene_pixels(), max_pixels=HEIGHT * WIDTH - 1)


def test_source_of_another_type_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        load_photo(None)


# Failures


def test_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "no.jpg", tmp_path / "no" / "such.jpg", "a\0b.jpg"):
        with pytest.raises(PhotoNotFound) as raised:
            load_photo(path)
        assert str(path) in str(raised.value)
    with pytest.raises(FileNotFoundError):
        load_photo(tmp_path / "no.jpg")


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotAFile, match="folder"):
        load_photo(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_and_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    for path in (tmp_path / "pipe.jpg", Path(os.devnull)):
        with pytest.raises(NotAFile, match="pipe"):
            load_photo(path)


def test_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(FILES["jpeg"]())

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadablePhoto, match="Permission denied"):
        load_photo(path)


def test_empty_file_and_empty_bytes_are_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()

    for source in (tmp_path / "a.jpg", b""):
        with pytest.raises(EmptyPhoto, match="zero bytes"):
            load_photo(source)


@pytest.mark.parametrize("data", [b"This is a text.", b"%PDF-1.7", b"\0" * 100, b"x", b"<svg></svg>"])
def test_file_that_is_no_image_is_none_whatever_its_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)

    with pytest.raises(NotAnImage, match=r"a\.jpg"):
        load_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_cut_file_is_truncated(name: str, part: float, capfd: pytest.CaptureFixture[str]) -> None:
    data = FILES[name]()

    with pytest.raises(TruncatedPhoto, match=r"early|last pixels"):
        load_photo(data[: max(int(len(data) * part), 16)])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["jpeg", "progressive", "restarts"])
def test_jpeg_without_end_marker_loads_but_not_without_its_last_bytes(name: str) -> None:
    data = FILES[name]()

    for cut in (1, 2):
        assert np.array_equal(load_photo(data[:-cut]).pixels, load_photo(data).pixels)
        assert load_photo(data[:-cut]).jpeg.complaint == ""
    with pytest.raises(TruncatedPhoto):
        load_photo(data[:-5])


@pytest.mark.parametrize("name", FILES)
def test_trailing_data_changes_nothing(name: str) -> None:
    data = FILES[name]()

    photo = load_photo(data + b"\xff\xd8\xff\xe1 trailing data" * 50)

    assert np.array_equal(photo.pixels, load_photo(data).pixels)


def test_flipped_byte_in_a_png_is_damage() -> None:
    data = bytearray(FILES["png"]())
    data[len(data) // 2] ^= 0xFF

    with pytest.raises(DamagedPhoto, match="PNG"):
        load_photo(bytes(data))


def test_png_of_60000_by_60000_is_refused_by_its_header() -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))

    with pytest.raises(PhotoTooLarge, match="60000 x 60000"):
        load_photo(PNG_SIGNATURE + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""))


@pytest.mark.parametrize("name", FILES)
def test_pixel_limit_holds_for_every_format(name: str) -> None:
    data = FILES[name]()

    assert load_photo(data, max_pixels=HEIGHT * WIDTH).height == HEIGHT
    with pytest.raises(PhotoTooLarge, match=f"{WIDTH} x {HEIGHT}"):
        load_photo(data, max_pixels=HEIGHT * WIDTH - 1)


def test_pillows_own_limit_neither_warns_nor_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (HEIGHT * WIDTH // 3, HEIGHT * WIDTH - 1):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        for name in ("jpeg", "png", "gif", "bmp"):
            assert load_photo(FILES[name]()).width == WIDTH


def test_a_gif_whose_frame_is_larger_than_its_screen_does_not_warn(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(FILES["gif"]())
    data[6:10] = struct.pack("<HH", 1, 1)
    frame = data.index(b",\0\0\0\0")
    data[frame + 5 : frame + 9] = struct.pack("<HH", 12_000, 10_000)  # above the size at which Pillow warns

    with pytest.raises(PhotoTooLarge):
        load_photo(bytes(data), max_pixels=100_000_000)
    assert capfd.readouterr() == ("", "")


def _with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is sent again and again, without data."""
    data = FILES["progressive"]()
    scans = [segment for segment in cut_into_segments(data).segments if segment.marker == START_OF_SCAN]
    last = data[scans[-1].start : scans[-1].start + 2 + int.from_bytes(data[scans[-1].start + 2 :][:2], "big")]
    return data[:-2] + last * (count - len(scans)) + data[-2:]


def test_a_jpeg_of_thousands_of_scans_is_refused_before_they_are_decoded() -> None:
    assert load_photo(_with_scans(MAX_SCANS)).width == WIDTH
    with pytest.raises(UnsupportedPhoto, match="101 scans; expected 100 at most"):
        load_photo(_with_scans(MAX_SCANS + 1))


def test_a_jpeg_of_nothing_but_segments_is_refused_before_they_are_kept() -> None:
    data = FILES["jpeg"]()
    comments = b"\xff\xfe\0\2"
    assert load_photo(data[:2] + comments * 9_000 + data[2:]).width == WIDTH
    with pytest.raises(DamagedPhoto, match="more than 10000 segments"):
        load_photo(data[:2] + comments * 10_001 + data[2:])


def test_an_error_does_not_repeat_the_file() -> None:
    data = bytearray(encoded(scene_image(), "TIFF"))
    entry = data.index(struct.pack("<HH", 259, 3), 8)  # compression: said to be a text of the file
    data[entry + 2 : entry + 12] = struct.pack("<HII", 2, 4096, 0)

    with pytest.raises(DamagedPhoto) as told:
        load_photo(bytes(data))
    assert len(str(told.value)) < 600
    assert str(told.value).isprintable()


def test_file_larger_than_any_photo_within_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(FILES["jpeg"]())
    monkeypatch.setattr(photo_module, "ALWAYS_ALLOWED_BYTES", 0)

    with pytest.raises(PhotoTooLarge, match="MB"):
        load_photo(tmp_path / "a.jpg", max_pixels=10)


def test_pillow_told_to_invent_missing_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    with pytest.raises(PhotoError, match="LOAD_TRUNCATED_IMAGES"):
        load_photo(FILES["jpeg"]())


def test_decoders_that_complain_leave_standard_error_clean(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encoded(scene_image(), "TIFF", compression="tiff_adobe_deflate"))
    data[20:40] = b"\xff" * 20

    with pytest.raises(DamagedPhoto):
        load_photo(bytes(data))
    assert capfd.readouterr() == ("", "")


def _is_photo_or_photo_error(data: bytes) -> bool:
    try:
        return isinstance(load_photo(data, max_pixels=10**6), Photo)
    except PhotoError as error:
        return bool(str(error))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", PNG_SIGNATURE, b"GIF89a", b"BM", b"RIFF"]))
def test_any_bytes_are_a_photo_or_a_photo_error(data: bytes, start: bytes) -> None:
    assert _is_photo_or_photo_error(start + data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["jpeg", "progressive", "png", "webp", "bmp", "gif"]), st.data())
def test_flipped_bytes_are_a_photo_or_a_photo_error(name: str, data: st.DataObject) -> None:
    damaged = bytearray(FILES[name]())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))

    assert _is_photo_or_photo_error(bytes(damaged))


# Orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_orientation_is_kept_as_a_number_and_pixels_stay_as_stored(name: str, orientation: int) -> None:
    options = {"exif": exif_with_orientation(orientation)}
    if name == "TIFF":
        options = {"tiffinfo": {0x0112: orientation}}

    photo = load_photo(encoded(scene_image(), name, **options))

    assert photo.orientation == orientation
    assert photo.pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(photo.pixels.astype(int) - scene_pixels()).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_turns_an_off_centre_mark_as_pillow_does(orientation: int) -> None:
    stored = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    stored[3:9, 30:50] = (250, 120, 10)
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation

    turned = upright(stored, orientation)

    assert np.array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    assert np.array_equal(upright(stored[..., 0] > 0, orientation), turned[..., 0] > 0)


def test_upright_refuses_what_is_no_orientation() -> None:
    for orientation in (0, 9):
        with pytest.raises(ValueError, match="1 to 8"):
            upright(scene_pixels(), orientation)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_invalid_orientation_counts_as_one(orientation: int) -> None:
    assert load_photo(encoded(scene_image(), "JPEG", exif=exif_with_orientation(orientation))).orientation == 1


def test_broken_metadata_does_not_make_a_photo_unreadable() -> None:
    jpeg, png = FILES["jpeg"](), FILES["png"]()
    for exif in (b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II", b"Exif\0\0garbage", b""):
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        assert load_photo(jpeg[:2] + segment + jpeg[2:]).orientation == 1
    bomb = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(20_000_000)))
    wrong_checksum = b"\0\0\0\x01eXIfx\0\0\0\0"
    for chunk in (bomb, wrong_checksum, png_chunk(b"acTL", bytes(8))):
        assert np.array_equal(load_photo(png[:33] + chunk + png[33:]).pixels, scene_pixels())


@given(st.binary(max_size=80), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08"]))
def test_any_exif_block_has_an_orientation(block: bytes, start: bytes) -> None:
    assert 1 <= exif_orientation(start + block) <= 8


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the optional photographs in ../shared/data")
def test_real_photographs_load_with_their_coefficients(capfd: pytest.CaptureFixture[str]) -> None:
    paths = (
        sorted((SHARED / "photos" / "cameras" / "images").glob("*"))[::12]
        + sorted((SHARED / "photos" / "core" / "images").glob("*"))[:3]
    )
    for path in paths:
        photo = load_photo(path)
        assert (photo.jpeg is not None) == (photo.format == "JPEG")
    assert paths
    assert capfd.readouterr() == ("", "")
