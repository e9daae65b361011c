from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.datasets.preview import (
    ENLARGED,
    GENUINE,
    MANIPULATED,
    ORIGIN_GREY,
    Cutting,
    SplitCounts,
    chosen,
    count_windows,
    write_preview,
)
from unseam.datasets.sample import Sample
from unseam.errors import DataError


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """A forgery of 300 x 200 pixels with one region, an authentic photo, and one smaller than a window."""
    grey = np.full((200, 300, 3), 90, np.uint8)
    mask = np.zeros((200, 300), np.uint8)
    mask[40:120, 60:160] = 255
    Image.fromarray(grey).save(tmp_path / "forged.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(grey).save(tmp_path / "authentic.png")
    Image.fromarray(grey[:40, :40]).save(tmp_path / "small.png")
    return [
        Sample("forged", tmp_path / "forged.png", tmp_path / "mask.png", "splice", "a", "train"),
        Sample("authentic", tmp_path / "authentic.png", None, "authentic", "a", "train"),
        Sample("small", tmp_path / "small.png", None, "authentic", "b", "test"),
    ]


def sheet_of(samples: list[Sample], path: Path, **settings: object) -> NDArray[np.uint8]:
    write_preview(samples, path, title="title", **settings)  # type: ignore[arg-type]
    return np.asarray(Image.open(path))


def has(sheet: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((sheet == colour).all(axis=2).sum() > 50)


def test_windows_are_counted_by_side_and_kind(samples: list[Sample]) -> None:
    counts = count_windows(samples)
    positions = ((200 - 64) // 8 + 1) * ((300 - 64) // 8 + 1)
    train = counts["train"]
    assert (train.photos, train.groups, train.without) == (2, 1, 0)
    assert train.manipulated + train.near + train.elsewhere == 2 * positions
    assert train.elsewhere >= positions  # the authentic photo has nothing else
    assert counts["test"] == SplitCounts(photos=1, groups=1, manipulated=0, near=0, elsewhere=0, without=1)


def test_the_rule_decides_what_is_counted_as_manipulated(samples: list[Sample]) -> None:
    strict, lenient = (count_windows(samples, Cutting(rule=rule))["train"].manipulated for rule in (0.5, 0.125))
    assert 0 < strict < lenient


def test_the_sheet_shows_boxes_and_windows_of_both_labels(samples: list[Sample], tmp_path: Path) -> None:
    forged, authentic = (sheet_of([sample], tmp_path / f"{sample.name}-sheet.png") for sample in samples[:2])
    assert all(has(forged, colour) for colour in (ENLARGED, MANIPULATED, GENUINE))
    assert has(authentic, GENUINE)
    assert not has(authentic, MANIPULATED)


def test_where_a_copy_came_from_is_grey_in_the_mask(samples: list[Sample], tmp_path: Path) -> None:
    origin = np.zeros((200, 300), np.uint8)
    origin[130:180, 200:260] = 255
    Image.fromarray(origin).save(tmp_path / "origin.png")
    grey = (ORIGIN_GREY,) * 3
    assert not has(sheet_of(samples[:1], tmp_path / "without.png"), grey)
    assert has(sheet_of(samples[:1], tmp_path / "with.png", origins={"forged": tmp_path / "origin.png"}), grey)


def test_the_sheet_is_the_same_for_the_same_seed(samples: list[Sample], tmp_path: Path) -> None:
    one, again, other = (sheet_of(samples, tmp_path / f"{i}.png", seed=seed) for i, seed in enumerate((1, 1, 2)))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_every_kind_is_shown_in_turn() -> None:
    kinds = ["splice"] * 50 + ["copy-move"] * 3 + ["authentic"] * 20
    samples = [Sample(f"{i}", Path("x"), kind=kind) for i, kind in enumerate(kinds)]
    shown = chosen(samples, 9)
    assert Counter(sample.kind for sample in shown) == {"splice": 3, "copy-move": 3, "authentic": 3}
    assert len({sample.name for sample in shown}) == 9
    assert [sample.kind for sample in shown[:3]] == ["splice", "copy-move", "authentic"]
    assert chosen([], 9) == []


def test_a_mask_that_cannot_be_read_is_told_and_no_sheet_written(samples: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"no mask")
    with pytest.raises(DataError, match="mask"):
        write_preview(samples, tmp_path / "sheet.png", title="")
    assert not (tmp_path / "sheet.png").exists()
