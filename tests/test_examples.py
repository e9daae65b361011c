"""The committed examples are what their script makes, and say the truth."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam import DEFAULT_METHODS, METHODS, load_photo
from unseam.method import Finding

EXAMPLES = Path(__file__).parent.parent / "examples"
ENCODER_TOLERANCE = 2.0
"""Mean absolute difference in grey levels that another JPEG library or OpenCV version may make."""


MISSED = "splice-butterfly.jpg"


def test_examples_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["make.py", "--out", str(tmp_path)])
    runpy.run_path(str(EXAMPLES / "make.py"), run_name="__main__")
    masks = sorted((EXAMPLES / "masks").iterdir())
    assert [path.name for path in sorted((tmp_path / "masks").iterdir())] == [path.name for path in masks]
    for path in masks:
        again = np.asarray(Image.open(tmp_path / "masks" / path.name)) > 0
        committed = np.asarray(Image.open(path)) > 0
        assert (again ^ committed).sum() <= 0.01 * committed.sum()
    for path in sorted((tmp_path / "photos").iterdir()):
        difference = np.asarray(Image.open(path), float) - np.asarray(Image.open(EXAMPLES / "photos" / path.name))
        assert np.abs(difference).mean() < ENCODER_TOLERANCE


@pytest.mark.parametrize("path", sorted((EXAMPLES / "photos").iterdir()), ids=lambda path: path.name)
def test_forgeries_have_a_mask_of_their_size_and_authentic_photographs_none(path: Path) -> None:
    mask = (EXAMPLES / "masks" / path.name).with_suffix(".png")
    assert mask.exists() != path.name.startswith("authentic")
    if mask.exists():
        truth = np.asarray(Image.open(mask))
        with Image.open(path) as photo:
            assert truth.shape == (photo.height, photo.width)
        assert set(np.unique(truth)) == {0, 255}


@pytest.mark.parametrize("path", sorted((EXAMPLES / "photos").iterdir()), ids=lambda path: path.name)
def test_the_leading_method_finds_four_forgeries_where_they_are_and_misses_one(path: Path) -> None:
    found = METHODS[DEFAULT_METHODS[0]](load_photo(path))
    if path.name.startswith("authentic"):
        assert found.finding is not Finding.MANIPULATED
    elif path.name == MISSED:
        assert found.finding is Finding.NO_EVIDENCE
    else:
        assert found.finding is Finding.MANIPULATED
        truth = np.asarray(Image.open((EXAMPLES / "masks" / path.name).with_suffix(".png"))) > 0
        assert 2 * (found.mask & truth).sum() > 0.5 * (found.mask.sum() + truth.sum())


def test_every_file_is_in_the_licence_tables() -> None:
    text = (EXAMPLES / "README.md").read_text("utf-8")
    files = [path for path in EXAMPLES.rglob("*") if path.suffix in (".jpg", ".png")]
    assert sum(path.stat().st_size for path in files) < 4_000_000
    assert [path.name for path in files if path.name not in text] == []
