"""Windows cut on the fly: the right pixels, the right masks, and the same ones again after a resume."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from support.training_sets import write_folder
from unseam.datasets.folder import folder
from unseam.errors import DataError
from unseam.training.patch.recipe import DataConfig
from unseam.training.patch.source import Batch, PatchSource, load_source
from unseam.training.splits import training_splits


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "forged")


def make_source(root: Path, **settings: object) -> PatchSource:
    config = DataConfig(validation_windows=24, **{"augment": False, **settings})  # type: ignore[arg-type]
    return load_source(training_splits([root]), config, side=64, batch=12, seed=5)


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


def test_a_training_split_without_manipulated_windows_is_refused(root: Path) -> None:
    manifest = root / "manifest.csv"
    rows = [row for row in manifest.read_text().splitlines() if "train,splice" not in row]
    manifest.write_text("\n".join(rows))
    with pytest.raises(DataError, match="needs both"):
        make_source(root)
