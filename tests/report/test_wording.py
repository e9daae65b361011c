from dataclasses import dataclass, replace

import numpy as np
import pytest

from support.exif_blocks import jpeg, scene
from support.heatmaps import found, info_of
from unseam.analyze import analyze
from unseam.method import FalseAlarms, Heatmap, MethodInfo
from unseam.photo.photo import Photo, load_photo
from unseam.provenance.encoder import Encoder, Encoding
from unseam.provenance.exif import Exif
from unseam.provenance.file_facts import FileFacts, Trailing
from unseam.provenance.thumbnail import Thumbnail
from unseam.report.wording import (
    false_alarms_document,
    leads,
    needs_in_words,
    others_sentence,
    rate_clause,
)

PHOTO = load_photo(scene(60, 80))
ENCODING = Encoding(90, Encoder.IJG, "words", ("Y", "Cb", "Cr"), "4:2:0", False, ())


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


def test_of_several_pictures_the_judged_one_is_named() -> None:
    (lead,) = leads(replace(PHOTO, number=2, count=3), FileFacts(1))

    assert lead == "The file holds 3 pictures; number 2 (80 x 60 pixels), the largest full one, was judged."


def test_damage_in_the_data_is_a_lead() -> None:
    data = jpeg(scene(), restart_marker_rows=1)
    scan = data.index(b"\xff\xda")
    middle = scan + (len(data) - scan) // 2
    photo = load_photo(data[:middle] + b"\xff\x9f" + data[middle:])

    (lead,) = leads(photo, FileFacts(len(data)))

    assert lead.startswith(f"The JPEG data are damaged from row {photo.damage.first_row} to row ")
    assert "7 % of the photo is lost" in lead


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


def told(**facts: object) -> str:
    return " ".join(leads(PHOTO, replace(FileFacts(9), **facts)))


def test_a_plain_file_gives_no_lead() -> None:
    assert leads(PHOTO, None) == []
    exif = Exif(taken="2020-01-01 00:00:00", changed="2020-01-01 00:00:00", stated_width=60, stated_height=80)
    assert told(exif=exif, encoding=ENCODING, thumbnail=Thumbnail(agrees=True)) == ""


def test_what_deserves_a_second_look_is_told() -> None:
    assert "does not show this photo" in told(thumbnail=Thumbnail(None, 0.5, 40.0, 0, False))
    assert "turned by 90 degrees" in told(thumbnail=Thumbnail(None, 0.99, 2.0, 90, True))
    assert told(thumbnail=Thumbnail(oddity="x")) == ""
    assert "EXIF states 400 x 300 pixels" in told(exif=Exif(stated_width=400, stated_height=300))
    assert "1,234 bytes follow" in told(trailing=Trailing(1234, "text"))
    assert "changed 2021" in told(exif=Exif(taken="2020-01-01 00:00:00", changed="2021-01-01 00:00:00"))
    assert "metadata are odd: broken." in told(oddities=("broken",))
    assert "another program saved it again" in told(encoding=replace(ENCODING, photoshop_quality=8))
    own = replace(ENCODING, encoder=Encoder.PHOTOSHOP, photoshop_quality=8)
    assert told(encoding=own) == "The file carries a mark of Photoshop."
