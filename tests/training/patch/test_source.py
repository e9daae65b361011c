"""Windows cut on the fly: the right pixels, the right masks, and the same ones again after a resume."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unseam.datasets.folder import folder
from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.training.patch.source import Batch, PatchSource, data_digest, load_source
from unseam.training.recipe import DataConfig

SIDES = {"train": (96, 128), "validation": (80, 72)}


def write_folder(root: Path, *, hosts: str = "own") -> Path:
    """Photos whose pixels tell where they lie: red is the row, green the column, blue the photo's number."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    rows = []
    for number, (split, kind) in enumerate((s, k) for s in SIDES for k in ("splice", "splice", "authentic")):
        height, width = SIDES[split]
        pixels = np.stack([*np.mgrid[:height, :width], np.full((height, width), number)], axis=2).astype(np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
        row = {"file": f"images/{number}.png", "mask": "", "split": split, "kind": kind, "donor": ""}
        row["host"] = "one" if hosts == "shared" else str(number)
        if kind == "splice":
            mask = np.zeros((height, width), np.uint8)
            mask[20 + number : 50, 10:40] = 255
            Image.fromarray(mask).save(root / "masks" / f"{number}.png")
            row["mask"] = f"masks/{number}.png"
        rows.append(row)
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forged")


def make_source(root: Path, **settings: object) -> PatchSource:
    config = DataConfig(validation_windows=24, **{"augment": False, **settings})  # type: ignore[arg-type]
    return load_source([root], config, side=64, batch=12, seed=5)


def assert_cut_from(root: Path, batch: Batch) -> None:
    """Each patch lies on the 8 x 8 grid of the photo that it names, and so does its mask."""
    truths = {int(Path(sample.photo).stem): sample for sample in folder(root).samples}
    for patch, mask, label in zip(batch.patches.numpy(), batch.masks.numpy(), batch.labels.tolist(), strict=True):
        top, left, number = (int(value) for value in patch[0, 0])
        assert (top % 8, left % 8) == (0, 0)
        sample = truths[number]
        pixels = np.asarray(Image.open(sample.photo))
        truth = sample.truth(pixels.shape[:2])
        assert np.array_equal(patch, pixels[top : top + 64, left : left + 64])
        assert np.array_equal(mask, truth[top : top + 64, left : left + 64])
        assert label == int(mask.mean() > 0.125)


def test_every_window_is_its_photos_own_pixels_and_mask(root: Path) -> None:
    source = make_source(root)
    for step in range(5):
        assert_cut_from(root, source.batch(step, 0, 1))
    for batch in source.validation_batches():
        assert_cut_from(root, batch)


def test_training_and_validation_never_share_a_photo(root: Path) -> None:
    source = make_source(root)
    trained = {int(n) for step in range(20) for n in source.batch(step, 0, 1).patches[:, 0, 0, 2]}
    validated = {int(n) for batch in source.validation_batches() for n in batch.patches[:, 0, 0, 2]}
    assert trained == {0, 1, 2}
    assert validated == {3, 4, 5}


def test_a_step_gives_the_same_windows_again_and_another_step_others(root: Path) -> None:
    one, other = make_source(root), make_source(root)
    for ours, theirs in zip(one.batch(7, 0, 1), other.batch(7, 0, 1), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(one.batch(7, 0, 1).patches, one.batch(8, 0, 1).patches)


def test_processes_share_one_batch_without_loss_or_overlap(root: Path) -> None:
    source = make_source(root, augment=True)
    whole = source.batch(3, 0, 1)
    for rank in range(3):
        part = source.batch(3, rank, 3)
        assert torch.equal(part.patches, whole.patches[rank::3])
        assert torch.equal(part.masks, whole.masks[rank::3])
        assert torch.equal(part.labels, whole.labels[rank::3])


def test_half_of_the_windows_are_manipulated(root: Path) -> None:
    source = make_source(root)
    labels = torch.cat([source.batch(step, 0, 1).labels for step in range(50)])
    assert 0.45 < labels.float().mean() < 0.55
    assert sum(int(batch.labels.sum()) for batch in source.validation_batches()) == 12


def test_the_rule_decides_the_label(root: Path) -> None:
    strict = make_source(root, rule=0.17)
    for step in range(10):
        batch = strict.batch(step, 0, 1)
        assert torch.equal(batch.labels.bool(), batch.masks.float().mean((1, 2)) > 0.17)


def test_augmentation_turns_patch_and_mask_together_in_all_eight_ways(root: Path) -> None:
    plain, turned = make_source(root), make_source(root, augment=True)
    seen = set()
    for step in range(30):
        before, after = plain.batch(step, 0, 1), turned.batch(step, 0, 1)
        assert torch.equal(before.labels, after.labels)
        for index in range(len(before.labels)):
            ways = {(k, flip): np.rot90(before.patches[index].numpy()[::flip], k) for k in range(4) for flip in (1, -1)}
            (way,) = [way for way, patch in ways.items() if np.array_equal(patch, after.patches[index].numpy())]
            mask = np.rot90(before.masks[index].numpy()[:: way[1]], way[0])
            assert np.array_equal(mask, after.masks[index].numpy())
            seen.add(way)
    assert len(seen) == 8


def test_a_photograph_on_both_sides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="on both sides"):
        make_source(write_folder(tmp_path / "shared", hosts="shared"))


def write_public(root: Path) -> Path:
    """A data set as others publish them: photos and masks, no sides, three photos to a component."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    lines = ["name,component"]
    for number in range(30):
        pixels = np.stack([*np.mgrid[:96, :96], np.full((96, 96), number)], axis=2).astype(np.uint8)
        mask = np.zeros((96, 96), np.uint8)
        mask[20:60, 10:40] = 255
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
        Image.fromarray(mask).save(root / "masks" / f"{number}.png")
        lines.append(f"{number},{number // 3}")
    (root / "index.csv").write_text("\n".join(lines))
    return root


def test_a_public_data_set_is_split_by_group(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    source = load_source([DataSet(root)], DataConfig(validation_windows=24), side=64, batch=12, seed=5)
    names = [{int(Path(name).stem) for name in photos.names} for photos in (source.train, source.validation)]
    assert [len(side) for side in names] == [18, 3] or [len(side) for side in names] == [21, 3]
    groups = [{number // 3 for number in side} for side in names]
    assert not groups[0] & groups[1]
    assert all(len(side) == 3 * len(group) for side, group in zip(names, groups, strict=True))


def test_groups_of_one_name_in_two_public_sets_are_different_photographs(root: Path, tmp_path: Path) -> None:
    one, other = write_public(tmp_path / "one"), write_public(tmp_path / "other")
    lines = (other / "index.csv").read_text().splitlines()
    swapped = [line.rpartition(",")[0] + f",{9 - int(line.rpartition(',')[2])}" for line in lines[1:]]
    (other / "index.csv").write_text("\n".join([lines[0], *swapped]))
    data = [root, DataSet(one), DataSet(other)]
    source = load_source(data, DataConfig(validation_windows=24), side=64, batch=12, seed=5)
    assert len(source.train.names) > 30


def test_what_a_public_set_leaves_out_is_counted(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    (root / "masks" / "4.png").unlink()
    source = load_source([DataSet(root)], DataConfig(validation_windows=24), side=64, batch=12, seed=5)
    assert source.left_out == {"photo without a mask": 1}


def test_the_digest_of_a_public_set_changes_with_its_photos_and_its_sides(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    before = data_digest([DataSet(root)])
    assert before == data_digest([DataSet(root)])
    Image.new("RGB", (96, 96)).save(root / "images" / "4.png")
    changed = data_digest([DataSet(root)])
    (root / "index.csv").unlink()
    assert len({before, changed, data_digest([DataSet(root)])}) == 3


def test_a_side_with_nothing_on_it_is_refused(tmp_path: Path) -> None:
    root = write_public(tmp_path / "public")
    (root / "index.csv").write_text("name,component\n" + "".join(f"{number},all\n" for number in range(30)))
    with pytest.raises(DataError, match="nothing on the validation side of 30 photos"):
        load_source([DataSet(root)], DataConfig(), side=64, batch=12, seed=5)


def test_a_training_split_without_manipulated_windows_is_refused(root: Path) -> None:
    manifest = root / "manifest.csv"
    rows = [row for row in manifest.read_text().splitlines() if "train,splice" not in row]
    manifest.write_text("\n".join(rows))
    with pytest.raises(DataError, match="needs both"):
        make_source(root)


def test_the_digest_changes_with_the_manifest(root: Path) -> None:
    before = data_digest([root])
    with (root / "manifest.csv").open("a") as file:
        file.write("\n")
    assert before != data_digest([root])
    assert len(before) == 64
