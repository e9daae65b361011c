import base64
import hashlib
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from support.exif_blocks import block, jpeg, scene, segment, text, with_exif
from support.heatmaps import found, info_of
from support.tiny_models import ModelMaker
from unseam.analyze import Report, analyze
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo, Trace
from unseam.models.load import load_model
from unseam.models.patch.method import PatchMethod
from unseam.photo.photo import Photo
from unseam.report.files import Entry, write_index
from unseam.report.page import OTHER_SIDE, photo_page

HOSTILE = "</dd><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


@dataclass(frozen=True)
class Never:
    """A method that applies to no photo, and says so in hostile words."""

    name: str = "../never <b>"

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name, paper="none & nothing", needs=frozenset({"jpeg"}), min_size=(64, 32))

    def __call__(self, _photo: Photo) -> Heatmap:
        raise NotApplicable("it has no <JPEG> coefficients")


@dataclass(frozen=True)
class Noisy(Never):
    """A method whose map and mask compress as badly as can be."""

    name: str = "noisy"

    def __call__(self, photo: Photo) -> Heatmap:
        heat = np.random.default_rng(0).random((photo.height, photo.width), dtype=np.float32)
        return found(heat, 0.5, threshold=0.9)


@dataclass(frozen=True)
class Silent(Never):
    """A method that knows nothing about any photo."""

    name: str = "silent"

    def __call__(self, photo: Photo) -> Heatmap:
        return found(np.full((photo.height, photo.width), 0.5, np.float32), 0.5, threshold=0.9)


class Tags(HTMLParser):
    """Collects tags with their attributes, and what stands between script and style tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in self.inline and data.strip():
            self.inline[self.tags[-1][0]].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(("/" + tag, {}))


@pytest.fixture
def localizer(make_model: ModelMaker) -> PatchMethod:
    return load_model(make_model(patch_threshold=0.1))


def page_of(report: Report) -> str:
    return photo_page(report, report.document())


def visible(page: str) -> str:
    return re.sub(r"base64,[^\"]+", "", page)


@pytest.fixture
def report(localizer: PatchMethod, spotted: NDArray[np.uint8]) -> Report:
    return analyze(jpeg(spotted, segment(0xFE, b"a comment")), [localizer, Never(), Silent()])


def test_the_page_asks_for_nothing_but_itself(report: Report) -> None:
    page = page_of(report)
    addresses = [
        value
        for _, attributes in Tags(page).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset")
    ]
    assert len(addresses) >= 5
    assert all(address is not None and address.startswith(("data:image/", "#")) for address in addresses)
    assert "http://" not in visible(page)
    assert "https://" not in visible(page)
    assert "@import" not in page
    assert "url(" not in page


def test_the_policy_allows_the_pages_own_style_and_script_by_their_hash_and_nothing_else(report: Report) -> None:
    tags = Tags(page_of(report))
    (policy,) = (
        a["content"] for tag, a in tags.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in (policy or "").split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for kind in ("script", "style"):
        (content,) = tags.inline[kind]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"


def test_no_tag_carries_style_or_code_that_the_policy_would_refuse(report: Report) -> None:
    names = {name for _, attributes in Tags(page_of(report)).tags for name in attributes}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_whatever_a_file_holds_is_escaped(localizer: PatchMethod, tmp_path: Path) -> None:
    entries = {tag: text(HOSTILE) for tag in (0x010F, 0x0110, 0x0131, 0x0132)}
    exif = block(entries, {tag: text(HOSTILE) for tag in (0x9003, 0x9004, 0xA434)}, preview=HOSTILE.encode())
    path = tmp_path / "a&amp;'b<script>x.jpg"
    path.write_bytes(
        jpeg(scene(), segment(0xE1, b"Exif\0\0" + exif), segment(0xFE, HOSTILE.encode())) + HOSTILE.encode()
    )
    report = analyze(path, [localizer, Never()])
    page = page_of(report)
    assert "a&amp;amp;&#39;b&lt;script&gt;x.jpg" in page
    assert "../never &lt;b&gt;" in page
    assert "it has no &lt;JPEG&gt; coefficients" in page
    assert "none &amp; nothing" in page
    assert page.count("<script>") == 1
    assert "onerror=alert(2)&gt;" in page
    kinds = {tag for tag, _ in Tags(page).tags}
    assert "b" in kinds
    assert all("onerror" not in attributes for _, attributes in Tags(page).tags)
    assert report.document()["provenance"]["exif"]["software"] == HOSTILE


def test_the_history_of_the_file_stands_with_the_verdict(report: Report) -> None:
    page = page_of(report)
    card = page[page.index('<section class="verdict') : page.index("</section>")]
    assert report.provenance is not None
    assert report.provenance.summary in card
    assert "What the file says about itself" not in page_of(analyze(scene(), [Never()])).partition("</section>")[0]


def test_the_page_holds_what_a_reader_needs(report: Report) -> None:
    page = visible(page_of(report))
    for part in (
        *(
            "What a heat map does not prove",
            "differs from the rest",
            report.photo.sha256 or "-",
            "it has no &lt;JPEG&gt;",
        ),
        *(
            "bright pixels",
            "in the dark",
            "at least 32 x 64 pixels",
            "a comment",
            "IJG",
            "4:2:0",
            "No single trace stands out in this region",
        ),
        *(
            "says nothing about this photo either way",
            "How often authentic photographs score this high is not known",
            "nothing, or not known",
        ),
    ):
        assert part in page


def test_the_photo_is_embedded_once_however_many_methods_there_are(localizer: PatchMethod) -> None:
    report = analyze(scene(), [localizer, Silent(), Noisy()])
    assert page_of(report).count('class="photo"') == 1


def test_a_photo_with_no_applicable_method_is_shown_alone(spotted: NDArray[np.uint8]) -> None:
    page = page_of(analyze(spotted, [Never()]))
    tags = Tags(page)
    assert 'class="photo"' in page
    assert not [attributes for _, attributes in tags.tags if (attributes.get("class") or "").startswith("compare")]
    assert "No method applies to this photo" in page
    assert "the photo was given as an array" in page


def test_regions_are_listed_with_their_coordinates(report: Report) -> None:
    (region,) = report.regions
    rows, columns = f"Rows {region.top} to {region.bottom - 1}", f"columns {region.left} to {region.right - 1}"
    assert f"{rows}, {columns}; {region.area:,} pixels" in page_of(report)


def test_the_whole_photo_comes_first_with_its_regions_outlined_and_numbered(report: Report) -> None:
    page = visible(page_of(report))
    sight = page[page.index('class="sight"') : page.index("</figure>")]
    assert sight.index('class="photo"') < sight.index('class="heat"') < sight.index('class="light"')
    assert re.search(
        r'<svg x="[\d.]+%" y="[\d.]+%" overflow="visible"><circle r="11"/><text dy=".36em">1</text>', sight
    )
    assert page.index('class="sight"') < page.index("<h2>Why</h2>") < page.index('class="compare')


def test_reasons_come_before_the_file_and_both_before_the_heat_map(report: Report) -> None:
    page = page_of(report)
    titles = [page.index(title) for title in ("<h2>Why</h2>", '<h2 id="file-says">', "Heat map of ")]
    assert titles == sorted(titles)


def test_a_trace_is_told_in_words_with_its_strength_and_a_copy_is_linked_with_its_source(report: Report) -> None:
    traces = (
        Trace("copied", 98.0, 41.0, "% alike", "strong", "shows the same", (8, 8, 30, 60)),
        Trace("noise", 3.1, 1.2, "grey levels", "weak", "noisier"),
    )
    name = report.method
    explained = replace(report.heatmap, regions=(replace(report.regions[0], traces=traces),))
    page = page_of(replace(report, results={**report.results, name: explained}))
    assert re.search(r'Copied</th><td class="text">shows the same</td><td class="text strength strong">', page)
    assert re.search(r'Noise</th><td class="text">noisier</td><td class="text strength weak">', page)
    assert 'class="source" d="M8 8h52v22h-52Z' in page
    assert "place that shows the same" in page
    assert 'class="source"' not in page_of(report)


def test_a_preview_that_disagrees_is_shown_and_told(localizer: PatchMethod) -> None:
    preview = jpeg(scene(120, 160, seed=5))
    odd = page_of(analyze(with_exif(scene(), block({}, preview=preview)), [localizer]))
    assert "shows another picture than the photo" in odd
    assert 'alt="The preview embedded in the file"' in odd
    same = page_of(analyze(with_exif(scene(), block({}, preview=jpeg(scene()[::2, ::2]))), [localizer]))
    assert "agrees with the photo" in same
    assert 'alt="The preview embedded in the file"' not in same


def test_coordinates_are_told_but_not_repeated(localizer: PatchMethod) -> None:
    exif = block({}, None, {2: (5, 3, bytes([48, 0, 0, 0, 1, 0, 0, 0] * 3))})
    page = page_of(analyze(with_exif(scene(), exif), [localizer]))
    assert "the file holds coordinates" in page


def test_a_large_photo_with_many_methods_makes_no_large_page() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1600, 2400, 3), dtype=np.uint8)
    page = page_of(analyze(pixels, [Noisy(name=f"noisy-{number}") for number in range(8)]))
    assert len(page) < 20e6
    assert OTHER_SIDE < 2048


def test_the_index_lists_the_most_suspicious_first_in_the_words_of_the_reports(report: Report, tmp_path: Path) -> None:
    calm = {**report.document(), "verdict": "no evidence", "sentence": "No evidence of manipulation: <calm>."}
    none = {**report.document(), "verdict": "cannot tell", "score": None}
    entries = [
        Entry("calm.png", tmp_path / "calm" / "report.html", calm),
        Entry("none.png", tmp_path / "none" / "report.html", none),
        Entry("a & b.png", tmp_path / "a & b" / "report.html", report.document()),
    ]
    page = write_index(entries, tmp_path, ["bad.jpg: <broken>"]).read_text(encoding="utf-8")
    assert 'href="a%20%26%20b/report.html">a &amp; b.png</a>' in page
    assert page.index("a &amp; b.png") < page.index("none.png") < page.index("calm.png")
    assert report.verdict.sentence in page
    assert "No evidence of manipulation: &lt;calm&gt;." in page
    assert page.count("<tr") == 4
    assert "3 photos, and 1 that could not be judged" in page
    assert "<b>1</b> likely manipulated" in page
    assert "bad.jpg: &lt;broken&gt;" in page
    assert "Could not be judged" not in write_index(entries, tmp_path).read_text(encoding="utf-8")
