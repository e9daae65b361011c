"""Text from files and file names, made safe to show on one line."""

from __future__ import annotations

from pathlib import Path

MAX_TEXT = 200
"""Characters of a text that are kept; names of cameras and programs have some 20."""

BYTES_PER_LETTER = 4
"""At most, in UTF-8."""


def printable(text: str | Path) -> str:
    r"""Write a name so that it fits on one line of any terminal: what cannot be printed becomes an escape.

    A byte of a file name that is not UTF-8 becomes ``\xHH``, two hexadecimal digits; other letters become the escapes
    of Python. So is every file name in reports, JSON and tables.
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(text))


def encodable(text: str | Path) -> str:
    r"""Write a name as text that UTF-8 can hold: bytes that are not UTF-8 become ``\xHH``, all else stays."""
    return "".join(_escaped(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in str(text))


def _escaped(letter: str) -> str:
    """Escape one letter; Python keeps a byte that is not UTF-8 as one of U+DC80 to U+DCFF (PEP 383)."""
    code = ord(letter)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(letter)[1:-1]


def plain_text(data: bytes, longest: int = MAX_TEXT) -> str | None:
    """Make a stranger's bytes a short text on one line, without control or invisible characters; None if empty.

    The bytes are UTF-8, as EXIF 3.0 and XMP have it, or Latin-1, which older programs write.
    """
    cut = data[: BYTES_PER_LETTER * longest]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError as error:
        # A letter that the cut split in two does not make the text Latin-1.
        split = len(cut) < len(data) and error.start > len(cut) - BYTES_PER_LETTER
        text = cut[: error.start].decode("utf-8") if split else cut.decode("latin-1")
    return one_line(text.strip().strip("\0"), longest)


def one_line(text: str, longest: int = MAX_TEXT) -> str | None:
    """Make a stranger's text a printable one on one line, of limited length; None if empty."""
    line = printable(" ".join(text[: 2 * longest].split()))
    return (line if len(line) <= longest else line[: longest - 1] + "…") or None
