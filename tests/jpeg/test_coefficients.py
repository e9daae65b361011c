import io
import pickle
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.errors import DamagedPhoto, UnsupportedPhoto
from unseam.jpeg import coefficients as jpeg
from unseam.jpeg.coefficients import read_coefficients
from unseam.jpeg.segments import cut_into_segments, has_every_scan
from unseam.photo.photo import Photo, load_photo


def _noise(height: int, width: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    smooth = np.add.outer(np.arange(height), 2 * np.arange(width)) % 200
    return Image.fromarray(np.clip(smooth[..., None] + rng.normal(0, 20, (height, width, 3)), 0, 255).astype(np.uint8))


def _encode(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def _decode(component: jpeg.JpegComponent) -> np.ndarray:
    """Dequantize and invert the DCT (ITU-T T.81, A.3.3), from its definition."""
    frequency, sample = np.mgrid[:8, :8]
    basis = np.cos((2 * sample + 1) * frequency * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    blocks = component.coefficients.astype(np.float64) * component.table
    samples = np.einsum("vy,rcvu,ux->rycx", basis, blocks, basis) + 128
    rows, columns = component.coefficients.shape[:2]
    return np.clip(samples.reshape(8 * rows, 8 * columns), 0, 255)


@pytest.mark.parametrize("size", [(64, 48), (61, 43), (8, 8), (1, 1), (17, 130)])
@pytest.mark.parametrize("progressive", [False, True])
def test_coefficients_of_a_grey_jpeg_decode_to_its_pixels(size: tuple[int, int], progressive: bool) -> None:
    data = _encode(_noise(*size).convert("L"), quality=80, progressive=progressive)

    coefficients = read_coefficients(data)
    decoded = np.asarray(Image.open(io.BytesIO(data)), dtype=float)

    assert coefficients.progressive is progressive
    assert coefficients.components[0].coefficients.shape == (-(-size[0] // 8), -(-size[1] // 8), 8, 8)
    assert np.abs(_decode(coefficients.luma)[: size[0], : size[1]] - decoded).max() <= 1


def test_luma_of_a_colour_jpeg_decodes_to_pillows_luma() -> None:
    data = _encode(_noise(50, 70), quality=90, subsampling="4:2:0")

    luma = _decode(read_coefficients(data).luma)[:50, :70]
    image = Image.open(io.BytesIO(data))
    image.draft("YCbCr", None)

    assert np.abs(luma - np.asarray(image)[..., 0]).max() <= 1


def test_first_axis_of_a_block_is_the_vertical_frequency() -> None:
    stripes = np.repeat(np.where(np.arange(16) % 2, 200, 50).astype(np.uint8)[:, None], 24, axis=1)

    block = read_coefficients(_encode(Image.fromarray(stripes), quality=95)).luma.coefficients[0, 1]

    assert np.abs(block[1:, 0]).max() > 0
    assert not block[:, 1:].any()


def test_tables_are_those_of_the_header_in_natural_order() -> None:
    data = _encode(_noise(16, 16), quality=37)

    components = read_coefficients(data).components
    tables = Image.open(io.BytesIO(data)).quantization

    for component, number in zip(components, (0, 1, 1), strict=True):
        assert component.table.dtype == np.uint16
        assert component.table.ravel().tolist() == list(tables[number])


@pytest.mark.parametrize(
    ("subsampling", "factors", "chroma_blocks"),
    [("4:4:4", (1, 1), (5, 7)), ("4:2:2", (2, 1), (5, 4)), ("4:2:0", (2, 2), (3, 4)), ("4:1:1", (4, 1), (5, 2))],
)
def test_chroma_has_the_size_that_its_sampling_says(
    subsampling: str, factors: tuple[int, int], chroma_blocks: tuple[int, int]
) -> None:
    data = _four_one_one(40, 52) if subsampling == "4:1:1" else _encode(_noise(40, 52), subsampling=subsampling)

    luma, *chroma = read_coefficients(data).components

    assert luma.sampling == factors
    assert luma.coefficients.shape[:2] == (5, 7)
    assert [(c.name, c.sampling, c.coefficients.shape[:2]) for c in chroma] == [
        (name, (1, 1), chroma_blocks) for name in ("Cb", "Cr")
    ]
    assert load_photo(data).pixels.shape == (40, 52, 3)


def _four_one_one(height: int, width: int) -> bytes:
    """Write a flat 4:1:1 JPEG by hand; Pillow cannot: every block is a zero difference and an end of block."""
    blocks = -(-height // 8) * -(-width // 32) * 6
    tables = b"".join(_segment(0xDB, bytes([n]) + bytes([1] * 64)) for n in (0, 1))
    one_code = bytes([1, *[0] * 15, 0])  # the single code word 0 means the value 0
    huffman = _segment(0xC4, b"\x00" + one_code) + _segment(0xC4, b"\x10" + one_code)
    frame = _segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + bytes([1, 0x41, 0, 2, 0x11, 1, 3, 0x11, 1]))
    scan = _segment(0xDA, bytes([3, 1, 0, 2, 0, 3, 0, 0, 63, 0]))
    bits = "0" * (2 * blocks)
    bits += "1" * (-len(bits) % 8)
    return b"\xff\xd8" + tables + huffman + frame + scan + int(bits, 2).to_bytes(len(bits) // 8, "big") + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@pytest.mark.parametrize(
    ("mode", "options", "names"),
    [
        ("L", {}, ("grey",)),
        ("RGB", {}, ("Y", "Cb", "Cr")),
        ("RGB", {"keep_rgb": True}, ("R", "G", "B")),
        ("CMYK", {}, ("C", "M", "Y", "K")),
    ],
)
def test_components_are_named_by_the_colour_space(
    mode: str, options: dict[str, object], names: tuple[str, ...]
) -> None:
    coefficients = read_coefficients(_encode(_noise(16, 16).convert(mode), **options))

    assert tuple(component.name for component in coefficients.components) == names
    assert (coefficients.luma is None) == (names[0] not in ("grey", "Y"))


def test_restart_intervals_and_many_metadata_segments_change_nothing() -> None:
    plain = _encode(_noise(40, 40))
    with_comments = plain[:2] + _segment(0xFE, b"x" * 100) * 200 + plain[2:]
    restarts = _encode(_noise(40, 40), restart_marker_blocks=2)

    for data in (with_comments, restarts):
        assert np.array_equal(read_coefficients(data).luma.coefficients, read_coefficients(plain).luma.coefficients)


def test_each_component_has_its_own_table_when_there_are_three() -> None:
    tables = [[n] * 64 for n in (3, 5, 7)]

    components = read_coefficients(_encode(_noise(16, 16), qtables=tables)).components

    assert [component.table[0, 0] for component in components] == [3, 5, 7]


def test_libjpegs_complaints_are_kept_and_never_reach_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    data = _encode(_noise(64, 64), quality=90)

    coefficients = load_photo(data[:-500] + b"\xff\xd9").jpeg

    assert "premature end" in coefficients.complaint
    assert capfd.readouterr() == ("", "")


def test_sound_file_has_no_complaint() -> None:
    assert read_coefficients(_encode(_noise(64, 64))).complaint == ""


@pytest.mark.parametrize(("marker", "precision"), [(0xC9, 8), (0xC3, 8), (0xC1, 12)])
def test_arithmetic_lossless_and_twelve_bit_jpegs_are_unsupported(marker: int, precision: int) -> None:
    data = bytearray(_encode(_noise(16, 16)))
    frame = data.index(b"\xff\xc0")
    data[frame + 1], data[frame + 4] = marker, precision

    with pytest.raises(UnsupportedPhoto, match="SOF"):
        read_coefficients(bytes(data))


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xd9", b"\xff\xd8" + b"\xff\xc0\x00\x04\x08\x08" + b"\xff\xd9"])
def test_jpeg_without_a_readable_frame_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedPhoto, match="frame"):
        read_coefficients(data)


def test_jpeg_that_libjpeg_gives_up_on_is_damaged_and_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    data = _encode(_noise(16, 16))
    file = cut_into_segments(data)
    without_tables = b"\xff\xd8" + b"".join(data[s.start : s.end] for s in file.segments if s.marker != 0xDB)

    with pytest.raises(DamagedPhoto, match=r"(?i)quantization"):
        read_coefficients(without_tables + b"\xff\xd9")
    assert capfd.readouterr() == ("", "")


def test_bundled_program_without_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _encode(_noise(30, 30))
    expected = read_coefficients(data)
    monkeypatch.setattr("sys.frozen", True, raising=False)

    bundled = read_coefficients(data)

    for ours, theirs in zip(bundled.components, expected.components, strict=True):
        assert np.array_equal(ours.coefficients, theirs.coefficients)
        assert np.array_equal(ours.table, theirs.table)


def test_coefficients_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    read_coefficients(_encode(_noise(16, 16)))
    with pytest.raises(DamagedPhoto):
        read_coefficients(b"\xff\xd8\xff\xd9")

    assert not list(tmp_path.iterdir())


def test_threads_that_ask_at_once_get_the_same_object_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = load_photo(_encode(_noise(64, 64)))
    calls = []
    monkeypatch.setattr("unseam.photo.photo.read_coefficients", lambda *a: calls.append(a) or read_coefficients(*a))
    barrier, found = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        found.append(photo.jpeg)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(calls) == 1
    assert len({id(coefficients) for coefficients in found}) == 1


def test_photo_with_coefficients_survives_pickling() -> None:
    photo = load_photo(_encode(_noise(24, 24)))
    before = photo.jpeg

    copy: Photo = pickle.loads(pickle.dumps(photo))

    assert np.array_equal(copy.jpeg.luma.coefficients, before.luma.coefficients)
    assert not copy.pixels.flags.writeable
    assert copy.sha256 == photo.sha256


def test_arrays_of_coefficients_are_read_only() -> None:
    component = read_coefficients(_encode(_noise(8, 8))).luma

    for array in (component.coefficients, component.table):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_progressive_file_without_its_last_scan_lacks_something() -> None:
    data = _encode(_noise(32, 32), progressive=True)
    last_scan = cut_into_segments(data).segments[-1]

    assert has_every_scan(cut_into_segments(data))
    assert not has_every_scan(cut_into_segments(data[: last_scan.start]))


def test_first_picture_of_a_multi_picture_file_is_read() -> None:
    buffer = io.BytesIO()
    _noise(32, 40).save(buffer, "MPO", save_all=True, append_images=[_noise(16, 16)])

    photo = load_photo(buffer.getvalue())

    assert photo.format == "JPEG"
    assert photo.pixels.shape == (32, 40, 3)
    assert photo.jpeg.luma.coefficients.shape == (4, 5, 8, 8)


def test_headers_that_are_cut_bring_no_coefficient() -> None:
    data = _encode(_noise(32, 32))
    ended = cut_into_segments(data)
    for header in (b"\xff\xda\0\2", b"\xff\xda\0\3\3", b"\xff\xc0\0\2"):
        assert has_every_scan(ended) == has_every_scan(cut_into_segments(data[:-2] + header + data[-2:]))


def test_a_component_that_no_scan_brings_may_name_no_table() -> None:
    data = bytearray(_encode(_noise(16, 16), subsampling=0))
    file = cut_into_segments(bytes(data))
    frame = next(segment for segment in file.segments if segment.marker == 0xC0)
    scan = next(segment for segment in file.segments if segment.marker == 0xDA)
    data[frame.start + 4 + 6 + 8] = 200  # the last component's table
    header = struct.pack(">BBHBBBBBBBB", 0xFF, 0xDA, 10, 2, 1, 0, 2, 0x11, 0, 63, 0)  # of the first two components
    data[scan.start :] = header + bytes(data[scan.start + 14 :])

    with pytest.raises(DamagedPhoto):
        read_coefficients(bytes(data))


@pytest.mark.parametrize("step", [0, 1])
def test_a_step_of_zero_is_no_step(step: int) -> None:
    data = bytearray(_encode(_noise(16, 16)))
    table = next(segment for segment in cut_into_segments(bytes(data)).segments if segment.marker == 0xDB)
    data[table.start + 5] = step

    if step:
        assert read_coefficients(bytes(data)).luma.table[0, 0] == 1
        return
    with pytest.raises(DamagedPhoto, match="a step of 0"):
        read_coefficients(bytes(data))
