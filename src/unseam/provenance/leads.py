"""What in a file's own facts deserves a second look: leads, each with how easily it is forged, and contradictions.

A lead is not evidence. It says where it was read, so that it can be checked, and how much effort it takes to fake it.
Contradictions, facts of one file that cannot all be true, weigh most: who fakes one fact rarely fakes them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from unseam.provenance.content_credentials import Credentials, State
from unseam.provenance.facts import Facts
from unseam.provenance.generators import is_known_size
from unseam.provenance.platforms import platforms_like
from unseam.provenance.programs import Kind, program_of
from unseam.provenance.signatures import Encoder, short_camera
from unseam.provenance.source_types import WORDS
from unseam.provenance.thumbnail import Thumbnail, shows_another_picture


class Forgery(StrEnum):
    """How much effort it takes to fake a lead."""

    SECONDS = "forged in seconds: any metadata editor writes or removes it"
    SAVING = "forged in minutes: by saving the picture with chosen settings"
    HOURS = "forged in hours, by somebody who knows the format"
    ANYBODY = "anybody can sign with a certificate made at home"
    KEY = "hard to forge: it needs the signer's key"
    TRUE = "a fact of the file's bytes, whoever made them"


@dataclass(frozen=True, slots=True)
class Lead:
    """One thing that the file says.

    Attributes
    ----------
    text : str
        One or two sentences; a stranger's words in it are printable and short.
    forgery : Forgery
        How easily it is forged.
    source : str
        Where it was read: ``EXIF``, ``XMP``, ``IPTC``, ``Content Credentials``, ``PNG``, ``JPEG``, ``preview``,
        ``pixels`` or ``file``.
    contradiction : bool
        Whether it contradicts something else that the file says.
    """

    text: str
    forgery: Forgery
    source: str
    contradiction: bool = False


def find_leads(facts: Facts, editor: str | None) -> tuple[Lead, ...]:
    """List all leads of a file, contradictions first.

    Parameters
    ----------
    facts : Facts
    editor : str, optional
        Program that edited the picture by the file's own word: then another size, writer or preview than the camera's
        contradicts nothing.
    """
    edited = editor is not None
    found = [
        *_credentials(facts),
        *_source_types(facts),
        *_generators(facts),
        *_camera_against_writer(facts, edited),
        *_dates(facts),
        *_preview(facts),
        *_stated_size(facts, edited),
        *_marks(facts),
        *_edits(facts),
        *_sizes(facts),
        *_file(facts),
        *(Lead(f"The metadata are damaged: {oddity}.", Forgery.TRUE, "file") for oddity in facts.oddities),
    ]
    return tuple(sorted(found, key=lambda lead: not lead.contradiction))


_STATES = {
    State.TRUSTED: "The file has Content Credentials, signed by {signer}, whose issuer is on the list of trusted ones. "
    "Picture and record are unchanged since. Whether the certificate was revoked is not checked.",
    State.UNKNOWN_SIGNER: "The file has Content Credentials, signed by {signer}, who is not on the list of trusted "
    "ones. Picture and record are unchanged since; who signed them is not known.",
    State.CHANGED: "The file was changed after {signer} signed it: the picture no longer matches its Content "
    "Credentials.",
    State.FORGED: "The file has Content Credentials whose signature does not match: the record was changed after "
    "signing, or was never signed by {signer}.",
    State.INVALID: "The file has Content Credentials that break the rules ({reason}); they prove nothing.",
    State.UNREADABLE: "The file has Content Credentials that cannot be read: {reason}.",
    State.ELSEWHERE: "The file says that it has Content Credentials, but {reason}.",
    State.NOT_READ: "The file has Content Credentials; {reason}.",
}
_BROKEN = (State.CHANGED, State.FORGED, State.INVALID)


def _credentials(facts: Facts) -> Iterator[Lead]:
    found = facts.credentials
    if found is None:
        return
    broken = found.state in _BROKEN
    effort = {State.TRUSTED: Forgery.KEY, State.UNKNOWN_SIGNER: Forgery.ANYBODY}.get(found.state, Forgery.TRUE)
    text = _STATES[found.state].format(signer=signer_of(found), reason=found.reason)
    yield Lead(text, effort, "Content Credentials", broken)
    if facts.signed_thumbnail is not None and facts.signed_thumbnail.agrees is False and not broken:
        text = f"The thumbnail in the Content Credentials {_disagreement(facts.signed_thumbnail)}."
        yield Lead(text, effort, "Content Credentials", contradiction=True)
    yield from _ingredients(facts, found, _effort(facts))


def _ingredients(facts: Facts, found: Credentials, effort: Forgery) -> Iterator[Lead]:
    if not found.ingredients:
        return
    described = []
    for part, thumbnail in zip(found.ingredients, facts.ingredient_thumbnails, strict=False):
        relation = {"parentOf": "the picture it was made from", "componentOf": "a part placed in it"}.get(
            part.relation, "given to a generator" if part.relation == "inputTo" else part.relation
        )
        looks = "" if thumbnail is None or thumbnail.agrees is None else _likeness(thumbnail)
        described.append(f"{part.title or 'untitled'} ({relation}{looks})")
    text = f"By its Content Credentials the picture was made of {', '.join(described[:4])}"
    text += f" and {len(described) - 4} more" if len(described) > 4 else ""
    if described:
        yield Lead(f"{text}.", effort, "Content Credentials")


def _likeness(thumbnail: Thumbnail) -> str:
    if thumbnail.agrees:
        return ", which looks the same as the photo"
    if thumbnail.cropped is not None:
        return ", of which the photo is a section"
    return ", another picture" if shows_another_picture(thumbnail) else ", which differs from the photo in places"


def signer_of(found: Credentials) -> str:
    """Name the signer by certificate: common name and organisation."""
    first = found.manifests[0] if found.manifests else None
    names = [] if first is None else [name for name in (first.signer, first.issuer) if name]
    return " of ".join(dict.fromkeys(names)) or "an unnamed signer"


def stated_source_types(facts: Facts) -> list[tuple[str, str]]:
    """List every digital source type that the file names, with where it stands: term and place."""
    found: list[tuple[str, str]] = []
    if facts.credentials is not None:
        for manifest in facts.credentials.manifests:
            place = "Content Credentials" if manifest.depth == 0 else "Content Credentials of an ingredient"
            terms = [*(action.source_type for action in manifest.actions), *manifest.source_types]
            found += [(term, place) for term in terms if term]
    if facts.xmp is not None and facts.xmp.digital_source_type:
        found.append((facts.xmp.digital_source_type, "XMP"))
    return list(dict.fromkeys(found))


_FROM_CAMERA = frozenset({"digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"})


def _source_types(facts: Facts) -> Iterator[Lead]:
    stated = stated_source_types(facts)
    for term, place in stated:
        effort = Forgery.SECONDS if place == "XMP" else _effort(facts)
        subject = "an ingredient" if place.endswith("ingredient") else "the picture"
        yield Lead(
            f"{place.partition(' of ')[0]}: {subject} was {WORDS[term]} ({term}).", effort, place.partition(" of ")[0]
        )
    own = {term for term, place in stated if not place.endswith("ingredient")}
    if own & _FROM_CAMERA and (facts.generators or "trainedAlgorithmicMedia" in own):
        yield Lead(
            "The file says both that a camera captured the picture and that a generator made it.",
            Forgery.SECONDS,
            "XMP",
            contradiction=True,
        )
    if facts.xmp is not None and facts.xmp.other_source_type:
        text = f"XMP has a digital source type that is not in IPTC's vocabulary: {facts.xmp.other_source_type}."
        yield Lead(text, Forgery.SECONDS, "XMP")


def _effort(facts: Facts) -> Forgery:
    state = facts.credentials.state if facts.credentials else State.UNREADABLE
    return {State.TRUSTED: Forgery.KEY, State.UNKNOWN_SIGNER: Forgery.ANYBODY}.get(state, Forgery.SECONDS)


def _generators(facts: Facts) -> Iterator[Lead]:
    for mark in facts.generators:
        excerpt = f", which starts: {mark.excerpt}" if mark.excerpt else ""
        yield Lead(f"A trace of {mark.name} in {mark.place}{excerpt}.", Forgery.SECONDS, mark.place.split()[0])
    if facts.generators and has_camera_data(facts):
        text = "The file has both a generator's trace and a camera's data; one of them was copied from elsewhere."
        yield Lead(text, Forgery.SECONDS, "EXIF", contradiction=True)
    if not has_camera_data(facts) and not facts.generators and is_known_size(facts.height, facts.width):
        text = (
            f"{facts.width} x {facts.height} pixels is a size that image generators deliver, and many other programs."
        )
        yield Lead(text, Forgery.SAVING, "pixels")


def has_camera_data(facts: Facts) -> bool:
    """Whether EXIF names a camera and says when or how the photo was taken."""
    exif = facts.exif
    return exif is not None and bool(exif.make or exif.model) and (exif.has_exposure or exif.taken is not None)


def camera_of(facts: Facts) -> str:
    """Name the camera by EXIF."""
    exif = facts.exif
    return short_camera(" ".join(name for name in (exif.make, exif.model) if name)) if exif else ""


_PROGRAMS = (Encoder.PHOTOSHOP, Encoder.MOZJPEG)
"""Encoders that no camera has."""


def _camera_against_writer(facts: Facts, edited: bool) -> Iterator[Lead]:
    """EXIF of a camera in a file that a program wrote, where the file names no program."""
    encoding = facts.encoding
    if encoding is None or not has_camera_data(facts):
        return
    camera = camera_of(facts)
    if encoding.encoder in _PROGRAMS:
        text = f"EXIF says that the camera {camera} took the photo, but the quantization tables are {encoding.detail}"
        yield Lead(f"{text}: it was saved again since.", Forgery.SAVING, "JPEG", contradiction=not edited)
    elif encoding.turned:
        text = f"The quantization tables are {encoding.detail}."
        yield Lead(text, Forgery.HOURS, "JPEG")
    elif encoding.libjpeg_order:
        text = (
            f"EXIF says that the camera {camera} took the photo, but the file is laid out as by libjpeg: JFIF first, "
            "each table in its own segment. Cameras put EXIF first; programs that save or turn a photo do not, nor do "
            "some phones."
        )
        yield Lead(text, Forgery.HOURS, "JPEG")
    elif encoding.optimized:
        text = "The Huffman tables were made for this picture, as programs and phones write them; older cameras do not."
        yield Lead(text, Forgery.SAVING, "JPEG")


def _dates(facts: Facts) -> Iterator[Lead]:
    exif, xmp = facts.exif, facts.xmp
    if exif is not None and exif.taken and exif.changed and _comparable(exif.taken, exif.changed):
        if exif.changed < exif.taken:
            text = f"EXIF says that the photo was taken {exif.taken} and last changed before that, {exif.changed}."
            yield Lead(text, Forgery.SECONDS, "EXIF", contradiction=True)
        elif exif.changed[:16] != exif.taken[:16]:  # the same minute: some cameras need seconds to write
            yield Lead(f"EXIF says taken {exif.taken}, changed {exif.changed}.", Forgery.SECONDS, "EXIF")
    if exif is not None and exif.taken and exif.position_date and _days_apart(exif.taken, exif.position_date) > 1:
        text = (
            f"EXIF says that the photo was taken {exif.taken}, but its position was measured on {exif.position_date}."
        )
        yield Lead(text, Forgery.SECONDS, "EXIF", contradiction=True)
    made, changed = (xmp.created or "", xmp.modified or "") if xmp is not None else ("", "")
    if _days_apart(made, changed) > 1 and changed < made:
        text = f"XMP says that the picture was made {made} and changed before that, {changed}."
        yield Lead(text, Forgery.SECONDS, "XMP", contradiction=True)


def _comparable(*dates: str) -> bool:
    return all(date[:4].isdigit() and date[4:5] == "-" for date in dates)


def _days_apart(first: str, second: str) -> int:
    """Days between two dates; 0 where one is not a date. One day may be the time zone's."""
    try:
        return abs((date.fromisoformat(first[:10]) - date.fromisoformat(second[:10])).days)
    except ValueError:
        return 0


def _disagreement(thumbnail: Thumbnail) -> str:
    if thumbnail.cropped is not None:
        return (
            f"shows more than the photo, which is a section of {100 * thumbnail.cropped:.0f} % of its sides "
            f"(correlation {thumbnail.correlation:.2f})"
        )
    if shows_another_picture(thumbnail):
        return f"shows another picture than the photo (correlation {thumbnail.correlation:.2f})"
    return (
        f"does not show this photo as it is now (largest difference of a part {thumbnail.difference:.0f} grey levels, "
        f"correlation {thumbnail.correlation:.2f})"
    )


def _preview(facts: Facts) -> Iterator[Lead]:
    preview = facts.thumbnail
    if preview is None or preview.agrees is None:
        return
    if not preview.agrees:
        changed = "the photo was changed and the preview was not, or the camera made it of another section"
        why = changed if preview.cropped is None else "the photo was cropped and the preview was not"
        text = f"The preview in EXIF {_disagreement(preview)}: {why}."
        yield Lead(text, Forgery.HOURS, "preview", contradiction=True)
    if preview.turned:
        text = f"The photo lies as if turned by {preview.turned} degrees against the preview in EXIF."
        yield Lead(text, Forgery.HOURS, "preview")


def _stated_size(facts: Facts, edited: bool) -> Iterator[Lead]:
    exif = facts.exif
    if exif is None or not exif.stated_width or not exif.stated_height:
        return
    if sorted((exif.stated_width, exif.stated_height)) != sorted((facts.width, facts.height)):
        text = (
            f"EXIF states {exif.stated_width} x {exif.stated_height} pixels, the photo has {facts.width} x "
            f"{facts.height}: it was cropped or scaled after EXIF was written."
        )
        yield Lead(text, Forgery.SECONDS, "EXIF", contradiction=not edited)


def _marks(facts: Facts) -> Iterator[Lead]:
    encoding = facts.encoding
    if encoding is not None and (encoding.photoshop_quality is not None or encoding.web_quality is not None):
        if encoding.encoder in (Encoder.IJG, Encoder.CAMERA, Encoder.MOZJPEG):
            text = (
                f"The file carries a mark of Photoshop, but its tables are {encoding.detail}: it was saved again since."
            )
            yield Lead(text, Forgery.SECONDS, "JPEG", contradiction=True)
        else:
            yield Lead("The file carries a mark of Photoshop.", Forgery.SECONDS, "JPEG")
    if facts.iptc is not None and facts.iptc.facebook:
        text = "The IPTC block has the mark that Facebook and Instagram put into the pictures that they deliver."
        yield Lead(text, Forgery.SECONDS, "IPTC")


def _edits(facts: Facts) -> Iterator[Lead]:
    xmp = facts.xmp
    if facts.exif is not None and facts.exif.software and not is_cameras_own(facts, facts.exif.software):
        yield Lead(f"EXIF names as last program: {facts.exif.software}.", Forgery.SECONDS, "EXIF")
    if xmp is None:
        return
    if xmp.creator_tool:
        yield Lead(f"XMP names as the program that made the file: {xmp.creator_tool}.", Forgery.SECONDS, "XMP")
    if xmp.history:
        programs = list(dict.fromkeys(save.software for save in xmp.history if save.software))
        by = f" by {', '.join(programs[:3])}" if programs else ""
        count = len(xmp.history)
        yield Lead(f"XMP lists {count} step{'s' if count > 1 else ''} of work{by}.", Forgery.SECONDS, "XMP")
    if xmp.ancestors:
        text = (
            f"XMP lists {xmp.ancestors} other document{'s' if xmp.ancestors > 1 else ''} from which parts were pasted."
        )
        yield Lead(text, Forgery.SECONDS, "XMP")
    if xmp.derived_from or xmp.other_original:
        yield Lead("XMP says that the file was made from another one.", Forgery.SECONDS, "XMP")
    if xmp.raw_developed:
        local = ", local changes (spots, masks or brushes) included" if xmp.retouched else ""
        yield Lead(f"XMP holds the settings of a raw developer{local}.", Forgery.SECONDS, "XMP")
    if xmp.extras:
        yield Lead(f"XMP announces {', '.join(xmp.extras)}: phones add them.", Forgery.SECONDS, "XMP")


_OWN_WORDS = frozenset(
    {"digital", "camera", "version", "firmware", "generic", "application", "mediatek", "android", "build", "release"}
)
"""Words in the names of cameras' own programs."""
_LONG_WORD = 5
"""Letters from which on a word in a camera's software name is a name; firmware has numbers and codes."""
_SEPARATORS = re.compile(r"[^\w+]+|_")


def is_cameras_own(facts: Facts, software: str) -> bool:
    """Whether a program's name looks like a camera's own firmware: numbers, codes, and the camera's own names."""
    program = program_of(software)
    if program is not None:
        return program.kind is Kind.CAMERA
    own = camera_of(facts).lower()
    words = [word for word in _SEPARATORS.split(software.lower()) if word.isalpha()]
    return all(len(word) < _LONG_WORD or word in _OWN_WORDS or word in own for word in words)


def _sizes(facts: Facts) -> Iterator[Lead]:
    if facts.encoding is None or has_camera_data(facts):
        return
    names = list(dict.fromkeys(p.name for p in platforms_like(facts.encoding, facts.height, facts.width)))
    if names:
        size = f"A longer side of {max(facts.height, facts.width)} pixels and quality {facts.encoding.quality}"
        verb = "delivers" if len(names) == 1 else "deliver"
        yield Lead(f"{size}, without camera data, are as {' or '.join(names)} {verb}.", Forgery.SAVING, "JPEG")


def _file(facts: Facts) -> Iterator[Lead]:
    if facts.damage is not None:
        text = f"{facts.damage[0].upper()}{facts.damage[1:]}: a decoder makes up what is missing there."
        yield Lead(text, Forgery.TRUE, "JPEG")
    if facts.count > 1:
        size = f"{facts.width} x {facts.height} pixels"
        text = (
            f"The file holds {facts.count} pictures; number {facts.number} ({size}), the largest full one, was judged."
        )
        yield Lead(text, Forgery.TRUE, "file")
    if facts.trailing is not None:
        text = f"{facts.trailing.size:,} bytes follow the end of the picture ({facts.trailing.kind})."
        yield Lead(
            f"{text} Many cameras and phones add such data; so does somebody who hides something.",
            Forgery.SECONDS,
            "file",
        )
