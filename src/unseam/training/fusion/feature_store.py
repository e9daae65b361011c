"""A folder of block features: computed once for each photo, float16, read from the disk by memory map.

Two files for each photo, ``KEY.features.npy`` and ``KEY.truth.npy``. The key is a digest of all they depend on: the
photo, its masks, the names of the features, and the detectors that were left out. Several trainings share one
folder, and an interrupted computation resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from unseam.datasets.sample import Sample
from unseam.detectors.block_dct import SIDE
from unseam.models.fusion.features import block_features, feature_names
from unseam.photo.photo import load_photo
from unseam.system.atomic_files import replacing
from unseam.system.cores import SINGLE_THREADED, environment
from unseam.training.fusion.network import CELLS_ACROSS
from unseam.training.fusion.recipe import BlockConfig

FEATURES_FILE, TRUTH_FILE = ".features.npy", ".truth.npy"
"""Endings of the two files of a photo."""

KEY_DIGITS = 32
"""Hexadecimal digits of a key: 128 bits."""

Halves = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """One photo of a feature store; its arrays stay on the disk until they are read.

    Attributes
    ----------
    stem : Path
        Path of both files without their endings.
    shape : (int, int)
        R and C, rows and columns of blocks.
    manipulated : bool
        Whether any cell of it is.
    """

    stem: Path
    shape: tuple[int, int]
    manipulated: bool

    @property
    def features(self) -> Halves:
        """(R, C, F) float16, a memory map: a crop is a few short stretches of the file."""
        return _mapped(_with_ending(self.stem, FEATURES_FILE))

    @property
    def truth(self) -> Halves:
        """(2 R, 2 C) float16, a memory map: manipulated share of each cell, a multiple of 1/16 and therefore exact."""
        return _mapped(_with_ending(self.stem, TRUTH_FILE))


def store_features(
    samples: Sequence[Sample],
    config: BlockConfig,
    folder: Path,
    *,
    workers: int,
    title: str = "features",
    quiet: bool = False,
) -> list[StoredPhoto]:
    """Compute the features of photos that a store does not hold yet; return all photos in the samples' order.

    Parameters
    ----------
    samples : sequence of Sample
    config : BlockConfig
        Which detectors are left out for which photos.
    folder : Path
        The store, made if missing. Features take about 4 MB a megapixel.
    workers : int
        Processes; 0 for one a core.
    title : str
        Of the progress bar.
    quiet : bool
        No progress bar.

    Raises
    ------
    PhotoError, DataError
        When a photo or a mask cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = partial(stored, config=config, folder=folder)
    pool = ProcessPoolExecutor(workers or None, mp_context=get_context("spawn"))
    with environment(SINGLE_THREADED), pool as processes:
        photos = processes.map(work, samples, chunksize=4)
        bar = track(photos, title, len(samples), console=Console(stderr=True), transient=True, disable=quiet)
        return list(bar)


def stored(sample: Sample, config: BlockConfig, folder: Path) -> StoredPhoto:
    """Compute the features of one photo, unless the store holds them."""
    skipped = config.skipped(sample.name)
    stem = folder / _key(sample, skipped)
    if not _with_ending(stem, FEATURES_FILE).exists():
        photo = load_photo(sample.photo)
        values = block_features(photo, without=frozenset(skipped)).values
        truth = cell_shares(sample.truth((photo.height, photo.width)), values.shape[1:])
        _write(_with_ending(stem, TRUTH_FILE), truth)
        _write(_with_ending(stem, FEATURES_FILE), values.transpose(1, 2, 0))  # last: it says that both are there
    rows, columns, _ = _mapped(_with_ending(stem, FEATURES_FILE)).shape
    return StoredPhoto(stem, (rows, columns), sample.mask is not None)


def cell_shares(truth: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the manipulated share of cells, (H, W) bool to (2 R, 2 C) float32; beyond the photo's border it is 0."""
    rows, columns = shape
    whole = np.zeros((rows * SIDE, columns * SIDE), np.float32)
    whole[: truth.shape[0], : truth.shape[1]] = truth
    size = (columns * CELLS_ACROSS, rows * CELLS_ACROSS)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[::-1])


def _key(sample: Sample, skipped: Sequence[str]) -> str:
    key = sha256("\0".join((*feature_names(), *skipped)).encode())
    for path in (sample.photo, *sample.masks):
        key.update(sha256(path.read_bytes()).digest())
    return key.hexdigest()[:KEY_DIGITS]


def _with_ending(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _write(path: Path, values: NDArray[np.float32]) -> None:
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, np.ascontiguousarray(values, np.float16))


def _mapped(path: Path) -> Halves:
    mapped: Halves = np.load(path, mmap_mode="r")
    return mapped
