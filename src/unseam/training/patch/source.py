"""Where training patches come from: forgeries held in memory as uint8, windows cut on the fly.

A batch is a pure function of the seed and of the step's number. Nothing is remembered between steps, so a resumed run
sees exactly the windows that an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseam.datasets.sample import Sample, stored_shape
from unseam.datasets.windows import WindowPool, Windows, WindowTable, window_table
from unseam.errors import DataError
from unseam.training.patch.laundering import read_training_photo
from unseam.training.patch.recipe import DataConfig
from unseam.training.splits import TrainingSplits

VALIDATION_STREAM = 2**32
"""Stands where a step's number stands in the seed of a training batch; no run has that many steps."""


class Batch(NamedTuple):
    """N windows: patches (N, S, S, 3) uint8 RGB, masks (N, S, S) bool, labels (N,) int64, 1 = manipulated."""

    patches: Tensor
    masks: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos and masks of one split, one after another in two flat arrays, with the windows of each.

    One array each rather than a list: the processes of a machine can share it, and a GPU can hold it.

    Attributes
    ----------
    pixels : (P, 3) uint8 tensor
        RGB of all pixels of all photos.
    masks : (P,) bool tensor
    starts, widths : (M,) int64 tensor
        Where each photo's pixels begin, and its width in pixels.
    windows : WindowPool
        Of the M photos.
    names : tuple of str
    """

    pixels: Tensor
    masks: Tensor
    starts: Tensor
    widths: Tensor
    windows: WindowPool
    names: tuple[str, ...]

    def cut(self, windows: Windows, side: int) -> Batch:
        """Cut windows out of the photos, all at once, on the device that holds them."""
        device = self.pixels.device
        photos, tops, lefts = (
            torch.from_numpy(array).to(device) for array in (windows.photos, windows.tops, windows.lefts)
        )
        widths = self.widths[photos]
        corners = self.starts[photos] + tops * widths + lefts  # (N,)
        ramp = torch.arange(side, device=device)
        pixels = corners[:, None, None] + ramp[:, None] * widths[:, None, None] + ramp  # (N, S, S)
        labels = torch.from_numpy(windows.labels).to(device, torch.int64)
        return Batch(self.pixels[pixels], self.masks[pixels], labels)

    def to(self, device: torch.device) -> Photos:
        """Hold the photos on a device."""
        tensors = (self.pixels.to(device), self.masks.to(device), self.starts.to(device), self.widths.to(device))
        return Photos(*tensors, self.windows, self.names)


class PatchSource:
    """Training and validation windows of one or more data sets.

    Parameters
    ----------
    train, validation : Photos
        No photograph may be in both: the splits see to that.
    config : DataConfig
        How windows are drawn.
    side : int
        S, in pixels.
    batch : int
        Windows per step, over all processes.
    seed : int
        Of the windows.
    left_out : mapping
        Reason -> how many files of the data sets were not used for it.
    """

    def __init__(
        self,
        train: Photos,
        validation: Photos,
        config: DataConfig,
        *,
        side: int,
        batch: int,
        seed: int,
        left_out: Mapping[str, int] | None = None,
    ) -> None:
        self.train, self.validation = train, validation
        self.left_out = dict(left_out or {})
        self._config, self._side, self._batch, self._seed = config, side, batch, seed
        if min(train.windows.counts[0], sum(train.windows.counts[1:])) == 0:
            raise DataError("the training split holds no manipulated or no authentic window; it needs both")

    def to(self, device: torch.device) -> PatchSource:
        """Hold the photos on a device, where it has the memory."""
        photos = self.train.to(device), self.validation.to(device)
        return PatchSource(
            photos[0],
            photos[1],
            self._config,
            side=self._side,
            batch=self._batch,
            seed=self._seed,
            left_out=self.left_out,
        )

    def batch(self, step: int, rank: int, world: int) -> Batch:
        """Windows of one step for one process: every ``world``-th of the batch, from ``rank`` on."""
        rng = np.random.default_rng((self._seed, step))
        windows = self.train.windows.draw(rng, self._batch, near_share=self._config.near_share)
        turns = rng.integers(8, size=self._batch)
        part = slice(rank, None, world)
        batch = self.train.cut(_part(windows, part), self._side)
        return _turned(batch, turns[part]) if self._config.augment else batch

    def validation_batches(self) -> Iterator[Batch]:
        """Yield the validation windows, always the same, in batches."""
        count = self._config.validation_windows
        rng = np.random.default_rng((self._seed, VALIDATION_STREAM))
        windows = self.validation.windows.draw(rng, count, near_share=self._config.near_share)
        for start in range(0, len(windows), self._batch):
            yield self.validation.cut(_part(windows, slice(start, start + self._batch)), self._side)


def load_source(splits: TrainingSplits, config: DataConfig, *, side: int, batch: int, seed: int) -> PatchSource:
    """Read the training and the validation split into memory.

    Raises
    ------
    PhotoError, DataError
        When a photo or a mask cannot be read, or the training split lacks a class.
    """
    train = load_photos(splits.train, config, side, laundered_share=config.laundered_share)
    validation = load_photos(splits.validation, config, side)
    return PatchSource(train, validation, config, side=side, batch=batch, seed=seed, left_out=splits.left_out)


def load_photos(samples: Sequence[Sample], config: DataConfig, side: int, *, laundered_share: float = 0.0) -> Photos:
    """Decode photos and masks into memory, several at a time: 4 bytes per pixel, and no second copy.

    Of the training photos some are replaced by laundered copies, which are never larger.
    """
    shapes = [stored_shape(sample.photo) for sample in samples]
    sizes = np.array([height * width for height, width in shapes], np.int64)
    starts = np.cumsum(sizes) - sizes
    pixels, masks = np.empty((sizes.sum(), 3), np.uint8), np.empty(sizes.sum(), np.bool_)
    widths = np.empty(len(samples), np.int64)

    def load(index: int) -> WindowTable:
        photo, truth = read_training_photo(samples[index], laundered_share)
        part = slice(starts[index], starts[index] + truth.size)
        pixels[part], masks[part] = photo.reshape(-1, 3), truth.reshape(-1)
        widths[index] = truth.shape[1]
        return window_table(truth, side=side, grid=config.grid, rule=config.rule)

    with ThreadPoolExecutor() as threads:
        tables = list(threads.map(load, range(len(samples))))
    return Photos(
        pixels=torch.from_numpy(pixels),
        masks=torch.from_numpy(masks),
        starts=torch.from_numpy(starts),
        widths=torch.from_numpy(widths),
        windows=WindowPool(tables),
        names=tuple(sample.name for sample in samples),
    )


def _part(windows: Windows, part: slice) -> Windows:
    return Windows(windows.photos[part], windows.tops[part], windows.lefts[part], windows.labels[part])


def _turned(batch: Batch, turns: NDArray[np.int64]) -> Batch:
    """Mirror and turn each window by its number: bit 0 up-down, bit 1 left-right, bit 2 across the diagonal."""
    patches, masks = batch.patches, batch.masks
    for bit, axes in ((1, (1,)), (2, (2,)), (4, None)):
        chosen = torch.from_numpy((turns & bit) > 0).to(patches.device)
        patches, masks = (_where(chosen, _mirrored(array, axes), array) for array in (patches, masks))
    return Batch(patches, masks, batch.labels)


def _mirrored(array: Tensor, axes: tuple[int, ...] | None) -> Tensor:
    return array.transpose(1, 2) if axes is None else array.flip(axes)


def _where(chosen: Tensor, there: Tensor, here: Tensor) -> Tensor:
    return torch.where(chosen.view(-1, *[1] * (here.ndim - 1)), there, here)
