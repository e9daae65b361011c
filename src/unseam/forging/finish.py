"""What a frame goes through after the edit: adjustment, decoration, saving, laundering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unseam.forging.adjustments import adjusted, resized_mask
from unseam.forging.decoration import Decoration, decorated
from unseam.forging.history import Compression, encoded
from unseam.forging.laundering import Copy, laundered

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Finish:
    """Steps after the edit, in this order.

    Attributes
    ----------
    adjustment, strength
        One mild adjustment, as in `adjusted`.
    decoration : Decoration, optional
    compression : Compression
        How the edited frame is saved.
    copies : tuple of Copy
        How the saved file is laundered; empty: not at all.
    """

    adjustment: str
    strength: float
    decoration: Decoration | None
    compression: Compression
    copies: tuple[Copy, ...] = ()

    @property
    def saved(self) -> Compression:
        """How the final file is saved: by the last copy, if there is any."""
        return self.copies[-1].compression if self.copies else self.compression


def finished(
    pixels: Pixels, masks: Sequence[Mask | None], finish: Finish, panel: Pixels | None, rng: np.random.Generator
) -> tuple[bytes, list[Mask | None]]:
    """Return the final file of an edited frame, and its masks at the size of the file.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        RGB.
    masks : sequence of (H, W) bool or None
        None stays None.
    finish : Finish
    panel : (h, w, 3) uint8, optional
        A collage's second photograph.
    rng : numpy.random.Generator
        Of the noise.
    """
    done = adjusted(pixels, finish.adjustment, finish.strength, rng)
    held = [None if mask is None else resized_mask(mask, *done.shape[:2]) for mask in masks]
    if finish.decoration is not None:
        done, held = decorated(done, held, finish.decoration, panel)
    return laundered(encoded(done, finish.compression), held, finish.copies)
