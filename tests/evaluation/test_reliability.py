from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unseam.evaluation.plots import draw_reliability
from unseam.evaluation.reliability import reliability, write_reliability
from unseam.evaluation.rows import Row


def row(score: float | None, forged: bool) -> Row:
    return Row("key", "photo", "splice", "test", "method", "judged", manipulated=int(forged), score=score)


def test_a_score_that_means_what_it_says_has_no_error() -> None:
    rows = [row(0.85, forged=number < 17) for number in range(20)] + [
        row(0.15, forged=number < 3) for number in range(20)
    ]
    found = reliability(rows)
    assert found is not None
    assert found.error == pytest.approx(0, abs=1e-9)
    assert [(part.photos, part.score, part.forged) for part in found.bins] == [
        (20, pytest.approx(0.15), pytest.approx(0.15)),
        (20, pytest.approx(0.85), pytest.approx(0.85)),
    ]


def test_one_that_is_always_sure_and_half_wrong_has_an_error_of_a_half() -> None:
    found = reliability([row(1.0, forged=True), row(1.0, forged=False)])
    assert found is not None
    assert found.error == pytest.approx(0.5)


def test_the_share_is_at_prior_one_half_whatever_the_set_holds() -> None:
    rng = np.random.default_rng(0)
    many = [row(float(score), forged=True) for score in rng.beta(3, 2, 4000)]
    few = [row(float(score), forged=False) for score in rng.beta(2, 3, 400)]
    found = reliability(many + few)
    assert found is not None
    middle = [part.forged for part in found.bins if 0.4 < part.score < 0.6]
    assert np.mean(middle) == pytest.approx(0.5, abs=0.08)


def test_without_both_kinds_of_photos_there_is_nothing_to_say() -> None:
    assert reliability([row(0.3, forged=True), row(0.9, forged=True), row(None, forged=False)]) is None
    assert reliability([]) is None


def test_it_is_written_and_drawn(tmp_path: Path) -> None:
    found = reliability([row(0.9, forged=True), row(0.2, forged=False)])
    assert found is not None
    write_reliability({"method": found}, tmp_path / "reliability.csv")
    assert (tmp_path / "reliability.csv").read_text().splitlines()[1] == "method,1,0.2000,0.0000"
    draw_reliability({"method": found}, tmp_path / "reliability.png")
    assert (tmp_path / "reliability.png").stat().st_size > 5000
