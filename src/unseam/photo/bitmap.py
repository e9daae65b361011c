"""BMP files whose channels lie in any bits of 16 or 32 (bit fields), of which Pillow reads a few layouts only."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_FILE_HEADER, _INFO_HEADER = 14, 40
"""Bytes of BITMAPFILEHEADER and BITMAPINFOHEADER (Windows GDI); newer headers begin with the latter."""

BIT_FIELDS, ALPHA_BIT_FIELDS = 3, 6
"""Values of biCompression."""


def has_bit_fields(data: bytes) -> bool:
    """Whether a BMP says that its channels lie in bit fields."""
    if len(data) < _FILE_HEADER + _INFO_HEADER + 12 or int.from_bytes(data[14:18], "little") < _INFO_HEADER:
        return False
    bits, compression = struct.unpack_from("<HI", data, 28)
    return bits in (16, 32) and compression in (BIT_FIELDS, ALPHA_BIT_FIELDS)


def decode_bit_fields(data: bytes) -> NDArray[np.uint8]:
    """Decode a BMP with bit fields to pixels `(H, W, 3) uint8 RGB`; alpha is dropped.

    A channel of n bits becomes ``value * 255 // (2 ** n - 1)``, as in Pillow; of more than 8 bits the highest 8 stay.

    Raises
    ------
    ValueError
        The header contradicts itself, or the file ends too early.
    """
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    masks = struct.unpack_from("<III", data, _FILE_HEADER + _INFO_HEADER)
    line = -(-width * bits // 32) * 4
    if width <= 0 or not height or not all(_is_contiguous(mask, bits) for mask in masks):
        raise ValueError(f"size {width} x {height} or bit masks {', '.join(map(hex, masks))} are impossible")
    if len(data) < start + line * abs(height):
        raise ValueError("truncated bit fields")
    stored = np.frombuffer(data, np.uint8, line * abs(height), start).reshape(abs(height), line)
    values = stored[:, : width * bits // 8].copy().view(f"<u{bits // 8}")
    rgb = np.stack([_stretched(values, mask) for mask in masks], axis=-1)
    return np.ascontiguousarray(rgb[::-1] if height > 0 else rgb)


def _is_contiguous(mask: int, bits: int) -> bool:
    """Whether a mask is one run of ones inside the pixel."""
    low = mask & -mask
    return 0 < mask < 1 << bits and (mask + low) & mask == 0


def _stretched(values: NDArray[np.unsignedinteger], mask: int) -> NDArray[np.uint8]:
    """Bring one channel to 8 bits."""
    low = mask & -mask
    largest = mask // low
    channel = (values.astype(np.uint32) & mask) // low
    bits = largest.bit_length()
    return (channel >> (bits - 8) if bits > 8 else channel * 255 // largest).astype(np.uint8)
