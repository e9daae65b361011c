import pytest

from support.tiny_models import ModelMaker
from unseam.errors import ModelError
from unseam.method import FalseAlarms, false_alarms_of
from unseam.methods import METHODS, is_learned
from unseam.models.patch.method import load_localizer


def test_the_rate_at_a_score_counts_photographs_that_score_at_least_as_high() -> None:
    known = FalseAlarms(0.05, "somewhere", (0.1, 0.2, 0.2, 0.9))
    assert [known.at(score) for score in (0.0, 0.2, 0.21, 0.9, 0.95)] == [1, 0.75, 0.25, 0.25, 0]
    assert FalseAlarms(0.05, "somewhere").at(0.5) is None


@pytest.mark.parametrize(("marked", "scores"), [(1.5, ()), (-0.1, ()), (0.5, (0.2, 0.1))])
def test_impossible_rates_are_refused(marked: float, scores: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        FalseAlarms(marked, "somewhere", scores)


def test_a_model_file_may_say_how_often_it_is_wrong(make_model: ModelMaker) -> None:
    assert false_alarms_of(load_localizer(make_model())) is None
    held = {"marked": 0.04, "source": "100 photographs", "scores": [0.1, 0.6]}
    known = false_alarms_of(load_localizer(make_model(false_alarms=held)))
    assert known == FalseAlarms(0.04, "100 photographs", (0.1, 0.6))


@pytest.mark.parametrize(
    "held",
    [
        [],
        {"marked": 0.04},
        {"marked": 4, "source": "x"},
        {"marked": "0", "source": "x"},
        {"marked": 0, "source": "x", "scores": 3},
        {"marked": 0, "source": "x", "scores": [0.2, 0.1]},
    ],
)
def test_a_model_file_with_impossible_false_alarms_is_refused(make_model: ModelMaker, held: object) -> None:
    with pytest.raises(ModelError, match="false_alarms"):
        load_localizer(make_model(false_alarms=held))


def test_every_classical_detector_says_how_often_it_is_wrong() -> None:
    for method in METHODS.values():
        if not is_learned(method):
            known = false_alarms_of(method)
            assert known is not None
            assert known.marked == 0.05
