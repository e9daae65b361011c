import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from support.exif_blocks import jpeg, scene
from unseam.provenance.thumbnail import MAX_DIFFERENCE, MIN_CORRELATION, compare_thumbnail, shows_another_picture

PHOTO = scene(480, 640)


def preview(pixels: np.ndarray, width: int = 160, height: int = 120) -> bytes:
    return jpeg(np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)), quality=80)


def test_a_preview_of_the_photo_agrees() -> None:
    found = compare_thumbnail(preview(PHOTO), PHOTO)
    assert found.agrees is True
    assert found.turned == 0
    assert found.correlation is not None
    assert found.correlation > 0.99
    assert found.difference is not None
    assert found.difference < 8
    assert found.pixels is not None
    assert found.pixels.shape == (120, 160, 3)


def test_a_changed_part_disagrees_though_the_whole_correlates() -> None:
    edited = PHOTO.copy()
    edited[80:200, 100:260] = 255 - edited[80:200, 100:260]
    found = compare_thumbnail(preview(PHOTO), edited)
    assert found.agrees is False
    assert found.correlation is not None
    assert found.correlation > MIN_CORRELATION
    assert found.difference is not None
    assert found.difference > MAX_DIFFERENCE
    assert not shows_another_picture(found)


def test_another_photo_disagrees() -> None:
    found = compare_thumbnail(preview(scene(480, 640, seed=9)), PHOTO)
    assert found.agrees is False
    assert found.correlation is not None
    assert found.correlation < MIN_CORRELATION
    assert shows_another_picture(found)


@pytest.mark.parametrize("seed", range(9, 21))
def test_nothing_is_said_about_turning_where_the_pictures_differ(seed: int) -> None:
    found = compare_thumbnail(preview(scene(480, 640, seed=seed)), PHOTO)
    assert (found.agrees, found.turned, found.cropped) == (False, 0, None)


def test_a_camera_may_show_a_little_less_in_its_preview() -> None:
    assert compare_thumbnail(preview(PHOTO[14:466, 19:621]), PHOTO).agrees is True


def test_what_a_preview_with_less_shows_must_still_agree() -> None:
    edited = PHOTO.copy()
    edited[80:200, 100:260] = 255 - edited[80:200, 100:260]
    assert compare_thumbnail(preview(PHOTO[14:466, 19:621]), edited).agrees is False


@pytest.mark.parametrize(("rows", "columns"), [((100, 400), (150, 550)), ((0, 300), (0, 400)), ((40, 440), (30, 400))])
def test_a_photo_that_was_cropped_is_a_section_of_its_preview(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    found = compare_thumbnail(preview(PHOTO), PHOTO[slice(*rows), slice(*columns)])
    assert (found.agrees, found.turned) == (False, 0)
    assert found.cropped == pytest.approx(max(np.ptp(rows) / 480, np.ptp(columns) / 640), abs=0.03)
    assert not shows_another_picture(found)


def test_a_large_preview_is_compared_as_a_small_one() -> None:
    found = compare_thumbnail(preview(PHOTO, 1000, 750), PHOTO)
    assert found.agrees is True


def test_brighter_and_flatter_previews_agree() -> None:
    assert compare_thumbnail(preview((PHOTO * 0.6 + 60).astype(np.uint8)), PHOTO).agrees is True


@pytest.mark.parametrize(("turns", "degrees"), [(1, 270), (2, 180), (3, 90)])
def test_a_preview_that_was_turned_agrees_and_says_how(turns: int, degrees: int) -> None:
    lying = preview(np.rot90(PHOTO, turns), *((160, 120) if turns == 2 else (120, 160)))
    found = compare_thumbnail(lying, PHOTO)
    assert (found.agrees, found.turned) == (True, degrees)


@pytest.mark.parametrize("how", ["bars", "squeezed", "cut"])
def test_a_preview_of_another_shape_agrees(how: str) -> None:
    wide = scene(400, 720)
    if how == "bars":
        framed = np.zeros((120, 160, 3), np.uint8)
        framed[15:104] = np.asarray(Image.fromarray(wide).resize((160, 89), Image.Resampling.BOX))
        data = jpeg(framed)
    else:
        data = preview(wide if how == "squeezed" else wide[:, 93:627])
    assert compare_thumbnail(data, wide).agrees is True


@pytest.mark.parametrize(
    ("data", "photo", "oddity"),
    [
        (b"no picture", PHOTO, "cannot be decoded"),
        (preview(PHOTO)[:900], PHOTO, "cannot be decoded"),
        (preview(PHOTO, 16, 12), PHOTO, "too small"),
        (preview(PHOTO), PHOTO[:1], "too small"),
        (preview(PHOTO * 0), PHOTO, "too flat"),
        (preview(PHOTO), PHOTO * 0, "too flat"),
    ],
)
def test_what_cannot_be_compared_says_why(data: bytes, photo: np.ndarray, oddity: str) -> None:
    found = compare_thumbnail(data, photo)
    assert oddity in found.oddity
    assert found.agrees is None


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 2000), (2000, 33), (700, 41)])
def test_photos_of_any_shape_are_compared(height: int, width: int) -> None:
    assert isinstance(compare_thumbnail(preview(PHOTO), scene(height, width)).agrees, bool)


@pytest.mark.parametrize("shape", [(32, 30_000), (30_000, 32)])
@pytest.mark.parametrize("photo", [(640, 32), (32, 640), (1000, 40)])
def test_a_preview_of_an_absurd_shape_takes_little_memory(shape: tuple[int, int], photo: tuple[int, int]) -> None:
    data = jpeg(scene(*shape))
    tracemalloc.start()
    found = compare_thumbnail(data, scene(*photo))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.pixels is not None
    assert peak < 200_000_000


def test_a_preview_of_a_format_whose_decoder_complains_leaves_standard_error_clean(
    capfd: pytest.CaptureFixture[str],
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).resize((160, 120)).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    data = bytearray(buffer.getvalue())
    assert compare_thumbnail(bytes(data), PHOTO).agrees is True
    data[20:40] = b"\xff" * 20
    assert compare_thumbnail(bytes(data), PHOTO).oddity == "the preview cannot be decoded"
    assert capfd.readouterr() == ("", "")
