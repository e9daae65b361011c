from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unseam.datasets.sample import Sample, SampleSet
from unseam.datasets.splits import SPLITS, DataSet, split_by_group, with_splits
from unseam.errors import DataError

SHARES = {"train": 0.65, "validation": 0.10, "test": 0.25}


def samples_of(sizes: list[int]) -> list[Sample]:
    return [Sample(f"{g}-{i}", Path("x"), group=f"group {g}") for g, size in enumerate(sizes) for i in range(size)]


def counts(samples: list[Sample]) -> Counter[str]:
    return Counter(sample.split for sample in samples)


groups = st.lists(st.integers(1, 12), min_size=1, max_size=80)


@settings(deadline=None, max_examples=200)
@given(groups, st.integers(0, 2**32))
def test_no_group_is_on_two_sides_and_no_sample_is_lost(sizes: list[int], seed: int) -> None:
    samples = samples_of(sizes)
    split = split_by_group(samples, seed)
    assert [sample.name for sample in split] == [sample.name for sample in samples]
    splits = {group: {s.split for s in split if s.group == group} for group in {s.group for s in split}}
    assert all(len(found) == 1 for found in splits.values())
    assert {s.split for s in split} <= set(SPLITS)
    if len(sizes) >= 3:
        assert {s.split for s in split} == set(SPLITS)


@settings(deadline=None, max_examples=200)
@given(groups, st.integers(0, 2**32))
def test_shares_are_right_to_within_a_group(sizes: list[int], seed: int) -> None:
    found = counts(split_by_group(samples_of(sizes), seed))
    for name, share in SHARES.items():
        assert abs(found[name] - share * sum(sizes)) <= max(sizes) + 1


@settings(deadline=None, max_examples=50)
@given(groups, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(sizes: list[int], seed: int, order: object) -> None:
    samples = samples_of(sizes)
    shuffled = list(samples)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert {s.name: s.split for s in split_by_group(samples, seed)} == {
        s.name: s.split for s in split_by_group(shuffled, seed)
    }


def test_photos_of_their_own_are_split_65_10_25_by_chance() -> None:
    samples = samples_of([1] * 400)
    one, other = split_by_group(samples, 1), split_by_group(samples, 2)
    assert counts(one) == counts(other) == {"train": 260, "validation": 40, "test": 100}
    same = np.mean([a.split == b.split for a, b in zip(one, other, strict=True)])
    assert same == pytest.approx(0.65**2 + 0.10**2 + 0.25**2, abs=0.08)
    order = [sample.split for sample in one]
    assert "train" in order[-20:]
    assert {"test", "validation"} & set(order[:20])


@pytest.mark.parametrize("seed", range(5))
def test_one_very_large_group_goes_to_training(seed: int) -> None:
    """CASIA 2.0: most forgeries share photographs with one another."""
    split = split_by_group(samples_of([600, *[1] * 400]), seed)
    assert split[0].split == "train"
    assert counts(split) == {"train": 650, "validation": 100, "test": 250}


@pytest.mark.parametrize("splits", [SPLITS, ("test",), ("train", "test")])
def test_splits_that_a_data_set_names_are_kept(splits: tuple[str, ...]) -> None:
    named = SampleSet(tuple(Sample(f"{i}", Path("x"), group=f"{i}", split=splits[i % len(splits)]) for i in range(9)))
    assert with_splits(named) is named


@pytest.mark.parametrize("parts", [("",), ("QF75", "QF90"), ("train", "test", ""), ("train", "validation", "JC1")])
def test_parts_that_are_no_sides_are_split_by_group(parts: tuple[str, ...]) -> None:
    found = SampleSet(
        tuple(Sample(f"{i}", Path("x"), group=f"{i // 2}", split=parts[i % len(parts)]) for i in range(60))
    )
    split = with_splits(found)
    found_now = counts(list(split.samples))
    assert all(abs(found_now[name] - share * 60) <= 2 for name, share in SHARES.items())
    assert all(split.samples[i].split == split.samples[i + 1].split for i in range(0, 60, 2))


def photos_and_masks(root: Path, count: int, index: str = "") -> Path:
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    mask = np.zeros((16, 16), np.uint8)
    mask[4:9, 4:9] = 255
    for i in range(count):
        Image.fromarray(np.full((16, 16, 3), i, np.uint8)).save(root / "images" / f"{i:02d}.png")
        Image.fromarray(mask).save(root / "masks" / f"{i:02d}.png")
    if index:
        (root / "index.csv").write_text(index)
    return root


def test_the_component_of_an_index_keeps_forgeries_of_one_photograph_together(tmp_path: Path) -> None:
    index = "name,component\n" + "".join(f"{i:02d},{i // 4}\n" for i in range(40))
    root = photos_and_masks(tmp_path / "set", 40, index)
    parts = {name: {s.name for s in DataSet(root).samples(name).samples} for name in SPLITS}
    assert sum(map(len, parts.values())) == 40
    assert len(set.union(*parts.values())) == 40
    for names in parts.values():
        assert len(names) % 4 == 0


def test_without_a_part_all_samples_are_listed_as_the_adapter_gives_them(tmp_path: Path) -> None:
    root = photos_and_masks(tmp_path / "set", 5)
    assert {sample.split for sample in DataSet(root).samples().samples} == {""}


def test_a_side_with_nothing_on_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the validation split is empty; train 1"):
        DataSet(photos_and_masks(tmp_path / "set", 1)).samples("validation")


def test_an_unknown_data_set_or_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set 'nothing'"):
        DataSet(tmp_path, "nothing").samples("train")
    with pytest.raises(DataError, match="QF75"):
        DataSet(photos_and_masks(tmp_path / "set", 3)).samples("QF75")
