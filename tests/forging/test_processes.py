from __future__ import annotations

import os

import pytest

from unseam.errors import DataError
from unseam.forging.processes import mapped


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_tasks(workers: int) -> None:
    assert mapped(abs, list(range(-20, 0)), workers, "Counting") == list(range(20, 0, -1))


def test_a_worker_that_dies_is_an_error_and_not_an_endless_wait() -> None:
    with pytest.raises(DataError, match="a worker process died"):
        mapped(os._exit, [3, 3], 2, "Dying")


def reciprocal(number: int) -> float:
    return 1 / number


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_task_raises_is_raised(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        mapped(reciprocal, [2, 1, 0, 3], workers, "Dividing")
