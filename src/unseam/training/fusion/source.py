"""Where the network `fusion` gets its photos from: features computed once, kept in files, cropped on the fly.

A batch is a pure function of the seed and of the step's number, as in `unseam.training.patch.source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from unseam.datasets.sample import Sample
from unseam.detectors.block_dct import SIDE
from unseam.errors import DataError
from unseam.models.fusion.features import block_features, feature_names
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing
from unseam.system.cores import SINGLE_THREADED, environment
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.patch.source import TrainingSides

CELLS = 2
"""Cells of the truth along each side of a block: 4 x 4 pixels each."""

CROP_TRIES = 6
"""Random crops of a forgery that are looked at until one holds some of what was manipulated."""

LEAST_CELLS = 8.0
"""Manipulated cells that such a crop must hold."""

DRAWN_FOR_MOMENTS = 37
"""Every how-many-th block counts for mean and deviation of the features; neighbours are alike."""

LEAST_DEVIATION = 1e-3
"""Of a feature: one that never changes must not be blown up."""

Halves = NDArray[np.float16]


class FusionBatch(NamedTuple):
    """N photos, or crops of one size: features (N, F, R, C), manipulated share of cells (N, 2 R, 2 C); float32."""

    features: Tensor
    truth: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """One photo: its features (F, R, C) and the manipulated share of its cells (2 R, 2 C), float16."""

    features: Halves
    truth: Halves

    @property
    def shape(self) -> tuple[int, int]:
        """R and C."""
        return self.features.shape[1], self.features.shape[2]


@dataclass(frozen=True, eq=False)
class FusionSource:
    """Training crops and validation photos.

    Parameters
    ----------
    train, validation : list of Blocks
    config : BlockConfig
        How crops are drawn.
    batch_size : int
        Photos per step, over all processes.
    seed : int
        Of the crops.
    left_out : mapping
        Reason -> how many files of the data sets were not used for it.
    """

    train: Sequence[Blocks]
    validation: Sequence[Blocks]
    config: BlockConfig
    batch_size: int
    seed: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    by_size: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        manipulated = [bool(photo.truth.any()) for photo in self.train]
        if all(manipulated) or not any(manipulated):
            raise DataError("the training split holds no manipulated or no authentic photo; it needs both")
        sizes = [tuple(min(side, self.config.crop) for side in photo.shape) for photo in self.train]
        object.__setattr__(self, "by_size", sorted(range(len(sizes)), key=lambda index: sizes[index]))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature over training photos; (F,) float32 each."""
        count, total, squares = 0, 0.0, 0.0
        for photo in self.train:
            drawn = photo.features.reshape(len(photo.features), -1)[:, ::DRAWN_FOR_MOMENTS].astype(np.float64)
            count += drawn.shape[1]
            total = total + drawn.sum(1)
            squares = squares + np.square(drawn).sum(1)
        mean = np.asarray(total / count)
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0)) + LEAST_DEVIATION
        return torch.tensor(mean, dtype=torch.float32), torch.tensor(deviation, dtype=torch.float32)

    def batch(self, step: int, rank: int, world: int) -> FusionBatch:
        """Crops of one step for one process: every ``world``-th of the batch, from ``rank`` on."""
        rng = np.random.default_rng((self.seed, step))
        chosen = [self.train[index] for index in self._drawn(rng)]
        size = tuple(min(self.config.crop, *(photo.shape[axis] for photo in chosen)) for axis in (0, 1))
        crops = [_crop(photo, (size[0], size[1]), rng) for photo in chosen]
        return _batch(crops[rank::world])

    def _drawn(self, rng: np.random.Generator) -> list[int]:
        """Draw photos of like size, so that little is cut off when they get one size."""
        pool = min(len(self.by_size), self.batch_size * self.config.pool)
        first = int(rng.integers(len(self.by_size) - pool + 1))
        places = rng.choice(pool, self.batch_size, replace=pool < self.batch_size)
        return [self.by_size[first + int(place)] for place in places]

    def validation_batches(self) -> Iterator[FusionBatch]:
        """Yield the validation photos one by one, whole."""
        for photo in self.validation:
            yield _batch([(photo.features, photo.truth)])


def _crop(photo: Blocks, size: tuple[int, int], rng: np.random.Generator) -> tuple[Halves, Halves]:
    """Cut a crop of R x C blocks, mirrored at random: features are magnitudes, and mirroring leaves these alone."""
    manipulated = bool(photo.truth.any())
    for _ in range(CROP_TRIES):
        top, left = (int(rng.integers(have - wanted + 1)) for have, wanted in zip(photo.shape, size, strict=True))
        features = photo.features[:, top : top + size[0], left : left + size[1]]
        truth = photo.truth[CELLS * top : CELLS * (top + size[0]), CELLS * left : CELLS * (left + size[1])]
        if not manipulated or truth.sum(dtype=np.float32) >= LEAST_CELLS:
            break
    for axis in (0, 1):
        if rng.random() < 0.5:
            features, truth = np.flip(features, axis + 1), np.flip(truth, axis)
    return features, truth


def _batch(crops: Sequence[tuple[Halves, Halves]]) -> FusionBatch:
    features, truth = (np.stack(arrays).astype(np.float32) for arrays in zip(*crops, strict=True))
    return FusionBatch(torch.from_numpy(features), torch.from_numpy(truth))


def load_fusion_source(
    sides: TrainingSides, config: BlockConfig, *, batch: int, seed: int, cache: Path, quiet: bool = False
) -> FusionSource:
    """Measure the features of all photos, or read them where that was done before.

    Parameters
    ----------
    sides : TrainingSides
    config : BlockConfig
    batch, seed : int
        ``batch_size`` and ``seed`` of `FusionSource`.
    cache : Path
        Folder of the files, one for each photo: about 1 MB a quarter of a megapixel.
    quiet : bool
        No progress bar.
    """
    cache.mkdir(parents=True, exist_ok=True)
    train, validation = (
        _load(samples, config, cache, f"features, {side}", quiet=quiet)
        for side, samples in (("training", sides.train), ("validation", sides.validation))
    )
    return FusionSource(train, validation, config, batch, seed, sides.left_out)


def _load(samples: Sequence[Sample], config: BlockConfig, cache: Path, title: str, *, quiet: bool) -> list[Blocks]:
    """Read what is there, measure what is missing in several processes, and keep the samples' order."""
    work = partial(measured, config=config, cache=cache)
    pool = ProcessPoolExecutor(config.workers or None, mp_context=get_context("spawn"))
    with environment(SINGLE_THREADED), pool as processes:
        paths = track(processes.map(work, samples, chunksize=4), title, len(samples), transient=True, disable=quiet)
        return [_read(path) for path in paths]


def measured(sample: Sample, config: BlockConfig, cache: Path) -> Path:
    """Measure one photo and keep its features in a file named after everything that they depend on."""
    contents = [path.read_bytes() for path in (sample.photo, *sample.masks)]
    key = sha256("\0".join((*feature_names(), *config.skipped(sample.name))).encode())
    for content in contents:
        key.update(sha256(content).digest())
    path = cache / f"{key.hexdigest()[:32]}.npz"
    if path.exists():
        return path
    photo = load_photo(sample.photo)
    found = block_features(photo, without=frozenset(config.skipped(sample.name)))
    truth = cell_shares(sample.truth((photo.height, photo.width)), found.values.shape[1:])
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, features=found.values.astype(np.float16), truth=truth.astype(np.float16))
    return path


def _read(path: Path) -> Blocks:
    with np.load(path) as arrays:
        return Blocks(arrays["features"], arrays["truth"])


def cell_shares(truth: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Give the manipulated share of cells: (H, W) bool to (2 R, 2 C) float32; what overhangs the photo counts as 0."""
    rows, columns = shape
    whole = np.zeros((rows * SIDE, columns * SIDE), np.float32)
    whole[: truth.shape[0], : truth.shape[1]] = truth
    size = (columns * CELLS, rows * CELLS)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[::-1])
