"""One forgery to be made: everything about it that is random, known before any pixel is read."""

from __future__ import annotations

from dataclasses import dataclass

from unseam.forging.finish import Finish
from unseam.forging.history import ProcessingHistory
from unseam.forging.sources import ObjectBox
from unseam.forging.tiles import Tiles

INPAINTED = ("telea", "navier-stokes")
FILLS = {"telea": 1.0, "navier-stokes": 1.0, "exemplar": 1.0, "clone": 1.0, "content-aware": 2.0}
"""How a removal is filled, and how often: OpenCV's two, which are slow and blur; patch by patch; by one nearby area;
all patches at once, which is what editors offer first."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A window of a reduced photograph: corner and size in pixels after the reduction."""

    reduction: float
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Panel:
    """The second photograph of a collage: its number among the photographs, its crop and its history."""

    source: int
    crop: Crop
    history: ProcessingHistory


@dataclass(frozen=True, slots=True)
class Plan:
    """One forgery to be made.

    Attributes
    ----------
    index, split, kind
        Of the file.
    host, donor : int
        Numbers among the photographs; donor -1: none.
    crop, history, tiles
        The host's window and what it goes through before the edit.
    donor_history, donor_reduction
        The same of the donor.
    two_cameras : bool
        Neither was ever compressed, and each has its own camera's noise and demosaicing.
    shape, area, scale, angle, flip, tone, fill, seam, seam_width
        The edit.
    min_area : float
        Share of the frame that the edit must not fall below.
    finish
        What the frame goes through after the edit.
    seed : (int, int)
        Of the pixels' random numbers.
    object : ObjectBox, optional
        The donor's in a splice and the host's own in the other kinds; None where a random shape is used.
    panel : Panel, optional
        The second photograph of a collage.
    """

    index: int
    split: str
    kind: str
    host: int
    crop: Crop
    history: ProcessingHistory
    tiles: Tiles | None
    donor: int
    donor_history: ProcessingHistory
    donor_reduction: float
    two_cameras: bool
    shape: str
    area: float
    scale: float
    angle: float
    flip: bool
    tone: bool
    fill: str
    seam: str
    seam_width: float
    min_area: float
    finish: Finish
    seed: tuple[int, int]
    object: ObjectBox | None = None
    panel: Panel | None = None
