"""Traces of demosaicing: where the sensor did not measure green, it was interpolated.

A camera's sensor measures green at every other pixel, like the black squares of a chessboard, and interpolates the
rest. Interpolated pixels are better predicted by their neighbours than measured ones. Content that comes from elsewhere
(another size, a drawing, a blurred or denoised region) lacks this difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.detectors.detector import CALIBRATED, Detector
from unseam.detectors.medians import median_around
from unseam.detectors.statistic import LlrCurve, Statistic, heatmap_of
from unseam.method import NO_EVIDENCE, Heatmap, MethodInfo
from unseam.photo.photo import Photo

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MIN_SIDE = 64
"""Pixels: eight blocks each way; fewer give no majority to compare with."""

PREDICTOR = np.array([[0, 0.25, 0], [0.25, -1, 0.25], [0, 0.25, 0]])
"""Bilinear prediction from the four neighbours, less the pixel itself (paper, section III)."""

REACH = 3
"""Pixels: the window of the local variance is 7 x 7."""

WINDOW_EDGE = 2.0
"""Standard deviations of the window's Gaussian from its centre to its outermost tap, as in the reference."""

PATTERN_BLOCK, PATTERN_STEP = 16, 8
"""Pixels: blocks in which the reference compares the four Bayer patterns, of a size cut to multiples of the step."""

TEXTURED = 5
"""Grey levels: only blocks with a larger standard deviation decide about the pattern, as in the reference."""

MIN_BLOCKS = 64
"""Blocks that must know something before the photo has a majority."""

GAUSSIAN = 1.4826
"""Standard deviation of a Gaussian over its median absolute deviation."""

MIN_VARIANCE = 1e-12
"""Below this the logarithmic ratios are all but equal, and no two Gaussians fit them."""

EMPTY = float(np.log(1e-320))
"""Logarithm that stands for a ratio of zero, as in the reference."""

MIN_LOG_PRODUCT = float(np.log(5e-324))
"""A product of variances below this is zero in 64-bit floats."""


CURVE = LlrCurve(slope=0.33, middle=0.0, threshold=0.8)


@dataclass(frozen=True, slots=True)
class DemosaicingConfig:
    """Parameters.

    Attributes
    ----------
    block : int
        Pixels, even: side of the blocks over which variances are compared (paper: 8).
    median : int
        Blocks: side of the median filter over the log-likelihood ratios (paper: 5).
    tolerance, max_iterations : float, int
        The fit of the two Gaussians ends when the share of the first moves by less than this (reference: 0.001 and
        500).
    rounding : float
        Squared grey levels, LLR only: variance that rounding to whole grey levels gives the prediction error
        (5/4 of 1/12), added to both variances, so that flat parts speak for neither side.
    contrast : float
        Squared grey levels, LLR only: blocks whose geometric mean variances both stay below this know nothing.
    min_known : float
        LLR only: share of the blocks of a window that must know something.
    untraced : float
        LLR only: trace (natural logarithm of a ratio of standard variances) up to which there is none; twice
        the spread that windows of photos without trace show (0.04 to 0.08).
    min_spread : float
        LLR only: natural logarithm; the minimum spread of the majority.
    min_trace : float
        LLR only: how many times its own spread the majority's trace must stand above none; else nothing is known.
    max_llr : float
        The ratio is clipped to plus and minus this, before the calibration.
    curve : LlrCurve
        Slopes: logistic fits of forged and untouched pictures (bilinear demosaicing simulated in free photographs;
        regions blurred, resized or shifted). Middles: the likelihoods are even, not the fits' -7 and -3, which count
        on traces as strong as the simulated ones.
    """

    block: int = 8
    median: int = 5
    tolerance: float = 1e-3
    max_iterations: int = 500
    rounding: float = 5 / 48
    contrast: float = 1.0
    min_known: float = 0.3
    untraced: float = 0.1
    min_spread: float = 0.3
    min_trace: float = 4.0
    max_llr: float = 20.0
    curve: LlrCurve = CURVE


DEFAULT = DemosaicingConfig()


def demosaicing_statistic(photo: Photo, config: DemosaicingConfig = DEFAULT) -> Statistic:
    """Return the probability that a block lacks the demosaicing trace, at even odds.

    The logarithm of the ratio of the prediction error's geometric mean variances, at measured to at interpolated
    green pixels, is modelled as a mixture of two Gaussians, one with mean zero (no trace). DOI
    10.1109/TIFS.2012.2202227.

    Parameters
    ----------
    photo : Photo
    config : DemosaicingConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64 in [0, 1]; 1 = no trace. A last row or column of partial blocks holds no
        measurement of its own, as in the reference.

    Notes
    -----
    Where the mixture cannot be fitted (nothing but flat blocks) the reference returns NaN or zeros; this returns 0.5.
    Products of variances are summed as logarithms.

    Raises
    ------
    NotApplicable
        Smaller than 64 x 64, grey, or of one flat colour.
    """
    pixels = _even_pixels(photo)
    variance = local_variance(prediction_error(pixels[..., 1].astype(np.float64)))
    measured = green_parity(pixels)
    ratio, usable = _reference_log_ratio(variance, measured, config.block)
    shape = (-(-variance.shape[0] // config.block), -(-variance.shape[1] // config.block))
    whole = np.zeros(shape)
    whole[: ratio.shape[0], : ratio.shape[1]] = ratio
    fitted = np.ones(shape, np.bool_)
    fitted[: ratio.shape[0], : ratio.shape[1]] = usable
    mixture = fit_mixture(whole[fitted], config.tolerance, config.max_iterations)
    if mixture is None:
        return Statistic(np.full(shape, NO_EVIDENCE), (config.block, config.block))
    likelihood = median_around(mixture.log_odds(whole), config.median)
    return Statistic(0.5 * (1 - np.tanh(0.5 * likelihood)), (config.block, config.block))


def demosaicing_llr(photo: Photo, config: DemosaicingConfig = DEFAULT) -> Statistic:
    """Return the log-likelihood ratio of no trace to the photo's own trace, in windows of 5 x 5 blocks.

    Parameters
    ----------
    photo : Photo
    config : DemosaicingConfig

    Returns
    -------
    Statistic
        (block rows, block columns) float64, calibrated, from plus and minus `DemosaicingConfig.max_llr`; NaN in flat
        parts, and everywhere in photos without a clear trace (most that were resized or compressed).

    Notes
    -----
    Differs from `demosaicing_statistic`, on purpose: where green was measured follows from the sign of the majority's
    trace and not by a fit of bilinear demosaicing; parts with the opposite sign (copied by an odd distance) count as
    manipulated, too; the Gaussians have robust parameters on a logarithmic scale instead of fitted ones, because
    the fit finds two kinds of blocks in every photo.

    Raises
    ------
    NotApplicable
        Smaller than 64 x 64, grey, or of one flat colour.
    """
    green = _even_pixels(photo)[..., 1].astype(np.float64)
    trace = _windowed(*_block_trace(green, config), config)
    known = np.isfinite(trace)
    values = np.full(trace.shape, np.nan)
    if known.sum() >= MIN_BLOCKS:
        values[known] = _against_majority(trace[known], config)
    return config.curve.llr(Statistic(values, (config.block, config.block)))


def demosaicing(photo: Photo, config: DemosaicingConfig = DEFAULT) -> Heatmap:
    """Judge a photo by its demosaicing traces; see `demosaicing_llr`."""
    return heatmap_of(demosaicing_llr(photo, config), photo, config.curve)


def _block_trace(green: Floats, config: DemosaicingConfig) -> tuple[Floats, NDArray[np.bool_]]:
    """Return each whole block's mean logarithmic variance at even less that at odd pixels, and which have contrast."""
    variance = local_variance(prediction_error(green))
    np.maximum(variance, 0, out=variance)
    variance += config.rounding
    even, odd = (sums / (config.block**2 / 2) for sums in _sums_by_colour(np.log(variance), config.block))
    return even - odd, np.maximum(even, odd) > np.log(config.contrast + config.rounding)


def _windowed(trace: Floats, known: NDArray[np.bool_], config: DemosaicingConfig) -> Floats:
    """Take the median of a window's known blocks; NaN where they are too few, and in blocks that are not known."""
    side, half = config.median, config.median // 2
    padded = np.pad(np.where(known, trace, np.nan), half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(*trace.shape, side**2)
    ordered = np.sort(windows, axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    lower, upper = (
        np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0]
        for index in (np.maximum(count - 1, 0) // 2, np.minimum(count // 2, side**2 - 1))
    )
    return np.where(known & (count >= config.min_known * side**2), (lower + upper) / 2, np.nan)


def _against_majority(trace: Floats, config: DemosaicingConfig) -> Floats:
    """Return the log-likelihood ratio (N,) of no trace to the majority's; NaN where the majority shows no clear one."""
    majority = np.median(trace)
    level = np.log(np.maximum(trace * np.sign(majority), config.untraced) / config.untraced)
    middle = np.median(level)
    shortfall = middle - level[level < middle]
    spread = max(config.min_spread, GAUSSIAN * float(np.median(shortfall)) if shortfall.size else 0.0)
    if middle < config.min_trace * spread:
        return np.full(trace.shape, np.nan)
    return np.asarray(np.clip(middle * (middle - 2 * level) / (2 * spread**2), -config.max_llr, config.max_llr))


def prediction_error(green: Floats) -> Floats:
    """Predict every pixel from its four neighbours; borders are repeated.

    Parameters
    ----------
    green : (H, W) float64

    Returns
    -------
    (H, W) float64
        Grey levels: prediction less pixel.
    """
    return np.asarray(cv2.filter2D(green, cv2.CV_64F, PREDICTOR, borderType=cv2.BORDER_REPLICATE), np.float64)


def local_variance(error: Floats) -> Floats:
    """Return the variance of the prediction error around every pixel, among pixels of its own colour on the chessboard.

    Parameters
    ----------
    error : (H, W) float64

    Returns
    -------
    (H, W) float64
        Squared grey levels, under a Gaussian window of 7 x 7; beyond the border the reference repeats the last pixel
        where its colour on the chessboard fits, and takes zero elsewhere.
    """
    window, correction = _window()
    padded = np.pad(error, REACH, mode="edge")
    _clear_odd_border(padded)
    inner = (slice(REACH, -REACH), slice(REACH, -REACH))
    mean = cv2.filter2D(padded, cv2.CV_64F, window)[inner]
    variance = np.asarray(cv2.filter2D(padded * padded, cv2.CV_64F, window)[inner], np.float64)
    variance -= mean * mean
    variance /= correction
    return variance


def _window() -> tuple[Floats, float]:
    """Return the window's weights (7, 7), zero on the other colour of the chessboard, and the bias correction."""
    taps = np.linspace(-WINDOW_EDGE, WINDOW_EDGE, 2 * REACH + 1)
    bell = np.exp(-0.5 * taps**2)
    offsets = np.arange(2 * REACH + 1)
    window = np.outer(bell, bell) / (2 * np.pi) * ((offsets[:, None] + offsets) % 2 == 0)
    return window / window.sum(), float(1 - (window**2).sum())


def _clear_odd_border(padded: Floats) -> None:
    """Zero what was repeated over an odd distance: there it lies on the other colour of the chessboard."""
    height, width = padded.shape
    down = np.maximum(REACH - np.arange(height), np.arange(height) - (height - 1 - REACH)).clip(0)
    across = np.maximum(REACH - np.arange(width), np.arange(width) - (width - 1 - REACH)).clip(0)
    for edge in (slice(0, REACH), slice(height - REACH, height)):
        padded[edge][(down[edge, None] + across) % 2 == 1] = 0
    for edge in (slice(0, REACH), slice(width - REACH, width)):
        padded[:, edge][(down[:, None] + across[edge]) % 2 == 1] = 0


def green_parity(pixels: NDArray[np.uint8]) -> int:
    """Guess where green was measured, as the reference does: the Bayer pattern that bilinear demosaicing fits best.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        RGB.

    Returns
    -------
    int
        0 when green was measured where row + column is even, 1 where it is odd.
    """
    height, width = (side // PATTERN_STEP * PATTERN_STEP for side in pixels.shape[:2])
    errors, blocks = np.zeros((2, 2)), 0
    for channel in range(3):
        plane = np.ascontiguousarray(pixels[:height, :width, channel]).astype(np.int32)
        weight, textured = _texture_weight(plane)
        errors += _green_errors(plane, weight) if channel == 1 else _colour_errors(plane, weight, blue=channel == 2)
        blocks += textured
    red_row, red_column = np.unravel_index(int(np.argmin(errors)), (2, 2)) if blocks else (0, 1)
    return int((red_row + red_column + 1) % 2)


def _texture_weight(plane: Ints) -> tuple[Floats, int]:
    """Weigh every pixel (H, W): 1 / pixels of its block where the block has texture, else 0; and count such blocks."""
    edges = [np.arange(0, side, PATTERN_BLOCK) for side in plane.shape]
    sizes = [np.diff(np.append(edge, side)) for edge, side in zip(edges, plane.shape, strict=True)]
    count = np.multiply.outer(*sizes)
    total, squares = (
        np.add.reduceat(np.add.reduceat(values, edges[0], axis=0), edges[1], axis=1).astype(np.int64)
        for values in (plane, plane * plane)
    )
    textured = count * squares - total**2 > TEXTURED**2 * count * (count - 1)
    weight = np.repeat(np.repeat(textured / count, sizes[0], axis=0), sizes[1], axis=1)
    return weight, int(textured.sum())


def _green_errors(plane: Ints, weight: Floats) -> Floats:
    """Return the error of green's bilinear demosaicing, for red in each of the four places."""
    up, down, left, right = _neighbours(plane)
    error = _sums_by_parity(((up + down + left + right + 2) >> 2) - plane, weight)
    even, odd = error[0, 0] + error[1, 1], error[0, 1] + error[1, 0]
    return np.array([[even, odd], [odd, even]])  # green is interpolated where red and blue are


def _colour_errors(plane: Ints, weight: Floats, blue: bool) -> Floats:
    """Return the error of red's or blue's bilinear demosaicing, for red in each of the four places."""
    up, down, left, right = _neighbours(plane)
    across_sum, above = left + right, up + down
    across = _sums_by_parity(((across_sum + 1) >> 1) - plane, weight)
    upright = _sums_by_parity(((above + 1) >> 1) - plane, weight)
    top, bottom, _, _ = _neighbours(across_sum)
    diagonal = _sums_by_parity(((top + bottom + 2) >> 2) - plane, weight)
    error = across[:, ::-1] + upright[::-1] + diagonal[::-1, ::-1]
    return error[::-1, ::-1] if blue else error


def _neighbours(plane: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return each pixel's neighbour above, below, to the left and to the right; zero beyond the border."""
    padded = np.pad(plane, 1)
    return padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]


def _sums_by_parity(difference: Ints, weight: Floats) -> Floats:
    """Sum weighted squares apart for even and odd rows and columns: (2, 2)."""
    squares = difference * difference * weight
    columns = np.stack([squares[0::2].sum(axis=0), squares[1::2].sum(axis=0)])
    return np.stack([columns[:, 0::2].sum(axis=1), columns[:, 1::2].sum(axis=1)], axis=1)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two Gaussians: without trace (mean zero) and with it.

    Attributes
    ----------
    mean : float
        Of the logarithmic ratio with the trace.
    without, with_trace : float
        Variances.
    """

    mean: float
    without: float
    with_trace: float

    def log_odds(self, ratio: Floats) -> Floats:
        """Return the log-likelihood ratio of the trace to no trace."""
        distance = (ratio - self.mean) ** 2 / self.with_trace - ratio**2 / self.without
        return np.asarray(0.5 * (np.log(self.without) - np.log(self.with_trace)) - 0.5 * distance)

    def odds_of_powers(self, share: float) -> Floats:
        """Return the (3,) weights of 1, ratio and ratio squared in the posterior log-odds, given the share without."""
        constant = 0.5 * np.log(self.without / self.with_trace) - 0.5 * self.mean**2 / self.with_trace
        square = 0.5 / self.without - 0.5 / self.with_trace
        return np.array([constant + np.log((1 - share) / share), self.mean / self.with_trace, square])


def fit_mixture(ratio: Floats, tolerance: float, max_iterations: int) -> Mixture | None:
    """Fit `Mixture` by expectation maximization (paper, section IV); None where the data are all but equal.

    Parameters
    ----------
    ratio : (N,) float64
    tolerance, max_iterations : float, int
        As in `DemosaicingConfig`.

    Returns
    -------
    Mixture, optional
    """
    mean, spread = (float(ratio.mean()), float(ratio.var())) if ratio.size else (0.0, 0.0)
    share, previous, mixture = 0.5, 1.0, Mixture(mean, spread / 10, spread)
    powers = np.stack([np.ones_like(ratio), ratio, ratio**2])
    moments, halves = powers.sum(axis=1), np.empty_like(ratio)
    for _ in range(max_iterations - 1):
        if not (min(mixture.without, mixture.with_trace) > MIN_VARIANCE and 0 < share < 1):
            return None
        if abs(share - previous) <= tolerance:
            break
        previous = share
        np.matmul(mixture.odds_of_powers(share), powers, out=halves)
        np.tanh(np.multiply(halves, 0.5, out=halves), out=halves)
        share, mixture = _maximized(moments, (moments + powers @ halves) / 2)
    return mixture


def _maximized(moments: Floats, traced: Floats) -> tuple[float, Mixture]:
    """Return the share without trace and the best Gaussians, from moments 0 to 2 of all and of traced ratios."""
    rest = moments - traced
    share = float(rest[0] / moments[0])
    if not 0 < share < 1:
        return share, Mixture(0.0, 0.0, 0.0)
    mean = float(traced[1] / traced[0])
    return share, Mixture(mean, float(rest[2] / rest[0]), float(traced[2] / traced[0]) - mean**2)


def _reference_log_ratio(variance: Floats, measured: int, block: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the logarithm of each whole block's ratio of products, and which blocks the reference fits to."""
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.maximum(variance, 0))
    even, odd = _sums_by_colour(logarithm, block)
    top, bottom = (odd, even) if measured else (even, odd)
    zero_top, zero_bottom = top < MIN_LOG_PRODUCT, bottom < MIN_LOG_PRODUCT
    one_zero = zero_top ^ zero_bottom
    defined = ~(zero_top | zero_bottom)
    ratio = np.where(one_zero, EMPTY, 0.0)
    ratio[defined] = top[defined] - bottom[defined]
    return ratio, ~one_zero


def _sums_by_colour(values: Floats, block: int) -> tuple[Floats, Floats]:
    """Sum every whole block apart over the chessboard's even and odd pixels."""
    rows, columns = (side // block for side in values.shape)
    cells = values[: rows * block, : columns * block].reshape(rows, block // 2, 2, columns, block // 2, 2)
    sums = cells.sum(axis=(1, 4))
    return sums[:, 0, :, 0] + sums[:, 1, :, 1], sums[:, 0, :, 1] + sums[:, 1, :, 0]


def _even_pixels(photo: Photo) -> NDArray[np.uint8]:
    """Return the pixels without an odd last row or column; `NotApplicable` where there is nothing to compare."""
    METHOD.check(photo)
    return photo.pixels[: photo.height // 2 * 2, : photo.width // 2 * 2]


METHOD = Detector(
    info=MethodInfo(
        name="demosaicing",
        paper=(
            "Ferrara, Bianchi, De Rosa, Piva: Image forgery localization via fine-grained analysis of CFA artifacts, "
            "IEEE "
            "TIFS 7 (2012), DOI 10.1109/TIFS.2012.2202227"
        ),
        detects="Parts without the trace that a camera's interpolation of colours leaves in the rest of the photo.",
        blind_spots="Photos that were resized or compressed until no such trace is left, which are most; and flat "
        "parts.",
        needs=frozenset({"colour", "detail"}),
        min_size=(MIN_SIDE, MIN_SIDE),
        false_alarms=CALIBRATED,
    ),
    config=DEFAULT,
    measure=demosaicing_llr,
)
