import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.drawing.outlines import MAX_OUTLINES, Outline, outlines_of
from unseam.method import find_regions
from unseam.photo.orientation import upright


def outlined(mask: NDArray[np.bool_], orientation: int = 1, longest_side: int = 2048) -> tuple[Outline, ...]:
    regions = find_regions(mask, mask.astype(np.float32))
    return outlines_of(mask, regions, orientation, longest_side)


def two_boxes() -> NDArray[np.bool_]:
    mask = np.zeros((120, 160), bool)
    mask[20:60, 30:90] = True
    mask[80:100, 10:30] = True
    return mask


@pytest.mark.parametrize("orientation", range(1, 9))
def test_outlines_enclose_the_mask_as_a_viewer_sees_it(orientation: int) -> None:
    mask = two_boxes()
    mask[30:50, 40:60] = False
    seen = np.ascontiguousarray(upright(mask, orientation))
    canvas = np.zeros(seen.shape, np.uint8)
    for outline in outlined(mask, orientation):
        cv2.fillPoly(canvas, list(outline.rings), 1)
        cv2.polylines(canvas, list(outline.rings), isClosed=True, color=1)
    assert np.array_equal(canvas[~seen], np.zeros((~seen).sum())) or (canvas.astype(bool) ^ seen).sum() < 100
    assert canvas[seen].all()


def test_outlines_are_numbered_as_their_regions() -> None:
    assert [(outline.number, outline.box) for outline in outlined(two_boxes())] == [
        (1, (30, 20, 60, 40)),
        (2, (10, 80, 20, 20)),
    ]


def test_a_number_is_placed_on_the_outline_near_its_top_left_corner() -> None:
    rows, columns = np.indices((200, 200))
    mask = np.hypot(rows - 100, columns - 100) < 60
    (outline,) = outlined(mask)
    x, y = outline.badge
    assert mask[y, x]
    assert not mask[y - 2, x - 2]
    assert x < 80
    assert y < 80


def test_a_hole_is_a_ring_of_its_region() -> None:
    mask = two_boxes()
    mask[30:50, 40:60] = False
    assert [len(outline.rings) for outline in outlined(mask)] == [2, 1]
    assert outlined(mask)[0].path.count("M") == 2


def test_a_path_runs_through_the_middles_of_pixels() -> None:
    assert re.fullmatch(r"M30.5 20.5L30.5 59.5L89.5 59.5L89.5 20.5Z", outlined(two_boxes())[0].path)


def test_what_cannot_be_seen_in_the_drawn_photo_is_simplified() -> None:
    rows, columns = np.indices((1000, 1000))
    mask = np.hypot(rows - 500, columns - 500) < 300
    fine, coarse = (len(outlined(mask, longest_side=side)[0].rings[0]) for side in (1000, 100))
    assert coarse < fine / 2


def test_no_more_regions_are_outlined_than_anybody_can_tell_apart() -> None:
    tile = np.zeros((24, 24), bool)
    tile[2:20, 2:20] = True
    assert len(outlined(np.tile(tile, (18, 18)))) == MAX_OUTLINES < 18 * 18
