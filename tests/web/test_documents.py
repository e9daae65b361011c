import httpx

from support.web_service import Files
from unseam.web.documents import AnswerDocument


def test_an_answer_is_as_documented(client: httpx.Client, photo: Files) -> None:
    answer = client.post("/v1/analyze", files=photo)
    assert answer.status_code == 200
    found = answer.json()
    AnswerDocument.model_validate(found, strict=False)
    assert (found["verdict"], found["method"], found["file"]) == ("manipulated", "bright", "spots.png")
    assert [(region["top"], region["left"], region["bottom"], region["right"]) for region in found["regions"]] == [
        (20, 30, 60, 90),
        (80, 10, 100, 30),
    ]
    assert found["sentence"].startswith("Likely manipulated: 2 regions")
    assert not {"pictures", "masks", "report"} & set(found)
    assert answer.headers["content-disposition"].endswith("spots.json")


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
