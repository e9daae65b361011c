"""Constructed cases: for each detector a photo with its paper's trace inside a region and not outside, or the reverse.

Host and donor are photographs reduced to half their size first, which removes their own JPEG and sensor traces.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unseam.photo.photo import Photo, load_photo

Pixels = NDArray[np.uint8]
Case = tuple[Photo, NDArray[np.bool_]]

LARGEST_SIDE = 768
"""Pixels of a constructed case."""


def clean(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut a window of at most `LARGEST_SIDE`, reduced to half of its size."""
    height, width = (min(side // 16 * 16, 2 * LARGEST_SIDE) for side in pixels.shape[:2])
    top, left = (
        int(rng.integers(0, have - want + 1)) for have, want in zip(pixels.shape, (height, width), strict=False)
    )
    window = pixels[top : top + height, left : left + width]
    return cv2.resize(window, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def region(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw an ellipse of 5 to 20 % of the frame, anywhere."""
    height, width = shape
    area = rng.uniform(0.05, 0.2) * height * width
    stretch = rng.uniform(0.7, 1.4)
    down, across = (
        min(np.sqrt(area / np.pi) * factor, 0.48 * side) for factor, side in ((stretch, height), (1 / stretch, width))
    )
    row, column = rng.uniform(down, height - down), rng.uniform(across, width - across)
    rows, columns = np.ogrid[:height, :width]
    return ((rows - row) / down) ** 2 + ((columns - column) / across) ** 2 <= 1


def compressed(pixels: Pixels, quality: int) -> bytes:
    """Write a baseline JPEG, 4:4:4."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def resaved(pixels: Pixels, quality: int) -> Pixels:
    """Give the pixels after a JPEG compression."""
    return np.asarray(Image.open(io.BytesIO(compressed(pixels, quality))))


def shifted(pixels: Pixels, quality: int, rng: np.random.Generator) -> Pixels:
    """Compress on an 8 x 8 grid that lies 1 to 7 pixels off; the size stays."""
    down, across = (int(value) for value in rng.integers(1, 8, 2))
    wide = cv2.copyMakeBorder(pixels, down, 0, across, 0, cv2.BORDER_REFLECT)
    return resaved(wide, quality)[down:, across:]


def pasted(host: Pixels, donor: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """Put the donor's pixels into a region of the host, at the same place."""
    return np.where(inside[..., None], _fit(donor, host.shape), host).astype(np.uint8)


def _fit(pixels: Pixels, shape: tuple[int, ...]) -> Pixels:
    down, across = (max(0, want - have) for want, have in zip(shape[:2], pixels.shape[:2], strict=True))
    return cv2.copyMakeBorder(pixels, 0, down, 0, across, cv2.BORDER_REFLECT)[: shape[0], : shape[1]]


def aligned_double_jpeg(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host compressed twice on one grid, region once."""
    inside = region(host.shape[:2], rng)
    first, last = int(rng.integers(55, 81)), int(rng.integers(90, 97))
    return load_photo(compressed(pasted(resaved(host, first), donor, inside), last)), inside


def any_double_jpeg(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host compressed twice on one grid, region once; in a quarter of the cases more strongly the second time."""
    inside = region(host.shape[:2], rng)
    first, last = int(rng.integers(60, 93)), int(rng.integers(70, 98))
    return load_photo(compressed(pasted(resaved(host, first), donor, inside), last)), inside


def nonaligned_double_jpeg(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host compressed once, region twice on two grids."""
    inside = region(host.shape[:2], rng)
    first, last = int(rng.integers(50, 76)), int(rng.integers(92, 98))
    return load_photo(compressed(pasted(host, shifted(donor, first, rng), inside), last)), inside


def recompressed(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host once a JPEG, region never, saved without loss."""
    inside = region(host.shape[:2], rng)
    return load_photo(pasted(resaved(host, int(rng.integers(75, 93))), donor, inside)), inside


def once_jpeg(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host or region once a JPEG, the other never, saved without loss."""
    quality = int(rng.integers(75, 96))
    if rng.random() < 0.5:
        host = resaved(host, quality)
    else:
        donor = resaved(_fit(donor, host.shape), quality)
    inside = region(host.shape[:2], rng)
    return load_photo(pasted(host, donor, inside)), inside


def shifted_grid(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host and region once JPEGs, on two grids, saved without loss."""
    inside = region(host.shape[:2], rng)
    quality = int(rng.integers(50, 81))
    return load_photo(pasted(resaved(host, quality), shifted(donor, quality, rng), inside)), inside


def ghost(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Region, or all but the region, once a JPEG of lower quality, on the host's grid."""
    inside = region(host.shape[:2], rng)
    low, high = int(rng.integers(50, 71)), int(rng.integers(85, 96))
    donor = _fit(donor, host.shape)
    if rng.random() < 0.5:
        host = resaved(host, low)
    else:
        donor = resaved(donor, low)
    return load_photo(compressed(pasted(host, donor, inside), high)), inside


def noisier(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Region with Gaussian noise of 6 to 12 grey levels added."""
    inside = region(host.shape[:2], rng)
    noise = rng.normal(0, rng.uniform(6, 12), donor.shape)
    noisy = np.clip(np.rint(donor + noise), 0, 255).astype(np.uint8)
    return load_photo(pasted(host, noisy, inside)), inside


def without_demosaicing(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:
    """Host seen through a Bayer pattern and interpolated bilinearly, region not."""
    inside = region(host.shape[:2], rng)
    return load_photo(pasted(demosaiced(host), donor, inside)), inside


def demosaiced(pixels: Pixels) -> Pixels:
    """See a picture through a Bayer pattern (green at even sums of row and column); interpolate bilinearly."""
    rows, columns = np.indices(pixels.shape[:2])
    green = (rows + columns) % 2 == 0
    red, blue = ~green & (rows % 2 == 0), ~green & (rows % 2 == 1)
    kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float64)
    planes = []
    for channel, known in enumerate((red, green, blue)):
        weights = kernel if channel != 1 else np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float64)
        values = cv2.filter2D(pixels[..., channel] * known.astype(np.float64), -1, weights)
        plane = values / cv2.filter2D(known.astype(np.float64), -1, weights)
        planes.append(np.where(known, pixels[..., channel], plane))
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)


def copied(host: Pixels, donor: Pixels, rng: np.random.Generator) -> Case:  # noqa: ARG001
    """Copy a region of 2 to 8 % of the host elsewhere, turned by up to 15 degrees, scaled 0.9 to 1.15; both are marked.

    The forgery is saved as JPEG of quality 80 to 95.
    """
    share, turn, scale = np.exp(rng.uniform(np.log(0.02), np.log(0.08))), rng.uniform(-15, 15), rng.uniform(0.9, 1.15)
    forged, both = moved_copy(host, rng, float(share), float(turn), float(scale))
    return load_photo(compressed(forged, int(rng.integers(80, 96)))), both


def moved_copy(
    host: Pixels, rng: np.random.Generator, share: float, turn: float, scale: float
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Copy an ellipse of a share of the host elsewhere, turned by degrees and scaled; mark source and copy."""
    height, width = host.shape[:2]
    stretch = rng.uniform(0.7, 1.4)
    radius = min(np.sqrt(share * height * width / np.pi), 0.24 * min(height, width) / max(1, scale))
    here, there = _two_places(height, width, radius * max(stretch, 1 / stretch), max(1.0, scale), rng)
    movement = cv2.getRotationMatrix2D((float(here[0]), float(here[1])), turn, scale)
    movement[:, 2] += there - here
    rows, columns = np.ogrid[:height, :width]
    source = ((columns - here[0]) / (radius * stretch)) ** 2 + ((rows - here[1]) * stretch / radius) ** 2 <= 1
    target = cv2.warpAffine(source.astype(np.uint8), movement, (width, height), flags=cv2.INTER_NEAREST) > 0
    moved = cv2.warpAffine(host, movement, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.where(target[..., None], moved, host).astype(np.uint8), source | target


def _two_places(
    height: int, width: int, radius: float, scale: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw centres (column, row), to whole pixels, for a disc and its copy: inside the picture, not overlapping."""
    low = min(radius * scale, (min(height, width) - 1) / 2)
    for _ in range(1000):
        here, there = (np.rint(rng.uniform((low, low), (width - low, height - low))) for _ in range(2))
        if np.hypot(*(there - here)) > radius * (1 + scale):
            break
    return here, there


TRACES: Mapping[str, Callable[[Pixels, Pixels, np.random.Generator], Case]] = {
    "dct-histogram": any_double_jpeg,
    "dct-model": any_double_jpeg,
    "aligned-jpeg": aligned_double_jpeg,
    "nonaligned-jpeg": nonaligned_double_jpeg,
    "copy-move": copied,
    "error-level": recompressed,
    "jpeg-error": once_jpeg,
    "block-grid": shifted_grid,
    "noise-level": noisier,
    "jpeg-ghost": ghost,
    "demosaicing": without_demosaicing,
}
"""Name of the detector to its trace."""
