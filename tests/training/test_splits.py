"""The splits that a network is trained and validated on."""

from pathlib import Path

import pytest
from PIL import Image

from support.training_sets import write_folder, write_public
from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.training.splits import data_digest, training_splits


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forged")


def test_a_photograph_in_both_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in both splits"):
        training_splits([write_folder(tmp_path / "shared", hosts="shared")])


def test_a_public_data_set_is_split_by_group(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    splits = training_splits([DataSet(root)])
    names = [{int(sample.photo.stem) for sample in samples} for samples in (splits.train, splits.validation)]
    assert [len(split) for split in names] == [18, 3] or [len(split) for split in names] == [21, 3]
    groups = [{number // 3 for number in split} for split in names]
    assert not groups[0] & groups[1]
    assert all(len(split) == 3 * len(group) for split, group in zip(names, groups, strict=True))


def test_groups_of_one_name_in_two_public_sets_are_different_photographs(root: Path, tmp_path: Path) -> None:
    one, other = write_public(tmp_path / "one"), write_public(tmp_path / "other")
    lines = (other / "index.csv").read_text().splitlines()
    swapped = [line.rpartition(",")[0] + f",{9 - int(line.rpartition(',')[2])}" for line in lines[1:]]
    (other / "index.csv").write_text("\n".join([lines[0], *swapped]))
    data = [root, DataSet(one), DataSet(other)]
    splits = training_splits(data)
    assert len(splits.train) > 30


def test_what_a_public_set_leaves_out_is_counted(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    (root / "masks" / "4.png").unlink()
    splits = training_splits([DataSet(root)])
    assert splits.left_out == {"photo without a mask": 1}


def test_the_digest_of_a_public_set_changes_with_its_photos_and_its_splits(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    before = data_digest([DataSet(root)])
    assert before == data_digest([DataSet(root)])
    Image.new("RGB", (96, 96)).save(root / "images" / "4.png")
    changed = data_digest([DataSet(root)])
    (root / "index.csv").unlink()
    assert len({before, changed, data_digest([DataSet(root)])}) == 3


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    (root / "index.csv").write_text("name,component\n" + "".join(f"{number},all\n" for number in range(30)))
    with pytest.raises(DataError, match="the validation split of 30 photos is empty"):
        training_splits([DataSet(root)])


def test_the_digest_changes_with_the_manifest(root: Path) -> None:
    before = data_digest([root])
    with (root / "manifest.csv").open("a") as file:
        file.write("\n")
    assert before != data_digest([root])
    assert len(before) == 64
