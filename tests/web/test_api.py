import base64
import io
import json
import zipfile
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from support.web_methods import NAMES
from support.web_scenes import spots, turned
from unseam.web.documents import AnswerDocument, ErrorDocument, MethodsDocument
from unseam.web.service import Service

Files = dict[str, tuple[str, bytes]]


def decoded(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_photo_is_judged_and_the_answer_is_as_documented(client: httpx.Client, photo: Files) -> None:
    answer = client.post("/v1/analyze", files=photo)
    assert answer.status_code == 200
    found = answer.json()
    AnswerDocument.model_validate(found, strict=False)
    assert (found["verdict"], found["method"], found["file"]) == ("manipulated", "bright", "spots.png")
    assert [(region["top"], region["left"], region["bottom"], region["right"]) for region in found["regions"]] == [
        (20, 30, 60, 90),
        (80, 10, 100, 30),
    ]
    assert found["sentence"].startswith("Likely manipulated: 2 regions differ")
    assert not {"pictures", "masks", "report"} & set(found)
    assert answer.headers["content-disposition"].endswith("spots.json")


def test_everything_the_page_needs_comes_in_one_answer(client: httpx.Client, photo: Files) -> None:
    query = {"include": ["pictures", "masks", "report"], "method": ["bright", "never", "blank"]}
    found = client.post("/v1/analyze", params=query, files=photo).json()
    AnswerDocument.model_validate(found)
    assert [method["name"] for method in found["methods"]] == ["bright", "never", "blank"]
    assert list(found["pictures"]["methods"]) == list(found["masks"]) == ["bright", "blank"]
    assert np.array_equal(decoded(base64.b64decode(found["masks"]["bright"])), spots()[..., 0] > 150)
    assert found["report"].startswith("<!doctype html>")


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
    assert overlay.shape[0] > 480 > 360
    upright_columns = np.flatnonzero((overlay[60:480].std(axis=-1) > 20).any(axis=0))
    assert np.ptp(upright_columns) < 400  # 120 stored rows are the width, enlarged threefold


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


def test_progress_comes_line_by_line_and_the_answer_last(client: httpx.Client, photo: Files) -> None:
    headers = {"accept": "application/x-ndjson"}
    query = {"method": ["blank", "bright"]}
    answer = client.post("/v1/analyze", params=query, files=photo, headers=headers)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    events = [line["event"] for line in lines]
    assert list(dict.fromkeys(events)) == ["waiting", "loading", "judging", "drawing", "answer"]
    judging = [line for line in lines if line["event"] == "judging"]
    assert {"event": "judging", "method": "bright", "number": 2, "of": 2} in judging
    AnswerDocument.model_validate(lines[-1]["answer"])


def test_an_error_in_the_middle_of_progress_is_the_last_line(client: httpx.Client) -> None:
    headers = {"accept": "application/x-ndjson"}
    answer = client.post("/v1/analyze", files={"photo": ("a.txt", b"a text")}, headers=headers)
    last = json.loads(answer.text.splitlines()[-1])
    assert last.pop("event") == "error"
    assert ErrorDocument.model_validate(last).error == "NotAnImage"


def test_all_stands_for_every_method_that_is_offered_and_each_is_used_once(service: Service) -> None:
    assert service.choose(["blank", "all"]) == ("blank", "bright", *NAMES[2:])
    assert service.choose([]) == ("bright",)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"method": "nonsense"}, "no method 'nonsense' here; there are: bright"),
        ({"method": "/etc/model.onnx"}, "no method '/etc/model.onnx' here"),
        ({"format": "pdf"}, "format: "),
        ({"methods": "bright"}, "no parameter 'methods'; there are: format, include, method"),
        ({"format": "html", "include": "masks"}, "format=html is the whole answer"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_photo_is_read(
    client: httpx.Client, photo: Files, query: dict[str, str], said: str
) -> None:
    answer = client.post("/v1/analyze", params=query, files=photo)
    assert answer.status_code == 422
    error = ErrorDocument.model_validate(answer.json())
    assert (error.error, error.status) == ("InvalidRequest", 422)
    assert said in error.message


@pytest.mark.parametrize(
    ("files", "status", "name"),
    [
        ({"picture": ("a.png", b"x")}, 422, "InvalidRequest"),
        ({"photo": (None, b"text")}, 422, "InvalidRequest"),
        ([("photo", ("a.png", b"x")), ("photo", ("b.png", b"y"))], 422, "InvalidRequest"),
        ([("photo", ("a.png", b"x")), ("note", (None, b"y"))], 422, "InvalidRequest"),
        (None, 415, "NotMultipart"),
    ],
)
def test_a_form_without_exactly_one_photo_is_refused(client: httpx.Client, files: Any, status: int, name: str) -> None:
    answer = client.post("/v1/analyze", files=files)
    assert (answer.status_code, answer.json()["error"]) == (status, name)


def test_a_form_that_contradicts_itself_is_refused(client: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data"}
    assert client.post("/v1/analyze", content=b"x", headers=headers).json()["error"] == "InvalidRequest"
    headers = {"content-type": "multipart/form-data; boundary=a"}
    for body in (b"--b\r\n\r\n", b"", b'--a\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\nx'):
        assert client.post("/v1/analyze", content=body, headers=headers).json()["error"] == "InvalidRequest"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("C:\\photos\\a.jpg", "a.jpg"), ("<b>.png", "<b>.png"), ("", "photo")],
)
def test_a_file_name_is_a_name_and_no_path(client: httpx.Client, name: str, shown: str) -> None:
    boundary = "x"
    body = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'.encode()
        + turned(1)
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = client.post("/v1/analyze", content=body, headers=headers)
    assert answer.json()["file"] == shown


def test_pages_of_other_sites_are_refused(client: httpx.Client, photo: Files) -> None:
    for site in ("cross-site", "same-site"):
        answer = client.post("/v1/analyze", files=photo, headers={"sec-fetch-site": site})
        assert (answer.status_code, answer.json()["error"]) == (403, "CrossSite")
    assert client.post("/v1/analyze", files=photo, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_unknown_addresses_have_the_shape_of_all_errors(client: httpx.Client) -> None:
    for answer, status in ((client.get("/nothing"), 404), (client.get("/v1/analyze"), 405)):
        assert answer.status_code == status
        assert ErrorDocument.model_validate(answer.json()).error == "UnknownRoute"


def test_methods_are_listed_with_the_limits(client: httpx.Client) -> None:
    found = MethodsDocument.model_validate(client.get("/v1/methods").json())
    assert found.default == ["bright"]
    assert [method.name for method in found.methods][:2] == ["bright", "blank"]
    assert (found.limits.upload_bytes, found.limits.in_flight) == (400_000, 4)
    assert "JPEG" in found.formats


def test_health_is_told(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_the_openapi_document_describes_every_answer(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    post = document["paths"]["/v1/analyze"]["post"]
    assert set(post["responses"]) >= {"200", "403", "408", "413", "415", "422", "429", "500", "503", "504"}
    error = {"$ref": "#/components/schemas/ErrorDocument"}
    for status in ("413", "415", "422", "429", "500", "503", "504"):
        assert post["responses"][status]["content"]["application/json"]["schema"] == error
    answer = post["responses"]["200"]["content"]
    assert answer["application/json"]["schema"] == {"$ref": "#/components/schemas/AnswerDocument"}
    assert {"text/html", "image/png", "application/zip", "application/x-ndjson"} <= set(answer)
    assert [parameter["name"] for parameter in post["parameters"]] == ["method", "format", "include"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["photo"]["format"] == "binary"
    assert set(document["paths"]) == {"/v1/analyze", "/v1/methods", "/healthz", "/metrics"}
