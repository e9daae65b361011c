"""Files of photos for the cases: a sound one of any format, changed by what knows its format, and by what does not."""

from collections.abc import Mapping, Sequence
from random import Random

from fuzzing import byte_mutations, container_mutations, jpeg_mutations, png_mutations, tiff_mutations
from fuzzing.byte_mutations import Mutation
from fuzzing.originals import numbered, original

BY_FORMAT: Mapping[str, Sequence[Mutation]] = {
    "JPEG": jpeg_mutations.MUTATIONS,
    "PNG": png_mutations.MUTATIONS,
    "TIFF": tiff_mutations.MUTATIONS,
    "WEBP": container_mutations.MUTATIONS,
    "AVIF": container_mutations.MUTATIONS,
    "HEIF": container_mutations.MUTATIONS,
    "GIF": container_mutations.GIF_MUTATIONS,
    "BMP": container_mutations.BMP_MUTATIONS,
}

STRUCTURED = 0.8
"""Share of the mutations that know the format."""

TWO_FILES = 0.08
"""Share of the cases that are made of two files."""

UNCHANGED = 0.02


def mutated_photo(draw: Random, *formats: str) -> bytes:
    """Make a file of one of these formats (any by default); one in fifty is sound."""
    kind, number = draw.choice([known for known in numbered() if not formats or known[0] in formats])
    data = original(kind, number)
    if draw.random() < UNCHANGED:
        return data
    for _ in range(draw.choice((1, 1, 1, 2, 3, 5))):
        known = BY_FORMAT[kind] if draw.random() < STRUCTURED else byte_mutations.MUTATIONS
        data = draw.choice(known)(data, draw)
    if draw.random() < TWO_FILES:
        other = original(*draw.choice(numbered()))
        return draw.choice((byte_mutations.spliced, byte_mutations.polyglot))(data, other, draw)
    return data


def mutated_jpeg(draw: Random) -> bytes:
    return mutated_photo(draw, "JPEG")
