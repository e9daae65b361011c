import numpy as np
import pytest
from numpy.typing import NDArray

from unseam.detectors.copy_move import Copy
from unseam.method import Strength
from unseam.models.fusion.copies import copied_trace


def box(top: int, left: int, size: tuple[int, int], side: int) -> NDArray[np.bool_]:
    marked = np.zeros(size, bool)
    marked[top : top + side, left : left + side] = True
    return marked


def copy(log_odds: float = 5.0, likeness: float = 0.98) -> Copy:
    """Squares of 20 x 20 cells of 2 x 2 pixels, from (10, 10) to (60, 70)."""
    sides = (box(10, 10, (100, 150), 20), box(60, 70, (100, 150), 20))
    return Copy(sides, 2, log_odds, likeness, 0.4)


@pytest.mark.parametrize(
    ("corner", "source"), [((20, 20), (120, 140, 160, 180)), ((120, 140), (20, 20, 60, 60))], ids=["first", "second"]
)
def test_the_other_side_of_a_copy_is_where_the_same_is_shown(
    corner: tuple[int, int], source: tuple[int, int, int, int]
) -> None:
    trace = copied_trace(box(*corner, (200, 300), 40), [copy()])
    assert trace is not None
    assert (trace.kind, trace.source, trace.strength) == ("copied", source, "strong")
    assert trace.text == "shows the same as another place in the photo: 98 % alike, the next best 40 %"


def test_a_copy_elsewhere_explains_nothing() -> None:
    assert copied_trace(box(0, 200, (200, 300), 60), [copy()]) is None
    assert copied_trace(box(20, 20, (200, 300), 40), []) is None


@pytest.mark.parametrize(("log_odds", "strength"), [(4.0, "strong"), (2.0, "moderate"), (0.5, "weak"), (-0.5, None)])
def test_strength_follows_the_odds(log_odds: float, strength: Strength | None) -> None:
    trace = copied_trace(box(20, 20, (200, 300), 40), [copy(log_odds)])
    assert (trace and trace.strength) == strength


def test_the_likeliest_copy_is_reported() -> None:
    trace = copied_trace(box(20, 20, (200, 300), 40), [copy(1.5, 0.7), copy(4.0, 0.98)])
    assert trace is not None
    assert trace.inside == pytest.approx(98)
