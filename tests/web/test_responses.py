import base64
import io
import json
import zipfile
from typing import Any

import httpx
import numpy as np
from PIL import Image

from support.web_scenes import spots, turned
from support.web_service import Files
from unseam.web.documents import AnswerDocument


def decoded(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_report_comes_with_the_policy_that_its_own_script_fits(client: httpx.Client, photo: Files) -> None:
    answer = client.post("/v1/analyze", params={"format": "html"}, files=photo)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    own = answer.text.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    assert answer.headers["content-security-policy"] == own.replace("&#39;", "'") + "; frame-ancestors 'none'"
    assert "spots.png" in answer.text


def test_a_mask_is_in_stored_pixels_and_an_overlay_is_upright(client: httpx.Client) -> None:
    files = {"photo": ("turned.png", turned(6))}
    mask = client.post("/v1/analyze", params={"format": "mask"}, files=files)
    assert mask.headers["content-type"] == "image/png"
    assert np.array_equal(decoded(mask.content), spots()[..., 0] > 150)
    overlay = decoded(client.post("/v1/analyze", params={"format": "overlay"}, files=files).content)
    assert overlay.shape[1] == 6 * 120  # 120 stored rows are the width, enlarged sixfold
    heated = overlay[40 : 40 + 6 * 160].std(axis=-1) > 20  # below the title; the photo itself is grey
    # stored columns 30 to 89 are upright rows, and stored rows 59 to 20 are upright columns 60 to 99
    assert heated[6 * 32 : 6 * 88, 6 * 63 : 6 * 97].all()
    assert not heated[6 * 95 :].any()


def test_a_zip_holds_the_files_of_localize(client: httpx.Client, photo: Files) -> None:
    answer = client.post("/v1/analyze", params={"format": "zip", "method": "bright"}, files=photo)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == sorted(
            [f"bright.{kind}" for kind in ("heat.npy", "heat.png", "mask.png", "overlay.png")]
            + ["report.html", "report.json"]
        )
        assert json.loads(archive.read("report.json"))["file"] == "spots.png"
        heat = np.load(io.BytesIO(archive.read("bright.heat.npy")))
    assert heat.shape == (120, 160)


def test_where_no_method_applies_there_is_an_answer_but_no_mask(client: httpx.Client, photo: Files) -> None:
    found = client.post("/v1/analyze", params={"method": "never", "include": "pictures"}, files=photo).json()
    assert (found["verdict"], found["score"], found["regions"]) == ("cannot tell", None, [])
    assert found["pictures"]["methods"] == {}
    refused = client.post("/v1/analyze", params={"method": "never", "format": "mask"}, files=photo)
    assert refused.status_code == 422
    assert refused.json()["error"] == "NotApplicable"


def test_everything_the_page_needs_comes_in_one_answer(client: httpx.Client, photo: Files) -> None:
    query = {"include": ["pictures", "masks", "report"], "method": ["bright", "never", "blank"]}
    found = client.post("/v1/analyze", params=query, files=photo).json()
    AnswerDocument.model_validate(found)
    assert [method["name"] for method in found["methods"]] == ["bright", "never", "blank"]
    assert list(found["pictures"]["methods"]) == list(found["masks"]) == ["bright", "blank"]
    assert np.array_equal(decoded(base64.b64decode(found["masks"]["bright"])), spots()[..., 0] > 150)
    assert found["report"].startswith("<!doctype html>")
