from dataclasses import dataclass

import numpy as np
import pytest

from provenance.test_xmp import xmp_packet
from support.exif_blocks import block, jpeg, number, scene, segment
from support.heatmaps import found, info_of
from unseam.analyze import analyze
from unseam.method import FalseAlarms, Heatmap, MethodInfo
from unseam.photo.photo import Photo, load_photo
from unseam.provenance import read_provenance
from unseam.report.wording import (
    false_alarms_document,
    needs_in_words,
    others_sentence,
    rate_clause,
    with_provenance,
)

PHOTO = load_photo(scene(60, 80))
AI = xmp_packet(ext_DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
AI_MADE = jpeg(scene(60, 80), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + AI))


@dataclass(frozen=True)
class Fixed:
    """A method that marks a square, or nothing."""

    marks: bool = True
    doubt: str | None = None
    false_alarms: FalseAlarms | None = None
    name: str = "fixed"

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name, false_alarms=self.false_alarms)

    def __call__(self, photo: Photo) -> Heatmap:
        heat = np.full((photo.height, photo.width), 0.1, np.float32)
        heat[10:40, 20:60] = 0.9 if self.marks else 0.1
        return found(heat, 0.8, doubt=self.doubt)


def sentence(method: Fixed) -> str:
    return analyze(PHOTO, [method]).verdict.sentence


def test_a_finding_is_one_sentence_with_score_and_rate() -> None:
    known = FalseAlarms(0.05, "on 100 photographs", tuple(np.linspace(0, 1, 100).tolist()))
    assert sentence(Fixed(false_alarms=known)) == (
        "Likely manipulated: 1 region differs from the rest of the photo, 25.0 % of it. "
        "20 % of authentic photographs score as high (on 100 photographs)."
    )


def test_no_finding_and_no_answer_are_said_too() -> None:
    assert sentence(Fixed(marks=False)).startswith("No evidence of manipulation: no region differs from the rest")
    assert sentence(Fixed(doubt="it is too small")) == "Cannot tell: it is too small."


def test_what_other_methods_mark_is_told_beside_the_verdict() -> None:
    calm = [Fixed(marks=False, name=f"calm-{number}") for number in range(2)]
    assert others_sentence(analyze(PHOTO, [Fixed()])) == ""
    assert (
        others_sentence(analyze(PHOTO, [Fixed(), *calm])) == "Of the 2 other methods that apply, none marks anything."
    )
    assert others_sentence(analyze(PHOTO, [calm[0], calm[1], Fixed()])) == (
        "Of the 2 other methods that apply, 1 marks something: fixed. Each is wrong now and then; what several mark in "
        "the same place weighs more."
    )
    assert others_sentence(analyze(PHOTO, [Fixed(), Fixed(doubt="too small", name="unsure")])) == ""


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, "is not recorded"),
        (FalseAlarms(0.05, "somewhere"), "marks something on about 5 % of authentic photographs (somewhere)"),
        (FalseAlarms(0.004, "somewhere"), "less than 1 %"),
        (FalseAlarms(0.0, "somewhere", (0.1, 0.2)), "0 % of authentic photographs score as high"),
    ],
)
def test_only_what_is_known_of_false_alarms_is_said(known: FalseAlarms | None, words: str) -> None:
    assert words in rate_clause(info_of("fixed", false_alarms=known), 0.8)


def test_false_alarms_are_plain_types_in_json() -> None:
    assert false_alarms_document(info_of("fixed"), 0.5) is None
    known = info_of("fixed", false_alarms=FalseAlarms(0.05, "x", (0.1, 0.9)))
    assert false_alarms_document(known, 0.5) == {"marked": 0.05, "at_score": 0.5, "source": "x"}
    assert false_alarms_document(known, None) == {"marked": 0.05, "at_score": None, "source": "x"}


def test_needs_are_said_in_words() -> None:
    assert needs_in_words(info_of("fixed")) == "nothing but pixels"
    needy = info_of("fixed", needs=frozenset({"jpeg", "colour"}), min_size=(64, 96))
    assert needs_in_words(needy) == "colour, a JPEG file as the camera or program wrote it, at least 96 x 64 pixels"


@pytest.mark.parametrize(
    ("method", "start"),
    [
        (Fixed(), "Likely manipulated, and AI-made according to the file: 1 region differs"),
        (Fixed(marks=False), "No evidence of manipulation in the pixels, but AI-made according to the file: no region"),
        (Fixed(doubt="it is small"), "Cannot tell from the pixels, but AI-made according to the file: it is"),
    ],
)
def test_the_first_sentence_says_what_pixels_and_file_say(method: Fixed, start: str) -> None:
    report = analyze(AI_MADE, [method])
    assert report.verdict.sentence.startswith(start)
    assert report.provenance is not None
    assert report.provenance.summary in report.verdict.why
    assert report.document()["provenance"]["ai_made"] is True


def test_what_the_file_says_and_its_contradictions_are_reasons() -> None:
    other = jpeg(scene(60, 80), segment(0xE1, b"Exif\0\0" + block({}, {0xA002: number(4000), 0xA003: number(3000)})))
    why = analyze(other, [Fixed()]).verdict.why
    assert any(reason.startswith("Resaved or resized") for reason in why)
    assert any(reason.startswith("EXIF states 4000 x 3000 pixels") for reason in why)


def test_an_array_has_a_verdict_on_its_pixels_alone() -> None:
    verdict = analyze(PHOTO, [Fixed()]).verdict
    assert with_provenance(verdict, None) == verdict
    assert read_provenance(PHOTO) is None
