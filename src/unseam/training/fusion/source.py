"""Where the network `fusion` gets its photos from: crops of stored features, cut on the fly.

A batch is a pure function of the seed and of the step's number, as in `unseam.training.patch.source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unseam.datasets.sample import Sample
from unseam.errors import DataError
from unseam.training.fusion.feature_store import Halves, StoredPhoto, store_features
from unseam.training.fusion.network import CELLS_ACROSS
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.splits import TrainingSplits

WIDE = 2
"""How much longer the sides of wide crops are; a batch holds WIDE**2 times fewer of them, so a step takes as long."""

ELSEWHERE_SHARE = 0.15
"""Share of the crops of forgeries that may lie anywhere: what is authentic there must stay cold."""

MOMENT_PHOTOS, MOMENT_STRIDE = 2000, 37
"""Mean and deviation of the features are taken over every 37th block of at most 2000 photos: neighbours are alike."""

MIN_DEVIATION = 1e-3
"""Of a feature: one that never changes must not be blown up."""

VALIDATION_SEED = 0
"""Of the validation photos drawn, where there are more than the recipe takes."""


class FusionBatch(NamedTuple):
    """N photos, or crops of one size: features (N, F, R, C), manipulated share of cells (N, 2 R, 2 C); float32."""

    features: Tensor
    truth: Tensor


@dataclass(frozen=True, eq=False)
class FusionSource:
    """Training crops and validation photos.

    Parameters
    ----------
    train, validation : sequence of StoredPhoto
    config : BlockConfig
        How crops are drawn.
    batch_size : int
        Photos per step, over all processes.
    seed : int
        Of the crops.
    left_out : mapping
        Reason -> how many files of the data sets were not used for it.
    """

    train: Sequence[StoredPhoto]
    validation: Sequence[StoredPhoto]
    config: BlockConfig
    batch_size: int
    seed: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    by_class: tuple[list[StoredPhoto], list[StoredPhoto]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        def size(photo: StoredPhoto) -> list[int]:
            return [min(side, WIDE * self.config.crop) for side in photo.shape]

        authentic, manipulated = (
            sorted((photo for photo in self.train if photo.manipulated == of_class), key=size)
            for of_class in (False, True)
        )
        if not authentic or not manipulated:
            raise DataError("the training split holds no manipulated or no authentic photo; it needs both")
        object.__setattr__(self, "by_class", (authentic, manipulated))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature over training photos; (F,) float32 each."""
        count, total, squares = 0, 0.0, 0.0
        for photo in self.train[:: -(-len(self.train) // MOMENT_PHOTOS)]:
            features = photo.features
            drawn = features.reshape(-1, features.shape[-1])[::MOMENT_STRIDE].astype(np.float64)
            count += len(drawn)
            total = total + drawn.sum(0)
            squares = squares + np.square(drawn).sum(0)
        mean = np.asarray(total / count)
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0)) + MIN_DEVIATION
        return torch.tensor(mean, dtype=torch.float32), torch.tensor(deviation, dtype=torch.float32)

    def batch(self, step: int, rank: int, world: int) -> FusionBatch:
        """Crops of one step for one process: every ``world``-th of the batch, from ``rank`` on."""
        rng = np.random.default_rng((self.seed, step))
        side, count = self.config.crop, self.batch_size
        if rng.random() < self.config.wide_share:
            side, count = WIDE * side, max(1, count // WIDE**2 // world) * world
        chosen = self._drawn(rng, count)
        rows, columns = (min(side, *(photo.shape[axis] for photo in chosen)) for axis in (0, 1))
        crops = [_crop(photo, (rows, columns), rng) for photo in chosen]
        return _batch(crops[rank::world])

    def _drawn(self, rng: np.random.Generator, count: int) -> list[StoredPhoto]:
        """Draw photos of like size, so that little is cut off when they get one size; both classes, in random order."""
        authentic = int(count * self.config.authentic_share + rng.random())
        place = rng.random()
        chosen: list[StoredPhoto] = []
        for photos, wanted in zip(self.by_class, (authentic, count - authentic), strict=True):
            pool = min(len(photos), wanted * self.config.pool)
            first = int(place * (len(photos) - pool + 1))
            chosen += [photos[first + i] for i in rng.choice(pool, wanted, replace=pool < wanted)] if wanted else []
        return [chosen[i] for i in rng.permutation(count)]

    def validation_batches(self) -> Iterator[FusionBatch]:
        """Yield the validation photos one by one, whole."""
        for photo in self.validation:
            yield _batch([(photo.features, photo.truth)])


def _crop(photo: StoredPhoto, size: tuple[int, int], rng: np.random.Generator) -> tuple[Halves, Halves]:
    """Cut a crop of R x C blocks, mirrored at random: features are magnitudes, and mirroring leaves these alone."""
    features, truth = photo.features, photo.truth
    top, left = _corner(photo, truth, size, rng)
    features = features[top : top + size[0], left : left + size[1]]
    rows, columns = (
        slice(CELLS_ACROSS * first, CELLS_ACROSS * (first + wanted))
        for first, wanted in zip((top, left), size, strict=True)
    )
    truth = truth[rows, columns]
    for axis in (0, 1):
        if rng.random() < 0.5:
            features, truth = np.flip(features, axis), np.flip(truth, axis)
    return features, truth


def _corner(photo: StoredPhoto, truth: Halves, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, ...]:
    """Draw the first row and column of a crop; of a forgery so that it holds a manipulated cell drawn at random.

    Anywhere, a crop of a large photo would hardly ever meet a small edit.
    """
    last = [have - wanted for have, wanted in zip(photo.shape, size, strict=True)]
    if not photo.manipulated or rng.random() < ELSEWHERE_SHARE or not any(last):
        return tuple(int(rng.integers(most + 1)) for most in last)
    cells = np.flatnonzero(truth)
    cell = np.unravel_index(cells[rng.integers(len(cells))], truth.shape)
    return tuple(
        int(rng.integers(max(0, place // CELLS_ACROSS - wanted + 1), min(most, place // CELLS_ACROSS) + 1))
        for place, wanted, most in zip(cell, size, last, strict=True)
    )


def _batch(crops: Sequence[tuple[Halves, Halves]]) -> FusionBatch:
    features, truth = (torch.from_numpy(np.stack(arrays).astype(np.float32)) for arrays in zip(*crops, strict=True))
    return FusionBatch(features.permute(0, 3, 1, 2), truth)


def load_fusion_source(
    splits: TrainingSplits,
    config: BlockConfig,
    *,
    batch: int,
    seed: int,
    folder: Path,
    workers: int = 0,
    quiet: bool = False,
) -> FusionSource:
    """Compute the features of all photos, or find them where that was done before.

    Parameters
    ----------
    splits : TrainingSplits
    config : BlockConfig
    batch, seed : int
        ``batch_size`` and ``seed`` of `FusionSource`.
    folder : Path
        The feature store.
    workers, quiet
        As in `unseam.training.fusion.feature_store.store_features`.
    """
    train, validation = (
        store_features(samples, config, folder, workers=workers, title=f"features, {split}", quiet=quiet)
        for split, samples in (
            ("training", splits.train),
            ("validation", drawn_validation(splits.validation, config.validation_photos)),
        )
    )
    return FusionSource(train, validation, config, batch, seed, splits.left_out)


def drawn_validation(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Draw at most so many validation photos, both classes alike as far as there are; the same ones every time."""
    rng = np.random.default_rng(VALIDATION_SEED)
    chosen: list[Sample] = []
    for manipulated in (False, True):
        of_class = [sample for sample in samples if (sample.mask is not None) == manipulated]
        chosen += [of_class[index] for index in sorted(rng.permutation(len(of_class))[: count // 2])]
    return chosen
