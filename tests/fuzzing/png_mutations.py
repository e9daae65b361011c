"""PNG files whose chunks moved, vanished, came twice or lie; check sums are right again, most of the time."""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from random import Random

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS
from fuzzing.byte_mutations import Mutation, odd_number
from fuzzing.exif_mutations import lying_block
from fuzzing.originals import PNG_SIGNATURE

Chunks = list[tuple[bytes, bytes]]
"""Kind and body of each."""

BOMB_BYTES = 100_000_000
"""What a text bomb is when it is unpacked."""

MOST_ROWS = 1_000_000
"""Bytes of unpacked rows that are changed; there may be a bomb instead of them."""

WRONG_SUMS = 0.1
"""Share of the files in which one check sum is left wrong."""


def chunks_of(data: bytes) -> Chunks:
    found, position = [], len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        found.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def of_chunks(change: Callable[[Chunks, Random], None]) -> Mutation:
    """Make a mutation of a function that changes the list of chunks in place."""

    def mutate(data: bytes, draw: Random) -> bytes:
        chunks = chunks_of(data)
        if chunks:
            change(chunks, draw)
        wrong = draw.randrange(len(chunks) + 1) if draw.random() < WRONG_SUMS else -1
        return PNG_SIGNATURE + b"".join(written(*chunk, sound=i != wrong) for i, chunk in enumerate(chunks))

    mutate.__name__ = change.__name__
    return mutate


def written(kind: bytes, body: bytes, sound: bool = True) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ (not sound))


@cache
def bomb() -> bytes:
    return zlib.compress(bytes(BOMB_BYTES), 9)


@of_chunks
def drop(chunks: Chunks, draw: Random) -> None:
    del chunks[draw.randrange(len(chunks))]


@of_chunks
def duplicate(chunks: Chunks, draw: Random) -> None:
    place = draw.randrange(len(chunks))
    chunks[place:place] = [chunks[place]] * draw.choice((1, 1, 2, 500))


@of_chunks
def move(chunks: Chunks, draw: Random) -> None:
    moved = chunks.pop(draw.randrange(len(chunks)))
    chunks.insert(draw.randrange(len(chunks) + 1), moved)


@of_chunks
def alter_header(chunks: Chunks, draw: Random) -> None:
    kind, body = chunks[0]
    fields = [*struct.unpack(">IIBBBBB", body.ljust(13, b"\0")[:13])]
    sizes = (0, 1, 2, fields[0] + 1, 300, 9999, 10_001, 60_000, 2**31 - 1, 2**31, 2**32 - 1)
    choices = (sizes, sizes, (1, 2, 4, 8, 16, 3, 0, 255), range(8), (0, 1, 255), (0, 1, 64), (0, 1, 2))
    for place in draw.sample(range(7), draw.choice((1, 1, 2))):
        fields[place] = draw.choice(choices[place])
    chunks[0] = (kind, struct.pack(">IIBBBBB", *fields))


@of_chunks
def alter_body(chunks: Chunks, draw: Random) -> None:
    place = draw.randrange(len(chunks))
    chunks[place] = (chunks[place][0], draw.choice(BYTE_MUTATIONS)(chunks[place][1], draw))


@of_chunks
def alter_rows(chunks: Chunks, draw: Random) -> None:
    """Change the rows behind the compression: filters, too few or too many of them."""
    packed = b"".join(body for kind, body in chunks if kind == b"IDAT")
    try:
        rows = zlib.decompressobj().decompress(packed, MOST_ROWS)
    except zlib.error:
        return
    other = draw.randrange(len(BYTE_MUTATIONS) + 2)
    rows = (rows * 3, b"")[other] if other < 2 else BYTE_MUTATIONS[other - 2](rows, draw)
    place = next((i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT"), len(chunks))
    chunks[:] = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    chunks.insert(place, (b"IDAT", draw.choice((zlib.compress(rows), bomb()))))


@of_chunks
def add_bomb(chunks: Chunks, draw: Random) -> None:
    body = draw.choice((b"a\0\0", b"a\0\1\0\0\0", b"ICC\0\0")) + bomb()
    kind = draw.choice((b"zTXt", b"iTXt", b"iCCP"))
    chunks[1:1] = [(kind, body)] * draw.choice((1, 1, 10))


@of_chunks
def add_chunk(chunks: Chunks, draw: Random) -> None:
    kinds = (
        b"eXIf",
        b"tRNS",
        b"PLTE",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"ABCD",
        b"\0\0\0\0",
        b"sBIT",
        b"IHDR",
        b"IDAT",
        b"sRGB",
    )
    kind = draw.choice(kinds)
    body = lying_block(draw) if kind == b"eXIf" else draw.randbytes(draw.choice((0, 1, 8, 26, 768, 769)))
    chunks.insert(draw.randrange(1, len(chunks) + 1), (kind, body))


def lie_about_length(data: bytes, draw: Random) -> bytes:
    chunks = chunks_of(data)
    place = len(PNG_SIGNATURE)
    for kind, body in chunks[: draw.randrange(len(chunks))] if chunks else ():
        place += len(written(kind, body))
    return data[:place] + struct.pack(">I", odd_number(draw)) + data[place + 4 :]


MUTATIONS: Sequence[Mutation] = (
    drop,
    duplicate,
    move,
    alter_header,
    alter_header,
    alter_body,
    alter_rows,
    add_bomb,
    add_chunk,
    add_chunk,
    lie_about_length,
)
