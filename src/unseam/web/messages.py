"""Messages between the service and its worker processes; light, so that the service need not load the methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """What an answer can be."""

    JSON = "json"
    HTML = "html"
    MASK = "mask"
    OVERLAY = "overlay"
    ZIP = "zip"


class Include(StrEnum):
    """What an answer in JSON can contain in addition to the result."""

    PICTURES = "pictures"
    MASKS = "masks"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class PhotoRequest:
    """One photo to analyze.

    Attributes
    ----------
    data : bytes
        The file.
    name : str
        The name of the file at the caller, without folder.
    methods : tuple of str
        Keys of the methods that the service offers, in the order of preference.
    format : Format
    include : frozenset of Include
        For JSON only.
    """

    data: bytes = field(repr=False)
    name: str
    methods: tuple[str, ...]
    format: Format = Format.JSON
    include: frozenset[Include] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done: ``waiting`` for a worker, ``loading``, ``provenance``, ``judging`` or ``drawing`` the answer.

    Attributes
    ----------
    event : str
    facts : dict
        For ``waiting``: ``before``, photos ahead of this one. For ``provenance``: ``history`` and ``summary``, what
        the file says about itself. For ``judging``: ``method``, ``number``, ``of``.
    """

    event: str
    facts: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"event": self.event} | self.facts


@dataclass(frozen=True, slots=True)
class Answer:
    """The complete body of a response.

    Attributes
    ----------
    body : bytes
    media_type : str
    file_name : str
        What a browser would save it as.
    """

    body: bytes = field(repr=False)
    media_type: str
    file_name: str
