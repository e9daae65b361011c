"""Dates of EXIF, XMP and IPTC: read leniently, judged strictly."""

from __future__ import annotations

import re
from datetime import datetime

_DATE = re.compile(
    r"(\d{4})[:\-/. ](\d{1,2})[:\-/. ](\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?"
    r"\s*(?:Z|[+-]\d\d:?\d\d)?[\s:]*"
)
"""EXIF's ``2024:05:06 07:08:09``, ISO 8601 with or without time, fraction and zone, and what cameras put behind it."""


def parse_date(text: str) -> str | None:
    """Return a date as ``YYYY-MM-DD hh:mm:ss``, or as ``YYYY-MM-DD`` where it has no time.

    A zone is left out: EXIF has none, and the other dates are compared with it.

    Parameters
    ----------
    text : str
        As a file has it: with colons (EXIF), in ISO 8601 (XMP), or padded with blanks instead of zeros, as some cameras
        write.

    Returns
    -------
    str or None
        None where it is not a date, or one that does not exist (2024-13-45).
    """
    padded = re.sub(r"(?<=[:\-T ]) (?=\d)", "0", text.strip().strip("\0"))
    match = _DATE.fullmatch(padded)
    if match is None:
        return None
    numbers = [int(part or 0) for part in match.groups()]
    try:
        date = datetime(*numbers)  # type: ignore[arg-type]  # six integers
    except ValueError:
        return None
    return date.isoformat(" ") if match[4] else date.date().isoformat()
