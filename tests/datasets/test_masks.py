from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.datasets.masks import Reading, load_mask, load_masks
from unseam.errors import DataError


def save(path: Path, values: object, mode: str | None = None) -> Path:
    image = Image.fromarray(np.asarray(values))
    (image.convert(mode) if mode else image).save(path)
    return path


def half(white: int, dtype: type = np.uint8) -> np.ndarray:
    mask = np.zeros((4, 6), dtype)
    mask[:2] = white
    return mask


@pytest.mark.parametrize("white", [255, 1])
def test_white_is_manipulated_whether_written_as_255_or_as_1(tmp_path: Path, white: int) -> None:
    assert np.array_equal(load_mask(save(tmp_path / "m.png", half(white)), (4, 6)), half(1).astype(bool))


def test_sixteen_bit_and_one_bit_and_grey_stored_as_colour_are_read(tmp_path: Path) -> None:
    files = [
        save(tmp_path / "a.png", half(65535, np.uint16)),
        save(tmp_path / "b.png", half(255), "1"),
        save(tmp_path / "c.png", half(255), "RGB"),
        save(tmp_path / "d.png", half(255), "RGBA"),
    ]
    for file in files:
        assert np.array_equal(load_mask(file), half(1).astype(bool)), file.name


def test_soft_edge_is_manipulated_from_half_of_white_on(tmp_path: Path) -> None:
    mask = load_mask(save(tmp_path / "m.png", np.array([[0, 127, 128, 255]], np.uint8)))
    assert mask.tolist() == [[False, False, True, True]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (half(0), "marks nothing"),
        (half(3), "marks nothing"),
        (np.full((4, 6), 255, np.uint8), "marks the whole photo"),
        (np.full((5, 6), 255, np.uint8), "6 x 5 pixels for a photo of 6 x 4 pixels"),
        (np.stack([half(255), half(0), half(0)], axis=-1), "colour"),
    ],
)
def test_unusable_mask_is_refused_with_what_was_found(tmp_path: Path, values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_mask(save(tmp_path / "m.png", values), (4, 6))


@pytest.mark.parametrize("name", ["m.tif", "m.png"])
def test_damaged_mask_is_refused_and_nothing_else_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    path = save(tmp_path / name, np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    data = bytearray(path.read_bytes())
    data[60:200] = b"\xff" * 140
    data[4:8] = b"\x08\0\0\0" if name == "m.tif" else data[4:8]
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="cannot be read"):
        load_mask(path)
    assert capfd.readouterr() == ("", "")


def test_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("not an image")
    with pytest.raises(DataError, match="cannot be read"):
        load_mask(tmp_path / "m.png")
    with pytest.raises(DataError, match="cannot be read"):
        load_mask(tmp_path / "missing.png")


def grey(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_black_is_manipulated_where_the_data_set_says_so(tmp_path: Path) -> None:
    soft = save(tmp_path / "m.png", grey(0, 127, 128, 255))
    assert load_mask(soft, reading=Reading.BLACK).tolist() == [[True, True, False, False]]
    only_ones = save(tmp_path / "n.png", grey(0, 1, 1))
    assert load_mask(only_ones, reading=Reading.BLACK).tolist() == [[True, False, False]]


def test_levels_and_colours_are_manipulated_where_any_but_black_is(tmp_path: Path) -> None:
    levels = save(tmp_path / "m.png", grey(0, 12, 60, 255))
    assert load_mask(levels, reading=Reading.NOT_BLACK).tolist() == [[False, False, True, True]]
    coloured = save(tmp_path / "c.png", np.array([[[0, 0, 0], [0, 0, 200], [5, 9, 7]]], np.uint8))
    assert load_mask(coloured, reading=Reading.NOT_BLACK).tolist() == [[False, True, False]]


def test_two_colours_are_told_apart_through_jpeg(tmp_path: Path) -> None:
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[:, :8], colours[:, 8:16], colours[:, 16:24], colours[:, 24:] = (
        (255, 0, 0),
        (200, 0, 0),
        (0, 255, 0),
        (0, 200, 0),
    )
    Image.fromarray(colours).save(tmp_path / "m.jpg", quality=75, subsampling=0)
    red, green = (load_mask(tmp_path / "m.jpg", reading=reading) for reading in (Reading.RED, Reading.GREEN))
    assert red[:, :14].all()
    assert not red[:, 18:].any()
    assert green[:, 18:].all()
    assert not green[:, :14].any()


def test_two_colours_asked_of_a_grey_mask_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without colour"):
        load_mask(save(tmp_path / "m.png", half(255)), reading=Reading.GREEN)


@pytest.mark.parametrize("name", ["m.bmp", "m.gif", "m.tif", "m.jpg", "m.webp"])
def test_every_format_of_mask_is_read(tmp_path: Path, name: str) -> None:
    mask = np.zeros((32, 48), np.uint8)
    mask[:16] = 255
    Image.fromarray(mask).save(tmp_path / name)
    assert np.array_equal(load_mask(tmp_path / name, (32, 48)), mask > 0)


def test_palette_masks_are_read_by_their_colours_and_not_by_their_indices(tmp_path: Path) -> None:
    palette = Image.fromarray(half(1)).convert("P")
    palette.putpalette([255, 255, 255, 0, 0, 0])
    palette.save(tmp_path / "m.png")
    assert np.array_equal(load_mask(tmp_path / "m.png"), half(1) == 0)


def test_grey_that_jpeg_tinted_is_grey(tmp_path: Path) -> None:
    tinted = np.repeat(half(255)[..., None], 3, axis=2)
    tinted[0, 0] = (255, 240, 250)
    assert np.array_equal(load_mask(save(tmp_path / "m.png", tinted)), half(255) > 0)


def test_several_masks_are_one_truth(tmp_path: Path) -> None:
    first, second = save(tmp_path / "a.png", grey(255, 0, 0)), save(tmp_path / "b.png", grey(0, 255, 0))
    assert load_masks((first, second), (1, 3)).tolist() == [[True, True, False]]


def test_several_masks_of_different_sizes_or_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    first, long = save(tmp_path / "a.png", grey(255, 0)), save(tmp_path / "b.png", grey(0, 255, 0))
    with pytest.raises(DataError, match="3 x 1 pixels for a photo of 2 x 1 pixels"):
        load_masks((first, long))
    with pytest.raises(DataError, match="the whole photo together"):
        load_masks((first, save(tmp_path / "c.png", grey(0, 255))))
