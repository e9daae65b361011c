"""What a file says about itself reaches everything that a user sees: verdict, page, JSON, command line, scan."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from markupsafe import escape
from PIL import Image

from provenance.test_generators import GRAPH, PROMPT
from provenance.test_history import TRAINED, png, xmp_segment
from provenance.test_iptc import dataset, resource
from provenance.test_xmp import xmp_packet
from report.test_wording import Fixed
from support.command import run
from support.exif_blocks import block, jpeg, scene, segment, text, with_exif
from support.scan_work import Red
from unseam.analyze import analyze
from unseam.report.files import report_files, to_json
from unseam.scanning.sources import open_source
from unseam.scanning.task import ScanTask

SIGNED = Path(__file__).parents[1] / "fuzzing" / "signed.jpg"
SCENE = scene(96, 128)
COMMENT = b"UNICODE\0" + PROMPT.encode("utf-16-be")


def _webp(exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).save(buffer, "WEBP", exif=exif)
    return buffer.getvalue()


GENERATED = {
    "web-ui.png": (png(parameters=PROMPT), "Stable Diffusion web UI", None),
    "comfy.png": (png(prompt=GRAPH, workflow='{"last_node_id": 9, "nodes": []}'), "ComfyUI", None),
    "novel.png": (png(Software="NovelAI", Comment='{"prompt": "x", "sampler": "k_euler"}'), "NovelAI", None),
    "invoke.png": (png(invokeai_metadata="{}"), "InvokeAI", None),
    "swarm.png": (png(parameters='{"sui_image_params": {"prompt": "x"}}'), "SwarmUI", None),
    "midjourney.png": (png(Description="a cat --v 6.0 --ar 3:2"), "Midjourney", None),
    "web-ui.jpg": (with_exif(SCENE, block({}, {0x9286: (7, len(COMMENT), COMMENT)})), "Stable Diffusion web UI", None),
    "comfy.webp": (_webp(block({0x010F: text(f"prompt:{GRAPH}")})), "ComfyUI", None),
    "credit.jpg": (
        jpeg(SCENE, segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, dataset(110, b"Made with Google AI")))),
        "Google (Gemini",
        None,
    ),
    "term.jpg": (
        jpeg(SCENE, xmp_segment(xmp_packet(ext_DigitalSourceType=TRAINED))),
        "IPTC&#39;s digital source type",
        "trainedAlgorithmicMedia",
    ),
    "signed.jpg": (SIGNED.read_bytes(), "Content Credentials", "trainedAlgorithmicMedia"),
}
"""Name of a file -> its bytes, what names its maker, and the term of IPTC's vocabulary in it."""

NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(name == "signed.jpg" and not find_spec("c2pa"), reason="no c2pa"))
    for name in GENERATED
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("generated")
    for name, (data, _, _) in GENERATED.items():
        (root / name).write_bytes(data)
    return root


@pytest.mark.parametrize("name", NAMES)
def test_verdict_page_and_json_say_that_ai_made_it_and_what_says_so(name: str) -> None:
    data, maker, term = GENERATED[name]
    report = analyze(data, [Fixed(marks=False)])
    document = report.document()
    found = document["provenance"]
    assert report.verdict.sentence.startswith("No evidence of manipulation in the pixels, but AI-made")
    assert (found["history"], found["ai_made"]) == ("AI-made according to the file", True)
    assert (found["digital_source_type"] or {}).get("term") == term
    assert json.loads(to_json(document))["provenance"] == found
    page = report_files(report, document)["report.html"]().decode()
    assert str(escape(found["summary"])) in page
    assert maker in page
    assert page.index("What the file says about itself") < page.index(str(escape(found["leads"][0]["text"])))


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_a_scan_says_that_ai_made_it(folder: Path, name: str) -> None:
    row = ScanTask(open_source(str(folder)), {"red": Red()}, 10**6, None)(name)
    assert row["history"] == "AI-made according to the file"
    assert row["digital_source_type"] == GENERATED[name][2]
    assert (row["c2pa_state"] is not None) == (name == "signed.jpg")
    assert "AI-made according to the file" in row["reason"]


def test_the_command_line_says_it_in_words_and_in_json(folder: Path, tmp_path: Path) -> None:
    path = folder / "web-ui.png"
    words = run("localize", path, "--method", "noise-level", "--out", tmp_path)
    assert "AI-made according to the file" in words.stdout
    (line,) = run("localize", path, "--method", "noise-level", "--json").stdout.splitlines()
    found = json.loads(line)["provenance"]
    assert found["history"] == "AI-made according to the file"
    assert [mark["name"].partition(",")[0] for mark in found["generators"]] == ["Stable Diffusion web UI"]
