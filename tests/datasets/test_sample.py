from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.datasets.sample import Exclusion, Sample, SampleSet, load_mask
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


def test_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("not an image")
    with pytest.raises(DataError, match="cannot be read"):
        load_mask(tmp_path / "m.png")
    with pytest.raises(DataError, match="cannot be read"):
        load_mask(tmp_path / "missing.png")


def test_truth_of_an_authentic_photo_is_all_false() -> None:
    truth = Sample("a", Path("a.jpg")).truth((2, 3))
    assert truth.shape == (2, 3)
    assert not truth.any()


def test_exclusions_are_counted_by_reason() -> None:
    files = [Exclusion(Path("a"), "x"), Exclusion(Path("b"), "y"), Exclusion(Path("c"), "y")]
    assert list(SampleSet((), tuple(files)).exclusion_counts().items()) == [("y", 2), ("x", 1)]
