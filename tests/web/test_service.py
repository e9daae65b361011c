from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from support.web_methods import NAMES
from support.web_scenes import png, spots
from support.web_service import LIMITS, ask, error_of, value_of, wait_for
from unseam.web.service import Service


def test_beyond_the_limit_in_flight_callers_get_429_and_when_to_retry(
    client: httpx.Client, background: ThreadPoolExecutor
) -> None:
    answers = list(background.map(lambda _: ask(client, "nap"), range(12)))
    counts = Counter(answer.status_code for answer in answers)
    assert counts[200] >= LIMITS.in_flight
    assert counts[429] >= 1
    assert counts[200] + counts[429] == 12
    for answer in answers:
        if answer.status_code == 429:
            assert error_of(answer) == (429, "TooManyRequests")
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
        assert error_of(client.post("/v1/analyze", files={"photo": ("a.txt", b"a text")}))[0] == 415
    assert service.in_flight == 0


def test_all_stands_for_every_method_that_is_offered_and_each_is_used_once(service: Service) -> None:
    assert service.choose(["blank", "all"]) == ("blank", "bright", *NAMES[2:])
    assert service.choose([]) == ("bright",)
