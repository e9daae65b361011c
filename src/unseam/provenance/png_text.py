"""The text chunks of a PNG: ``tEXt``, ``zTXt`` and ``iTXt`` (PNG specification, third edition, section 11.3.3)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MAX_CHUNKS = 500
"""Chunks that are looked at for text; writers that split the picture into 8 KiB chunks put the text before it."""
MAX_TEXT_BYTES = 2**24
"""Of all texts together once unpacked. Workflows of ComfyUI have up to some MiB; XMP with a preview, too."""

XMP_KEYWORD = "XML:com.adobe.xmp"


def read_texts(chunks: Iterator[tuple[bytes, bytes]]) -> list[tuple[str, bytes]]:
    """Read keyword and text of all text chunks.

    Parameters
    ----------
    chunks : iterator of (kind, body)
        Of the file; anything.

    Returns
    -------
    list of (str, bytes)
        In the file's order; texts are Latin-1 in ``tEXt`` and ``zTXt`` and UTF-8 in ``iTXt``, and here always UTF-8.
        What cannot be unpacked, or is too large, is left out.
    """
    texts: list[tuple[str, bytes]] = []
    room = MAX_TEXT_BYTES
    for kind, body in chunks:
        keyword, _, rest = body.partition(b"\0")
        if kind not in _READERS or len(keyword) > 79 or len(texts) >= MAX_CHUNKS:
            continue
        text = _READERS[kind](rest, room)
        if text is not None and len(text) <= room:
            room -= len(text)
            texts.append((keyword.decode("latin-1"), text))
    return texts


def _plain(rest: bytes, _room: int) -> bytes | None:
    # Some generators write UTF-8 where the specification wants Latin-1.
    return rest if _is_utf8(rest) else rest.decode("latin-1").encode()


def _packed(rest: bytes, room: int) -> bytes | None:
    text = _unpacked(rest[1:], room)
    return None if text is None else _plain(text, room)


def _international(rest: bytes, room: int) -> bytes | None:
    if len(rest) < 2:
        return None
    packed = rest[0] == 1
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, _, text = rest.partition(b"\0")
    return _unpacked(text, room) if packed else text


_READERS = {b"tEXt": _plain, b"zTXt": _packed, b"iTXt": _international}


def _unpacked(data: bytes, room: int) -> bytes | None:
    """Unpack at most ``room`` bytes; None where there are more, or it is not packed data."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, max(room, 1))
    except zlib.error:
        return None
    return text if unpacker.eof else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def raw_profile(text: bytes) -> bytes:
    """Return what a ``Raw profile type`` text of ImageMagick holds: newline, name, length, then hexadecimal digits.

    Empty where it is not one.
    """
    lines = text.strip().split(b"\n", 2)
    if len(lines) < 3:
        return b""
    digits = lines[2].translate(None, b" \t\r\n")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""
