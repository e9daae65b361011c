"""What happens to photos on their way: compressed, resized, blurred, noisy, photographed off a screen.

A degraded photo is made from the decoded pixels of the original file; its truth mask goes through the same geometry.
Whatever is not saved as JPEG is saved without loss, so that each curve shows one cause. Noise is drawn from the seed,
the sample's name and the strength: the same photo gets the same noise in whatever order, and after a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.errors import DataError
from unseam.photo.photo import Photo, load_photo

SCREEN_OFFSET = (3, 5)
"""Rows and columns that a screenshot cuts off: odd, so that the photo's 8 x 8 grid is not kept by chance."""

SCREENSHOT_QUALITY = 85
"""JPEG quality at which a screenshot is passed on, about that of messengers."""

MASK_MAJORITY = 0.5
"""From this share on, a pixel of a resized mask is manipulated."""

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Condition:
    """One degradation at one strength; without a name: the photo as the data set has it."""

    degradation: str = ""
    strength: float = 0.0

    def __str__(self) -> str:
        return f"{self.degradation} {self.strength:g}" if self.degradation else "original"


ORIGINAL = Condition()


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way in which photos suffer.

    Attributes
    ----------
    label : str
        What the strength is, with its unit.
    strengths : tuple of float
        Those of a sweep, the weakest first (of resizing: from small to large).
    lowest, highest : float
        Strengths that make sense.
    degrade : function
        Pixels that were moved already, strength, generator -> photo as it is passed on.
    move : function
        What happens to the frame, for pixels (H, W, 3) and masks (H, W) alike.
    """

    label: str
    strengths: tuple[float, ...]
    lowest: float
    highest: float
    degrade: Callable[[Pixels, float, np.random.Generator], Photo]
    move: Callable[[Floats, float], Floats] = lambda array, _: array


def degraded(
    photo: Photo, truth: NDArray[np.bool_], condition: Condition, *, name: str, seed: int = 0
) -> tuple[Photo, NDArray[np.bool_]]:
    """Degrade a photo and its truth.

    Parameters
    ----------
    photo : Photo
    truth : (H, W) bool
        True = manipulated.
    condition : Condition
        Returns both as they are for `ORIGINAL`.
    name : str
        The sample's; with ``seed`` it decides the noise.
    seed : int

    Returns
    -------
    photo : Photo
        Of h x w pixels.
    truth : (h, w) bool

    Raises
    ------
    DataError
        Nothing, or everything, is manipulated in the resized mask.
    """
    if condition == ORIGINAL:
        return photo, truth
    way = DEGRADATIONS[condition.degradation]
    rng = np.random.default_rng(list(hashlib.sha256(f"{seed}\0{name}\0{condition}".encode()).digest()))
    moved = np.clip(np.rint(way.move(photo.pixels.astype(np.float32), condition.strength)), 0, 255).astype(np.uint8)
    mask = way.move(truth.astype(np.float32), condition.strength) >= MASK_MAJORITY
    if truth.any() and (mask.all() or not mask.any()):
        share = "nothing" if not mask.any() else "everything"
        raise DataError(f"{name}: the mask marks {share} after {condition}; leave this strength out")
    return way.degrade(moved, condition.strength, rng), mask


def find_conditions(named: Sequence[str]) -> tuple[Condition, ...]:
    """Read the degradations of a command line.

    Parameters
    ----------
    named : sequence of str
        ``NAME`` for a whole sweep, ``NAME=S,S`` for these strengths, ``all`` for every sweep.

    Returns
    -------
    tuple of Condition
        `ORIGINAL` first; each once.

    Raises
    ------
    DataError
        No such degradation, or a strength that is not a number or out of range.
    """
    texts = [text for name in named for text in (DEGRADATIONS if name == "all" else [name])]
    conditions = [condition for text in texts for condition in _sweep(*text.partition("=")[::2])]
    return tuple(dict.fromkeys([ORIGINAL, *conditions]))


def _sweep(name: str, strengths: str) -> list[Condition]:
    if name not in DEGRADATIONS:
        raise DataError(f"no degradation {name!r}; there are: {', '.join(DEGRADATIONS)} (or all)")
    way = DEGRADATIONS[name]
    try:
        wanted = [float(text) for text in strengths.split(",")] if strengths else list(way.strengths)
    except ValueError as error:
        raise DataError(f"{name}={strengths}: expected numbers with commas, as {name}=1,2") from error
    if not all(way.lowest <= strength <= way.highest for strength in wanted):
        raise DataError(f"{name}={strengths}: expected {way.label} from {way.lowest:g} to {way.highest:g}")
    return [Condition(name, strength) for strength in wanted]


def _jpeg(pixels: Pixels, quality: float) -> Photo:
    """Save as Pillow does by default: 4:2:0, and libjpeg's tables for a quality of 1 to 100."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=round(quality))
    return load_photo(file.getvalue())


def _blurred(pixels: Pixels, sigma: float) -> Photo:
    return load_photo(np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8))


def _noisy(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Photo:
    noisy = pixels + np.float32(sigma) * rng.standard_normal(pixels.shape, np.float32)
    return load_photo(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))


def _scaled(array: Floats, factor: float) -> Floats:
    """Resize by averaging, or enlarge by cubic interpolation; borders of the frame stay borders."""
    size = max(round(array.shape[1] * factor), 1), max(round(array.shape[0] * factor), 1)
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(array, size, interpolation=interpolation), np.float32)


def _on_screen(array: Floats, factor: float) -> Floats:
    top, left = SCREEN_OFFSET
    shown = _scaled(array, factor)
    return np.ascontiguousarray(shown[min(top, shown.shape[0] - 1) :, min(left, shown.shape[1] - 1) :])


DEGRADATIONS: Mapping[str, Degradation] = {
    "jpeg": Degradation(
        label="JPEG quality",
        strengths=(100, 95, 90, 80, 70, 60, 50),
        lowest=1,
        highest=100,
        degrade=lambda pixels, quality, _: _jpeg(pixels, quality),
    ),
    "resize": Degradation(
        label="scale (saved without loss)",
        strengths=(0.25, 0.5, 0.75, 1, 1.25, 1.5),
        lowest=0.05,
        highest=4,
        degrade=lambda pixels, *_: load_photo(pixels),
        move=_scaled,
    ),
    "blur": Degradation(
        label="blur, standard deviation in pixels (saved without loss)",
        strengths=(0.5, 1, 2, 3),
        lowest=0.1,
        highest=50,
        degrade=lambda pixels, sigma, _: _blurred(pixels, sigma),
    ),
    "noise": Degradation(
        label="noise, standard deviation in grey levels (saved without loss)",
        strengths=(1, 2, 5, 10),
        lowest=0,
        highest=255,
        degrade=_noisy,
    ),
    "screenshot": Degradation(
        label=f"scale on the screen (then cut and saved as JPEG {SCREENSHOT_QUALITY})",
        strengths=(1, 0.75, 0.5),
        lowest=0.05,
        highest=4,
        degrade=lambda pixels, *_: _jpeg(pixels, SCREENSHOT_QUALITY),
        move=_on_screen,
    ),
}
"""All degradations, by their names on the command line."""
