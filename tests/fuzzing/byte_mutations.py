"""Mutations that know nothing of a format: bits, spans, cuts, splices of two files, one file behind another.

Each takes a file and a source of random numbers, and gives another file.
"""

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytes, Random], bytes]

NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4095, 4096)
LARGE = (32767, 32768, 65534, 65535, 65536, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1)
"""Where programs err: borders of types, and sizes of blocks."""

LONGEST_SPAN = 2000
"""Bytes."""


def odd_number(draw: Random, size: int = 4) -> int:
    """Return a number of ``size`` bytes at which programs err, or any."""
    if draw.random() < 0.2:
        return draw.randrange(256**size)
    return draw.choice((*NUMBERS, *LARGE)) % 256**size


def span(data: bytes, draw: Random, longest: int = LONGEST_SPAN) -> tuple[int, int]:
    """Choose a part of a file; short ones are frequent."""
    start = draw.randrange(len(data) + 1)
    return start, min(len(data), start + int(longest ** draw.random()))


def flip_bits(data: bytes, draw: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16)) if data else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flip_bits_of_header(data: bytes, draw: Random) -> bytes:
    length = draw.choice((16, 64, 256))
    return flip_bits(data[:length], draw) + data[length:]


def overwrite(data: bytes, draw: Random) -> bytes:
    start, end = span(data, draw)
    filling = draw.choice((b"\0", b"\xff", draw.randbytes(1), None))
    return data[:start] + (draw.randbytes(end - start) if filling is None else filling * (end - start)) + data[end:]


def overwrite_number(data: bytes, draw: Random) -> bytes:
    size = draw.choice((1, 2, 4))
    start = draw.randrange(max(len(data) - size, 1))
    value = odd_number(draw, size).to_bytes(size, draw.choice(("little", "big")))
    return data[:start] + value + data[start + size :]


def delete_span(data: bytes, draw: Random) -> bytes:
    start, end = span(data, draw)
    return data[:start] + data[end:]


def repeat_span(data: bytes, draw: Random) -> bytes:
    start, end = span(data, draw)
    return data[:end] + data[start:end] * draw.choice((1, 1, 2, 50)) + data[end:]


def move_span(data: bytes, draw: Random) -> bytes:
    start, end = span(data, draw)
    rest = data[:start] + data[end:]
    place = draw.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def insert(data: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.randbytes(draw.choice((1, 2, 3, 16, 300))) + data[place:]


def cut(data: bytes, draw: Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


MUTATIONS: Sequence[Mutation] = (
    flip_bits,
    flip_bits,
    flip_bits_of_header,
    overwrite,
    overwrite_number,
    delete_span,
    repeat_span,
    move_span,
    insert,
    cut,
)


def spliced(first: bytes, second: bytes, draw: Random) -> bytes:
    """Begin as one file and go on as another."""
    return first[: draw.randrange(len(first) + 1)] + second[draw.randrange(len(second) + 1) :]


def polyglot(first: bytes, second: bytes, draw: Random) -> bytes:
    """Write a whole file behind another, or into its middle."""
    place = draw.choice((len(first), draw.randrange(len(first) + 1), min(len(first), 20)))
    return first[:place] + second + first[place:]
