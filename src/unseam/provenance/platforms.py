"""Whether a file is written as a messenger or network delivers pictures: size, quality, and no camera data."""

from __future__ import annotations

from unseam.provenance.encoder import Encoding
from unseam.provenance.signatures import Encoder, Platform, platforms

USUAL_SUBSAMPLING = "4:2:0"
"""Of all platforms of the table."""


def platforms_like(encoding: Encoding, height: int, width: int) -> tuple[Platform, ...]:
    """Return the platforms that deliver pictures of this size, written like this one.

    Parameters
    ----------
    encoding : Encoding
        Of a JPEG without camera data.
    height, width : int
        Pixels.
    """
    if encoding.encoder is not Encoder.IJG or encoding.subsampling not in ("", USUAL_SUBSAMPLING):
        return ()
    return tuple(platform for platform in platforms() if _fits(platform, encoding, max(height, width)))


def _fits(platform: Platform, encoding: Encoding, longest: int) -> bool:
    low, high = platform.quality or (1, 100)
    progressive = platform.progressive in (None, encoding.progressive)
    return longest in platform.longest and low <= encoding.quality <= high and progressive
