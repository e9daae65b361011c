"""What a photo's file says about itself, in one object: facts, and the history that they tell.

All of it except a trusted signature can be forged, most of it in seconds, and most of it is lost on the way through
the internet. It is where an analyst looks first, and it is not evidence. Nothing here raises: a file with broken
metadata has facts that say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from unseam.photo.photo import Photo
from unseam.provenance.facts import Facts, gather
from unseam.provenance.history import History, tell
from unseam.provenance.leads import Lead
from unseam.provenance.source_types import Ai


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a photo's file says about itself.

    Attributes
    ----------
    history : History
        The category: ``str(history)`` is ``camera original``, ``edited according to the file``, ``AI-made according to
        the file``, ``resaved or resized (platform-like)``, ``screenshot or graphic`` or ``unknown``.
    summary : str
        The same in one line, with the reason.
    leads : tuple of Lead
        Everything that deserves a second look, contradictions first.
    ai : Ai, optional
        How much of the picture AI made, by the file's own word; None where it does not say so.
    ai_source : str, optional
        What says so.
    digital_source_type : str, optional
        Term of IPTC's vocabulary; of several the one that means AI.
    editor : str, optional
        Program that edited the picture, by the file's own word.
    facts : Facts
        What all this rests on.
    """

    history: History
    summary: str
    leads: tuple[Lead, ...]
    ai: Ai | None
    ai_source: str | None
    digital_source_type: str | None
    editor: str | None
    facts: Facts

    @property
    def ai_made(self) -> bool:
        """Whether the file says that AI made the picture or a part of it."""
        return self.ai is not None

    @property
    def c2pa_state(self) -> str | None:
        """What can be said of the Content Credentials; None where the file holds none."""
        return None if self.facts.credentials is None else str(self.facts.credentials.state)


def read_provenance(photo: Photo, trust_anchors: str | None = None) -> Provenance | None:
    """Read what a photo's file says about itself; once for each photo, whoever asks.

    Parameters
    ----------
    photo : Photo
    trust_anchors : str, optional
        Certificates (PEM) whose Content Credentials are trusted, in place of the list that ships with the package.

    Returns
    -------
    Provenance or None
        None for a photo that was given as an array.
    """
    if photo.data is None:
        return None
    return photo.once(("provenance", trust_anchors), lambda: _read(photo, trust_anchors))


def _read(photo: Photo, trust_anchors: str | None) -> Provenance:
    facts = gather(photo, trust_anchors)
    account = tell(facts)
    return Provenance(
        history=account.history,
        summary=account.summary,
        leads=account.leads,
        ai=account.ai,
        ai_source=account.ai_source,
        digital_source_type=account.digital_source_type,
        editor=account.editor,
        facts=facts,
    )
