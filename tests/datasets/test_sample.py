import logging
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.datasets.masks import Reading
from unseam.datasets.sample import Exclusion, Sample, SampleSet, stored_shape
from unseam.errors import PhotoError


def test_truth_of_an_authentic_photo_is_all_false() -> None:
    truth = Sample("a", Path("a.jpg")).truth((2, 3))
    assert truth.shape == (2, 3)
    assert not truth.any()


def test_exclusions_are_counted_by_reason() -> None:
    files = [Exclusion(Path("a"), "x"), Exclusion(Path("b"), "y"), Exclusion(Path("c"), "y")]
    assert list(SampleSet((), tuple(files)).exclusion_counts().items()) == [("y", 2), ("x", 1)]


def test_truth_is_read_as_the_sample_says_from_all_its_masks(tmp_path: Path) -> None:
    for name, values in (("a", (0, 255, 255)), ("b", (255, 0, 255))):
        Image.fromarray(np.array([values], np.uint8)).save(tmp_path / f"{name}.png")
    sample = Sample("x", Path("x.jpg"), tmp_path / "a.png", reading=Reading.BLACK, more_masks=(tmp_path / "b.png",))
    assert sample.truth((1, 3)).tolist() == [[True, True, False]]
    assert [mask.name for mask in sample.masks] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("shares", "inverted"),
    [((), False), ((0.9,), True), ((0.6,) * 10 + (0.1,), True), ((0.6,) * 9 + (0.1,), False), ((0.5,) * 9, False)],
)
def test_a_set_looks_inverted_if_nearly_all_masks_mark_more_than_half(
    shares: tuple[float, ...], inverted: bool
) -> None:
    assert SampleSet((), shares={str(index): share for index, share in enumerate(shares)}).looks_inverted is inverted


def test_a_header_of_which_pillow_complains_leaves_standard_error_clean(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a program that sets up no logging
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    samples = data.index(struct.pack("<HHI", 277, 3, 1))  # samples per pixel
    data[samples + 8] = 16
    (tmp_path / "a.tif").write_bytes(bytes(data))
    with pytest.raises(PhotoError):
        stored_shape(tmp_path / "a.tif")
    assert capfd.readouterr() == ("", "")
