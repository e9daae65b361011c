"""Resizing and recompression after the edit, as messengers, social networks, mail, screens and web sites do.

Each profile names where its sizes come from; messengers and networks are those of `unseam.provenance.signatures`.
Services change their settings and treat files by size, device and account, so qualities and sharpening are ranges
around what was seen, not one platform's value of one day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.forging.adjustments import resized_mask, sharpened
from unseam.forging.history import LOSSLESS, SUBSAMPLING, Compression, decoded, encoded
from unseam.provenance.signatures import Platform, platforms

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Filters of a reduction; ``point-bilinear``, without an average beforehand as graphics hardware does, is one more."""

POINT = "point-bilinear"

MIN_SCALE = 0.3
"""Strongest reduction of one copy; beyond it nothing is left to find in frames of a few hundred pixels."""

MIN_SIDE = 160
"""No copy reduces the shorter side of a frame below this many pixels."""

ONLY_420 = ("4:2:0",)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of service does to a photograph.

    Attributes
    ----------
    name, source : str
        The source says where the sizes were read.
    longest : tuple of int
        Limits of the longest side in pixels, each as likely; larger photographs are reduced to one. Empty: ``scale``.
    scale : (float, float)
        Where there is no limit: factor of both sides, drawn uniformly.
    quality : (int, int)
        IJG quality of the JPEG.
    subsampling : tuple of str
        Of its chroma, each as likely.
    sharpening : (float, float)
        Amount of the unsharp mask after a reduction.
    png_share : float
        How often the copy is a PNG.
    weight : float
        How often the profile is drawn, relative to the sum.
    """

    name: str
    source: str
    longest: tuple[int, ...] = ()
    scale: tuple[float, float] = (1.0, 1.0)
    quality: tuple[int, int] = (75, 90)
    subsampling: tuple[str, ...] = ONLY_420
    sharpening: tuple[float, float] = (0.0, 0.0)
    png_share: float = 0.0
    weight: float = 1.0


OTHERS = (
    Profile(
        "instagram",
        "J. Harmon, Photo Taco 2021: 1080 pixels from 5120; Douglas 2018, thesis, University of Colorado Denver",
        longest=(1080, 1440),
        quality=(70, 90),
        sharpening=(0.0, 0.4),
    ),
    Profile(
        "flickr",
        "fixed sizes; Giudice, Paratore, Moltisanti, Battiato 2017, DOI 10.1007/978-3-319-68548-9_57",
        longest=(640, 800, 1024, 1600, 2048),
        quality=(82, 94),
        subsampling=("4:4:4", "4:2:0"),
        sharpening=(0.2, 0.8),
    ),
    Profile(
        "wordpress",
        "WP_Image_Editor of WordPress: quality 82, sizes 1024, 1536, 2048 and the threshold of 2560 pixels",
        longest=(1024, 1536, 2048, 2560),
        quality=(80, 84),
        subsampling=("4:2:0", "4:4:4"),
        sharpening=(0.0, 0.4),
    ),
    Profile(
        "mail",
        "Apple Mail's image sizes: 640 (medium) and 1280 (large) pixels",
        longest=(640, 1280),
        quality=(70, 90),
        subsampling=("4:2:0", "4:4:4"),
    ),
    Profile(
        "screenshot",
        "a photograph drawn on a screen at any size, saved without loss or as a JPEG of the phone",
        scale=(0.4, 1.3),
        quality=(80, 95),
        subsampling=("4:4:4", "4:2:0"),
        png_share=0.6,
    ),
    Profile(
        "web-copy",
        "a copy of unknown making: sizes and qualities spread evenly",
        scale=(0.4, 1.0),
        quality=(55, 92),
        subsampling=SUBSAMPLING,
        sharpening=(0.0, 0.6),
        weight=3.0,
    ),
    Profile(
        "saved-again",
        "opened and saved at the same size",
        quality=(50, 95),
        subsampling=SUBSAMPLING,
        weight=1.5,
    ),
)
"""Services that the signature table does not list, and copies of unknown making; the weights are a guess of how often
analysts meet each."""

QUALITY_SPREAD = 5
"""By how much a platform's quality may differ from what was read, either way: settings change."""

SECOND_SHARE = 0.25
"""How often a laundered file is laundered once more, as forwarded photographs are."""

SHARPENING_SHARE = 0.6
"""How often a profile that may sharpen does."""


@cache
def profiles() -> tuple[Profile, ...]:
    """Return all profiles: the platforms of `signatures`, and ``OTHERS``."""
    return (*(_of_platform(platform) for platform in platforms() if platform.quality is not None), *OTHERS)


def _of_platform(platform: Platform) -> Profile:
    low, high = platform.quality or (0, 0)
    name = re.sub(r"[^a-z]+", "-", platform.name.lower()).strip("-")
    return Profile(
        f"{name}-{max(platform.longest)}",
        platform.source,
        longest=platform.longest,
        quality=(low - QUALITY_SPREAD, high + QUALITY_SPREAD),
    )


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: its profile, the factor of both sides, the filter, the sharpening afterwards, and how it is saved."""

    profile: str
    scale: float
    resampling: str
    sharpening: float
    compression: Compression


def draw_copies(longest: float, rng: np.random.Generator) -> tuple[Copy, ...]:
    """Draw one or two copies of a photograph whose longest side has this many pixels."""
    first = _draw_copy(longest, rng)
    second = _draw_copy(longest * first.scale, rng)
    return (first, second) if rng.random() < SECOND_SHARE else (first,)


def _draw_copy(longest: float, rng: np.random.Generator) -> Copy:
    weights = np.array([profile.weight for profile in profiles()])
    profile = profiles()[int(rng.choice(len(weights), p=weights / weights.sum()))]
    limit, free = rng.random(), float(rng.uniform(*profile.scale))
    scale = min(1.0, profile.longest[int(limit * len(profile.longest))] / longest) if profile.longest else free
    sharpening = float(rng.uniform(*profile.sharpening)) * float(rng.random() < SHARPENING_SHARE)
    quality = int(rng.integers(profile.quality[0], profile.quality[1] + 1))
    subsampling = profile.subsampling[int(rng.integers(len(profile.subsampling)))]
    png = rng.random() < profile.png_share
    return Copy(
        profile.name,
        max(scale, MIN_SCALE),
        str(rng.choice([*FILTERS, POINT])),
        sharpening if scale < 1 else 0.0,
        LOSSLESS if png else Compression(quality, subsampling),
    )


def total_scale(copies: Sequence[Copy]) -> float:
    """Return the factor of both sides that several copies make together."""
    return float(np.prod([copy.scale for copy in copies]))


def limited(copies: Sequence[Copy], shorter: int) -> tuple[Copy, ...]:
    """Return copies that reduce a frame with this shorter side, in pixels, to no less than ``MIN_SIDE``, if at all."""
    kept, side = [], float(shorter)
    for copy in copies:
        scale = max(copy.scale, min(1.0, MIN_SIDE / side))
        kept.append(replace(copy, scale=scale))
        side *= scale
    return tuple(kept)


def laundered(data: bytes, masks: Sequence[Mask | None], copies: Sequence[Copy]) -> tuple[bytes, list[Mask | None]]:
    """Launder a saved file and the (H, W) bool masks that belong to it; None stays None."""
    held = list(masks)
    for copy in copies:
        pixels = _reduced(decoded(data), copy)
        held = [None if mask is None else resized_mask(mask, *pixels.shape[:2]) for mask in held]
        data = encoded(sharpened(pixels, copy.sharpening) if copy.sharpening else pixels, copy.compression)
    return data, held


def _reduced(pixels: Pixels, copy: Copy) -> Pixels:
    """Resize (H, W, 3) uint8 RGB as a copy says."""
    height, width = (max(8, round(side * copy.scale)) for side in pixels.shape[:2])
    if (height, width) == pixels.shape[:2]:
        return pixels
    if copy.resampling == POINT:
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((width, height), FILTERS[copy.resampling]))
