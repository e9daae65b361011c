"""JPEG files whose segments moved, vanished, came twice, lie about their length, or hold other tables and frames."""

import struct
from collections.abc import Callable, Sequence
from random import Random

from fuzzing.byte_mutations import Mutation, flip_bits, odd_number, overwrite
from fuzzing.exif_mutations import lying_block
from support.exif_blocks import segment
from unseam.jpeg.segments import cut_into_segments

Parts = list[bytes]
"""Segments, each with its marker; a scan with its data. The first and last are what surrounds them."""

DHT, DQT, DRI, SOS = 0xC4, 0xDB, 0xDD, 0xDA
FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA)


def parts_of(data: bytes) -> Parts:
    segments = cut_into_segments(data).segments if data[:2] == b"\xff\xd8" else ()
    if not segments:
        return [data[:2], data[2:]]
    return [data[:2], *(data[s.start : s.end] for s in segments), data[segments[-1].end :]]


def of_parts(change: Callable[[Parts, Random], None]) -> Mutation:
    """Make a mutation of a function that changes the list of parts in place."""

    def mutate(data: bytes, draw: Random) -> bytes:
        parts = parts_of(data)
        if len(parts) > 2:
            change(parts, draw)
        return b"".join(parts)

    mutate.__name__ = change.__name__
    return mutate


def of_body(*markers: int) -> Callable[[Callable[[bytearray, Random], None]], Mutation]:
    """Make a mutation of a function that changes what follows marker and length of one segment of these kinds."""

    def made(change: Callable[[bytearray, Random], None]) -> Mutation:
        def mutate(parts: Parts, draw: Random) -> None:
            chosen = [i for i in range(1, len(parts) - 1) if parts[i][1] in markers and len(parts[i]) > 6]
            if chosen:
                place = draw.choice(chosen)
                body = bytearray(parts[place][4:])
                change(body, draw)
                parts[place] = parts[place][:4] + bytes(body)

        return of_parts(mutate)

    return made


def _any(parts: Parts, draw: Random) -> int:
    return draw.randrange(1, len(parts) - 1)


@of_parts
def drop(parts: Parts, draw: Random) -> None:
    del parts[_any(parts, draw)]


@of_parts
def duplicate(parts: Parts, draw: Random) -> None:
    place = _any(parts, draw)
    parts[place:place] = [parts[place]] * draw.choice((1, 1, 2, 40))


@of_parts
def move(parts: Parts, draw: Random) -> None:
    moved = parts.pop(_any(parts, draw))
    parts.insert(_any(parts, draw) if len(parts) > 2 else 1, moved)


@of_parts
def lie_about_length(parts: Parts, draw: Random) -> None:
    place = _any(parts, draw)
    stated = int.from_bytes(parts[place][2:4], "big")
    length = draw.choice((0, 1, 2, 3, stated + 1, stated - 1, stated * 2, 65535, 32768)) % 65536
    parts[place] = parts[place][:2] + struct.pack(">H", length) + parts[place][4:]


@of_parts
def reorder_scans(parts: Parts, draw: Random) -> None:
    places = [i for i in range(1, len(parts) - 1) if parts[i][1] == SOS]
    scans = [parts[i] for i in places]
    draw.shuffle(scans)
    for place, scan in zip(places, scans, strict=True):
        parts[place] = scan


@of_parts
def truncate_scan(parts: Parts, draw: Random) -> None:
    places = [i for i in range(1, len(parts) - 1) if parts[i][1] == SOS]
    if places:
        place = draw.choice(places)
        parts[place] = parts[place][: draw.randrange(4, len(parts[place]) + 1)]


@of_parts
def repeat_scan(parts: Parts, draw: Random) -> None:
    """Send a scan again and again, without data: each costs a walk over all blocks."""
    places = [i for i in range(1, len(parts) - 1) if parts[i][1] == SOS]
    if places:
        place = draw.choice(places)
        header = 2 + int.from_bytes(parts[place][2:4], "big")
        scan = draw.choice((parts[place], parts[place][:header], parts[place][: header + 1]))
        parts[place + 1 : place + 1] = [scan] * draw.choice((1, 20, 300))


@of_parts
def other_frame(parts: Parts, draw: Random) -> None:
    for i in range(1, len(parts) - 1):
        if parts[i][1] in FRAMES:
            parts[i] = bytes([0xFF, draw.choice(FRAMES)]) + parts[i][2:]


@of_parts
def add_metadata(parts: Parts, draw: Random) -> None:
    parts.insert(1, metadata(draw))


def metadata(draw: Random) -> bytes:
    """Make application segments that lie."""
    kind = draw.randrange(8)
    if kind <= 2:
        return segment(0xE1, (b"Exif\0\0" + lying_block(draw))[:65000])
    if kind == 3:
        numbers = [(odd_number(draw, 1), odd_number(draw, 1)) for _ in range(draw.choice((1, 3, 255)))]
        return b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes(pair) + b"\xff" * 132) for pair in numbers)
    if kind == 4:
        xml = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><x>" + b"&b;" * 9000 + b"</x>"
        return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xml[:60000]) * draw.choice((1, 20))
    if kind == 5:
        return segment(0xEE, b"Adobe" + draw.randbytes(6) + bytes([draw.choice((0, 1, 2, 3, 255))]))
    if kind == 6:
        resource = struct.pack(">HBBI", 0x0406, draw.randrange(256), 0, odd_number(draw)) + draw.randbytes(8)
        return segment(0xED, b"Photoshop 3.0\0" + (b"8BIM" + resource) * draw.choice((1, 400)))
    return segment(0xE2, b"MPF\0" + lying_block(draw)[:60000])


@of_body(DQT)
def alter_quantization(body: bytearray, draw: Random) -> None:
    kind = draw.randrange(6)
    if kind == 0:
        body[1:] = bytes(len(body) - 1)
    elif kind == 1:
        body[1:] = b"\xff" * (len(body) - 1)
    elif kind == 2:
        body[0] = draw.randrange(256)
    elif kind == 3:
        del body[draw.randrange(1, len(body)) :]
    else:
        for _ in range(draw.choice((1, 8, 40))):
            body[draw.randrange(1, len(body))] = odd_number(draw, 1)


@of_body(DHT)
def alter_huffman(body: bytearray, draw: Random) -> None:
    for _ in range(draw.choice((1, 2, 8))):
        body[draw.randrange(min(len(body), draw.choice((1, 17, 400))))] = odd_number(draw, 1)


@of_body(*FRAMES)
def alter_size(body: bytearray, draw: Random) -> None:
    for place in draw.sample((1, 3), draw.choice((1, 2))):
        stated = int.from_bytes(body[place : place + 2], "big")
        size = draw.choice((0, 1, 7, 8, 9, stated + 1, max(stated - 1, 0), stated + 8, 2 * stated, 300, 65535, 65500))
        body[place : place + 2] = struct.pack(">H", size % 65536)


@of_body(*FRAMES)
def alter_sampling(body: bytearray, draw: Random) -> None:
    for place in range(7, len(body), 3):
        if draw.random() < 0.6:
            body[place] = draw.choice((0x11, 0x12, 0x21, 0x22, 0x31, 0x13, 0x41, 0x14, 0x44, 0x00, 0x10, 0x51, 0xFF))


@of_body(*FRAMES)
def alter_frame(body: bytearray, draw: Random) -> None:
    body[draw.choice((0, 5, *range(6, max(len(body), 7)))) % len(body)] = odd_number(draw, 1)


@of_body(SOS)
def alter_scan_header(body: bytearray, draw: Random) -> None:
    length = 1 + 2 * min(body[0], 4) + 3
    body[draw.randrange(min(length, len(body)))] = odd_number(draw, 1)


@of_body(SOS)
def alter_scan_data(body: bytearray, draw: Random) -> None:
    start = draw.randrange(min(12, len(body)), len(body) + 1)
    body[start:] = draw.choice((flip_bits, overwrite))(bytes(body[start:]), draw)


@of_body(SOS)
def add_restart_markers(body: bytearray, draw: Random) -> None:
    for _ in range(draw.choice((1, 5))):
        place = draw.randrange(min(12, len(body)), len(body) + 1)
        body[place:place] = bytes([0xFF, draw.randrange(0xD0, 0xD8)])


@of_body(SOS)
def add_junk_markers(body: bytearray, draw: Random) -> None:
    """Put markers into a scan that have no meaning there, the end of the image among them."""
    for _ in range(draw.choice((1, 1, 3))):
        place = draw.randrange(min(12, len(body)), len(body) + 1)
        code = draw.choice((0x01, 0x02, 0xBF, 0xC1, 0xD9, 0xDC, 0xF0, draw.randrange(1, 0xC0), draw.randrange(1, 0xFF)))
        body[place:place] = b"\xff" * draw.choice((1, 1, 3)) + bytes([code]) + draw.randbytes(draw.choice((0, 2, 9)))


@of_parts
def state_height_behind_scan(parts: Parts, draw: Random) -> None:
    """Leave the height out of the frame header and state it in a DNL segment behind the first scan."""
    frames = [i for i in range(1, len(parts) - 1) if parts[i][1] in FRAMES]
    scans = [i for i in range(1, len(parts) - 1) if parts[i][1] == SOS]
    if frames and scans:
        lines = parts[frames[0]][5:7] if draw.random() < 0.7 else struct.pack(">H", odd_number(draw, 2))
        parts[frames[0]] = parts[frames[0]][:5] + b"\0\0" + parts[frames[0]][7:]
        parts.insert(scans[0] + 1, segment(0xDC, lines))


@of_parts
def add_extended_xmp(parts: Parts, draw: Random) -> None:
    """Add an extended XMP packet whose parts are missing, out of order, overlapping or of no stated length."""
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"a" * draw.choice((10, 3000)) + b"</x:xmpmeta>"
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    main = b"<x xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmpNote:HasExtendedXMP='" + guid + b"'/>"
    pieces = [segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main)]
    for start in range(0, len(packet), 1000):
        length, offset = (draw.choice((right, right, odd_number(draw))) for right in (len(packet), start))
        head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", length, offset)
        pieces.append(segment(0xE1, head + packet[start : start + 1000]))
    draw.shuffle(pieces)
    parts[1:1] = pieces[: draw.randrange(1, len(pieces) + 1)]


@of_parts
def add_segment(parts: Parts, draw: Random) -> None:
    """Add a restart interval, a number of lines, a second frame, an empty table or a marker of no meaning."""
    frame = next((part for part in parts[1:-1] if part[1] in FRAMES), b"")
    added = (
        segment(DRI, struct.pack(">H", odd_number(draw, 2))),
        segment(0xDC, struct.pack(">H", odd_number(draw, 2))),
        frame,
        segment(draw.choice((DQT, DHT, 0xCC)), draw.randbytes(draw.choice((0, 1, 65)))),
        bytes([0xFF, draw.randrange(256)]),
        b"\xff" * 500,
    )
    parts.insert(_any(parts, draw), draw.choice(added))


@of_parts
def forget_the_end(parts: Parts, draw: Random) -> None:
    parts[-1] = draw.choice((b"", b"\xff", b"\xff\xd9\xff\xd9", b"\xff\xd8" + b"".join(parts[1:])))


MUTATIONS: Sequence[Mutation] = (
    drop,
    duplicate,
    move,
    lie_about_length,
    reorder_scans,
    truncate_scan,
    repeat_scan,
    other_frame,
    add_metadata,
    add_metadata,
    alter_quantization,
    alter_quantization,
    alter_huffman,
    alter_size,
    alter_sampling,
    alter_frame,
    alter_scan_header,
    alter_scan_data,
    add_restart_markers,
    add_junk_markers,
    add_junk_markers,
    state_height_behind_scan,
    add_extended_xmp,
    add_segment,
    forget_the_end,
)
