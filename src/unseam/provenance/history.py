"""The history of a file in one line, by what the file itself says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from unseam.provenance.content_credentials import Credentials, Manifest, State
from unseam.provenance.facts import Facts
from unseam.provenance.leads import (
    Lead,
    camera_of,
    find_leads,
    has_camera_data,
    is_cameras_own,
    stated_source_types,
)
from unseam.provenance.platforms import platforms_like
from unseam.provenance.programs import Kind, program_of
from unseam.provenance.signatures import Encoder, short_camera
from unseam.provenance.source_types import MADE_BY_AI, WORDS, Ai


class History(StrEnum):
    """What a file's own facts amount to."""

    AI = "AI-made according to the file"
    EDITED = "edited according to the file"
    DRAWN = "screenshot or graphic"
    CAMERA = "camera original"
    RESAVED = "resaved or resized (platform-like)"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Account:
    """The history that the facts tell; attributes as in `unseam.provenance.Provenance`."""

    history: History
    summary: str
    leads: tuple[Lead, ...]
    ai: Ai | None
    ai_source: str | None
    digital_source_type: str | None
    editor: str | None


def tell(facts: Facts) -> Account:
    """Conclude a file's history from its facts."""
    ai, ai_source = _ai(facts)
    editor = _editor(facts)
    leads = find_leads(facts, editor)
    history, summary = _conclude(facts, leads, ai, ai_source, editor)
    contradictions = sum(lead.contradiction for lead in leads)
    if contradictions:
        points = "in one point" if contradictions == 1 else f"in {contradictions} points"
        summary = f"{summary} The file contradicts itself {points}."
    terms = [term for term, _ in stated_source_types(facts)]
    strongest = next((term for term in terms if term in MADE_BY_AI), terms[0] if terms else None)
    return Account(history, summary, leads, ai, ai_source, strongest, editor)


def _conclude(
    facts: Facts, leads: tuple[Lead, ...], ai: Ai | None, ai_source: str | None, editor: str | None
) -> tuple[History, str]:
    if ai is not None:
        whole = "AI-made" if ai is Ai.ALL else "AI-made in part"
        return History.AI, f"{whole} according to the file: {ai_source}."
    own = {term for term, place in stated_source_types(facts) if "ingredient" not in place}
    if _is_screenshot(facts) or own & _NOT_PHOTOGRAPHED or (facts.drawn and not has_camera_data(facts)):
        return History.DRAWN, _drawn(facts, own)
    if editor is not None:
        return History.EDITED, f"Edited in {editor} according to the file."
    if signed_by := _signed_capture(facts.credentials):
        return History.CAMERA, f"Camera original according to {signed_by}."
    if has_camera_data(facts):
        return _of_camera(facts, leads)
    if facts.iptc is not None and facts.iptc.facebook:
        return History.RESAVED, "Delivered by Facebook or Instagram, according to the file's IPTC block."
    if facts.encoding is not None:
        return _without_camera(facts)
    if facts.format in ("WEBP", "AVIF"):
        return (
            History.RESAVED,
            f"Resaved or resized: a {facts.format} without camera data, as programs and websites write.",
        )
    return History.UNKNOWN, "Unknown: the file says nothing about its history."


_NOT_PHOTOGRAPHED = frozenset(
    {
        "screenCapture",
        "virtualRecording",
        "digitalArt",
        "digitalCreation",
        "dataDrivenMedia",
        "algorithmicMedia",
        "softwareImage",
    }
)
"""Source types of pictures that no camera took, and generative AI did not make."""


def _signed_capture(found: Credentials | None) -> str | None:
    """Return which credentials say that a camera made the file as it is; None where none do, or they are broken."""
    if found is None or not found.manifests:
        return None
    created = [action for action in found.manifests[0].actions if action.action == "c2pa.created"]
    captured = any(action.source_type in ("digitalCapture", "computationalCapture") for action in created)
    return _SOURCES.get(found.state) if captured else None


_SOURCES = {
    State.TRUSTED: "Content Credentials signed by a known authority",
    State.UNKNOWN_SIGNER: "Content Credentials signed by an unknown authority",
}


def _ai(facts: Facts) -> tuple[Ai | None, str | None]:
    """How much AI made, by the strongest statement: signed ones first, then IPTC's term, then a generator's traces."""
    found = facts.credentials
    if found is not None and (ai := _ai_of(found)) is not None:
        source = _SOURCES.get(found.state, f"Content Credentials ({found.state})")
        generator = _generator(found)
        return ai, f"{source}{f', of {generator},' if generator else ''} say so"
    term = facts.xmp.digital_source_type if facts.xmp is not None else None
    if term is not None and term in MADE_BY_AI:
        return MADE_BY_AI[term], "IPTC's digital source type in XMP says so"
    if facts.generators:
        first = facts.generators[0]
        return Ai.ALL, f"{first.place} names or looks like {first.name}"
    return None, None


def _ai_of(found: Credentials) -> Ai | None:
    """Read the whole tree: all of the picture if it was created so and nothing but edited since, else a part of it."""
    shares = {
        _share(manifest, action.action, action.source_type)
        for manifest in found.manifests
        for action in manifest.actions
    }
    shares |= {MADE_BY_AI.get(term) for manifest in found.manifests for term in manifest.source_types}
    return Ai.ALL if Ai.ALL in shares else Ai.PART if Ai.PART in shares else None


def _share(manifest: Manifest, action: str, term: str | None) -> Ai | None:
    share = MADE_BY_AI.get(term or "")
    return Ai.PART if share is not None and not (manifest.whole and action == "c2pa.created") else share


def _generator(found: Credentials) -> str | None:
    """Name the program behind the first statement that AI made something."""
    for manifest in found.manifests:
        for action in manifest.actions:
            if action.source_type in MADE_BY_AI:
                return action.software or manifest.generator
    return None


_NO_EDIT = frozenset(
    {"c2pa.created", "c2pa.published", "c2pa.repackaged", "c2pa.transcoded", "c2pa.converted", "c2pa.watermarked"}
)


def _editor(facts: Facts) -> str | None:
    """Name the program that edited the picture, by what is hardest to forge first."""
    if facts.credentials is not None:
        for manifest in facts.credentials.manifests[:1]:
            edits = [action for action in manifest.actions if action.action not in _NO_EDIT]
            if edits:
                return next((edit.software for edit in edits if edit.software), None) or manifest.generator
    named = [facts.exif.software] if facts.exif is not None else []
    if facts.xmp is not None:
        named += [save.software for save in reversed(facts.xmp.history)] + [facts.xmp.creator_tool]
    named += [facts.iptc.program] if facts.iptc is not None else []
    named += [name for _, name in facts.programs]
    for name in named:
        program = program_of(name)
        if program is not None and program.kind in (Kind.EDITOR, Kind.DEVELOPER):
            return program.name
    return "Adobe Photoshop" if _has_photoshop_mark(facts) else None


def _has_photoshop_mark(facts: Facts) -> bool:
    encoding = facts.encoding
    return encoding is not None and (
        encoding.photoshop_quality is not None
        or encoding.web_quality is not None
        or encoding.encoder is Encoder.PHOTOSHOP
    )


def _is_screenshot(facts: Facts) -> bool:
    texts: list[str | None] = [name for _, name in facts.programs]
    texts += [facts.exif.software, facts.exif.comment] if facts.exif is not None else []
    texts += [facts.xmp.creator_tool, facts.xmp.comment] if facts.xmp is not None else []
    programs = (program_of(text) for text in texts if text and len(text) < 100)
    stated = any(term == "screenCapture" for term, place in stated_source_types(facts) if "ingredient" not in place)
    return stated or any(program is not None and program.kind is Kind.SCREENSHOT for program in programs)


def _drawn(facts: Facts, stated: set[str]) -> str:
    if _is_screenshot(facts):
        return "A screenshot, according to the file."
    if term := next(iter(sorted(stated & _NOT_PHOTOGRAPHED)), None):
        return f"Not a photograph, according to the file: it was {WORDS[term]}."
    return "A screenshot or graphic: more than half of the picture is of exactly even colour, as only drawn areas are."


def _of_camera(facts: Facts, leads: tuple[Lead, ...]) -> tuple[History, str]:
    camera = camera_of(facts)
    contradicted = any(lead.contradiction for lead in leads)
    software = facts.exif.software if facts.exif is not None else None
    if contradicted or facts.format not in ("JPEG", "HEIF"):
        how = (
            "a camera does not write such a file" if not contradicted else "the file was changed or written again since"
        )
        return History.RESAVED, f"Resaved or resized: EXIF names the camera {camera}, but {how}."
    if software and not is_cameras_own(facts, software):
        return (
            History.UNKNOWN,
            f"Unknown: EXIF names the camera {camera} and a program that is not known here, {software}.",
        )
    if facts.encoding is not None and facts.encoding.libjpeg_order:
        how = "the file is laid out as programs do, and some phones"
        return History.UNKNOWN, f"Unknown: EXIF names the camera {camera}, but {how}."
    written = ""
    if facts.encoding is not None and facts.encoding.encoder is not Encoder.CUSTOM:
        names = {short_camera(name).lower() for name in facts.encoding.cameras}
        as_known = "as this model writes" if camera.lower() in names else facts.encoding.detail
        written = f" The quantization tables are {as_known}."
    return (
        History.CAMERA,
        f"Camera original according to the file: EXIF names the {camera}, and nothing contradicts it.{written}",
    )


def _without_camera(facts: Facts) -> tuple[History, str]:
    encoding = facts.encoding
    if encoding is None:
        return History.UNKNOWN, "Unknown: the file says nothing about its history."
    names = list(dict.fromkeys(p.name for p in platforms_like(encoding, facts.height, facts.width)))
    like = f", with the size and quality of {' or '.join(names)}" if names else ""
    return (
        History.RESAVED,
        f"Resaved or resized: a JPEG without camera data, with quantization tables {encoding.detail}{like}.",
    )
