from dataclasses import replace

import pytest

from unseam.provenance.encoder import Encoding
from unseam.provenance.platforms import platforms_like
from unseam.provenance.signatures import Encoder

ENCODING = Encoding(70, Encoder.IJG, "words", ("Y", "Cb", "Cr"), "4:2:0", False, ())


def names(encoding: Encoding, height: int, width: int) -> set[str]:
    return {platform.name for platform in platforms_like(encoding, height, width)}


def test_size_quality_and_sampling_together_are_like_a_messenger() -> None:
    assert names(ENCODING, 1200, 1600) == {"Signal for Android", "WhatsApp"}
    assert names(replace(ENCODING, quality=80), 1280, 960) == {"Telegram for Android", "WhatsApp"}
    assert names(replace(ENCODING, quality=87), 1280, 960) == {"Telegram Desktop"}


@pytest.mark.parametrize(
    "other",
    [
        {"subsampling": "4:4:4"},
        {"quality": 95},
        {"encoder": Encoder.CAMERA},
        {"progressive": True},
    ],
)
def test_one_difference_is_enough_to_say_nothing(other: dict[str, object]) -> None:
    assert names(replace(ENCODING, **other), 1200, 1600) == set()


def test_another_size_is_like_no_platform() -> None:
    assert names(ENCODING, 1201, 1601) == set()
