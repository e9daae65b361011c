"""Small sound files of every kind that is read, from which the cases are made: excerpts of the example photographs."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from support.exif_blocks import block, number, segment, text
from support.tiff_files import picture, tiff

EXAMPLES = Path(__file__).parents[2] / "examples" / "photos"
HEIGHT, WIDTH = 88, 120
"""Pixels: two patches of the network, overlapping, and nothing that is a whole number of 16-pixel units."""

PREVIEW = (30, 40)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@cache
def excerpt() -> Image.Image:
    """A part of an example with the edge of a spliced object in it."""
    with Image.open(EXAMPLES / "splice-butterfly.jpg") as image:
        top, left = image.height // 2 - HEIGHT // 2, image.width // 2 - WIDTH // 2
        return image.convert("RGB").crop((left, top, left + WIDTH, top + HEIGHT))


def pixels() -> NDArray[np.uint8]:
    return np.asarray(excerpt())


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(kind: str, mode: str = "RGB", **options: object) -> bytes:
    return encoded(excerpt().convert(mode), kind, **options)


def exif() -> bytes:
    """A camera's block, with a preview."""
    preview = encoded(excerpt().resize(PREVIEW[::-1]), "JPEG")
    main = {0x010F: text("Maker"), 0x0110: text("A camera of some length"), 0x0112: (3, 1, struct.pack("<HH", 6, 0))}
    details = {0x9003: text("2024:05:06 07:08:09"), 0xA002: number(WIDTH), 0xA003: number(HEIGHT)}
    return block(main, details, {2: number(1)}, preview)


def icc(parts: int = 2) -> bytes:
    """Two APP2 segments of a colour profile."""
    return b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([i, parts]) + bytes(200)) for i in range(1, parts + 1))


def xmp() -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>")


def photoshop() -> bytes:
    return segment(0xED, b"Photoshop 3.0\08BIM" + struct.pack(">HHIHHH", 0x0406, 0, 6, 4, 0, 1))


def rich_jpeg() -> bytes:
    """A JPEG as a camera and an editor leave it: EXIF, XMP, a profile, marks, a comment, data behind its end."""
    data = photo("JPEG", quality=88)
    extra = segment(0xE1, b"Exif\0\0" + exif()) + xmp() + icc() + photoshop() + segment(0xFE, b"a comment")
    return data[:2] + extra + data[2:] + b"PK\x03\x04" + bytes(50)


def twice_saved(**options: object) -> bytes:
    """A JPEG of a JPEG, cropped off the grid between: what the detectors look for."""
    with Image.open(io.BytesIO(photo("JPEG", quality=70))) as image:
        return encoded(image.crop((3, 5, WIDTH, HEIGHT)), "JPEG", quality=92, **options)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_16_bit() -> bytes:
    """RGB with 16 bits a channel, which Pillow reads and does not write."""
    rows = np.repeat(pixels().astype(">u2") * 257, 1, axis=2)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0))
    return PNG_SIGNATURE + header + png_chunk(b"IDAT", zlib.compress(lines)) + png_chunk(b"IEND", b"")


def rich_png() -> bytes:
    data = photo("PNG")
    extra = png_chunk(b"eXIf", exif()) + png_chunk(b"tEXt", b"Software\0a program") + png_chunk(b"gAMA", bytes(4))
    return data[:33] + extra + data[33:]


def animation(kind: str, **options: object) -> bytes:
    more = [excerpt().rotate(90 * turn) for turn in (1, 2)]
    return photo(kind, save_all=True, append_images=more, **options)


def grey_16_bit_tiff() -> bytes:
    return encoded(Image.fromarray(pixels()[..., 0].astype(np.uint16) * 257), "TIFF")


def tiled_tiff() -> bytes:
    """Grey in tiles of 16 x 16, which Pillow reads and does not write."""
    grey = np.pad(pixels()[..., 1], ((0, -HEIGHT % 16), (0, -WIDTH % 16)))
    rows, columns = grey.shape[0] // 16, grey.shape[1] // 16
    tiles = grey.reshape(rows, 16, columns, 16).swapaxes(1, 2).tobytes()
    start, count = 8 + 2 + 12 * 10 + 4, rows * columns
    offsets = [start + 8 * count + 256 * i for i in range(count)]
    short = {256: WIDTH, 257: HEIGHT, 258: 8, 259: 1, 262: 1, 277: 1, 322: 16, 323: 16}
    entries = [struct.pack("<HHII", tag, 3, 1, value) for tag, value in short.items()]
    entries += [struct.pack("<HHII", 324, 4, count, start), struct.pack("<HHII", 325, 4, count, start + 4 * count)]
    values = struct.pack(f"<{count}I", *offsets) + struct.pack(f"<{count}I", *[256] * count)
    return b"II*\0" + struct.pack("<IH", 8, 10) + b"".join(entries) + bytes(4) + values + tiles


def run_length_bmp() -> bytes:
    """A BMP of 8 bits with run lengths (RLE8), which Pillow reads and does not write."""
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
    lines = b"".join(bytes([WIDTH, row]) + b"\0\0" for row in range(HEIGHT)) + b"\0\1"
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(lines), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(lines), 0, 0, start) + header + palette + lines


def bit_field_bmp() -> bytes:
    """A BMP of 4 bits a channel in bit fields, which Pillow neither reads nor writes."""
    red, green, blue = np.moveaxis(pixels().astype(np.uint16) >> 4, -1, 0)
    lines = np.ascontiguousarray((red << 8 | green << 4 | blue)[::-1]).tobytes()
    header = struct.pack("<IiiHHIIiiIIIII", 40, WIDTH, HEIGHT, 1, 16, 3, len(lines), 0, 0, 0, 0, 0xF00, 0xF0, 0xF)
    return b"BM" + struct.pack("<IHHI", 66 + len(lines), 0, 0, 66) + header + lines


def pages(**options: object) -> bytes:
    """A TIFF of a reduced picture, the picture, and tags of every type of integer."""
    small = np.ascontiguousarray(pixels()[::4, ::4])
    tags = {65000 + kind: (kind, [kind]) for kind in (1, 3, 4, 6, 8, 9, 13, 16, 17, 18)}
    first = picture(small, 16) | {254: (4, [1])}
    second = picture(pixels(), 16 + small.nbytes) | tags
    return tiff(first, second, data=small.tobytes() + pixels().tobytes(), **options)


def float_tiff() -> bytes:
    values = (pixels() / 255).astype(np.float32)
    return tiff(picture(values, 16, sample_format=3), data=values.tobytes())


def raw_profile_png() -> bytes:
    """A PNG whose EXIF is hexadecimal text, as ImageMagick writes it."""
    block = b"Exif\0\0" + exif()
    text = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n")
    data = photo("PNG")
    return data[:33] + png_chunk(b"zTXt", text) + data[33:]


def heif(**options: object) -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return photo("HEIF", quality=60, **options)


MAKERS: Mapping[str, tuple[Callable[[], bytes], ...]] = {
    "JPEG": (
        rich_jpeg,
        twice_saved,
        lambda: photo("JPEG", quality=75, subsampling=0),
        lambda: photo("JPEG", quality=90, subsampling=1, restart_marker_blocks=4),
        lambda: photo("JPEG", quality=85, progressive=True),
        lambda: photo("JPEG", "L", quality=85, progressive=True),
        lambda: photo("JPEG", "L", quality=60),
        lambda: photo("JPEG", "CMYK", quality=80),
        lambda: photo("JPEG", quality=95, keep_rgb=True),
        lambda: twice_saved(subsampling=0, optimize=True),
        lambda: animation("MPO"),
    ),
    "PNG": (
        rich_png,
        png_16_bit,
        raw_profile_png,
        lambda: photo("PNG", "P"),
        lambda: photo("PNG", "1"),
        lambda: photo("PNG", "LA"),
        lambda: photo("PNG", "RGBA"),
        lambda: animation("PNG"),
    ),
    "TIFF": (
        lambda: photo("TIFF"),
        lambda: photo("TIFF", compression="tiff_lzw"),
        lambda: photo("TIFF", compression="jpeg"),
        lambda: photo("TIFF", "CMYK", compression="tiff_adobe_deflate"),
        lambda: photo("TIFF", "1", compression="group4"),
        lambda: photo("TIFF", "P", compression="packbits"),
        lambda: photo("TIFF", big_tiff=True),
        grey_16_bit_tiff,
        tiled_tiff,
        pages,
        lambda: pages(order=">", big=True),
        lambda: pages(big=True),
        float_tiff,
    ),
    "WEBP": (
        lambda: photo("WEBP", quality=80, exif=b"Exif\0\0" + exif()),
        lambda: photo("WEBP", lossless=True),
        lambda: photo("WEBP", "RGBA", quality=50),
        lambda: animation("WEBP"),
    ),
    "GIF": (lambda: photo("GIF", "P"), lambda: photo("GIF", "L", interlace=1), lambda: animation("GIF")),
    "BMP": (lambda: photo("BMP"), lambda: photo("BMP", "P"), lambda: photo("BMP", "1"), run_length_bmp, bit_field_bmp),
    "AVIF": (lambda: photo("AVIF", quality=60, speed=10), lambda: photo("AVIF", "RGBA", quality=40, speed=10)),
    "HEIF": (heif, lambda: heif(exif=b"Exif\0\0" + exif())),
}
"""Format to what makes its sound files."""


@cache
def original(kind: str, number: int) -> bytes:
    """Return one sound file, made once in a process."""
    return MAKERS[kind][number]()


def numbered() -> list[tuple[str, int]]:
    return [(kind, number) for kind, makers in MAKERS.items() for number in range(len(makers))]
