"""What a file shows of a photo's processing history: how it was compressed, whether it was resampled, its size.

What a finding is worth depends on it: few traces of an edit survive a copy at quality 70.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unseam.errors import DamagedPhoto, UnsupportedPhoto
from unseam.jpeg.quantization import nearest_quality
from unseam.models.fusion.resampling import Traces, resampling_traces

if TYPE_CHECKING:
    from unseam.photo.photo import Photo

LOSSLESS = 0
"""In place of a JPEG quality: the file is not a JPEG, or its tables are not of luma."""

TYPICAL_QUALITY = 80.0
"""Stands for the quality of a photo that has none, so that it moves no score."""

MAX_TRACE = 20.0
"""Limit, either way, of the logarithms of `Traces`, which are infinite where nothing can be measured."""

MEGAPIXEL = 1e6


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a photo's processing history.

    Attributes
    ----------
    quality : int
        IJG quality whose luma table is nearest to the file's, 1 to 100; `LOSSLESS` for other files.
    pixels : int
        Height x width.
    traces : Traces
        Of resampling.
    """

    quality: int
    pixels: int
    traces: Traces

    @property
    def inputs(self) -> dict[str, float]:
        """The history as numbers for the photo head."""
        lossless = self.quality == LOSSLESS
        return {
            "lossless": float(lossless),
            "quality": TYPICAL_QUALITY if lossless else float(self.quality),
            "log megapixels": float(np.log(self.pixels / MEGAPIXEL)),
            "periodicity": float(np.clip(self.traces.periodicity, -MAX_TRACE, MAX_TRACE)),
            "detail": float(np.clip(self.traces.detail, -MAX_TRACE, MAX_TRACE)),
        }

    @property
    def label(self) -> str:
        """The history in plain words: "compressed at about quality 80, 0.6 megapixels"."""
        saved = "saved without loss" if self.quality == LOSSLESS else f"compressed at about quality {self.quality}"
        return f"{saved}, {self.pixels / MEGAPIXEL:.1f} megapixels"


def photo_history(photo: Photo) -> History:
    """Read a photo's history from its file and pixels."""
    return History(_quality(photo), photo.height * photo.width, resampling_traces(photo.pixels))


def _quality(photo: Photo) -> int:
    try:
        luma = None if photo.jpeg is None else photo.jpeg.luma
    except (DamagedPhoto, UnsupportedPhoto):
        return LOSSLESS
    return LOSSLESS if luma is None else nearest_quality(tuple(int(step) for step in luma.table.ravel()))
