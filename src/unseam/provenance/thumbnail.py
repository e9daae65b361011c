"""The small preview that cameras embed in their files, compared with the photo it should show.

Many programs change the photo and leave the preview as it was. Both are made grey and equally small, laid over each
other where they agree best (cameras cut a few rows or turn one of the two), and compared in cells, after a common
change of brightness and contrast, which does not count.

Whether one of them is turned is said only where they show the same picture: below `MIN_CORRELATION` the best of four
bad fits says nothing about the orientation.

Where they disagree, the preview is compared with the middle of the photo, because some cameras show a little less in
it, and the photo with every section of the preview, because a photo that was cropped is one.

Thresholds: of 39 camera photographs with a preview, the largest difference of a cell is below 18 grey levels in 37, and
the correlation above 0.93. The two others: a camera whose preview shows 94 % of the photo (correlation 0.99 with that
part, 0.88 with all of it), and a photo that turned out to be cropped (0.99 with a section of the preview, 0.40 with all
of it). With three tenths of height and width replaced by another part
of the same photo, 89 % of the 37 disagree; with a fifth 62 %, with a tenth 30 % (``benchmarks/previews.py``). So
agreement proves little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from unseam.errors import PhotoError
from unseam.photo.decoding_process import decode_quietly
from unseam.photo.orientation import upright

MAX_PIXELS = 1_000_000
"""A preview is small; a larger one is not decoded."""

MIN_SIDE = 32
"""Pixels: below this nothing can be compared."""

MAX_DIFFERENCE = 25.0
"""Grey levels, mean over a cell: from here on the preview disagrees; see the top of this file."""

MIN_CORRELATION = 0.8
"""Below this the preview shows something else; see the top of this file."""

MIN_SECTION_CORRELATION = 0.95
"""From here on one of the two is a section of the other: of many sections some fit another picture a little."""

CAMERA_SECTIONS = (1.03, 1.06, 1.09, 1.12)
"""The photo's side over that of the part that a camera's preview shows; one of 39 cameras does so, by 1.06."""

CROPS = tuple(round(1.04**power, 2) for power in range(2, 19))
"""The preview's side over that of the section which the photo is, up to twice: steps of 4 %, for 2 % of scale cost a
correlation of 0.02."""

MIN_CONTRAST = 4.0
"""Grey levels, standard deviation: a flatter picture agrees with nothing and disagrees with nothing."""

CELLS = 6
"""Rows and columns of cells: a preview of 160 x 120 gives cells of some 24 x 18 pixels."""

COMPARED_SIDE = 320
"""Pixels: a larger preview, such as those of Content Credentials, is reduced to this."""

REDUCED_SIDE = 640
"""Pixels: the photo is reduced to this before the four ways to turn it are tried."""

SLACK = 14
"""The shorter side over this is how far the preview may be shifted: cameras cut up to 7 of 120 rows."""

OTHER_SHAPE = 4.0
"""Ratio of two ratios of sides from which on no cutting or squeezing is looked for: 16 : 9 turned in 4 : 3 has 2.4, and
a preview made to be 30,000 pixels wide would ask for a photo as wide."""

BLUR_SIGMA = 1.0
"""Pixels: previews are sharpened, or are not, and that is no disagreement."""

TURNS = {1: 0, 6: 90, 3: 180, 8: 270}
"""EXIF orientation that turns the photo as the preview is -> degrees clockwise."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An embedded preview, and whether it shows the photo.

    Attributes
    ----------
    pixels : (h, w, 3) uint8, optional
        RGB; None where it cannot be decoded.
    correlation : float, optional
        Of grey levels, in [-1, 1], laid over each other at best; None where there is nothing to compare.
    difference : float, optional
        Grey levels, mean of the cell that differs most.
    turned : int
        Degrees clockwise by which the stored photo has to be turned to lie as the preview does; 0 where they do not
        show the same picture.
    agrees : bool, optional
        None where there is nothing to compare.
    cropped : float, optional
        Side of the section of the preview that the photo is, as a share of the preview's, in (0, 1); None where the
        preview shows no more than the photo.
    oddity : str
        Why it cannot be compared; empty if it was.
    """

    pixels: NDArray[np.uint8] | None = field(default=None, repr=False)
    correlation: float | None = None
    difference: float | None = None
    turned: int = 0
    agrees: bool | None = None
    cropped: float | None = None
    oddity: str = ""


def compare_thumbnail(data: bytes, photo: NDArray[np.uint8]) -> Thumbnail:
    """Decode a preview and compare it with its photo.

    Parameters
    ----------
    data : bytes
        The preview's file; anything.
    photo : (H, W, 3) uint8
        RGB, as stored.

    Returns
    -------
    Thumbnail
        Never an exception for what the bytes hold.
    """
    try:
        pixels = decode_quietly(data, "the preview", MAX_PIXELS).pixels
    except PhotoError:
        return Thumbnail(oddity="the preview cannot be decoded")
    if min(*pixels.shape[:2], *photo.shape[:2]) < MIN_SIDE:
        return Thumbnail(pixels, oddity="the preview or the photo is too small to compare them")
    grey, reduced = _reduced(_grey(pixels), COMPARED_SIDE), _reduced(_grey(photo), REDUCED_SIDE)
    if min(float(grey.std()), float(reduced.std())) < MIN_CONTRAST:
        return Thumbnail(pixels, oddity="the preview or the photo is too flat to compare them")
    whole = max(_compared(grey, reduced, _whole), key=_by_correlation)
    section = None if whole.agrees else _section(grey, reduced)
    fit = section or whole
    return Thumbnail(
        pixels,
        round(fit.correlation, 4),
        round(fit.difference, 2),
        fit.turned if fit.correlation >= MIN_CORRELATION else 0,
        fit.agrees and fit.cropped is None,
        fit.cropped,
    )


class _Fit(NamedTuple):
    """One way to lay the photo over its preview, and how well that fits."""

    correlation: float
    difference: float
    turned: int
    cropped: float | None

    @property
    def agrees(self) -> bool:
        return self.correlation >= MIN_CORRELATION and self.difference < MAX_DIFFERENCE


def _by_correlation(fit: _Fit) -> float:
    return fit.correlation


Pairs = Iterator[tuple[Grey, Grey, float | None]]
"""Photo and preview at one scale, and the side of the section of the preview that is looked for."""


def _compared(preview: Grey, photo: Grey, pairs: Callable[[Grey, Grey], Pairs]) -> Iterator[_Fit]:
    """Compare in all ways of turning the photo."""
    for orientation, degrees in TURNS.items():
        for ours, theirs, cropped in pairs(upright(photo, orientation), preview):
            correlation, inner, part = _register(ours, theirs)
            yield _Fit(correlation, _largest_difference(inner, part), degrees, cropped)


def _section(preview: Grey, photo: Grey) -> _Fit | None:
    """Return the fit of a section of one of the two with the other; None where none fits."""
    best = max(_compared(preview, photo, _sections), key=_by_correlation, default=None)
    return best if best is not None and best.agrees and best.correlation >= MIN_SECTION_CORRELATION else None


def shows_another_picture(thumbnail: Thumbnail) -> bool:
    """Whether a preview and its photo have too little in common to be the same picture, edited."""
    return thumbnail.correlation is not None and thumbnail.correlation < MIN_CORRELATION


def _grey(pixels: NDArray[np.uint8]) -> Grey:
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)


def _reduced(grey: Grey, longest_side: int) -> Grey:
    factor = longest_side / max(grey.shape)
    return grey if factor >= 1 else _scaled(grey, factor)


def _scaled(grey: Grey, factor: float) -> Grey:
    height, width = (max(round(side * factor), 1) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _whole(photo: Grey, preview: Grey) -> Pairs:
    for ours, theirs in _fits(photo, preview):
        yield ours, theirs, None


def _sections(photo: Grey, preview: Grey) -> Pairs:
    """Yield the middle of the photo with the preview, then the photo with all sections of the preview of some sizes."""
    height, width = photo.shape
    for factor in CAMERA_SECTIONS:
        for ours, theirs in _fits(_middle(photo, (round(height / factor), round(width / factor))), preview):
            yield ours, theirs, None
    factor = min(preview.shape[0] / height, preview.shape[1] / width)
    for crop in CROPS:
        reduced = _scaled(photo, factor / crop)
        if min(reduced.shape) >= MIN_SIDE:
            yield reduced, preview, round(1 / crop, 2)


def _fits(photo: Grey, preview: Grey) -> Iterator[tuple[Grey, Grey]]:
    """Yield the ways in which a preview of another shape can hold the photo: between bars, squeezed, or cut."""
    height, width = preview.shape
    factors = height / photo.shape[0], width / photo.shape[1]
    whole = _scaled(photo, min(factors))[:height, :width]
    yield whole, _middle(preview, whole.shape)
    if 1.02 < max(factors) / min(factors) < OTHER_SHAPE:
        squeezed = cv2.resize(np.ascontiguousarray(photo), (width, height), interpolation=cv2.INTER_AREA)
        yield np.asarray(squeezed, np.float32), preview
        cut = _middle(_scaled(photo, max(factors)), preview.shape)
        yield cut, _middle(preview, cut.shape)


def _middle(grey: Grey, shape: tuple[int, ...]) -> Grey:
    """Cut the middle part of at most this shape."""
    height, width = min(grey.shape[0], shape[0]), min(grey.shape[1], shape[1])
    top, left = (grey.shape[0] - height) // 2, (grey.shape[1] - width) // 2
    return grey[top : top + height, left : left + width]


def _register(ours: Grey, theirs: Grey) -> tuple[float, Grey, Grey]:
    """Find where the inner part of ours agrees best with theirs: correlation, and both parts."""
    margin = min(max(min(ours.shape) // SLACK, 4), (min(ours.shape) - 1) // 2)
    place = _blurred(theirs)
    inner = np.ascontiguousarray(_blurred(ours)[margin : ours.shape[0] - margin, margin : ours.shape[1] - margin])
    agreement = np.nan_to_num(cv2.matchTemplate(place, inner, cv2.TM_CCOEFF_NORMED), posinf=0, neginf=0)
    top, left = np.unravel_index(int(agreement.argmax()), agreement.shape)
    part = place[top : top + inner.shape[0], left : left + inner.shape[1]]
    return float(np.clip(agreement[top, left], -1, 1)), inner, part


def _blurred(grey: Grey) -> Grey:
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(grey), (0, 0), BLUR_SIGMA), np.float32)


def _largest_difference(ours: Grey, theirs: Grey) -> float:
    """Return the mean difference of the cell that differs most, after the best common gain and offset."""
    x, y = ours - ours.mean(), theirs - theirs.mean()
    gain = float((x * y).sum() / max(float((x * x).sum()), 1e-9))
    differences = np.abs(gain * x - y)
    rows, columns = (np.linspace(0, side, min(CELLS, side) + 1).astype(int) for side in ours.shape)
    sums = np.add.reduceat(np.add.reduceat(differences, rows[:-1], axis=0), columns[:-1], axis=1)
    return float((sums / np.outer(np.diff(rows), np.diff(columns))).max())
