"""A sample: a photo, its truth mask (or none), its split; and what an adapter hands back."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.datasets.masks import Reading, load_masks
from unseam.photo.decoding import DECODER_FAILURES
from unseam.photo.photo import load_photo

AUTHENTIC = "authentic"
"""The kind of a photo that was not manipulated."""

INVERTED_SHARE, INVERTED_MASKS = 0.5, 0.9
"""Masks look inverted if more than nine in ten of a set mark more than half of their photo: forgers paste less."""

LOOKS_INVERTED = "Nearly all masks mark more than half of their photo: black and white may be swapped."


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
        Photos that share a source share a group; no group may be in two splits.
    split : str
        ``train``, ``validation``, ``test``, a part that the data set itself names (a JPEG quality, say), or empty.
    reading : Reading
        What marks a manipulated pixel in the mask.
    more_masks : tuple of Path
        Where each manipulated object has a separate mask: the others; the truth is the union.
    """

    name: str
    photo: Path
    mask: Path | None = None
    kind: str = "manipulated"
    group: str = ""
    split: str = ""
    reading: Reading = Reading.WHITE
    more_masks: tuple[Path, ...] = ()

    @property
    def masks(self) -> tuple[Path, ...]:
        """All files of the truth; empty for an authentic photo."""
        return () if self.mask is None else (self.mask, *self.more_masks)

    def truth(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the truth mask ``(H, W) bool``: all False for an authentic photo; errors as in `load_mask`."""
        return np.zeros(shape, bool) if self.mask is None else load_masks(self.masks, shape, self.reading)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A file that an adapter did not use, why, and the masks that go with it if it is a photo."""

    path: Path
    reason: str
    masks: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleSet:
    """What an adapter returns: the samples whose pairing is proven, and every file that it left out.

    Attributes
    ----------
    samples : tuple of Sample
        In the order of their names.
    exclusions : tuple of Exclusion
        In the order of their paths.
    shares : mapping
        Name of a sample with a mask -> share of its pixels that are manipulated, as found while proving it.
    """

    samples: tuple[Sample, ...]
    exclusions: tuple[Exclusion, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

    def exclusion_counts(self) -> dict[str, int]:
        """Count the exclusions by reason, most frequent first."""
        return dict(Counter(exclusion.reason for exclusion in self.exclusions).most_common())

    @property
    def looks_inverted(self) -> bool:
        """Whether nearly all masks mark far more than a forger would: black and white may be swapped."""
        beyond = sum(share > INVERTED_SHARE for share in self.shares.values())
        return bool(self.shares) and beyond > INVERTED_MASKS * len(self.shares)


def stored_shape(path: Path) -> tuple[int, int]:
    """Height and width of a photo as stored, from its header where Pillow alone can read it.

    Raises
    ------
    PhotoError
        The file is not a photo.
    """
    with warnings.catch_warnings():
        # The limit on pixels is load_photo's, and so is what is said of a damaged file; a header costs nothing.
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                return image.height, image.width
        except DECODER_FAILURES:
            photo = load_photo(path)
    return photo.height, photo.width
