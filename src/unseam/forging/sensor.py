"""A photograph as another camera would have taken it: colour filter array, noise, demosaicing.

Reduced strongly, a photograph has lost its JPEG traces and its demosaicing. This gives it those of a camera again, so
that a splice of two has what a splice of two cameras has before any compression. The noise is signal dependent, photon
noise with a constant part (Foi et al. 2008, DOI 10.1109/TIP.2008.2001399).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

MOSAICS = {"RG": ("RG", "GB"), "GR": ("GR", "BG"), "BG": ("BG", "GR"), "GB": ("GB", "RG")}
"""The first two rows and columns of the colour filter array, by the first row."""

DEMOSAICING = ("bilinear", "gradients", "edges")
"""OpenCV's three: bilinear, variable number of gradients, edge aware."""

_CODES = {
    # OpenCV names a pattern by the second and third pixel of the second and third row.
    ("RG", "bilinear"): cv2.COLOR_BayerBG2RGB,
    ("GR", "bilinear"): cv2.COLOR_BayerGB2RGB,
    ("BG", "bilinear"): cv2.COLOR_BayerRG2RGB,
    ("GB", "bilinear"): cv2.COLOR_BayerGR2RGB,
    ("RG", "gradients"): cv2.COLOR_BayerBG2RGB_VNG,
    ("GR", "gradients"): cv2.COLOR_BayerGB2RGB_VNG,
    ("BG", "gradients"): cv2.COLOR_BayerRG2RGB_VNG,
    ("GB", "gradients"): cv2.COLOR_BayerGR2RGB_VNG,
    ("RG", "edges"): cv2.COLOR_BayerBG2RGB_EA,
    ("GR", "edges"): cv2.COLOR_BayerGB2RGB_EA,
    ("BG", "edges"): cv2.COLOR_BayerRG2RGB_EA,
    ("GB", "edges"): cv2.COLOR_BayerGR2RGB_EA,
}

GAIN, READ = (0.0, 0.06), (0.2, 2.0)
"""Ranges of the photon noise's variance per grey level, and of the constant noise in grey levels."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One camera: ``mosaic`` of `MOSAICS`, ``demosaicing`` of `DEMOSAICING`, ``gain`` and ``read`` of the noise."""

    mosaic: str
    demosaicing: str
    gain: float
    read: float


def sensed(pixels: Pixels, sensor: Sensor, rng: np.random.Generator) -> Pixels:
    """Take (H, W, 3) uint8 RGB again by a camera."""
    mosaic = np.empty(pixels.shape[:2], np.float32)
    for row, colours in enumerate(MOSAICS[sensor.mosaic]):
        for column, colour in enumerate(colours):
            mosaic[row::2, column::2] = pixels[row::2, column::2, "RGB".index(colour)]
    noise = rng.standard_normal(mosaic.shape, np.float32) * np.sqrt(sensor.gain * mosaic + sensor.read**2)
    raw = np.clip(np.rint(mosaic + noise), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(raw, _CODES[sensor.mosaic, sensor.demosaicing]), np.uint8)
