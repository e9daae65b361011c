"""What is measured of each 8 x 8 block of a photo: spectrum, noise, response to a resave, and the detectors' LLRs.

The network `fusion` reads nothing else of a block. Training and inference call the same function.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors import (
    aligned_jpeg,
    block_grid,
    copy_move,
    dct_histogram,
    dct_model,
    demosaicing,
    error_level,
    jpeg_error,
    noise_level,
    nonaligned_jpeg,
)
from unseam.detectors.block_dct import SIDE, cosines
from unseam.detectors.detector import Detector
from unseam.detectors.statistic import Statistic, spread
from unseam.errors import DamagedPhoto, NotApplicable, UnsupportedPhoto
from unseam.jpeg.colour import LUMA
from unseam.jpeg.quantization import STANDARD_LUMA, ijg_table
from unseam.photo.photo import Photo

Reals = NDArray[np.float32]

BAND = 32
"""Rows of blocks at a time: what is computed in between stays small."""

QUALITIES = (55, 65, 75, 80, 85, 90, 94, 97)
"""IJG qualities of the resaves, from coarse to fine."""

OFF_GRID = 4
"""Pixels: the second grid of the resaves is half a block off the photo's own, as far from it as can be."""

LARGE = 16_000_000
"""Pixels above which memory counts for more than time: detectors, which need much each, run one after another."""

MAX_LLR = 8.0
"""Log-likelihood ratios of a detector are limited to plus and minus this."""

MIN_COEFFICIENT, MIN_ERROR, MIN_RESIDUAL = 0.5, 0.05, 0.05
"""Added before logarithms: to coefficients, squared errors and residuals in grey levels; rounded pixels have more."""

FEATURE_DETECTORS: tuple[Detector[Any], ...] = (
    dct_model.METHOD,
    dct_histogram.METHOD,
    aligned_jpeg.METHOD,
    nonaligned_jpeg.METHOD,
    error_level.METHOD,
    jpeg_error.METHOD,
    block_grid.METHOD,
    noise_level.METHOD,
    demosaicing.METHOD,
    copy_move.METHOD,
)
"""The detectors whose log-likelihood ratios are features, in their order."""

SLOWEST_FIRST = (copy_move.METHOD, block_grid.METHOD, error_level.METHOD, nonaligned_jpeg.METHOD)
"""Those that take longest, beginning with the longest on one megapixel."""

KERNELS: tuple[tuple[str, tuple[tuple[float, ...], ...]], ...] = (
    ("across", ((1, -2, 1),)),
    ("down", ((1,), (-2,), (1,))),
    ("square 3", ((-0.25, 0.5, -0.25), (0.5, -1, 0.5), (-0.25, 0.5, -0.25))),
    (
        "square 5",
        tuple(
            tuple(value / 12 for value in row)
            for row in (
                (-1, 2, -2, 2, -1),
                (2, -6, 8, -6, 2),
                (-2, 8, -12, 8, -2),
                (2, -6, 8, -6, 2),
                (-1, 2, -2, 2, -1),
            )
        ),
    ),
)
"""Zero-sum kernels whose residuals are noise and seams: second differences, and the square ones of Fridrich and
Kodovsky 2012 (rich models, DOI 10.1109/TIFS.2012.2190402)."""

SQUARE = KERNELS[2][1]
"""The smaller square one, where one kernel must do."""

EDGES = (((-1.0, 1.0),), ((-1.0,), (1.0,)))
"""First differences, across and down."""


LEFT_OUT = "left out"
"""Why a detector did not apply that was not to run."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockFeatures:
    """All that is measured of a photo.

    Attributes
    ----------
    values : (F, rows, columns) float32
        Rows and columns count the blocks that the photo needs: the last ones may overhang its border.
    left_out : dict
        Name of a detector to the reason why it did not apply.
    """

    values: Reals
    left_out: dict[str, str]

    def without(self, detector: str) -> BlockFeatures:
        """Return the features as they are where a detector, named, does not run."""
        planes = [number for number, name in enumerate(feature_names()) if detector_of(name) == detector]
        values = self.values.copy()
        values[planes] = 0
        return BlockFeatures(values, {**self.left_out, detector: LEFT_OUT})


def feature_names() -> tuple[str, ...]:
    """Name the F features in their order, as ``group: what``; groups are what ablations leave out."""
    return tuple(f"{group}: {name}" for group, names in _LAYOUT for name in names)


GROUPS: dict[str, tuple[str, ...]] = {
    "JPEG": ("file", "dct-model", "dct-histogram", "aligned-jpeg", "nonaligned-jpeg"),
}
"""Names for several groups or detectors together: what a JPEG file stores besides its pixels."""


def group_of(name: str) -> str:
    """Return the group of a feature's name."""
    return name.partition(": ")[0]


def detector_of(name: str) -> str:
    """Return the detector behind a feature's name; empty for those that have none."""
    return name.partition(": ")[2].partition(",")[0] if group_of(name) == "detector" else ""


def block_features(photo: Photo, *, threads: int = 1, without: frozenset[str] = frozenset()) -> BlockFeatures:
    """Measure the features of a photo.

    Parameters
    ----------
    photo : Photo
        Of any size; what overhangs the last whole block repeats the border.
    threads : int
        Detectors that run in parallel; the features do not depend on it.
    without : set of str
        Names of detectors that do not run (as if they did not apply).

    Returns
    -------
    BlockFeatures
    """
    rows, columns = (-(-side // SIDE) for side in (photo.height, photo.width))
    values = np.zeros((len(feature_names()), rows, columns), np.float32)  # memory is taken as it is filled
    of_detectors = values[-2 * len(FEATURE_DETECTORS) :].reshape(len(FEATURE_DETECTORS), 2, rows, columns)
    in_parallel = threads if photo.height * photo.width <= LARGE else 1
    reasons: dict[str, Future[str | None]] = {}
    with ThreadPoolExecutor(in_parallel) as pool:
        for planes, detector in sorted(zip(of_detectors, FEATURE_DETECTORS, strict=True), key=_place_in_queue):
            reasons[detector.info.name] = pool.submit(_detect, photo, planes, without, detector)
        pool.submit(_measure, photo, values).result()
    names = [detector.info.name for detector in FEATURE_DETECTORS]
    return BlockFeatures(values, {name: reason for name in names if (reason := reasons[name].result()) is not None})


def _place_in_queue(task: tuple[Reals, Detector[Any]]) -> int:
    """Let the slowest detectors start first: a core that is done with the others then never waits for one of them."""
    return SLOWEST_FIRST.index(task[1]) if task[1] in SLOWEST_FIRST else len(SLOWEST_FIRST)


def _measure(photo: Photo, values: Reals) -> None:
    """Fill every plane but the detectors'."""
    for number, plane in enumerate(_measured(photo)):
        values[number] = plane


def _measured(photo: Photo) -> Iterator[Reals]:
    """Yield every feature but the detectors', in the order of their names."""
    rows, columns = (-(-side // SIDE) for side in (photo.height, photo.width))
    luma = _luma(_whole_blocks(photo.pixels))
    yield from _spectrum(luma)
    yield from _residuals(photo.pixels, luma)
    yield from _quarters(luma)
    yield from _resaves(luma)
    yield from _colours(photo.pixels)
    yield from _tables(photo, rows, columns)


def _detect(photo: Photo, planes: Reals, without: frozenset[str], detector: Detector[Any]) -> str | None:
    """Fill a detector's two planes, its LLR and whether it applies; return the reason if it does not."""
    if detector.info.name in without:
        return LEFT_OUT
    try:
        llr = detector.llr(photo)
    except NotApplicable as error:
        return str(error)
    if not np.isfinite(llr.values).any():
        return "it found no trace to compare"
    planes[0], planes[1] = _in_blocks(llr, planes.shape[1:]), 1
    return None


def _in_blocks(llr: Statistic, shape: tuple[int, ...]) -> Reals:
    limited = np.clip(llr.values, -MAX_LLR, MAX_LLR)
    odds: Reals = np.nan_to_num(limited, nan=0.0).astype(np.float32)
    if llr.step == (SIDE, SIDE) and llr.origin == (0, 0) and odds.shape == shape:
        return odds
    finer = tuple(max(1, round(SIDE / step)) for step in llr.step)
    if max(finer) > 1:
        odds = np.asarray(cv2.blur(odds, finer[::-1], borderType=cv2.BORDER_REPLICATE), np.float32).reshape(odds.shape)
    rows, columns = (
        np.clip((np.arange(count) * SIDE + SIDE // 2 - first) // step, 0, size - 1)
        for count, first, step, size in zip(shape, llr.origin, llr.step, odds.shape, strict=True)
    )
    return np.ascontiguousarray(odds[rows][:, columns])  # a block has the mean at its centre


def _whole_blocks(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    down, right = (-side % SIDE for side in pixels.shape[:2])
    if not down and not right:
        return pixels
    return np.asarray(cv2.copyMakeBorder(pixels, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)


def _luma(pixels: NDArray[np.uint8]) -> Reals:
    luma = np.empty(pixels.shape[:2], np.float32)
    for first in range(0, len(pixels), BAND * SIDE):
        band = pixels[first : first + BAND * SIDE].astype(np.float32)
        luma[first : first + BAND * SIDE] = cv2.transform(band, np.array([LUMA], np.float32)).reshape(band.shape[:2])
    return luma


def _means(values: Reals) -> Reals:
    """Mean of each block; (8 rows, 8 columns) to (rows, columns)."""
    rows, columns = (side // SIDE for side in values.shape)
    means = cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(rows, columns)


def _bands(luma: Reals) -> Iterator[tuple[slice, Reals]]:
    """Yield the DCT coefficients of some rows of blocks at a time: (64, rows of the band, columns)."""
    transform = np.kron(cosines(), cosines()).astype(np.float32)
    rows, columns = (side // SIDE for side in luma.shape)
    for first in range(0, rows, BAND):
        some = slice(first, min(first + BAND, rows))
        band = luma[some.start * SIDE : some.stop * SIDE].reshape(-1, SIDE, columns, SIDE)
        blocks = band.transpose(0, 2, 1, 3).reshape(-1, SIDE * SIDE)
        yield some, (transform @ blocks.T).reshape(SIDE * SIDE, -1, columns)


def _spectrum(luma: Reals) -> Reals:
    """Natural logarithm of the 64 coefficients' magnitudes, in natural order."""
    rows, columns = (side // SIDE for side in luma.shape)
    spectrum = np.empty((SIDE * SIDE, rows, columns), np.float32)
    for some, coefficients in _bands(luma):
        spectrum[:, some] = np.log(np.abs(coefficients) + np.float32(MIN_COEFFICIENT))
    return spectrum


def _resaves(luma: Reals) -> Reals:
    """Natural logarithm of the mean squared change by a JPEG compression, on the photo's grid and on another."""
    shifted = cv2.copyMakeBorder(luma, OFF_GRID, OFF_GRID, OFF_GRID, OFF_GRID, cv2.BORDER_REFLECT)
    rows, columns = (side // SIDE for side in luma.shape)
    own = _changes(luma)
    off = _changes(np.asarray(shifted, np.float32))
    # each of the four blocks around shares a quarter with the own one: they are averaged
    around = (off[:, :rows, :columns] + off[:, 1:, :columns] + off[:, :rows, 1:] + off[:, 1:, 1:]) / 4
    near, far = (np.log(change + np.float32(MIN_ERROR)) for change in (own, around))
    return np.asarray(np.concatenate([near, near - far]), np.float32)


def _changes(luma: Reals) -> Reals:
    rows, columns = (side // SIDE for side in luma.shape)
    changes = np.empty((len(QUALITIES), rows, columns), np.float32)
    steps = [quantization_steps(quality) for quality in QUALITIES]
    for some, coefficients in _bands(luma):
        for number, step in enumerate(steps):
            scaled = coefficients / step[:, None, None]
            scaled -= np.rint(scaled)
            np.square(scaled, out=scaled)
            changes[number, some] = np.tensordot(step * step / step.size, scaled, 1)
    return changes


def quantization_steps(quality: int) -> Reals:
    """Return the IJG's 64 luma steps of a quality, in natural order."""
    return np.array(ijg_table(STANDARD_LUMA, quality), np.float32)


def _residuals(pixels: NDArray[np.uint8], luma: Reals) -> Iterator[Reals]:
    """Natural logarithm of mean residuals of luma, of colour, and of luma at half the size."""
    for _, kernel in KERNELS:
        residual = np.abs(_filtered(luma, kernel))
        mean = _means(residual)
        yield _log(mean)
        yield _log(np.sqrt(_means(np.square(residual)))) - _log(mean)  # heavy tails are seams and grain
    yield _means((np.abs(_filtered(luma, SQUARE)) < MIN_RESIDUAL).astype(np.float32))
    yield from _parities(luma)
    red, green, blue = cv2.split(_whole_blocks(pixels))
    for channel in (red, blue):
        colour = np.asarray(cv2.subtract(channel, green, dtype=cv2.CV_32F), np.float32)
        yield _log(_means(np.abs(_filtered(colour, SQUARE))))
    half = np.asarray(cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)
    for _, kernel in KERNELS[2:]:
        residual = np.abs(_filtered(half, kernel))
        full = np.repeat(np.repeat(residual, 2, 0), 2, 1)
        yield _log(_means(full))


def _quarters(luma: Reals) -> Iterator[Reals]:
    """Noise and edges of a block's four quarters, so that the map's seams can be sharper than a block."""
    edges = np.abs(_filtered(luma, EDGES[0])) + np.abs(_filtered(luma, EDGES[1]))
    for values in (np.abs(_filtered(luma, SQUARE)), edges):
        size = (luma.shape[1] // SIDE * 2, luma.shape[0] // SIDE * 2)
        means = _log(np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[::-1]))
        yield from (means[row::2, column::2] for row in (0, 1) for column in (0, 1))


def _parities(luma: Reals) -> Iterator[Reals]:
    """Tell residuals of even rows from those of odd ones, and so columns: resampling makes them alternate."""
    for axis, (_, kernel) in enumerate(reversed(KERNELS[:2])):
        residual = np.abs(_filtered(luma, kernel))
        even = residual[::2].repeat(2, 0) if axis == 0 else residual[:, ::2].repeat(2, 1)
        odd = residual[1::2].repeat(2, 0) if axis == 0 else residual[:, 1::2].repeat(2, 1)
        yield np.abs(_log(_means(even)) - _log(_means(odd)))


def _filtered(plane: Reals, kernel: tuple[tuple[float, ...], ...]) -> Reals:
    filtered = cv2.filter2D(plane, cv2.CV_32F, np.array(kernel, np.float32), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(filtered, np.float32)


def _log(values: Reals) -> Reals:
    return np.asarray(np.log(values + np.float32(MIN_RESIDUAL)), np.float32)


def _colours(pixels: NDArray[np.uint8]) -> Iterator[Reals]:
    """Mean colour of a block, from -0.5 to 0.5, and the share of its samples that are black or white."""
    channels = cv2.split(_whole_blocks(pixels))
    for channel in channels:
        yield _means(channel.astype(np.float32) / np.float32(255)) - np.float32(0.5)
    red, green, blue = channels
    yield _means((cv2.min(cv2.min(red, green), blue) == 0).astype(np.float32))
    yield _means((cv2.max(cv2.max(red, green), blue) == 255).astype(np.float32))


def _tables(photo: Photo, rows: int, columns: int) -> Iterator[Reals]:
    """Say whether the photo is a JPEG, how coarse its luma, and how many coefficients each block has left."""
    try:
        stored = photo.jpeg
    except (DamagedPhoto, UnsupportedPhoto):
        stored = None
    luma = None if stored is None else stored.luma
    if luma is None:
        yield from (np.zeros((rows, columns), np.float32) for _ in range(3))
        return
    yield np.ones((rows, columns), np.float32)
    steps = luma.table.astype(np.float64)
    yield np.full((rows, columns), np.log(steps[:4, :4]).mean(), np.float32)
    left = np.count_nonzero(luma.coefficients, axis=(2, 3)).astype(np.float32)
    yield spread(np.log1p(left), (1, 1), (0, 0), (rows, columns))


_LAYOUT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("spectrum", tuple(f"{v}, {u}" for v in range(SIDE) for u in range(SIDE))),
    (
        "residual",
        (
            *(f"{name}{what}" for name, _ in KERNELS for what in ("", ", tails")),
            "none",
            "rows alternate",
            "columns alternate",
            "red",
            "blue",
            *(f"{name}, half size" for name, _ in KERNELS[2:]),
        ),
    ),
    ("quarter", tuple(f"{what} {place}" for what in ("noise", "edges") for place in ("0, 0", "0, 1", "1, 0", "1, 1"))),
    ("resave", tuple(f"quality {quality}{grid}" for grid in ("", ", own grid over another") for quality in QUALITIES)),
    ("colour", ("red", "green", "blue", "black", "white")),
    ("file", ("JPEG", "quantization", "coefficients left")),
    ("detector", tuple(f"{d.info.name}{what}" for d in FEATURE_DETECTORS for what in ("", ", applies"))),
)
