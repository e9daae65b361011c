"""Laundered copies of training photos: what a messenger or a social network would have made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseam.datasets.sample import Sample
from unseam.forging.laundering import draw_copies, laundered, limited
from unseam.forging.planner import WHOLE_SIDE
from unseam.photo.photo import load_photo

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def read_training_photo(sample: Sample, laundered_share: float) -> tuple[Pixels, Mask]:
    """Read a photo and its truth, or a laundered copy of both: the same copy every time.

    Parameters
    ----------
    sample : Sample
    laundered_share : float
        Probability of a copy; the sample's name decides.

    Returns
    -------
    pixels, truth
        (H, W, 3) uint8 RGB and (H, W) bool, never larger than the stored photo.
    """
    photo = load_photo(sample.photo)
    truth = sample.truth((photo.height, photo.width))
    rng = np.random.default_rng(list(sample.name.encode()))
    if rng.random() >= laundered_share:
        return photo.pixels, truth
    copies = limited(draw_copies(float(np.exp(rng.uniform(*np.log(WHOLE_SIDE)))), rng), min(photo.height, photo.width))
    data, masks = laundered(sample.photo.read_bytes(), [truth], copies)
    copy = load_photo(data)
    mask = masks[0]
    assert mask is not None
    return copy.pixels, mask
