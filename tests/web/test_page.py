"""The page in a real Chromium, that of the system; skipped where there is none."""

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from support.web_methods import NAMES
from support.web_scenes import png, spots, turned

playwright = pytest.importorskip("playwright.sync_api", reason="the page is tested with Playwright")
expect = playwright.expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
PATIENCE = 120_000
"""Milliseconds; a machine under load is slow, and nothing here depends on how slow."""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this system (apt-get install chromium)"),
    pytest.mark.xdist_group("browser"),
]

Opener = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, client: httpx.Client) -> Iterator[Opener]:
    """Open the page; whatever it says on the console, a violation of its policy too, fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def open_(path: str = "/", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type != "debug" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if strange(request.url) else None)
        page.goto(str(client.base_url) + path)
        expect(page.locator("#methods label")).to_have_count(len(NAMES))
        return page

    def strange(url: str) -> bool:
        return not url.startswith((str(client.base_url), "data:", "blob:"))

    yield open_
    for context in contexts:
        context.close()
    assert [complaint for complaint in complaints if "status of 4" not in complaint] == []


def choose(page: Any, data: bytes, *methods: str, name: str = "spots.png") -> None:
    """Choose a photo, after the methods, where some are named."""
    if methods:
        page.get_by_text("Methods", exact=False).first.click()
        for label in NAMES:
            page.get_by_role("checkbox", name=re.compile(rf"^{label}\b")).set_checked(label in methods)
    page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": data})


def opened(page: Any, *methods: str, data: bytes | None = None) -> Any:
    choose(page, png(spots()) if data is None else data, *methods)
    expect(page.get_by_role("heading", name="manipulated")).to_be_focused(timeout=PATIENCE)
    return page


def test_a_chosen_photo_leads_to_a_verdict_in_words(open_page: Opener) -> None:
    page = opened(open_page())
    expect(page.locator("#sentence")).to_contain_text("2 regions, together 15 % of the photo, stand out")
    expect(page.locator("#live")).to_contain_text("Likely manipulated: 2 regions, together 15 % of the photo")
    expect(page).to_have_title(re.compile("^Likely manipulated: spots.png . unseam$"))
    expect(page.get_by_role("tab", name="bright 0.88 marks 2 regions")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name=re.compile("bright"))).to_be_visible()
    expect(page.locator("#outlines g")).to_have_count(2)
    expect(page.get_by_text("SHA-256")).to_be_visible()
    expect(page.get_by_text("no evidence of manipulation is no proof of authenticity")).to_be_visible()


def test_what_the_file_says_stands_before_the_heat_maps(open_page: Opener) -> None:
    page = open_page()
    signed = Path(__file__).parents[1] / "fuzzing" / "signed.jpg"
    choose(page, signed.read_bytes(), "bright", name="signed.jpg")
    expect(page.locator("#history")).to_contain_text("AI-made according to the file", timeout=PATIENCE)
    expect(page.locator("#leads").get_by_text("Contradiction.")).to_be_visible()
    facts = page.locator("#file-facts")
    expect(facts).to_contain_text("made by generative AI")
    expect(facts).to_contain_text("Test Signer, by a certificate of Test Authority")
    below = page.locator("#tabs").bounding_box()
    said = page.locator("#file-says").bounding_box()
    assert below is not None
    assert said is not None
    assert said["y"] < below["y"]


def test_what_the_file_says_is_shown_while_the_methods_still_run(open_page: Opener) -> None:
    page = open_page()
    signed = Path(__file__).parents[1] / "fuzzing" / "signed.jpg"
    choose(page, signed.read_bytes(), "sleep", name="signed.jpg")
    expect(page.locator("#first-says")).to_contain_text("AI-made according to the file", timeout=PATIENCE)
    expect(page.locator("#step")).to_have_text("Method 1 of 1: sleep")
    page.get_by_role("button", name="Cancel").click()
    choose(page, png(spots()), name="spots.png")
    expect(page.locator("#first-says")).to_be_hidden()


def test_tabs_are_walked_with_arrow_keys_and_say_why_a_method_does_not_apply(open_page: Opener) -> None:
    page = opened(open_page(), "bright", "blank", "never")
    page.get_by_role("tab", name=re.compile("^bright")).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name=re.compile("^blank"))).to_be_focused()
    expect(page.locator("#method-result")).to_contain_text("Marks nothing. Score 0.50")
    expect(page.locator("#outlines g")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name=re.compile("^never"))).to_have_attribute("aria-selected", "true")
    expect(page.locator("#method-result")).to_have_text("Does not apply to this photo: it has no <JPEG> coefficients.")
    expect(page.locator("#heat")).to_be_hidden()
    expect(page.get_by_role("button", name="Mask")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name=re.compile("^bright"))).to_be_focused()
    assert page.locator('[role="tab"][tabindex="0"]').count() == 1


def test_the_heat_is_as_strong_as_the_slider_says(open_page: Opener) -> None:
    page = opened(open_page())
    slider = page.get_by_role("slider", name="Strength of the heat over the photo")
    slider.focus()
    for key, strength in (("End", "1"), ("Home", "0"), ("ArrowRight", "0.01")):
        page.keyboard.press(key)
        expect(page.locator("#heat")).to_have_css("opacity", strength)
    page.get_by_role("group", name="The photo under the heat of bright").focus()
    page.keyboard.press("]")
    expect(page.locator("#heat")).to_have_css("opacity", "0.11")
    page.keyboard.down(" ")
    expect(page.locator("#heat")).to_have_css("visibility", "hidden")
    page.keyboard.up(" ")
    expect(page.locator("#heat")).to_have_css("visibility", "visible")


def test_the_picture_is_zoomed_and_moved_with_keys_wheel_and_mouse(open_page: Opener) -> None:
    page = opened(open_page())
    stage = page.locator("#stage")

    def sheet() -> tuple[float, ...]:
        """Left, top, width and height of the picture, against those of the stage: the page may scroll."""
        outer, inner = stage.bounding_box(), page.locator("#sheet").bounding_box()
        return inner["x"] - outer["x"], inner["y"] - outer["y"], inner["width"], inner["height"]

    whole = sheet()
    stage.focus()
    page.keyboard.press("+")
    larger = sheet()
    assert larger[2:] == pytest.approx((1.4 * whole[2], 1.4 * whole[3]), rel=0.01)
    page.keyboard.press("ArrowRight")
    assert sheet()[0] < larger[0]
    page.keyboard.press("0")
    assert sheet() == pytest.approx(whole, abs=0.1)
    stage.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(stage).to_have_class(re.compile("zoomed"))
    before, box = sheet(), stage.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1] + 30, steps=3)
    page.mouse.up()
    assert sheet()[:2] == pytest.approx((before[0] + 40, before[1] + 30), abs=1)
    page.get_by_role("button", name="Show the whole photo").click()
    assert sheet() == pytest.approx(whole, abs=0.1)
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()


def test_a_region_of_the_list_is_brought_into_view_and_outlines_can_be_hidden(open_page: Opener) -> None:
    page = opened(open_page())
    second = page.get_by_role("button", name=re.compile(r"^2\b.*of the photo"))
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#badges .chosen")).to_have_text("2")
    stage, badge = page.locator("#stage").bounding_box(), page.locator("#badges .chosen").bounding_box()
    assert stage["y"] < badge["y"] < stage["y"] + stage["height"]
    expect(page.locator("#stage")).to_have_class(re.compile("zoomed"))
    page.get_by_role("checkbox", name="Outlines").uncheck()
    expect(page.locator("#outlines")).to_be_hidden()
    page.locator("#stage").focus()
    page.keyboard.press("o")
    expect(page.locator("#outlines")).to_be_visible()


def test_a_photo_with_an_orientation_is_shown_upright_with_its_heat(open_page: Opener) -> None:
    page = opened(open_page(), data=turned(6))
    sizes = [
        page.locator(name).evaluate("image => [image.naturalWidth < image.naturalHeight]")
        for name in ("#photo", "#heat")
    ]
    assert sizes == [[True], [True]]
    sheet, badge = page.locator("#sheet").bounding_box(), page.locator("#badges [data-number='1']").bounding_box()
    middle = badge["x"] + badge["width"] / 2 - sheet["x"], badge["y"] + badge["height"] / 2 - sheet["y"]
    share = middle[0] / sheet["width"], middle[1] / sheet["height"]
    # The region's top left corner as seen: row 59 from the right, column 30 from the top.
    assert share == pytest.approx((1 - 59.5 / 120, 30.5 / 160), abs=0.01)
    expect(page.locator("#result-name")).to_contain_text(re.compile("160 . 120"))


def test_report_mask_and_data_are_downloaded(open_page: Opener, client: httpx.Client) -> None:
    page = opened(open_page())
    contents = {}
    for button, name in (
        ("Download report", "spots.report.html"),
        ("Mask", "spots.bright.mask.png"),
        ("Data", "spots.json"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        contents[button] = Path(download.value.path()).read_bytes()
    assert contents["Download report"].startswith(b"<!doctype html>")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(contents["Mask"]))), spots()[..., 0] > 150)
    data = json.loads(contents["Data"])
    same = client.post("/v1/analyze", files={"photo": ("spots.png", png(spots()))}).json()
    for document in (data, same):
        document.pop("written")
        for method in document["methods"]:
            method.pop("seconds")
    assert data == same


def test_an_error_is_told_and_the_next_photo_is_judged(open_page: Opener) -> None:
    page = open_page()
    choose(page, b"This is a text.", name="letter.jpg")
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert.get_by_role("heading")).to_have_text("This is not a picture")
    expect(alert).to_contain_text("letter.jpg is a text")
    opened(page)
    page.get_by_role("button", name="Another photo").click()
    expect(alert).to_be_hidden()
    expect(page.locator("#file")).to_be_focused()


def test_a_file_over_the_limit_is_told_without_being_sent(open_page: Opener) -> None:
    page = open_page()
    page.route("**/v1/analyze*", lambda route: route.abort())
    choose(page, bytes(500_000), name="huge.png")
    expect(page.get_by_role("alert")).to_contain_text("huge.png has 0.5 MB; this service takes up to 0.4 MB.")


def test_while_the_service_is_busy_the_page_asks_again(open_page: Opener) -> None:
    page = open_page()
    tries = []

    def busy_once(route: Any) -> None:
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
            return
        error = {"error": "TooManyRequests", "message": "busy", "status": 429}
        route.fulfill(status=429, headers={"Retry-After": "1"}, json=error)

    page.route("**/v1/analyze*", busy_once)
    opened(page)
    assert len(tries) == 2


def test_a_photo_under_way_can_be_cancelled(open_page: Opener) -> None:
    page = open_page()
    choose(page, png(spots()), "sleep")
    expect(page.locator("#step")).to_have_text("Method 1 of 1: sleep")
    expect(page.locator("#live")).to_have_text("Method 1 of 1: sleep")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Was this photo manipulated?")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_worker_that_dies_is_told(open_page: Opener) -> None:
    page = open_page()
    choose(page, png(spots()), "die")
    expect(page.get_by_role("alert")).to_contain_text("killed by signal 9")


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_photo_can_be_pasted_and_dropped(open_page: Opener, event: str) -> None:
    page = open_page()
    page.evaluate(
        """([event, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
            const options = { bubbles: true, cancelable: true };
            document.body.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                : new DragEvent("drop", { ...options, dataTransfer: data }));
        }""",
        [event, list(png(spots()))],
    )
    expect(page.get_by_role("heading", name="manipulated")).to_be_focused(timeout=PATIENCE)
    note = page.get_by_text("A pasted picture is a copy")
    (expect(note).to_be_visible if event == "paste" else expect(note).to_be_hidden)()


def test_something_dropped_that_is_no_file_is_told(open_page: Opener) -> None:
    page = open_page()
    page.evaluate(
        "() => document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer: new DataTransfer() }))"
    )
    expect(page.get_by_role("alert")).to_contain_text("That is not a photo")


def test_the_page_is_used_from_the_keyboard_alone(open_page: Opener) -> None:
    page = open_page()
    page.on("filechooser", lambda _: None)  # a browser that is slow to listen would open its own dialogue
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "spots.png", "mimeType": "image/png", "buffer": png(spots())})
    expect(page.get_by_role("heading", name="manipulated")).to_be_focused(timeout=PATIENCE)
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.id"))
    order = ["get-report", "get-mask", "get-json", "again", "tab-bright", "stage", "opacity", "outlined", "fit", "in"]
    assert [name for name in reached if name in order] == order


def test_everything_that_can_be_used_has_a_name(open_page: Opener) -> None:
    page = opened(open_page(), "bright", "never")
    tree = page.locator("body").aria_snapshot()
    kinds = "button|link|checkbox|slider|tab|textbox|img"
    assert re.findall(rf"^\s*- (?:{kinds})(?: \[.*\])?:?$", tree, re.MULTILINE) == []
    for landmark in ("banner", "main", "contentinfo", "tablist", "tabpanel", "toolbar"):
        assert f"- {landmark}" in tree


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(open_page: Opener, scheme: str) -> None:
    page = open_page(color_scheme=scheme, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    for shown in (page, opened(page, "bright", "blank", "never")):
        assert shown.evaluate("() => document.documentElement.scrollWidth") == 390
    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (light == "rgb(245, 245, 248)") == (scheme == "light")
    for name in ("Download report", "Zoom in"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 36


def test_text_can_be_read_in_both_schemes(open_page: Opener) -> None:
    for scheme in ("light", "dark"):
        page = opened(open_page(color_scheme=scheme))
        for name in ("#sentence", "#verdict", "#keys", "#get-report", ".tab[aria-selected='true'] .score", "footer a"):
            colours = page.locator(name).first.evaluate(
                """element => {
                    let under = element;
                    const back = (each) => getComputedStyle(each).backgroundColor;
                    while (back(under) === "rgba(0, 0, 0, 0)") under = under.parentElement;
                    return [getComputedStyle(element).color, back(under)];
                }"""
            )
            assert contrast(*colours) >= 4.5, f"{name} in {scheme}: {colours}"  # WCAG 2.2, success criterion 1.4.3


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    lights = sorted(luminance(colour) for colour in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    channels = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_the_page_needs_nothing_inline_and_nothing_from_elsewhere() -> None:
    import unseam.web

    folder = Path(os.fspath(unseam.web.__path__[0])) / "static"
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=\"static/)", page)
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?<!xmlns=\")(?<!SVG = \")https?://(?!&hellip;)", text), file.name
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), file.name
