"""TIFF files whose first directory says something else: sizes, types, counts, places, loops."""

import struct
from collections.abc import Sequence
from random import Random

from fuzzing.byte_mutations import Mutation, odd_number

TAGS = (
    254,
    256,
    257,
    258,
    259,
    262,
    273,
    274,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    323,
    324,
    325,
    338,
    339,
    347,
    530,
    700,
)
"""What decides how the pixels are read, and some more (TIFF 6.0)."""

MORE_TAGS = (330, 34377, 34665, 34675, 50706, 65000)
TYPES = (*range(1, 14), 16, 17, 18, 0, 99)
SIZES = (0, 1, 2, 15, 16, 17, 300, 9_999, 10_001, 65_535, 2**31 - 1, 2**32 - 1)


def _layout(data: bytes) -> tuple[str, str, int, int, int]:
    """Return byte order, code of an entry, where the entries start, how many there are, and bytes of each."""
    order = ">" if data[:2] == b"MM" else "<"
    big = data[2:4] in (b"+\0", b"\0+")
    try:
        (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    except struct.error:
        return order, "HHII", 0, 0, 12
    return order, "HHQQ" if big else "HHII", start + (8 if big else 2), min(count, 200), 20 if big else 12


def alter_entry(data: bytes, draw: Random) -> bytes:
    """Change tag, type, count or value of one entry."""
    order, code, start, count, size = _layout(data)
    if not count:
        return data
    place = start + size * draw.randrange(count)
    try:
        entry = [*struct.unpack_from(order + code, data, place)]
    except struct.error:
        return data
    part = draw.choice((0, 1, 2, 3, 3, 3))
    other = (draw.choice((*TAGS, *MORE_TAGS)), draw.choice(TYPES), odd_number(draw), odd_number(draw))[part]
    entry[part] = draw.choice(SIZES) if part == 3 and entry[0] in (256, 257, 278, 322, 323) else other
    return data[:place] + struct.pack(order + code, *entry) + data[place + size :]


def alter_short(data: bytes, draw: Random) -> bytes:
    """Change the 16 bits in which most values of one entry are held."""
    order, _, start, count, size = _layout(data)
    if not count:
        return data
    place = start + size * draw.randrange(count) + size // 2 + 2
    value = draw.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 34, 99, 32773, 34712, 50000, odd_number(draw, 2)))
    return data[:place] + struct.pack(order + "H", value) + data[place + 2 :]


def add_entry(data: bytes, draw: Random) -> bytes:
    """Write a new directory, with one entry more, behind the file."""
    order, code, start, count, size = _layout(data)
    if not count:
        return data
    kind = draw.choice(TYPES)
    new = struct.pack(
        order + code, draw.choice((*TAGS, *MORE_TAGS)), kind, draw.choice((1, odd_number(draw))), odd_number(draw)
    )
    big = size == 20
    entries = [data[start + size * i : start + size * (i + 1)] for i in range(count)]
    entries.insert(draw.randrange(count + 1), new)
    following = struct.pack(order + ("Q" if big else "I"), draw.choice((0, len(data), odd_number(draw))))
    head = struct.pack(order + ("Q" if big else "H"), len(entries))
    place = struct.pack(order + ("Q" if big else "I"), len(data))
    first = 8 if big else 4
    return data[:first] + place + data[first + len(place) :] + head + b"".join(entries) + following


def drop_entry(data: bytes, draw: Random) -> bytes:
    """Make one entry a tag of no meaning."""
    order, _, start, count, size = _layout(data)
    if not count:
        return data
    place = start + size * draw.randrange(count)
    return data[:place] + struct.pack(order + "H", 65001) + data[place + 2 :]


def alter_start(data: bytes, draw: Random) -> bytes:
    """Say that the first directory lies elsewhere, or that it has another number of entries."""
    order, _, start, _, _ = _layout(data)
    place, code, bytes_ = draw.choice(((4, "I", 4), (start - 2, "H", 2)))
    place = max(place, 0)
    return data[:place] + struct.pack(order + code, odd_number(draw, bytes_)) + data[place + bytes_ :]


def loop(data: bytes, draw: Random) -> bytes:
    """Make the first directory its own successor."""
    order, _, start, count, size = _layout(data)
    place = start + size * count
    return data[:place] + struct.pack(order + "I", max(start - 2, 0)) + data[place + 4 :]


def greedy(data: bytes, draw: Random) -> bytes:
    """A directory of a thousand private entries, each of which claims the whole file."""
    length = 200_000
    entries = b"".join(struct.pack("<HHII", tag, 7, length, 8) for tag in range(40_000, 41_000))
    return data[:4] + struct.pack("<IH", 8, 1000) + entries + bytes(4) + bytes(length) if data[:2] == b"II" else data


MUTATIONS: Sequence[Mutation] = (
    alter_entry,
    alter_entry,
    alter_entry,
    alter_short,
    alter_short,
    add_entry,
    drop_entry,
    alter_start,
    loop,
    greedy,
)
