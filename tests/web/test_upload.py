import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from support.web_scenes import png, spots, turned
from support.web_service import LIMITS, PATIENCE, error_of
from unseam.web.error_responses import UploadTooLarge, UploadTooSlow
from unseam.web.upload import FORM_BYTES, check_length, receive_photo


def test_a_file_of_exactly_the_limit_is_taken_and_a_byte_more_is_not(client: httpx.Client) -> None:
    data = png(spots()).ljust(LIMITS.upload_bytes, b"\0")
    assert client.post("/v1/analyze", files={"photo": ("a.png", data)}).status_code == 200
    assert error_of(client.post("/v1/analyze", files={"photo": ("a.png", data + b"\0")})) == (413, "UploadTooLarge")


def test_a_body_that_says_it_is_too_long_is_refused_and_the_sender_reads_why(client: httpx.Client) -> None:
    answer = client.post("/v1/analyze", files={"photo": ("a.png", bytes(20_000_000))})
    assert error_of(answer) == (413, "UploadTooLarge")
    assert "0.4 MB" in answer.json()["message"]


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_while_it_arrives() -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b'--a\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        for _ in range(1000):
            taken += 10_000
            yield bytes(10_000)

    with pytest.raises(UploadTooLarge):
        asyncio.run(receive_photo(form(body()), LIMITS))
    assert taken <= LIMITS.upload_bytes + FORM_BYTES + 20_000


def test_an_upload_that_trickles_is_given_up() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--a\r\n"
        await asyncio.sleep(PATIENCE)
        yield b""

    with pytest.raises(UploadTooSlow, match=r"longer than 0\.05 s"):
        asyncio.run(receive_photo(form(body()), replace(LIMITS, upload_seconds=0.05)))


def form(body: AsyncIterator[bytes]) -> Request:
    """A request with this body and no stated length."""

    async def receive() -> dict[str, Any]:
        try:
            return {"type": "http.request", "body": await anext(body), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=a")]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


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
def test_a_file_name_is_a_name_and_not_a_path(client: httpx.Client, name: str, shown: str) -> None:
    boundary = "x"
    body = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'.encode()
        + turned(1)
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = client.post("/v1/analyze", content=body, headers=headers)
    assert answer.json()["file"] == shown


@pytest.mark.parametrize(
    ("stated", "refused"), [("9" * 5000, True), ("0" * 5000, False), ("0" * 5000 + "1", False), ("\xb2", False)]
)
def test_a_length_of_thousands_of_digits_is_read_like_any_other(stated: str, refused: bool) -> None:
    request = Request({"type": "http", "headers": [(b"content-length", stated.encode("latin-1"))]})
    if not refused:
        check_length(request, LIMITS)
        return
    with pytest.raises(UploadTooLarge):
        check_length(request, LIMITS)


def test_a_form_that_the_parser_complains_of_is_reported_to_its_sender_alone(
    client: httpx.Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a program that sets up no logging
    head = b'--b\r\ncontent-disposition: form-data; name="photo"; filename="a"\rx: y\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert error_of(client.post("/v1/analyze", content=head, headers=kind)) == (422, "InvalidRequest")
    assert capfd.readouterr().err == ""


def test_a_boundary_that_no_form_has_is_refused(client: httpx.Client) -> None:
    kind = {"content-type": f"multipart/form-data; boundary={'b' * 3000}"}
    assert error_of(client.post("/v1/analyze", content=b"", headers=kind)) == (422, "InvalidRequest")
