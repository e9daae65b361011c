import httpx

from support.web_service import Files, error_of
from unseam.web.documents import ErrorDocument


def test_unknown_routes_have_the_shape_of_all_errors(client: httpx.Client) -> None:
    for answer, status in ((client.get("/nothing"), 404), (client.get("/v1/analyze"), 405)):
        assert answer.status_code == status
        assert ErrorDocument.model_validate(answer.json()).error == "UnknownRoute"


def test_what_an_error_repeats_of_a_request_is_short(client: httpx.Client, photo: Files) -> None:
    for parameters in ({"method": "m" * 5000}, {"p" * 5000: "x"}):
        answer = client.post("/v1/analyze", params=parameters, files=photo)
        assert error_of(answer) == (422, "InvalidRequest")
        assert len(answer.json()["message"]) < 300
    answer = client.post("/v1/analyze", files={"f" * 5000: ("a.png", b"data")})
    assert error_of(answer) == (422, "InvalidRequest")
    assert len(answer.json()["message"]) < 300
