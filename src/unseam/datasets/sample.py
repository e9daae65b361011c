"""A sample: a photo, its truth mask (or none), its split; and what an adapter hands back."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.errors import DataError
from unseam.photo import load_photo

AUTHENTIC = "authentic"
"""The kind of a photo that nobody manipulated."""

MASK_THRESHOLD = 0.5
"""From this share of white on, a pixel of a soft-edged mask is manipulated."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo of a data set with what is known about it.

    Attributes
    ----------
    name : str
        Unique in its data set: the photo's path below the data set's root, with forward slashes.
    photo : Path
        The photo's file.
    mask : Path or None
        The truth mask's file; None for an authentic photo.
    kind : str
        ``splice``, ``copy-move``, ``removal``, ``authentic``, or the data set's own word.
    group : str
        Photos that share a source share a group; no group may be on two sides of a split.
    split : str
        ``train``, ``validation``, ``test``, or empty where the data set has no splits.
    """

    name: str
    photo: Path
    mask: Path | None = None
    kind: str = "manipulated"
    group: str = ""
    split: str = ""

    def truth(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the truth mask ``(H, W) bool``: all False for an authentic photo; errors as in `load_mask`."""
        return np.zeros(shape, bool) if self.mask is None else load_mask(self.mask, shape)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A file that an adapter did not use, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class SampleSet:
    """What an adapter returns: the samples whose pairing is proven, and every file that it left out."""

    samples: tuple[Sample, ...]
    exclusions: tuple[Exclusion, ...] = ()

    def exclusion_counts(self) -> dict[str, int]:
        """Count the exclusions by reason, most frequent first."""
        return dict(Counter(exclusion.reason for exclusion in self.exclusions).most_common())


def load_mask(path: str | os.PathLike[str], shape: tuple[int, int] | None = None) -> NDArray[np.bool_]:
    """Read a truth mask.

    Parameters
    ----------
    path : str or path
        A grey image, white (255, or 1 in a mask that knows only 0 and 1) = manipulated. Soft edges become
        manipulated from half of white on. Colour is accepted if it is grey in fact; alpha is ignored.
    shape : (H, W), optional
        The photo's stored height and width.

    Returns
    -------
    (H, W) bool
        True = manipulated.

    Raises
    ------
    DataError
        The file cannot be read, its size is not the photo's, it is coloured, it marks nothing, or everything.
    """
    path = Path(path)
    values = _grey_values(path)
    if shape is not None and values.shape != tuple(shape):
        _refuse(path, f"mask of {_size(values.shape)} for a photo of {_size(shape)}")
    white = 1 if values.max(initial=0) <= 1 else np.iinfo(values.dtype).max
    mask = values >= MASK_THRESHOLD * white
    if not mask.any():
        _refuse(path, "mask that marks nothing")
    if mask.all():
        _refuse(path, "mask that marks the whole photo")
    return np.asarray(mask, np.bool_)


def stored_shape(path: Path) -> tuple[int, int]:
    """Height and width of a photo as stored, from its header where Pillow alone can read it.

    Raises
    ------
    PhotoError
        The file is not a photo.
    """
    with warnings.catch_warnings():
        # The limit on pixels is load_photo's; a header costs nothing.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                return image.height, image.width
        except (OSError, SyntaxError, Image.DecompressionBombError):
            photo = load_photo(path)
    return photo.height, photo.width


def _grey_values(path: Path) -> NDArray[np.uint8] | NDArray[np.uint16]:
    try:
        with Image.open(path) as image:
            mode = image.mode
            sixteen_bit = mode.startswith("I")
            pixels = np.asarray(image if mode == "L" or sixteen_bit else image.convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: mask that cannot be read ({error}); expected a grey PNG") from error
    if sixteen_bit:
        return pixels.astype(np.uint16)
    if pixels.ndim == 3 and np.any(pixels != pixels[..., :1]):
        _refuse(path, "mask in colour")
    return np.asarray(pixels if pixels.ndim == 2 else pixels[..., 0], np.uint8)


def _refuse(path: Path, found: str) -> NoReturn:
    raise DataError(f"{path}: {found}; expected a grey image of the photo's size, white where it is manipulated")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} pixels"
