import asyncio
import io
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.requests import Request

from support.web_methods import obedient
from support.web_scenes import png, spots
from support.web_service import LIMITS, running, value_of
from unseam.web.documents import ErrorDocument
from unseam.web.error_responses import UploadTooLarge, UploadTooSlow
from unseam.web.limits import FREE_MEMORY, Limits, default_memory, default_workers
from unseam.web.service import Service
from unseam.web.upload import FORM_BYTES, check_length, receive_photo

Files = dict[str, tuple[str, bytes]]
PATIENCE = 60.0


def told(answer: httpx.Response) -> tuple[int, str]:
    error = ErrorDocument.model_validate(answer.json())
    assert error.status == answer.status_code
    return error.status, error.error


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def ask(client: httpx.Client, method: str) -> httpx.Response:
    return client.post("/v1/analyze", params={"method": method}, files={"photo": ("spots.png", png(spots()))})


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


# Uploads


def test_a_file_of_exactly_the_limit_is_taken_and_a_byte_more_is_not(client: httpx.Client) -> None:
    data = png(spots()).ljust(LIMITS.upload_bytes, b"\0")
    assert client.post("/v1/analyze", files={"photo": ("a.png", data)}).status_code == 200
    assert told(client.post("/v1/analyze", files={"photo": ("a.png", data + b"\0")})) == (413, "UploadTooLarge")


def test_a_body_that_says_it_is_too_long_is_refused_and_the_sender_reads_why(client: httpx.Client) -> None:
    answer = client.post("/v1/analyze", files={"photo": ("a.png", bytes(20_000_000))})
    assert told(answer) == (413, "UploadTooLarge")
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


def test_a_photo_of_too_many_pixels_is_refused_by_its_header(client: httpx.Client) -> None:
    wide = png(spots().repeat(4, axis=0).repeat(4, axis=1))
    answer = client.post("/v1/analyze", files={"photo": ("wide.png", wide)})
    assert told(answer) == (413, "PhotoTooLarge")
    assert answer.json()["message"] == "wide.png is 640 x 480 = 0.3 megapixels, over the limit of 0.2."


# In flight


def test_beyond_the_limit_in_flight_callers_are_told_to_come_again(
    client: httpx.Client, background: ThreadPoolExecutor
) -> None:
    answers = list(background.map(lambda _: ask(client, "nap"), range(12)))
    counts = Counter(answer.status_code for answer in answers)
    assert counts[200] >= LIMITS.in_flight
    assert counts[429] >= 1
    assert counts[200] + counts[429] == 12
    for answer in answers:
        if answer.status_code == 429:
            assert told(answer) == (429, "TooManyRequests")
            assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert value_of(client.get("/metrics").text, "unseam_requests_in_flight") == 0


def test_a_caller_who_goes_away_frees_the_worker(client: httpx.Client, service: Service, began: Path) -> None:
    for begun in began.glob("*.began"):
        begun.unlink()
    headers = {"accept": "application/x-ndjson"}
    files = {"photo": ("spots.png", png(spots()))}
    with client.stream("POST", "/v1/analyze", params={"method": "sleep"}, files=files, headers=headers) as answer:
        for _ in answer.iter_lines():
            if list(began.glob("*.began")):
                break
    wait_for(lambda: service.in_flight == 0)
    assert [ask(client, "bright").status_code for _ in range(2)] == [200, 200]


def test_the_place_of_a_refused_photo_is_free_again(client: httpx.Client, service: Service) -> None:
    for _ in range(LIMITS.in_flight + 1):
        assert told(client.post("/v1/analyze", files={"photo": ("a.txt", b"a text")}))[0] == 415
    assert service.in_flight == 0


# Workers


def test_a_photo_that_kills_its_worker_costs_an_error_and_not_the_service(client: httpx.Client) -> None:
    before = value_of(client.get("/metrics").text, "unseam_workers_replaced_total")
    answer = ask(client, "die")
    assert told(answer) == (500, "WorkerDied")
    assert "signal 9" in answer.json()["message"]
    assert ask(client, "bright").status_code == 200
    wait_for(lambda: value_of(client.get("/metrics").text, "unseam_workers_replaced_total") > before)


def test_a_worker_killed_from_outside_while_it_judges_costs_that_photo_only(
    client: httpx.Client, background: ThreadPoolExecutor, began: Path
) -> None:
    for begun in began.glob("*.began"):
        begun.unlink()
    answer: Future[httpx.Response] = background.submit(ask, client, "sleep")
    wait_for(lambda: list(began.glob("*.began")))
    os.kill(int(next(began.glob("*.began")).stem), signal.SIGKILL)
    assert told(answer.result()) == (500, "WorkerDied")
    assert ask(client, "bright").status_code == 200


def test_a_worker_killed_while_it_is_idle_is_missed_by_nobody(client: httpx.Client, service: Service) -> None:
    wait_for(lambda: all(worker.pid for worker in service.pool.slots))
    for worker in service.pool.slots:
        os.kill(worker.pid or 0, signal.SIGKILL)
        wait_for(lambda worker=worker: worker.pid is None)
    assert [ask(client, "bright").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_photo_that_takes_too_much_memory_is_told_so(client: httpx.Client) -> None:
    answer = ask(client, "eat")
    assert told(answer) == (413, "OutOfMemory")
    assert "spots.png takes more memory" in answer.json()["message"]
    assert ask(client, "bright").status_code == 200


def test_without_room_for_a_temporary_copy_it_is_the_service_that_is_short_of_it(client: httpx.Client) -> None:
    data = io.BytesIO()
    Image.fromarray(spots()).save(data, "JPEG")
    answer = client.post("/v1/analyze?method=full", files={"photo": ("spots.jpg", data.getvalue())})
    assert told(answer) == (507, "UnreadablePhoto")
    assert answer.json()["message"].startswith("spots.jpg: ")
    assert answer.json()["message"].endswith("(No such file or directory).")
    assert ask(client, "bright").status_code == 200


def test_a_method_that_breaks_is_named_and_its_insides_are_not(client: httpx.Client) -> None:
    answer = ask(client, "break")
    assert told(answer) == (500, "MethodBroke")
    assert "break failed on it (ZeroDivisionError)" in answer.json()["message"]
    assert "of no interest" not in answer.text


def test_a_photo_that_takes_too_long_is_ended_and_the_next_one_is_analyzed(tmp_path: Path) -> None:
    service = Service(obedient(tmp_path), ["bright"], replace(LIMITS, seconds=2, workers=1))
    with running(service) as client:
        answer = ask(client, "sleep")
        assert told(answer) == (504, "TimeLimit")
        assert "spots.png: it took longer than 2 s" in answer.json()["message"]
        assert ask(client, "bright").status_code == 200
        assert value_of(client.get("/metrics").text, "unseam_workers_replaced_total") == 1


def test_a_service_that_stops_in_the_middle_of_work_answers_everybody(
    tmp_path: Path, background: ThreadPoolExecutor
) -> None:
    service = Service(obedient(tmp_path), ["bright"], replace(LIMITS, seconds=PATIENCE, workers=1))
    with running(service) as client:
        answers = [background.submit(ask, client, "sleep") for _ in range(2)]  # one is analyzed, one waits
        wait_for(lambda: list(tmp_path.glob("*.began")))
        threading.Thread(target=service.stop).start()
        for each in answers:
            assert told(each.result()) == (503, "ShuttingDown")
            assert int(each.result().headers["retry-after"]) >= 1
        assert told(ask(client, "bright")) == (503, "ShuttingDown")
        assert client.get("/healthz").status_code == 503


# Settings


@pytest.mark.parametrize("name", ["upload_bytes", "pixels", "seconds", "in_flight", "workers", "memory"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0"):
        replace(LIMITS, **{name: 0})


def test_fewer_places_than_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="never keep 3 workers busy"):
        Limits(in_flight=2, workers=3)


def test_defaults_follow_the_machine() -> None:
    assert [default_workers(cores) for cores in (1, 2, 3, 8)] == [1, 1, 1, 4]
    assert default_memory(1_000_000, None) == FREE_MEMORY + 80_000_000
    assert default_memory(1_000_000, 10**9) == 10**9


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


def test_a_form_that_the_parser_complains_of_is_told_to_its_sender_alone(
    client: httpx.Client, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a program that sets up no logging
    head = b'--b\r\ncontent-disposition: form-data; name="photo"; filename="a"\rx: y\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert told(client.post("/v1/analyze", content=head, headers=kind)) == (422, "InvalidRequest")
    assert capfd.readouterr().err == ""


def test_a_boundary_that_no_form_has_is_refused(client: httpx.Client) -> None:
    kind = {"content-type": f"multipart/form-data; boundary={'b' * 3000}"}
    assert told(client.post("/v1/analyze", content=b"", headers=kind)) == (422, "InvalidRequest")


def test_what_an_error_repeats_of_a_request_is_short(client: httpx.Client, photo: Files) -> None:
    for parameters in ({"method": "m" * 5000}, {"p" * 5000: "x"}):
        answer = client.post("/v1/analyze", params=parameters, files=photo)
        assert told(answer) == (422, "InvalidRequest")
        assert len(answer.json()["message"]) < 300
    answer = client.post("/v1/analyze", files={"f" * 5000: ("a.png", b"data")})
    assert told(answer) == (422, "InvalidRequest")
    assert len(answer.json()["message"]) < 300
