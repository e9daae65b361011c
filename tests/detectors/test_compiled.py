"""Compiled loops: they run where numba may keep nothing, say in an installation that nobody may write to."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

import unseam
from unseam.detectors import block_grid
from unseam.detectors.compiled import compiled


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit

    def without_cache(function: Callable[..., Any], *, cache: bool = False, **options: bool) -> Any:
        if cache:
            raise RuntimeError(f"cannot cache function {function.__name__!r}: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(numba, "njit", without_cache)


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_a_function_is_compiled_all_the_same() -> None:
    assert compiled(double)(21) == 42


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_block_grid_finds_what_it_finds_with_one() -> None:
    photo = unseam.load_photo(np.random.default_rng(3).integers(0, 255, (96, 128, 3), dtype=np.uint8))
    block_grid._running_median.cache_clear()

    without = block_grid.METHOD(photo).heat

    block_grid._running_median.cache_clear()
    np.testing.assert_array_equal(without, block_grid.METHOD(photo).heat)
