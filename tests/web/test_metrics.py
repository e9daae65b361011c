import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.web_service import value_of
from unseam.web.metrics import Metrics
from unseam.web.middleware import HEADERS


def test_prometheus_reads_every_line(client: httpx.Client) -> None:
    client.get("/healthz")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family.type for family in text_string_to_metric_families(answer.text)}
    assert families["unseam_request_seconds"] == "histogram"
    assert families["unseam_requests"] == families["unseam_workers_replaced"] == "counter"
    assert all(name.startswith("unseam_") for name in families)


def test_requests_are_counted_by_address_method_and_status(client: httpx.Client) -> None:
    name = 'unseam_requests_total{method="GET",path="/healthz",status="200"}'
    client.get("/healthz")
    before = value_of(client.get("/metrics").text, name)
    client.get("/healthz")
    assert value_of(client.get("/metrics").text, name) == before + 1


def test_a_stranger_cannot_make_up_names(client: httpx.Client) -> None:
    for number in range(3):
        client.get(f"/made-up-{number}")
    client.request("BREW", "/healthz")
    text = client.get("/metrics").text
    assert "made-up" not in text
    assert "BREW" not in text
    assert 'method="GET",path="other",status="404"' in text


def test_the_mean_time_of_a_photo_is_known_after_the_first() -> None:
    metrics = Metrics()
    assert metrics.mean_photo_seconds is None
    metrics.add_photo(1.0)
    metrics.add_photo(4.0)
    assert metrics.mean_photo_seconds == pytest.approx(2.5)
    assert value_of(metrics.text().decode(), "unseam_photo_seconds_count") == 2


def test_two_services_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.uploaded.inc(7)
    assert value_of(first.text().decode(), "unseam_uploaded_bytes_total") == 7
    assert value_of(second.text().decode(), "unseam_uploaded_bytes_total") == 0


def test_every_answer_keeps_browsers_strict(client: httpx.Client) -> None:
    for path in ("/", "/static/page.js", "/static/page.css", "/v1/methods", "/nothing", "/metrics", "/openapi.json"):
        answer = client.get(path)
        for name in set(HEADERS) - {"cache-control"}:
            assert answer.headers[name] == HEADERS[name]
        assert "server" not in answer.headers
        assert answer.headers["cache-control"] in ("no-store", "no-cache")
    policy = dict(rule.split(" ", 1) for rule in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
