import numpy as np

from unseam.drawing.contact_sheet import GAP, Tile, contact_sheet
from unseam.drawing.overlay import BACKGROUND

RED = (200, 10, 10)


def picture(height: int, width: int, colour: tuple[int, int, int] = RED) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def test_rows_lie_below_one_another_and_the_longest_gives_the_width() -> None:
    sheet = np.asarray(contact_sheet([[Tile(picture(50, 50))], [Tile(picture(50, 50, (0, 0, 255)))] * 2], side=50))
    assert sheet.shape == (3 * GAP + 100, 3 * GAP + 100, 3)
    assert tuple(sheet[GAP + 10, GAP + 10]) == RED
    assert tuple(sheet[GAP + 10, 2 * GAP + 60]) == BACKGROUND
    assert tuple(sheet[2 * GAP + 60, 2 * GAP + 60]) == (0, 0, 255)


def test_large_pictures_are_reduced_and_small_ones_enlarged_by_a_whole_factor() -> None:
    reds = []
    for tile in (Tile(picture(300, 600)), Tile(picture(20, 12))):
        rows, columns = np.nonzero(np.all(np.asarray(contact_sheet([[tile]], side=50)) == RED, axis=-1))
        reds.append((np.ptp(rows) + 1, np.ptp(columns) + 1))
    assert reds == [(25, 50), (40, 24)]


def test_captions_get_a_line_each_and_what_is_too_long_loses_its_front() -> None:
    plain = contact_sheet([[Tile(picture(50, 50))]], side=50)
    one = contact_sheet([[Tile(picture(50, 50), "a")]], side=50)
    two = contact_sheet([[Tile(picture(50, 50), "a\nb")]], side=50)
    assert two.height - one.height == one.height - plain.height > 0
    long = np.asarray(contact_sheet([[Tile(picture(50, 50), "a name that is much too long.jpg")]], side=50))
    assert np.all(long[:, GAP + 51 :] == BACKGROUND)
    ends = [np.asarray(contact_sheet([[Tile(picture(50, 50), "very long name " + end)]], side=50)) for end in "ab"]
    assert np.any(ends[0] != ends[1])


def test_outline_follows_the_mask_and_a_mask_is_drawn_black_and_white() -> None:
    mask = np.zeros((50, 50), bool)
    mask[10:30, 10:40] = True
    sheet = np.asarray(contact_sheet([[Tile(picture(50, 50), outline=mask), Tile(mask)]], side=50))
    outlined, white = sheet[GAP:, GAP : GAP + 50], sheet[GAP:, 2 * GAP + 50 : 2 * GAP + 100]
    assert tuple(outlined[10, 20]) == (255, 255, 255)
    assert tuple(outlined[20, 20]) == RED
    assert np.array_equal(white[:50, :, 0] == 255, mask)


def test_sheet_without_pictures_is_its_title() -> None:
    titled, untitled = contact_sheet([], title="nothing"), contact_sheet([])
    assert titled.height > untitled.height
