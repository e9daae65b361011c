"""Traces of image generators: prompts and settings in texts, names of programs, known sizes.

Stable Diffusion's front ends, ComfyUI, NovelAI and InvokeAI write prompt and settings into PNG text chunks, and into
the user comment of JPEG and WebP. Any of this is copied onto another picture, or removed, in seconds.

Sources of the formats: the reading and writing code of AUTOMATIC1111/stable-diffusion-webui, comfyanonymous/ComfyUI,
lllyasviel/Fooocus, mcmonkeyprojects/SwarmUI and invoke-ai/InvokeAI; d3x-at/sd-parsers (NovelAI).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseam.provenance.exif import MAX_PROMPT, Exif
from unseam.provenance.programs import Kind, program_of
from unseam.provenance.xmp import Xmp
from unseam.system.text import one_line

EXCERPT = 200
"""Characters of a prompt that are shown."""

_SETTINGS = re.compile(r"\bSteps: \d+.{0,400}?\b(?:Sampler|CFG scale|Seed): ", re.DOTALL)
"""How AUTOMATIC1111's line of settings starts; its many descendants write the same."""
_NODES = re.compile(r'"class_type"\s*:|"nodes"\s*:\s*\[|"last_node_id"\s*:')
"""A graph of ComfyUI: as it is run, or as it is drawn."""
_NOVEL_AI = re.compile(r'"(?:sampler|n_samples|uc|noise_schedule|request_type)"\s*:')
_MIDJOURNEY = re.compile(r"Job ID: [0-9a-f-]{36}|--(?:v|ar|niji|stylize) \S+")
_SWARM = re.compile(r'"sui_image_params"\s*:')

_KEYWORDS = {
    "fooocus_scheme": "Fooocus",
    "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "InvokeAI",
}
"""Keywords of texts that no other program uses."""

SIZES = frozenset(
    {
        (512, 512),
        (768, 768),
        (1024, 1024),
        (896, 1152),
        (832, 1216),
        (768, 1344),
        (640, 1536),
        (1024, 1792),
        (1024, 1536),
        (816, 1456),
        (928, 1232),
        (864, 1184),
        (832, 1248),
    }
)
"""Pixels, shorter side first: what Stable Diffusion 1 to XL was trained on, and what the services of OpenAI, Midjourney
and Google deliver, by their documentation. Many other programs make pictures of these sizes."""


@dataclass(frozen=True, slots=True)
class GeneratorMark:
    """One trace of a generator.

    Attributes
    ----------
    name : str
        Of the program, as far as the format tells.
    place : str
        Where it was found, in words.
    excerpt : str
        Start of the text, for a person to read; empty for a mere name.
    """

    name: str
    place: str
    excerpt: str = ""


def find_generators(
    texts: Sequence[tuple[str, bytes]], exif: Exif | None, xmp: Xmp | None, credit: str | None
) -> tuple[GeneratorMark, ...]:
    """Collect the traces of generators in a file's texts, one of each kind.

    Parameters
    ----------
    texts : sequence of (keyword, text)
        From `unseam.provenance.blocks.Blocks`.
    exif, xmp : optional
    credit : str, optional
        IPTC's credit line.
    """
    found: dict[tuple[str, str], GeneratorMark] = {}
    for mark in (*_in_texts(texts), *_in_exif(exif), *_in_xmp(xmp), *_named(credit, "IPTC credit")):
        found.setdefault((mark.name, mark.place), mark)
    return tuple(found.values())


def _in_texts(texts: Sequence[tuple[str, bytes]]) -> Iterator[GeneratorMark]:
    novel_ai = any(keyword == "Software" and text.startswith(b"NovelAI") for keyword, text in texts)
    for keyword, data in texts:
        text = data[: 4 * MAX_PROMPT].decode("utf-8", "replace")[:MAX_PROMPT]
        place = f'PNG text "{one_line(keyword, 40)}"' if keyword else "JPEG comment"
        if keyword in _KEYWORDS:
            yield GeneratorMark(_KEYWORDS[keyword], place, _excerpt(text))
        elif novel_ai and keyword == "Comment" and _NOVEL_AI.search(text):
            yield GeneratorMark("NovelAI", place, _excerpt(text))
        elif keyword in ("Software", "Source", "Creator", "Author", "Generator"):
            yield from _named(text, place)
        else:
            yield from _prompts(text, place)


def _in_exif(exif: Exif | None) -> Iterator[GeneratorMark]:
    if exif is None:
        return
    yield from _named(exif.software, "EXIF software")
    for text, place in ((exif.comment, "EXIF user comment"), (exif.description, "EXIF description")):
        if text:
            yield from _prompts(text, place)
    for text in (exif.make, exif.model):  # where ComfyUI puts its graphs into WebP
        if text and text.startswith(("prompt:", "workflow:")) and "{" in text:
            yield GeneratorMark("ComfyUI", "EXIF make and model", _excerpt(text))


def _in_xmp(xmp: Xmp | None) -> Iterator[GeneratorMark]:
    if xmp is None:
        return
    if xmp.ai_system or xmp.ai_prompt:
        yield GeneratorMark(xmp.ai_system or "a generator", "IPTC's AI properties in XMP", xmp.ai_prompt or "")
    yield from _named(xmp.creator_tool, "XMP creator tool")
    yield from _named(xmp.credit, "XMP credit")
    for text, place in ((xmp.comment, "XMP user comment"), (xmp.description, "XMP description")):
        if text:
            yield from _prompts(text, place)


def _named(text: str | None, place: str) -> Iterator[GeneratorMark]:
    program = program_of(text)
    if program is not None and program.kind is Kind.GENERATOR:
        yield GeneratorMark(program.name, place, _excerpt(text or ""))


def _prompts(text: str, place: str) -> Iterator[GeneratorMark]:
    """Recognise prompts by their form."""
    if _SWARM.search(text):
        yield GeneratorMark("SwarmUI", place, _excerpt(text))
    elif _SETTINGS.search(text):
        yield GeneratorMark("Stable Diffusion web UI, or a program that writes as it does", place, _excerpt(text))
    elif _NODES.search(text) and place != "EXIF description":
        yield GeneratorMark("ComfyUI", place, _excerpt(text))
    elif _MIDJOURNEY.search(text):
        yield GeneratorMark("Midjourney", place, _excerpt(text))


def _excerpt(text: str) -> str:
    return one_line(text, EXCERPT) or ""


def is_known_size(height: int, width: int) -> bool:
    """Whether generators deliver pictures of this size."""
    return (min(height, width), max(height, width)) in SIZES
