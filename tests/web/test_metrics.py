import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.web_service import value_of
from unseam.web.metrics import Metrics


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
