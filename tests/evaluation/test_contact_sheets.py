from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.fakes import SHAPE, Fake, knowing
from unseam.datasets.sample import Sample
from unseam.evaluation.contact_sheets import choose_rows, draw_contact_sheet
from unseam.evaluation.degrade import Condition
from unseam.evaluation.rows import Row


def rows(*areas: float | None) -> list[Row]:
    return [Row(str(i), f"{i}.png", "splice", "", "m", "judged", auc=auc) for i, auc in enumerate(areas)]


def chosen(*areas: float | None) -> list[tuple[str, float | None]]:
    return [(title, row.auc) for title, row in choose_rows(rows(*areas))]


def test_best_median_and_worst_are_chosen() -> None:
    found = chosen(0.1, 0.9, 0.3, 0.5, None, 0.7, 0.2, 0.8, 0.6)
    assert found == [("best", 0.9), ("best", 0.8), ("median", 0.6), ("median", 0.5), ("worst", 0.2), ("worst", 0.1)]


def test_no_photo_is_shown_twice() -> None:
    assert chosen(0.3, 0.6, 0.9) == [("best", 0.9), ("best", 0.6), ("worst", 0.3)]
    assert chosen(0.3) == [("best", 0.3)]
    assert chosen(None) == []


def test_degraded_photos_are_not_shown() -> None:
    degraded = [replace(row, condition=Condition("blur", 1)) for row in rows(0.9)]
    assert choose_rows(degraded) == []


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    pixels, mask = np.zeros((*SHAPE, 3), np.uint8), np.zeros(SHAPE, np.uint8)
    mask[10:40, 20:60] = pixels[10:40, 20:60] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn: upright pictures are higher than wide
    Image.fromarray(pixels).save(tmp_path / "0.jpg", quality=100, subsampling=0, exif=exif)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return Sample("0.png", tmp_path / "0.jpg", tmp_path / "mask.png", "splice")


def test_photo_truth_heat_and_mask_stand_side_by_side_and_upright(sample: Sample, tmp_path: Path) -> None:
    assert draw_contact_sheet(Fake("m", knowing), "m", rows(1.0), {"0.png": sample}, tmp_path / "m.png")
    sheet = np.asarray(Image.open(tmp_path / "m.png")).astype(int)
    white = (sheet > 240).all(axis=2)
    columns = np.flatnonzero(white[45:250].sum(axis=0) > 30)
    tiles = np.split(columns, np.flatnonzero(np.diff(columns) > 100) + 1)
    assert len(tiles) == 3  # photo, truth and mask show the white region; heat 0.9 is orange
    upright_height, upright_width = (np.ptp(np.flatnonzero(white[45:250, tiles[1]].any(axis=a))) for a in (1, 0))
    assert upright_height > upright_width


def test_photos_that_are_no_longer_among_the_samples_are_left_out(sample: Sample, tmp_path: Path) -> None:
    alone, with_others = tmp_path / "alone.png", tmp_path / "with-others.png"
    measured = [replace(row, photo=name) for row, name in zip(rows(0.2, 1.0, 0.1), ("0.png", "b", "c"), strict=True)]
    assert draw_contact_sheet(Fake("m", knowing), "m", measured, {"0.png": sample}, with_others)
    assert draw_contact_sheet(Fake("m", knowing), "m", measured[:1], {"0.png": sample}, alone)
    assert with_others.read_bytes() == alone.read_bytes()  # the best of those that are there
    assert not draw_contact_sheet(Fake("m", knowing), "m", measured, {}, tmp_path / "none.png")


def test_a_photo_that_went_meanwhile_is_left_out(sample: Sample, tmp_path: Path) -> None:
    sample.photo.unlink()
    assert not draw_contact_sheet(Fake("m", knowing), "m", rows(1.0), {"0.png": sample}, tmp_path / "m.png")
    assert not (tmp_path / "m.png").exists()
