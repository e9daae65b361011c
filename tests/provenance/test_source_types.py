import pytest

from unseam.provenance.source_types import MADE_BY_AI, SCHEMES, WORDS, Ai, term_of


@pytest.mark.parametrize("scheme", [*SCHEMES, ""])
@pytest.mark.parametrize("term", list(WORDS))
def test_every_term_has_words_however_it_is_written(scheme: str, term: str) -> None:
    assert term_of(f"{scheme}{term}") == term
    assert term_of(f" {scheme}{term.upper()}/ ") == term
    assert WORDS[term]


@pytest.mark.parametrize("value", ["", "digitalcaptured", "http://cv.iptc.org/newscodes/genre/Photo", "http://x"])
def test_other_values_are_no_term(value: str) -> None:
    assert term_of(value) is None


def test_the_whole_vocabulary_of_2024_is_there() -> None:
    assert len(set(WORDS) - {"trainedAlgorithmicData", "empty"}) == 20
    assert MADE_BY_AI["trainedAlgorithmicMedia"] is Ai.ALL
    assert MADE_BY_AI["compositeWithTrainedAlgorithmicMedia"] is Ai.PART
    assert "compositeSynthetic" not in MADE_BY_AI
