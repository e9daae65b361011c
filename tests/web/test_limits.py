from dataclasses import replace

import pytest

from support.web_service import LIMITS
from unseam.web.limits import FREE_MEMORY, Limits, default_memory, default_workers


@pytest.mark.parametrize("name", ["upload_bytes", "pixels", "seconds", "in_flight", "workers", "memory"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0"):
        replace(LIMITS, **{name: 0})


def test_fewer_places_than_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="never keep 3 workers busy"):
        Limits(in_flight=2, workers=3)


def test_defaults_follow_the_machine() -> None:
    assert [default_workers(cores) for cores in (1, 2, 3, 8)] == [1, 1, 1, 4]
    assert default_memory(1_000_000, None) == FREE_MEMORY + 80_000_000
    assert default_memory(1_000_000, 10**9) == 10**9
