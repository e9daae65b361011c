"""Metadata that lies: XMP packets, IPTC blocks, texts of PNG, and a signed photo, broken in every way."""

import struct
import zlib
from functools import cache
from pathlib import Path
from random import Random

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS
from fuzzing.byte_mutations import odd_number
from fuzzing.originals import photo, png_chunk
from support.exif_blocks import segment

SIGNED = Path(__file__).with_name("signed.jpg")
"""A photo of 56 x 40 pixels with Content Credentials and one signed ingredient, 9 KB; keys and names are made up."""

HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmp:CreatorTool="Editor 1" ext:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/composite">'
)
BODY = (
    '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:when="2024-05-06T07:08:09Z" stEvt:softwareAgent="E"/>'
    "</rdf:Seq></xmpMM:History><photoshop:DocumentAncestors><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag>"
    "</photoshop:DocumentAncestors><exif:UserComment><rdf:Alt><rdf:li>Steps: 20, Sampler: x</rdf:li></rdf:Alt>"
    "</exif:UserComment>"
)
TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'

DOCTYPES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]>',
    "<!DOCTYPE",
)
ELEMENTS = (
    "<rdf:li>",
    "<xmpMM:History>",
    "<a>",
    "<rdf:Description>",
    '<rdf:li rdf:parseType="Resource">',
    "</rdf:li>",
    "<!--",
)
TEXTS = (
    "&#0;",
    "&#x10FFFF;",
    "&undefined;",
    "\u202e",
    "]]>",
    "<![CDATA[",
    "x" * 70_000,
    "\ud7ff",
    "&#13;&#10;",
    "--v 6",
)


def lying_xmp(draw: Random) -> bytes:
    """Make an XMP packet of one of many kinds."""
    return draw.choice((_sound, _nested, _wide, _declared, _texts, _encoded, _bytes, _junk))(draw)


def _sound(_draw: Random) -> bytes:
    return (HEAD + BODY + TAIL).encode()


def _nested(draw: Random) -> bytes:
    return (HEAD + draw.choice(ELEMENTS) * draw.choice((10, 63, 64, 65, 5000, 200_000)) + TAIL).encode()


def _wide(draw: Random) -> bytes:
    entry = draw.choice(('<rdf:li stEvt:action="x"/>', "<rdf:li>x</rdf:li>", BODY))
    count = draw.choice((100, 10_000, 60_000))
    return (HEAD + f"<xmpMM:History><rdf:Seq>{entry * count}</rdf:Seq></xmpMM:History>" + TAIL).encode()


def _declared(draw: Random) -> bytes:
    place = draw.choice((0, len(HEAD)))
    text = HEAD + BODY + TAIL
    return (text[:place] + draw.choice(DOCTYPES) + text[place:]).encode()


def _texts(draw: Random) -> bytes:
    text = draw.choice(TEXTS)
    where = draw.choice(("Editor 1", "composite", "2024-05-06T07:08:09Z", "Steps: 20", "rdf:Seq", "stEvt"))
    return (HEAD + BODY + TAIL).replace(where, text).encode("utf-8", "surrogatepass")


def _encoded(draw: Random) -> bytes:
    stated = draw.choice(("utf-16", "utf-8", "latin-1", "utf-7", "ascii", "cp037", "klingon"))
    real = draw.choice(("utf-16", "utf-8", "utf-16-be", "utf-32", "latin-1"))
    return f'<?xml version="1.0" encoding="{stated}"?>{HEAD}{BODY}{TAIL}'.encode(real, "replace")


def _bytes(draw: Random) -> bytes:
    data = _sound(draw)
    for _ in range(draw.choice((1, 2, 5))):
        data = draw.choice(BYTE_MUTATIONS)(data, draw)
    return data


def _junk(draw: Random) -> bytes:
    return draw.choice((b"", b"<", b"\0" * 99, b"\xff\xfe", b"<a", draw.randbytes(200)))


def lying_iptc(draw: Random) -> bytes:
    """Make an IIM block, or Photoshop's image resources around one."""
    datasets = b"".join(_dataset(draw) for _ in range(draw.choice((1, 5, 50, 3000))))
    if draw.random() < 0.4:
        datasets = b"".join(_resource(draw, datasets) for _ in range(draw.choice((1, 3, 1200))))
    return draw.choice(BYTE_MUTATIONS)(datasets, draw) if draw.random() < 0.5 else datasets


def _dataset(draw: Random) -> bytes:
    value = draw.choice((b"", b"20240506", b"070809+0200", b"FBMD", draw.randbytes(9), b"x" * 300))
    size = draw.choice((len(value), len(value), len(value), odd_number(draw, 2)))
    return (
        struct.pack(">BBBH", 0x1C, draw.choice((1, 2, 2, 2, 3)), draw.choice((40, 55, 60, 62, 65, 110, 255)), size)
        + value
    )


def _resource(draw: Random, content: bytes) -> bytes:
    part = content[: draw.choice((0, 3, 100))]
    size = draw.choice((len(part), len(part), odd_number(draw)))
    return b"8BIM" + struct.pack(">HHI", draw.choice((0x0404, 0x0406, 1)), 0, size) + part + bytes(len(part) % 2)


PROMPTS = (
    b"a cat\nSteps: 20, Sampler: Euler, Seed: 1",
    b'{"3": {"class_type": "KSampler"}}',
    b"[" * 100_000,
    b"\nexif\n 4\n4d4d002a",
    b"\xff\xfe" * 50,
    b"x" * 300_000,
)


def texts_of_png(draw: Random) -> bytes:
    """Make a PNG of texts: prompts, profiles, bombs."""
    data = photo("PNG")
    chunks = b"".join(_text_chunk(draw) for _ in range(draw.choice((1, 3, 40))))
    data = data[:33] + chunks + data[33:]
    return draw.choice(BYTE_MUTATIONS)(data, draw) if draw.random() < 0.3 else data


def _text_chunk(draw: Random) -> bytes:
    names = (
        b"parameters",
        b"prompt",
        b"Software",
        b"Comment",
        b"XML:com.adobe.xmp",
        b"Raw profile type iptc",
        b"",
        b"k" * 90,
    )
    keyword, text = draw.choice(names), draw.choice(PROMPTS)
    if keyword == b"XML:com.adobe.xmp":
        text = lying_xmp(draw)
    kind = draw.choice((b"tEXt", b"zTXt", b"iTXt"))
    packed = zlib.compress(text) if draw.random() < 0.8 else _bomb()
    bodies = {b"tEXt": text, b"zTXt": b"\0" + packed, b"iTXt": b"\1\0\0\0" + packed}
    return png_chunk(kind, keyword + b"\0" + bodies[kind])


@cache
def _bomb() -> bytes:
    return zlib.compress(bytes(100_000_000), 9)


def signed_photo(draw: Random) -> bytes:
    """Break a signed photo: bytes anywhere, bytes of its record, its segments in another order."""
    data = SIGNED.read_bytes()
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = draw.choice((_any_byte, _of_record, _moved))(data, draw)
    return data


def _any_byte(data: bytes, draw: Random) -> bytes:
    return data[:2] + draw.choice(BYTE_MUTATIONS)(data[2:], draw)


def _of_record(data: bytes, draw: Random) -> bytes:
    start = data.find(b"jumb")
    end = data.find(b"\xff\xdb", start)
    if start < 0 or end < start:
        return data
    return data[:start] + draw.choice(BYTE_MUTATIONS)(data[start:end], draw) + data[end:]


def _moved(data: bytes, draw: Random) -> bytes:
    record = segment(0xEB, b"JP\0\1" + struct.pack(">I", draw.choice((0, 1, 2))) + draw.randbytes(40) + b"c2pa")
    return data[:2] + record * draw.choice((1, 3)) + data[2:]
