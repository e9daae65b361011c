"""IPTC's vocabulary of digital source types in plain words, and which of its terms mean that AI made the picture.

Source: https://cv.iptc.org/newscodes/digitalsourcetype/ (release of 2024-10-23, CC BY 4.0), and the C2PA technical
specification 2.2, section 18.15, for its two own terms. The words here are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Ai(StrEnum):
    """How much of a picture AI made, by a term's definition."""

    ALL = "all"
    PART = "part"


WORDS: Mapping[str, str] = {
    "digitalCapture": "captured from real life by a digital camera",
    "computationalCapture": "captured from real life in several frames that the camera merged by itself",
    "negativeFilm": "scanned from a negative",
    "positiveFilm": "scanned from a slide",
    "print": "scanned from a print",
    "minorHumanEdits": "captured by a camera, with minor edits by a person",
    "humanEdits": "changed by a person with tools that are not generative AI",
    "algorithmicallyEnhanced": "changed by an algorithm without generative AI",
    "softwareImage": "made by software",
    "digitalArt": "drawn by a person with digital tools",
    "digitalCreation": "made by a person with digital tools that are not generative AI",
    "dataDrivenMedia": "drawn by software from data",
    "trainedAlgorithmicMedia": "made by generative AI",
    "algorithmicMedia": "made by an algorithm that was not trained on samples",
    "screenCapture": "captured from a screen",
    "virtualRecording": "recorded from a virtual event",
    "composite": "composed of several elements",
    "compositeCapture": "composed of several elements that were all captured from real life",
    "compositeSynthetic": "composed of several elements, at least one of them synthetic",
    "compositeWithTrainedAlgorithmicMedia": "changed with generative AI, or composed with parts made by it",
    "trainedAlgorithmicData": "made by generative AI, and not itself a picture",
    "empty": "an empty canvas",
}
"""Term to what it says of the picture, to follow "the picture was"."""

MADE_BY_AI: Mapping[str, Ai] = {
    "trainedAlgorithmicMedia": Ai.ALL,
    "trainedAlgorithmicData": Ai.ALL,
    "compositeWithTrainedAlgorithmicMedia": Ai.PART,
}
"""Terms that mean generative AI; ``compositeSynthetic`` may mean drawings and computer graphics, too."""

SCHEMES = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/",
    "https://cv.iptc.org/newscodes/digitalsourcetype/",
    "http://c2pa.org/digitalsourcetype/",
    "https://c2pa.org/digitalsourcetype/",
    "digsrctype:",
    "c2pa.",
)
"""How a term is written: as an address, as a qualified code, or as C2PA 1.0 did."""


def term_of(value: str) -> str | None:
    """Return the term that a value names; None where it names none of the vocabulary.

    Parameters
    ----------
    value : str
        An address, a qualified code, or the bare term; letters may have any case, and there may be a slash at the end.
    """
    bare = value.strip().rstrip("/")
    for scheme in SCHEMES:
        if bare.lower().startswith(scheme):
            bare = bare[len(scheme) :]
            break
    return {term.lower(): term for term in WORDS}.get(bare.lower())
