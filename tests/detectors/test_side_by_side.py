"""Parts in threads: in order, as many at a time as OpenCV may use, and no error is lost."""

import threading
from collections.abc import Iterator

import cv2
import pytest

from unseam.detectors.side_by_side import side_by_side


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(request.param)
    yield request.param
    cv2.setNumThreads(before)


def test_answers_come_in_the_order_of_the_parts(threads: int) -> None:
    assert side_by_side(lambda a, b: a - b, [(5, 1), (3, 2), (9, 9)]) == [4, 1, 0]


def test_an_error_in_a_part_is_not_lost(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda part: 1 // part, [(1,), (0,)])


def test_as_many_parts_run_at_once_as_there_are_threads(threads: int) -> None:
    meeting = threading.Barrier(threads, timeout=20)
    assert len(side_by_side(meeting.wait, [()] * threads)) == threads


def test_no_thread_is_left_behind(threads: int) -> None:
    before = threading.active_count()
    side_by_side(lambda: None, [()] * 8)
    assert threading.active_count() == before
