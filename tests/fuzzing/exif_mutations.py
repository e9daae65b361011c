"""EXIF blocks (small TIFFs) that lie: loops, offsets outside, huge counts, wrong types, previews of every kind."""

import struct
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS
from fuzzing.byte_mutations import odd_number
from fuzzing.originals import encoded, exif, original, photo
from support.exif_blocks import block, number, text

TAGS = (0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x8769, 0x8825, 0x9003, 0x9004, 0xA434, 0xA002, 0x0201, 0x0202, 0x0001)
TYPES = (*range(14), 16, 17, 18, 129, 255, 65535)


def lying_block(draw: Random) -> bytes:
    """Make an EXIF block of one of many kinds."""
    return draw.choice((_entries, _looping, _preview, _greedy, _strange_text, _bytes, exif_of_bytes))(draw)


def exif_of_bytes(draw: Random) -> bytes:
    return draw.choice((b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0", b"Exif\0\0" * 3, draw.randbytes(40)))


def _bytes(draw: Random) -> bytes:
    data = exif()
    for _ in range(draw.choice((1, 2, 5))):
        data = draw.choice(BYTE_MUTATIONS)(data, draw)
    return data


def _entries(draw: Random) -> bytes:
    """A directory of anything, followed by anything."""
    order, name = draw.choice((("<", b"II*\0"), (">", b"MM\0*")))
    count = draw.choice((0, 1, 5, 40, 300))
    entries = b"".join(
        struct.pack(order + "HHII", draw.choice(TAGS), draw.choice(TYPES), odd_number(draw), odd_number(draw))
        for _ in range(count)
    )
    stated = draw.choice((count, count, odd_number(draw, 2)))
    return (
        name + struct.pack(order + "IH", 8, stated) + entries + struct.pack(order + "I", odd_number(draw)) + bytes(99)
    )


def _looping(draw: Random) -> bytes:
    """Directories that are their own successors and their own details."""
    entries = [struct.pack("<HHII", tag, 4, 1, draw.choice((8, 8, 10, 22))) for tag in (0x8769, 0x8825, 0xA005)]
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + struct.pack("<I", 8)


def _greedy(draw: Random) -> bytes:
    """Many entries, each of which claims the whole block."""
    count, rest = 1000, 50_000
    entries = b"".join(struct.pack("<HHII", 0x9000 + tag, 7, rest, 8) for tag in range(count))
    filling = draw.choice((b"\0", b"A", b"\xff"))
    return b"II*\0" + struct.pack("<IH", 8, count) + entries + bytes(4) + filling * rest


def _strange_text(draw: Random) -> bytes:
    letters = draw.choice(("\u202egpj.exe", "<script>", "\x1b[31m", "é" * 500, "\ud7ff\uffff", "a\nb\r\n", "%s{0}$(x)"))
    raw = draw.choice((letters.encode(), letters.encode("utf-16"), draw.randbytes(300), b" " * 99))
    return block({tag: text(raw) for tag in (0x010F, 0x0110, 0x0131, 0x0132)}, {0x9003: text(raw)})


def _preview(draw: Random) -> bytes:
    return block({0x010F: text("Maker")}, {0xA002: number(1)}, preview=preview(draw))


def preview(draw: Random) -> bytes:
    """Make a picture that is no camera's preview: of another format, of an odd shape, or broken."""
    shapes = ((1, 1), (4000, 33), (33, 4000), (3, 9000), (320, 32), (64, 48))
    strip = draw.choice(shapes)
    kinds = (
        lambda: encoded(_noise(strip, draw), "PNG"),
        lambda: encoded(_noise(strip, draw), "JPEG"),
        lambda: original("TIFF", draw.randrange(9)),
        lambda: original(draw.choice(("AVIF", "WEBP", "GIF", "BMP")), 0),
        lambda: draw.choice(BYTE_MUTATIONS)(original("TIFF", draw.randrange(9)), draw),
        lambda: draw.choice(BYTE_MUTATIONS)(photo("JPEG", quality=30), draw),
    )
    return draw.choice(kinds)()


def _noise(size: tuple[int, int], draw: Random) -> Image.Image:
    noise = np.random.default_rng(draw.getrandbits(32))
    return Image.fromarray(noise.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def mutate(data: bytes, draw: Random) -> bytes:
    """Put other bytes in place of a block, whatever it was."""
    return lying_block(draw) if draw.random() < 0.7 else draw.choice(BYTE_MUTATIONS)(data, draw)


MUTATIONS: Sequence = (mutate,)
