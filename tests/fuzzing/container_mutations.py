"""WebP (RIFF chunks), AVIF and HEIC (boxes), GIF and BMP (headers): parts moved, lengths and sizes that lie."""

import struct
from collections.abc import Sequence
from random import Random

from fuzzing.byte_mutations import Mutation, odd_number
from fuzzing.exif_mutations import lying_block

Part = tuple[int, int]
"""Start and end of a chunk or box."""

CONTAINERS = (b"meta", b"iprp", b"ipco", b"moov", b"iinf")
"""Boxes that hold boxes (ISO/IEC 14496-12, 23008-12)."""

FIELDS = {b"meta": 4, b"iinf": 6}
"""Bytes of fields ahead of the boxes inside: version and flags, and the number of items."""


def riff_chunks(data: bytes) -> list[Part]:
    found, position = [], 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        end = min(position + 8 + size + size % 2, len(data))
        found.append((position, end))
        position = end
    return found


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[Part]:
    """Return all boxes, those within others too."""
    found, end = [], len(data) if end is None else end
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        stop = min(start + size, end) if size >= 8 else end
        found.append((start, stop))
        if data[start + 4 : start + 8] in CONTAINERS:
            found += boxes(data, start + 8 + FIELDS.get(data[start + 4 : start + 8], 0), stop)
        start = stop
    return found


def parts_of(data: bytes) -> list[Part]:
    return riff_chunks(data) if data[:4] == b"RIFF" else boxes(data)


def drop(data: bytes, draw: Random) -> bytes:
    start, end = draw.choice(parts_of(data) or [(0, 0)])
    return resized(data[:start] + data[end:])


def duplicate(data: bytes, draw: Random) -> bytes:
    start, end = draw.choice(parts_of(data) or [(0, 0)])
    return resized(data[:end] + data[start:end] * draw.choice((1, 1, 30)) + data[end:])


def swap(data: bytes, draw: Random) -> bytes:
    """Let two neighbours change places."""
    parts = parts_of(data)
    if len(parts) < 2:
        return data
    number = draw.randrange(len(parts) - 1)
    (start, end), (_, stop) = parts[number], parts[number + 1]
    return data[:start] + data[end:stop] + data[start:end] + data[stop:] if end <= stop else data


def shuffle_items(data: bytes, draw: Random) -> bytes:
    """Let the items of a HEIC or AVIF file stand in another order; their places in the file stay."""
    items = [(start, end) for start, end in parts_of(data) if data[start + 4 : start + 8] == b"infe"]
    if len(items) < 2:
        return swap(data, draw)
    mixed = [data[start:end] for start, end in items]
    draw.shuffle(mixed)
    return data[: items[0][0]] + b"".join(mixed) + data[items[-1][1] :]


def mix_extents(data: bytes, draw: Random) -> bytes:
    """Overwrite numbers in the table that says where items lie (``iloc``)."""
    tables = [(start, end) for start, end in parts_of(data) if data[start + 4 : start + 8] == b"iloc"]
    if not tables:
        return alter_field(data, draw)
    start, end = tables[0]
    place, size = draw.randrange(start + 8, max(end, start + 9)), draw.choice((1, 2, 4))
    return data[:place] + odd_number(draw, size).to_bytes(size, "big") + data[place + size :]


def lie_about_length(data: bytes, draw: Random) -> bytes:
    start, _ = draw.choice(parts_of(data) or [(0, 0)])
    riff = data[:4] == b"RIFF"
    place = start + 4 if riff else start
    return data[:place] + struct.pack("<I" if riff else ">I", odd_number(draw)) + data[place + 4 :]


def alter_field(data: bytes, draw: Random) -> bytes:
    """Overwrite a number near the start of a chunk or box, where its fields are."""
    start, end = draw.choice(parts_of(data) or [(0, len(data))])
    place = start + 8 + draw.randrange(max(min(end - start - 8, 24), 1))
    size = draw.choice((1, 1, 2, 3, 4))
    order = "little" if data[:4] == b"RIFF" else "big"
    return data[:place] + odd_number(draw, size).to_bytes(size, order) + data[place + size :]


def rename(data: bytes, draw: Random) -> bytes:
    start, _ = draw.choice(parts_of(data) or [(0, 0)])
    riff = data[:4] == b"RIFF"
    names = (b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF", b"ICCP", b"XMP ")
    others = (b"ispe", b"irot", b"imir", b"clap", b"pixi", b"iref", b"iloc", b"free", b"mdat", b"grid")
    place = start if riff else start + 4
    return data[:place] + draw.choice(names if riff else others) + data[place + 4 :]


def add_exif(data: bytes, draw: Random) -> bytes:
    block = b"Exif\0\0" + lying_block(draw)
    if data[:4] != b"RIFF":
        return data + struct.pack(">I", 8 + len(block)) + b"free" + block
    return resized(data + b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2))


def resized(data: bytes) -> bytes:
    """Let a RIFF header state its true length again."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:] if data[:4] == b"RIFF" and len(data) > 12 else data


MUTATIONS: Sequence[Mutation] = (
    drop,
    duplicate,
    swap,
    shuffle_items,
    mix_extents,
    lie_about_length,
    alter_field,
    alter_field,
    alter_field,
    rename,
    add_exif,
)

GIF_SIZES, BMP_HEADER = (6, 8), range(14, 54)


def alter_gif_header(data: bytes, draw: Random) -> bytes:
    place = draw.choice((6, 8, 10, 11, 12))
    size = 2 if place < 10 else 1
    return data[:place] + odd_number(draw, size).to_bytes(size, "little") + data[place + size :]


def alter_gif_frame(data: bytes, draw: Random) -> bytes:
    """Change place, size, flags or code length of a frame."""
    frame = data.find(b",\0\0\0\0", 13)  # the first lies in the corner
    place = frame + draw.randrange(1, 11)
    size = draw.choice((1, 2))
    return data[:place] + odd_number(draw, size).to_bytes(size, "little") + data[place + size :] if frame > 0 else data


MAX_REPEATED = 1_000_000
"""Bytes: repetitions of repetitions would fill the memory of the harness."""


def repeat_gif_frame(data: bytes, draw: Random) -> bytes:
    frame = max(data.find(b"!", 13), 13)
    times = draw.choice((1, 50))
    return data if times * len(data) > MAX_REPEATED else data[:-1] + data[frame:-1] * times + data[-1:]


def alter_bmp_header(data: bytes, draw: Random) -> bytes:
    place = draw.choice((2, 10, 14, 18, 22, 26, 28, 30, 34, 46, 50))
    size = 2 if place in (26, 28) else 4
    value = draw.choice(
        (odd_number(draw, size), draw.choice((0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40, 52, 56, 64, 108, 124)))
    )
    return data[:place] + value.to_bytes(size, "little") + data[place + size :]


def alter_bmp_runs(data: bytes, draw: Random) -> bytes:
    start = int.from_bytes(data[10:14], "little")
    codes = (b"\0\0", b"\0\1", b"\0\2\xff\xff", b"\xff\1", b"\0\xff", b"\0\3abc\0")
    runs = b"".join(draw.choice(codes) for _ in range(draw.choice((3, 50, 2000))))
    return data[:start] + runs


GIF_MUTATIONS: Sequence[Mutation] = (alter_gif_header, alter_gif_frame, alter_gif_frame, repeat_gif_frame)
BMP_MUTATIONS: Sequence[Mutation] = (alter_bmp_header, alter_bmp_header, alter_bmp_runs)
