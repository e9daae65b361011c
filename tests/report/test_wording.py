from dataclasses import dataclass, replace

import numpy as np
import pytest

from provenance.test_xmp import xmp_packet
from support.exif_blocks import block, jpeg, number, scene, segment
from support.heatmaps import found, info_of
from unseam.analyze import analyze
from unseam.method import FalseAlarms, Finding, Heatmap, MethodInfo, Trace, TraceKind
from unseam.photo.photo import Photo, load_photo
from unseam.provenance import read_provenance
from unseam.report.report import Verdict
from unseam.report.wording import (
    DIFFERENCES,
    false_alarms_document,
    needs_in_words,
    opening_and_rest,
    others_sentence,
    rate_sentence,
    share_in_words,
    suspicion,
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


@dataclass(frozen=True)
class Traced(Fixed):
    """A method that marks two squares and explains them."""

    traces: tuple[tuple[Trace, ...], ...] = ()

    def __call__(self, photo: Photo) -> Heatmap:
        heat = np.full((photo.height, photo.width), 0.1, np.float32)
        heat[10:30, 10:30] = heat[10:30, 40:60] = 0.9
        marked = found(heat, 0.8)
        regions = [replace(each, traces=own) for each, own in zip(marked.regions, self.traces, strict=True)]
        return replace(marked, regions=tuple(regions))


def sentence(method: Fixed) -> str:
    return analyze(PHOTO, [method]).verdict.sentence


def test_a_finding_is_said_without_the_name_of_a_method_and_with_how_often_it_is_wrong() -> None:
    known = FalseAlarms(0.05, "on 100 photographs", tuple(np.linspace(0, 1, 100).tolist()))
    assert sentence(Fixed(false_alarms=known)) == (
        "Likely manipulated: region 1 (25 % of the photo) differs from the rest. "
        "About 20 in 100 authentic photographs score this high."
    )


def test_no_finding_and_no_answer_are_said_too() -> None:
    assert sentence(Fixed(marks=False)) == (
        "No evidence of manipulation: nothing in this photo stands out, which does not prove it authentic."
    )
    assert sentence(Fixed(doubt="it is too small")) == "Cannot tell: it is too small."


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_the_clearest_trace_says_how_a_region_differs(kind: TraceKind) -> None:
    weak = Trace("noise", 1.0, 2.0, "grey levels", "weak", "less noisy")
    clear = Trace(kind, 92.0, 3.0, "%", "strong", "92 % of its blocks, 3 % elsewhere")
    report = analyze(PHOTO, [Traced(traces=((weak,), (clear, weak)))])
    assert report.verdict.sentence.startswith(
        f"Likely manipulated: 2 regions, together 17 % of the photo, stand out; region 2 {DIFFERENCES[kind]}. "
    )
    assert report.verdict.why == (
        "Region 1: less noisy (weak).",
        "Region 2: 92 % of its blocks, 3 % elsewhere (strong).",
        "Region 2: less noisy (weak).",
    )


def test_what_stands_under_an_opening_is_a_sentence_of_its_own() -> None:
    verdict = Verdict(Finding.CANNOT_TELL, "Cannot tell: it is: too small.")
    assert opening_and_rest(verdict) == ("Cannot tell", "It is: too small.")


@pytest.mark.parametrize(
    ("share", "words"), [(0.5, "50 %"), (0.0149, "1.5 %"), (0.02, "2 %"), (0.001, "0.1 %"), (0.0002, "less than 0.1 %")]
)
def test_a_share_is_said_as_precisely_as_it_can_be_seen(share: float, words: str) -> None:
    assert share_in_words(share) == words


def test_lists_begin_with_the_most_suspicious() -> None:
    documents = [
        {"verdict": verdict, "score": score}
        for verdict, score in (
            ("no evidence", 0.9),
            ("cannot tell", None),
            ("suspicious", 0.7),
            ("manipulated", 0.9),
            ("manipulated", 0.99),
        )
    ]
    assert [(each["verdict"], each["score"]) for each in sorted(documents, key=suspicion)] == [
        ("manipulated", 0.99),
        ("manipulated", 0.9),
        ("suspicious", 0.7),
        ("cannot tell", None),
        ("no evidence", 0.9),
    ]


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
        (None, "How often authentic photographs score this high is not known."),
        (FalseAlarms(0.05, "somewhere"), "In about 5 in 100 authentic photographs it marks something."),
        (FalseAlarms(0.004, "somewhere"), "In fewer than 1 in 100 authentic photographs it marks something."),
        (FalseAlarms(0.0, "somewhere", (0.1, 0.2)), "Fewer than 1 in 100 authentic photographs score this high."),
        (FalseAlarms(0.0, "somewhere", (0.1, 0.9)), "About 50 in 100 authentic photographs score this high."),
    ],
)
def test_only_what_is_known_of_false_alarms_is_said(known: FalseAlarms | None, words: str) -> None:
    assert rate_sentence(info_of("fixed", false_alarms=known), 0.8) == words


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
        (Fixed(), "Likely manipulated, and AI-made according to the file: region 1 ("),
        (
            Fixed(marks=False),
            "No evidence of manipulation in the pixels, but AI-made according to the file: nothing in",
        ),
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
