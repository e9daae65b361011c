"""Provenance as a JSON document with a stable layout."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from unseam.provenance.content_credentials import Credentials
from unseam.provenance.facts import Facts
from unseam.provenance.leads import Lead
from unseam.provenance.provenance import Provenance
from unseam.provenance.source_types import WORDS
from unseam.provenance.thumbnail import Thumbnail

LEFT_OUT = frozenset({"thumbnail", "pixels", "oddity", "oddities", "comment", "description"})
"""Fields of facts that are not written: pictures, what stands elsewhere in the document, and people's own words."""


def provenance_document(provenance: Provenance | None) -> dict[str, Any] | None:
    """Return provenance as plain types, ready for JSON; None for a photo without a file.

    Every key is always there. Pictures, people's comments, coordinates, names of owners and serial numbers are not.
    """
    if provenance is None:
        return None
    facts = provenance.facts
    return {
        "history": str(provenance.history),
        "summary": provenance.summary,
        "leads": [_lead(lead) for lead in provenance.leads],
        "ai_made": provenance.ai_made,
        "ai_share": None if provenance.ai is None else str(provenance.ai),
        "ai_source": provenance.ai_source,
        "digital_source_type": _source_type(provenance.digital_source_type),
        "editor": provenance.editor,
        "c2pa_state": provenance.c2pa_state,
        **_facts(facts),
    }


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "text": lead.text,
        "forgery": str(lead.forgery),
        "source": lead.source,
        "contradiction": lead.contradiction,
    }


def _source_type(term: str | None) -> dict[str, str] | None:
    return None if term is None else {"term": term, "words": WORDS[term]}


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "size": facts.size,
        "exif": _plain(facts.exif),
        "xmp": _plain(facts.xmp),
        "iptc": _plain(facts.iptc),
        "encoding": _plain(facts.encoding),
        "generators": _plain(facts.generators),
        "content_credentials": _credentials(facts.credentials, facts),
        "thumbnail": _plain(facts.thumbnail),
        "trailing": _plain(facts.trailing),
        "drawn": facts.drawn,
        "damage": facts.damage,
        "pictures": {"judged": facts.number, "count": facts.count},
        "oddities": list(facts.oddities),
    }


def _credentials(found: Credentials | None, facts: Facts) -> dict[str, Any] | None:
    if found is None:
        return None
    looks: list[Thumbnail | None] = list(facts.ingredient_thumbnails) or [None] * len(found.ingredients)
    return {
        "state": str(found.state),
        "reason": found.reason,
        "manifests": _plain(found.manifests),
        "ingredients": [
            _plain(part) | {"compared": _plain(look)} for part, look in zip(found.ingredients, looks, strict=True)
        ],
        "compared": _plain(facts.signed_thumbnail),
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Make dataclasses mappings, tuples lists and enumerations texts, as JSON reads them back."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.name not in LEFT_OUT}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, str) else value
