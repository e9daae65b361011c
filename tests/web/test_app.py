import httpx
import pytest

from support.web_service import Files
from unseam.web.documents import ErrorDocument, MethodsDocument


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
def test_an_invalid_request_is_refused_before_a_photo_is_read(
    client: httpx.Client, photo: Files, query: dict[str, str], said: str
) -> None:
    answer = client.post("/v1/analyze", params=query, files=photo)
    assert answer.status_code == 422
    error = ErrorDocument.model_validate(answer.json())
    assert (error.error, error.status) == ("InvalidRequest", 422)
    assert said in error.message


def test_pages_of_other_sites_are_refused(client: httpx.Client, photo: Files) -> None:
    for site in ("cross-site", "same-site"):
        answer = client.post("/v1/analyze", files=photo, headers={"sec-fetch-site": site})
        assert (answer.status_code, answer.json()["error"]) == (403, "CrossSite")
    assert client.post("/v1/analyze", files=photo, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_methods_are_listed_with_the_limits(client: httpx.Client) -> None:
    found = MethodsDocument.model_validate(client.get("/v1/methods").json())
    assert found.default == ["bright"]
    assert [method.name for method in found.methods][:2] == ["bright", "blank"]
    assert (found.limits.upload_bytes, found.limits.in_flight) == (400_000, 4)
    assert "JPEG" in found.formats


def test_health_is_reported(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
