"""What XMP says about a photo's history: programs, saves, sources, embedded extras, IPTC's digital source type.

XMP is plain text that any metadata editor writes in seconds, and that most messengers and networks remove. Names of
people, places, serial numbers and captions are not kept.

References: Adobe, XMP specification, parts 1 to 3 (2012-2020); IPTC Photo Metadata Standard 2025.1; Android, Ultra HDR
and Motion Photo formats.
"""

from __future__ import annotations

from dataclasses import dataclass

from unseam.provenance.dates import parse_date
from unseam.provenance.rdf import Properties, read_properties
from unseam.provenance.source_types import term_of
from unseam.system.text import MAX_TEXT, one_line

MAX_LISTED = 50
"""Saves of a history that are kept, the newest; Photoshop lists hundreds for a file that is edited for years."""
MAX_PROMPT = 400
"""Characters of a generator's prompt that are kept: enough to recognise it."""

EXTRAS = (
    ("hdrgm", "an HDR gain map (Ultra HDR)"),
    ("HDRGainMap", "an HDR gain map (Apple)"),
    ("GDepth", "a depth map (Google)"),
    ("depthData", "a depth map (Apple)"),
    ("Device", "depth and camera data (Dynamic Depth)"),
    ("GCreations", "the mark of a picture that Google Photos composed"),
)
"""Namespace to what it announces in addition to the picture."""

_RETOUCHED = ("crs:RetouchAreas", "crs:RetouchInfo", "crs:MaskGroupBasedCorrections", "crs:PaintBasedCorrections")
"""Camera Raw settings of local changes: spot removal, masks, brushes."""


@dataclass(frozen=True, slots=True)
class Save:
    """One entry of ``xmpMM:History``: what was done, by which program, when."""

    action: str
    software: str | None
    when: str | None
    changed: str | None


@dataclass(frozen=True, slots=True)
class Xmp:
    """The part of a photo's XMP that tells its history; None and empty where the file does not say.

    Attributes
    ----------
    creator_tool : str, optional
        Program that made the file, by its own word.
    created, modified, metadata_changed : str, optional
        As ``YYYY-MM-DD hh:mm:ss``, or as written where it is not a date.
    history : tuple of Save
        In the file's order.
    derived_from : bool
        Whether the file names another one that it was made from.
    ancestors : int
        Documents from which parts were pasted (``photoshop:DocumentAncestors``).
    other_original : bool
        Whether document and original document have different identifiers.
    raw_developed : str, optional
        Version of the Camera Raw settings, where there are some.
    retouched : bool
        Whether these settings include local changes.
    digital_source_type : str, optional
        Term of `unseam.provenance.source_types`.
    other_source_type : str, optional
        What the file has in its place, where it is not a term of the vocabulary.
    credit : str, optional
        ``photoshop:Credit``: Google and Meta write here that AI made the picture.
    ai_system, ai_prompt : str, optional
        IPTC's properties of 2025 for generated pictures.
    comment : str, optional
        ``exif:UserComment``: "Screenshot" on iPhones.
    description : str, optional
        ``dc:description``, for `unseam.provenance.generators` only; never shown.
    remote_credentials : bool
        Whether the file says that its Content Credentials are kept elsewhere.
    extras : tuple of str
        What the file holds in addition to the picture.
    oddities : tuple of str
    """

    creator_tool: str | None = None
    created: str | None = None
    modified: str | None = None
    metadata_changed: str | None = None
    history: tuple[Save, ...] = ()
    derived_from: bool = False
    ancestors: int = 0
    other_original: bool = False
    raw_developed: str | None = None
    retouched: bool = False
    digital_source_type: str | None = None
    other_source_type: str | None = None
    credit: str | None = None
    ai_system: str | None = None
    ai_prompt: str | None = None
    comment: str | None = None
    description: str | None = None
    remote_credentials: bool = False
    extras: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()


def read_xmp(packet: bytes, extended: bytes = b"") -> Xmp:
    """Read a photo's XMP.

    Parameters
    ----------
    packet : bytes
        The main packet; anything.
    extended : bytes
        The extended packet of a JPEG, put together again; empty where there is none.

    Returns
    -------
    Xmp
        Never an exception.
    """
    main = read_properties(packet)
    more = read_properties(extended) if extended else Properties()
    found = Properties((*main.values, *more.values))
    source = found.text("Iptc4xmpExt:DigitalSourceType")
    term = None if source is None else term_of(source)
    return Xmp(
        creator_tool=_short(found.text("xmp:CreatorTool")),
        created=_date(found, "xmp:CreateDate"),
        modified=_date(found, "xmp:ModifyDate"),
        metadata_changed=_date(found, "xmp:MetadataDate"),
        history=_history(found),
        derived_from=found.text("xmpMM:DerivedFrom") is not None,
        ancestors=sum(path[0] == "photoshop:DocumentAncestors" for path, _ in found.values),
        other_original=_other_original(found),
        raw_developed=_short(found.text("crs:Version")),
        retouched=any(found.text(name) is not None for name in _RETOUCHED),
        digital_source_type=term,
        other_source_type=None if term else _short(source),
        credit=_short(found.text("photoshop:Credit")),
        ai_system=_short(found.text("Iptc4xmpExt:AISystemUsed")),
        ai_prompt=_short(found.text("Iptc4xmpExt:AIPromptInformation"), MAX_PROMPT),
        comment=_short(found.text("exif:UserComment"), MAX_PROMPT),
        description=found.text("dc:description"),
        remote_credentials=found.text("dcterms:provenance") is not None,
        extras=_extras(found),
        oddities=tuple(dict.fromkeys(part.oddity for part in (main, more) if part.oddity)),
    )


def _short(text: str | None, longest: int = MAX_TEXT) -> str | None:
    return None if text is None else one_line(text, longest)


def _date(found: Properties, name: str) -> str | None:
    text = found.text(name)
    return None if text is None else parse_date(text) or _short(text)


def _history(found: Properties) -> tuple[Save, ...]:
    saves = [
        Save(
            action=_short(entry.get("stEvt:action")) or "unknown",
            software=_short(entry.get("stEvt:softwareAgent")),
            when=parse_date(entry.get("stEvt:when", "")),
            changed=_short(entry.get("stEvt:changed")),
        )
        for entry in found.entries("xmpMM:History")
    ]
    return tuple(saves[-MAX_LISTED:])


def _other_original(found: Properties) -> bool:
    document, original = found.text("xmpMM:DocumentID"), found.text("xmpMM:OriginalDocumentID")
    return None not in (document, original) and document != original


def _extras(found: Properties) -> tuple[str, ...]:
    extras = [words for prefix, words in EXTRAS if found.has(prefix)]
    if found.text("GCamera:MotionPhoto") == "1" or found.text("GCamera:MicroVideo") == "1":
        extras.append("a short video (motion photo)")
    return tuple(extras)
