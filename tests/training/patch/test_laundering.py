"""Laundered copies of training photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.datasets.sample import Sample
from unseam.training.patch.laundering import read_training_photo


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    rng = np.random.default_rng(0)
    mask = np.zeros((128, 160), np.uint8)
    mask[20:80, 30:90] = 255
    Image.fromarray(rng.integers(0, 255, (128, 160, 3), dtype=np.uint8)).save(tmp_path / "photo.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return Sample("photo.png", tmp_path / "photo.png", tmp_path / "mask.png")


def test_a_share_of_zero_reads_photos_as_they_are(sample: Sample) -> None:
    pixels, truth = read_training_photo(sample, 0.0)
    assert np.array_equal(pixels, np.asarray(Image.open(sample.photo)))
    assert truth[50, 50]


def test_a_copy_is_the_same_every_time_and_its_truth_lies_where_it_lay(sample: Sample) -> None:
    pixels, truth = read_training_photo(sample, 1.0)
    again, _ = read_training_photo(sample, 1.0)
    original, whole = read_training_photo(sample, 0.0)
    assert np.array_equal(pixels, again)
    assert pixels.shape != original.shape or not np.array_equal(pixels, original)
    assert pixels.shape[:2] == truth.shape
    assert all(copy <= stored for copy, stored in zip(truth.shape, whole.shape, strict=True))
    assert truth.mean() == pytest.approx(whole.mean(), abs=0.02)
