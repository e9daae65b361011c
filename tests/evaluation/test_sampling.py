from collections import Counter
from pathlib import Path

import pytest

from unseam.datasets.sample import Sample
from unseam.evaluation.sampling import draw_samples


def made(**kinds: int) -> list[Sample]:
    return [Sample(f"{kind}{i}", Path(kind), kind=kind) for kind, count in kinds.items() for i in range(count)]


def test_each_kind_gets_its_share() -> None:
    drawn = draw_samples(made(splice=60, removal=30, authentic=10), 20)
    assert Counter(sample.kind for sample in drawn) == {"splice": 12, "removal": 6, "authentic": 2}


@pytest.mark.parametrize("limit", [1, 2, 7, 30, 34, 35, 36])
def test_as_many_are_drawn_as_asked_and_none_twice(limit: int) -> None:
    samples = made(splice=17, removal=11, authentic=7)
    drawn = draw_samples(samples, limit)
    assert len(drawn) == len({sample.name for sample in drawn}) == min(limit, 35)
    assert drawn == sorted(drawn, key=samples.index)


def test_the_seed_decides() -> None:
    samples = made(splice=50)
    assert draw_samples(samples, 10, seed=1) == draw_samples(samples, 10, seed=1) != draw_samples(samples, 10, seed=2)


def test_seats_left_over_go_to_the_largest_remainders() -> None:
    drawn = draw_samples(made(splice=17, removal=11, authentic=7), 10)  # shares 4.86, 3.14 and 2
    assert Counter(sample.kind for sample in drawn) == {"splice": 5, "removal": 3, "authentic": 2}
