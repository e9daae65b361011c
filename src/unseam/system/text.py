"""Text from files and file names, made safe to show on one line."""

from __future__ import annotations

from pathlib import Path

LONGEST_TEXT = 200
"""Characters of a text that are kept; names of cameras and programs have some 20."""

BYTES_PER_LETTER = 4
"""At most, in UTF-8."""


def printable(text: str | Path) -> str:
    """Write a name so that it fits on one line of any terminal: what cannot be printed becomes an escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text))


def plain_text(data: bytes) -> str | None:
    """Make a stranger's bytes a short text on one line, without control or invisible characters; None if empty."""
    text = printable(data[: BYTES_PER_LETTER * LONGEST_TEXT].decode("utf-8", "replace").strip())
    shortened = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return shortened or None
