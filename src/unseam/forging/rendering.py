"""Phone-like rendering: local tone mapping, noise reduction and sharpening that vary over the frame.

They change noise and sharpness from place to place, and are no forgery. Local tone mapping divides a photograph into
base and detail and compresses the base alone (Durand and Dorsey 2002, DOI 10.1145/566654.566574); the base here is a
guided filter's (He, Sun, Tang 2013, DOI 10.1109/TPAMI.2012.213), computed on a reduced frame. Noise is reduced where
the frame is flat (Lee 1980, DOI 10.1109/TPAMI.1980.4766994).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.forging.adjustments import sharpened

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

BASE_SIDE = 256
"""The base is computed on a frame reduced to about this many pixels on the longer side."""

BASE_RADIUS = 12
"""Radius of the guided filter on the reduced frame, in pixels."""

EDGE_VARIANCE = 400.0
"""Variance in squared grey levels above which the guided filter takes a step for an edge and keeps it."""

MID_GREY = 118.0
"""Grey level that local tone mapping moves the base towards: 18 % reflectance in sRGB."""

MAX_GAIN = 2.0
"""Largest local gain, and inverse of the smallest."""

WINDOW = 5
"""Side of the window in which local variance is measured, in pixels."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """Strengths of the three steps; 0 leaves one out.

    Attributes
    ----------
    tone : float
        Share of the way, in logarithms, that the base is moved to mid grey.
    noise : float
        Standard deviation in grey levels that noise reduction takes for noise.
    sharpening : float
        Amount of the unsharp mask.
    """

    tone: float = 0.0
    noise: float = 0.0
    sharpening: float = 0.0


NO_RENDERING = Rendering()

STRENGTHS = {"tone": (0.1, 0.5), "noise": (1.0, 5.0), "sharpening": (0.3, 1.5)}
"""Range of each strength."""


def rendered(pixels: Pixels, rendering: Rendering) -> Pixels:
    """Render (H, W, 3) uint8 RGB; the same array where all strengths are 0."""
    if rendering.noise:
        pixels = denoised(pixels, rendering.noise)
    if rendering.tone:
        pixels = tone_mapped(pixels, rendering.tone)
    return sharpened(pixels, rendering.sharpening) if rendering.sharpening else pixels


def tone_mapped(pixels: Pixels, amount: float) -> Pixels:
    """Compress the base of (H, W, 3) uint8 RGB towards mid grey and keep its detail."""
    height, width = pixels.shape[:2]
    factor = max(1.0, max(height, width) / BASE_SIDE)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    luma = np.asarray(cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))
    base = np.maximum(_guided(luma.astype(np.float32)), 1)
    gain = np.clip((MID_GREY / base) ** amount, 1 / MAX_GAIN, MAX_GAIN)
    full: Plane = np.asarray(cv2.resize(gain.astype(np.float32), (width, height)), np.float32)
    mapped: Plane = pixels * full[..., None]
    return np.clip(np.rint(mapped), 0, 255).astype(np.uint8)


def _guided(luma: Plane) -> Plane:
    """Smooth an (h, w) plane except across its edges."""
    size = (2 * BASE_RADIUS + 1, 2 * BASE_RADIUS + 1)
    mean = np.asarray(cv2.blur(luma, size))
    variance = np.asarray(cv2.blur(luma * luma, size)) - mean * mean
    slope = variance / (variance + EDGE_VARIANCE)
    kept, moved = cv2.blur(slope, size), cv2.blur((1 - slope) * mean, size)
    return np.asarray(np.asarray(kept) * luma + np.asarray(moved), np.float32)


def denoised(pixels: Pixels, noise: float) -> Pixels:
    """Replace (H, W, 3) uint8 by local means where the local variance is no more than that of the noise."""
    values = pixels.astype(np.float32)
    mean = np.asarray(cv2.blur(values, (WINDOW, WINDOW)))
    variance = np.maximum(np.asarray(cv2.blur(values * values, (WINDOW, WINDOW))) - mean * mean, 0)
    kept = np.maximum(variance - noise**2, 0) / np.maximum(variance, 1e-3)
    return np.clip(np.rint(mean + kept * (values - mean)), 0, 255).astype(np.uint8)
