"""Crops of stored features: the same ones again after a resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from unseam.errors import DataError
from unseam.models.fusion.features import feature_names
from unseam.training.fusion.feature_store import StoredPhoto
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.fusion.source import FusionSource

F = len(feature_names())


def stored(folder: Path, rows: int, columns: int, manipulated: bool, seed: int = 0) -> StoredPhoto:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, columns, F)).astype(np.float16)
    truth = np.zeros((2 * rows, 2 * columns), np.float16)
    if manipulated:
        truth[4:10, 4:10] = 1
        features[2:5, 2:5] += 2
    np.save(folder / f"{seed}.features.npy", features)
    np.save(folder / f"{seed}.truth.npy", truth)
    return StoredPhoto(folder / str(seed), (rows, columns), manipulated)


@pytest.fixture
def source(tmp_path: Path) -> FusionSource:
    photos = [stored(tmp_path, 10 + seed, 12, manipulated=seed % 2 == 0, seed=seed) for seed in range(8)]
    return FusionSource(photos, photos[:2], BlockConfig(crop=11), 4, seed=3)


def test_a_batch_is_a_function_of_its_step_shared_by_the_processes(source: FusionSource) -> None:
    first, again, next_one = source.batch(5, 0, 1), source.batch(5, 0, 1), source.batch(6, 0, 1)
    assert torch.equal(first.features, again.features)
    assert not torch.equal(first.features[..., :1, :1], next_one.features[..., :1, :1])
    halves = [source.batch(5, rank, 2) for rank in (0, 1)]
    assert torch.equal(first.features[0::2], halves[0].features)
    assert torch.equal(first.truth[1::2], halves[1].truth)


def test_crops_keep_features_and_truth_together_whatever_is_mirrored(source: FusionSource) -> None:
    for step in range(12):
        batch = source.batch(step, 0, 1)
        assert max(batch.features.shape[2:]) <= 11
        inside = torch.nn.functional.avg_pool2d(batch.truth[:, None], 2)[:, 0] == 1
        for features, where in zip(batch.features, inside, strict=True):
            if where.any():
                assert features[:, where].mean() > 1.5 > features[:, ~where].mean()


def test_crops_of_a_large_photo_meet_its_small_edit(tmp_path: Path) -> None:
    photos = [stored(tmp_path, 200, 220, manipulated=seed == 0, seed=seed) for seed in range(2)]
    source = FusionSource(photos, photos, BlockConfig(crop=8, authentic_share=0.5), 4, seed=0)
    forged = [float(truth.sum()) > 0 for step in range(50) for truth in source.batch(step, 0, 1).truth]
    assert 0.35 < np.mean(forged) < 0.5  # half of the crops are of the forgery; some of these may lie anywhere


def test_authentic_photos_get_the_share_of_crops_that_is_asked_for(tmp_path: Path) -> None:
    photos = [stored(tmp_path, 6, 6, manipulated=seed > 0, seed=seed) for seed in range(9)]
    source = FusionSource(photos, photos, BlockConfig(crop=8, authentic_share=0.4), 5, seed=0)
    authentic = [not bool(truth.any()) for step in range(40) for truth in source.batch(step, 0, 1).truth]
    assert np.mean(authentic) == 0.4


def test_wide_crops_are_twice_as_long_and_a_quarter_as_many(tmp_path: Path) -> None:
    photos = [stored(tmp_path, 40, 40, manipulated=seed > 0, seed=seed) for seed in range(2)]
    source = FusionSource(photos, photos, BlockConfig(crop=8, wide_share=0.5), 8, seed=0)
    shapes = {tuple(source.batch(step, 0, 1).truth.shape) for step in range(20)}
    assert shapes == {(8, 16, 16), (2, 32, 32)}
    assert {len(source.batch(step, 1, 2).truth) for step in range(20)} == {4, 1}


def test_moments_are_those_of_the_training_photos(tmp_path: Path) -> None:
    photos = [stored(tmp_path, 60, 61, manipulated=seed > 0, seed=seed) for seed in range(4)]
    mean, deviation = FusionSource(photos, photos, BlockConfig(), 4, seed=0).moments()
    features = np.concatenate([photo.features.reshape(-1, F) for photo in photos]).astype(np.float32)
    assert mean.shape == deviation.shape == (F,)
    assert float(mean.mean()) == pytest.approx(float(features.mean()), abs=0.01)
    assert float(deviation.mean()) == pytest.approx(float(features.std(0).mean()), rel=0.03)


def test_a_split_of_one_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no manipulated or no authentic photo"):
        FusionSource([stored(tmp_path, 9, 9, manipulated=True)], [], BlockConfig(), 2, seed=0)
