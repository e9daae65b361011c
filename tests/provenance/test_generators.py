import json

import pytest

from unseam.provenance.exif import Exif
from unseam.provenance.generators import EXCERPT, find_generators, is_known_size
from unseam.provenance.xmp import Xmp

PROMPT = "a cat on a mat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 5}}})


def names(
    *texts: tuple[str, str], exif: Exif | None = None, xmp: Xmp | None = None, credit: str | None = None
) -> list[str]:
    encoded = [(keyword, text.encode()) for keyword, text in texts]
    return [mark.name.partition(",")[0] for mark in find_generators(encoded, exif, xmp, credit)]


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ([("parameters", PROMPT)], "Stable Diffusion web UI"),
        ([("prompt", GRAPH)], "ComfyUI"),
        ([("workflow", '{"last_node_id": 9, "nodes": []}')], "ComfyUI"),
        ([("Software", "NovelAI"), ("Comment", '{"prompt": "x", "sampler": "k_euler"}')], "NovelAI"),
        ([("invokeai_metadata", "{}")], "InvokeAI"),
        ([("Dream", "a prompt -s 50")], "InvokeAI"),
        ([("fooocus_scheme", "fooocus")], "Fooocus"),
        ([("parameters", '{"sui_image_params": {"prompt": "x"}}')], "SwarmUI"),
        ([("Description", "a cat --v 6.0 --ar 3:2 Job ID: 0f3a2b1c-1111-2222-3333-444455556666")], "Midjourney"),
        ([("", PROMPT)], "Stable Diffusion web UI"),
    ],
)
def test_prompts_in_texts_are_recognised_by_their_form(texts: list[tuple[str, str]], name: str) -> None:
    assert name in names(*texts)


@pytest.mark.parametrize(
    "texts",
    [
        [("Description", "Steps to the beach, 20 people")],
        [("Comment", "Created with GIMP")],
        [("Software", "Adobe ImageReady")],
        [("prompt", "please print in colour")],
        [("Author", "A. Flux")],
    ],
)
def test_ordinary_texts_are_no_trace(texts: list[tuple[str, str]]) -> None:
    assert names(*texts) == []


def test_prompts_in_exif_and_xmp_are_recognised() -> None:
    assert names(exif=Exif(comment=PROMPT)) == ["Stable Diffusion web UI"]
    assert names(exif=Exif(make="workflow:{}", model="prompt:{}")) == ["ComfyUI"]
    assert names(xmp=Xmp(comment=PROMPT)) == ["Stable Diffusion web UI"]
    assert names(xmp=Xmp(ai_system="Model 5", ai_prompt="a cat")) == ["Model 5"]


def test_names_of_generators_are_recognised_wherever_programs_name_themselves() -> None:
    assert names(exif=Exif(software="Midjourney")) == ["Midjourney"]
    assert names(xmp=Xmp(creator_tool="Adobe Firefly")) == ["Adobe Firefly"]
    assert names(xmp=Xmp(credit="Made with Google AI")) == ["Google (Gemini"]
    assert names(credit="Made with Google AI") == ["Google (Gemini"]
    assert names(exif=Exif(software="Adobe Photoshop 25")) == []


def test_an_excerpt_is_short_and_printable() -> None:
    (mark,) = find_generators([("parameters", (PROMPT + "\x1b[31m" + "y" * 5000).encode())], None, None, None)
    assert mark.excerpt.startswith("a cat on a mat Negative prompt")
    assert len(mark.excerpt) == EXCERPT
    assert mark.excerpt.isprintable()


def test_a_deep_document_is_not_parsed() -> None:
    assert names(("prompt", "[" * 100_000)) == []


def test_sizes_are_known_in_both_directions() -> None:
    assert is_known_size(1024, 1024)
    assert is_known_size(1216, 832)
    assert is_known_size(832, 1216)
    assert not is_known_size(1000, 1000)
