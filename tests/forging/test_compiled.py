"""Compiled loops: they run where numba may keep nothing, as in an installation that nobody may write to."""

from collections.abc import Callable
from typing import Any

import numba
import pytest

from unseam.forging.compiled import compiled


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
