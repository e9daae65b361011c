from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.training.schedule import learning_rate


def rate(step: int, *, warmup_steps: int = 10, steps: int = 101) -> float:
    return learning_rate(step, peak=1e-3, final=1e-5, warmup_steps=warmup_steps, steps=steps)


def test_warm_up_rises_linearly_to_the_peak() -> None:
    assert [rate(step) for step in (0, 4, 9)] == pytest.approx([1e-4, 5e-4, 1e-3])


def test_cosine_is_halfway_in_the_middle_and_ends_at_the_final_rate() -> None:
    assert rate(55) == pytest.approx((1e-3 + 1e-5) / 2)
    assert rate(100) == pytest.approx(1e-5)
    assert rate(1000) == pytest.approx(1e-5)


@given(st.integers(0, 50), st.integers(1, 120), st.integers(0, 150))
def test_rate_stays_between_zero_and_the_peak_and_never_rises_after_warm_up(warmup: int, steps: int, step: int) -> None:
    now, later = (rate(s, warmup_steps=warmup, steps=steps) for s in (step, step + 1))
    assert 0 < now <= 1e-3
    assert step < warmup or later <= now
